"""From a score table to all statistics of a run, and these to and from their files.

The only place that joins scores, strata and statistics. `bench.statistics` sees arrays only; everything here can be
recomputed from ``scores.csv`` and the rating scale.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from bench.datasets.strata import standard_strata
from bench.datasets.types import RatingScale
from bench.scores import ScoreTable
from bench.statistics.bootstrap import bootstrap_strata, estimates_of
from bench.statistics.comparison import compare_metrics
from bench.statistics.types import CorrelationDifference, CorrelationEstimate, ResamplingPlan
from metrics.errors import DataError
from metrics.files import write_text

ESTIMATES_NAME = "estimates.json"
DIFFERENCES_NAME = "differences.json"

Record = TypeVar("Record", CorrelationEstimate, CorrelationDifference)


@dataclass(frozen=True)
class Analysis:
    """All statistics of a run.

    Attributes:
        estimates: every statistic of every metric on every stratum.
        differences: every pair of metrics, statistic and stratum.
    """

    estimates: tuple[CorrelationEstimate, ...]
    differences: tuple[CorrelationDifference, ...]


def analyse(table: ScoreTable, scale: RatingScale, plan: ResamplingPlan) -> Analysis:
    """Compute every statistic of a run on the pairs that all metrics scored.

    A metric without a single score takes no part, since it would empty that set.
    """
    scored = table.without(table.unscored())
    common = scored.scored_by_all()
    pairs = scored.pairs[common]
    ratings = pairs["rating"].to_numpy(dtype=float)
    human = scale.rescale(ratings)
    scores = {metric: values[common] for metric, values in scored.scores.items()}
    strata = standard_strata(list(pairs["source"]), list(pairs["system"]), ratings, scale.midpoint)
    clusters = pd.factorize(pairs["caption_id"])[0]
    bootstraps = bootstrap_strata(human, scores, strata, clusters, plan)
    estimates = [estimate for bootstrap in bootstraps for estimate in estimates_of(bootstrap, plan)]
    differences = compare_metrics(human, scores, strata, clusters, plan, bootstraps=bootstraps)
    return Analysis(tuple(_warn_of_units(estimates, scored)), tuple(differences))


def _warn_of_units(estimates: Iterable[CorrelationEstimate], table: ScoreTable) -> Iterator[CorrelationEstimate]:
    """Mark the MSE of metrics that are not on CLAPScore's range, where it says more of the unit than of the metric."""
    foreign = {name for name, values in table.scores.items() if np.nanmin(values) < 0 or np.nanmax(values) > 1}
    for estimate in estimates:
        if estimate.statistic == "mse" and estimate.metric in foreign and not estimate.note:
            yield dataclasses.replace(estimate, note="scores leave [0, 1], so the MSE depends on their unit")
        else:
            yield estimate


def write_records(path: Path, records: Iterable[CorrelationEstimate] | Iterable[CorrelationDifference]) -> None:
    """Write a list of records as JSON; NaN, which JSON does not have, becomes null."""
    write_text(path, json.dumps([plain_record(record) for record in records], indent=1, ensure_ascii=False) + "\n")


def plain_record(record: CorrelationEstimate | CorrelationDifference) -> dict[str, Any]:
    """Return a record as JSON can hold it."""
    return {key: _null_if_nan(value) for key, value in dataclasses.asdict(record).items()}


def read_records(path: Path, kind: type[Record]) -> tuple[Record, ...]:
    """Read what `write_records` wrote.

    Raises:
        DataError: the file is missing or holds something else.
    """
    floats = {field.name for field in dataclasses.fields(kind) if field.type in ("float", float)}
    try:
        rows: list[Mapping[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        return tuple(kind(**{key: _nan_if_null(key, value, floats) for key, value in row.items()}) for row in rows)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path} does not hold {kind.__name__} records ({type(error).__name__}); "
            "delete it and 'bench report' computes it anew from scores.csv"
        ) from error


def _null_if_nan(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def _nan_if_null(key: str, value: Any, floats: set[str]) -> Any:
    return math.nan if value is None and key in floats else value
