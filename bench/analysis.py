"""From a score table to all statistics of a run, and these to and from their files.

The only place that joins scores, strata and statistics. `bench.statistics` sees arrays only; everything here can be
recomputed from ``scores.csv``, ``ratings.csv`` and the rating scale.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np
import pandas as pd

from bench.datasets.strata import standard_strata
from bench.datasets.types import RatingScale
from bench.ratings import RatingTable
from bench.records import from_plain, plain
from bench.scores import ScoreTable
from bench.statistics.bootstrap import bootstrap_strata, estimates_of
from bench.statistics.comparison import compare_metrics, rank_clusters
from bench.statistics.reliability import Ratings, ceiling_shares, estimate_reliability
from bench.statistics.types import (
    CeilingShare,
    CorrelationDifference,
    CorrelationEstimate,
    RankCluster,
    ReliabilityEstimate,
    ResamplingPlan,
)
from metrics.errors import DataError
from metrics.files import write_text


@dataclass(frozen=True)
class Analysis:
    """All statistics of a run; each field is a file of the run's folder, ``FIELD.json``, a list of records.

    Attributes:
        estimates: every statistic of every metric on every stratum.
        differences: every pair of metrics, statistic and stratum.
        rank_clusters: where each metric stands, by statistic and stratum.
        reliability: how far listeners agree, by stratum; empty where there are no single ratings.
        ceiling_shares: correlations divided by what the ratings' noise allows; empty likewise.
    """

    estimates: tuple[CorrelationEstimate, ...]
    differences: tuple[CorrelationDifference, ...] = ()
    rank_clusters: tuple[RankCluster, ...] = ()
    reliability: tuple[ReliabilityEstimate, ...] = ()
    ceiling_shares: tuple[CeilingShare, ...] = ()


def analyse(table: ScoreTable, ratings: RatingTable | None, scale: RatingScale, plan: ResamplingPlan) -> Analysis:
    """Compute every statistic of a run on the pairs that all metrics scored.

    A metric without a single score takes no part, since it would empty that set. Without single ratings, what needs
    them is left out.
    """
    scored = table.without(table.unscored())
    common = scored.scored_by_all()
    pairs = scored.pairs[common]
    mean_ratings = pairs["rating"].to_numpy(dtype=float)
    human = scale.rescale(mean_ratings)
    scores = {metric: values[common] for metric, values in scored.scores.items()}
    strata = standard_strata(list(pairs["source"]), list(pairs["system"]), mean_ratings, scale.midpoint)
    clusters = pd.factorize(pairs["caption_id"])[0]

    bootstraps = bootstrap_strata(human, scores, strata, clusters, plan)
    estimates = [estimate for bootstrap in bootstraps for estimate in estimates_of(bootstrap, plan)]
    differences = compare_metrics(
        human, scores, strata, clusters, plan, n_permutations=plan.n_resamples, bootstraps=bootstraps
    )
    agreement = []
    shares = []
    if ratings is not None:
        kept = ratings.of_pairs(np.flatnonzero(common), len(table.pairs))
        agreement = estimate_reliability(Ratings(kept.scores, kept.pair, kept.listener), strata, clusters, plan)
        shares = [s for b, r in zip(bootstraps, agreement, strict=True) for s in ceiling_shares(b, r, plan)]
    return Analysis(
        estimates=tuple(_warn_of_units(estimates, scored)),
        differences=tuple(differences),
        rank_clusters=tuple(rank_clusters(estimates, differences)),
        reliability=tuple(one.estimate for one in agreement),
        ceiling_shares=tuple(shares),
    )


def write_analysis(analysis: Analysis, folder: Path) -> None:
    """Write one JSON file a field."""
    for part in dataclasses.fields(analysis):
        write_records(folder / f"{part.name}.json", getattr(analysis, part.name))


def read_analysis(folder: Path) -> Analysis:
    """Read what `write_analysis` wrote.

    Raises:
        DataError: a file is missing or holds something else.
    """
    kinds = {name: get_args(hint)[0] for name, hint in get_type_hints(Analysis).items()}
    return Analysis(**{name: read_records(folder / f"{name}.json", kind) for name, kind in kinds.items()})


def write_records(path: Path, records: Iterable[Any]) -> None:
    """Write a list of records as JSON."""
    write_text(path, json.dumps([plain(record) for record in records], indent=1, ensure_ascii=False) + "\n")


def read_records(path: Path, kind: type) -> tuple[Any, ...]:
    """Read a list of records of one kind.

    Raises:
        DataError: the file is missing or holds something else.
    """
    try:
        rows: list[Mapping[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        return tuple(from_plain(kind, row) for row in rows)
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise DataError(
            f"{path} does not hold {kind.__name__} records ({type(error).__name__}: {error}); "
            "'bench report --recompute' makes it anew from scores.csv"
        ) from error


def _warn_of_units(estimates: Iterable[CorrelationEstimate], table: ScoreTable) -> Iterator[CorrelationEstimate]:
    """Mark the MSE of metrics that are not on CLAPScore's range, where it says more of the unit than of the metric."""
    foreign = {name for name, values in table.scores.items() if np.nanmin(values) < 0 or np.nanmax(values) > 1}
    for estimate in estimates:
        if estimate.statistic == "mse" and estimate.metric in foreign and not estimate.note:
            yield dataclasses.replace(estimate, note="scores leave [0, 1], so the MSE depends on their unit")
        else:
            yield estimate
