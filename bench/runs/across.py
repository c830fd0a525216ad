"""Metrics over several data sets: one run a data set, and what they say together.

Estimates, and differences between metrics on the same pairs, are pooled by random effects (`bench.statistics.
meta_analysis`), which takes the data sets as independent: sets that share clips or captions (see ``bench datasets
overlap``) make its intervals too narrow.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TypeVar

import numpy as np
from scipy.stats import rankdata

from bench.analysis.overlap import label
from bench.analysis.strata import ALL
from bench.files.checksums import warning_of
from bench.runs.folder import Run
from bench.statistics.agreement import PRIMARY, Statistic
from bench.statistics.bootstrap import CorrelationEstimate
from bench.statistics.comparison import CorrelationDifference
from bench.statistics.meta_analysis import Pooled, pooled, standard_error
from metrics.errors import UsageError

_Record = TypeVar("_Record", CorrelationEstimate, CorrelationDifference)


@dataclass(frozen=True)
class AcrossDatasets:
    """Estimates of one statistic on all pairs of several data sets.

    Attributes:
        statistic: which.
        datasets: names, with the split; one a run.
        estimates: by metric, one a data set; None where the metric was not run there.
        differences: between every two metrics, one a data set; None where one of them was not run.
        pooled: mean over data sets like these, of each metric that has an estimate on every one.
        pooled_differences: the same of differences, by pair of metrics.
        mean_ranks: of the same metrics among each other, 1 the best; ties share the mean of their ranks.
        confidence_level: of all intervals.
        warning: of runs whose files are not as they wrote them; nothing where there are none.
    """

    statistic: Statistic
    datasets: tuple[str, ...]
    estimates: Mapping[str, tuple[CorrelationEstimate | None, ...]]
    differences: Mapping[tuple[str, str], tuple[CorrelationDifference | None, ...]]
    pooled: Mapping[str, Pooled]
    pooled_differences: Mapping[tuple[str, str], Pooled]
    mean_ranks: Mapping[str, float]
    confidence_level: float
    warning: str = ""


def across(runs: Sequence[Run], statistic: Statistic = PRIMARY) -> AcrossDatasets:
    """Put runs over different data sets beside each other.

    Raises:
        UsageError: fewer than two runs, two over the same pairs, intervals of different levels, or a metric that was
            not the same in all of them.
    """
    if len(runs) < 2:
        raise UsageError(f"{len(runs)} run given, expected two or more; make one a data set with 'bench run'")
    _refuse_repeated(runs)
    _refuse_other_metrics(runs)
    levels = {run.manifest.resampling.confidence_level for run in runs}
    if len(levels) > 1:
        listed = ", ".join(f"{level:g}" for level in sorted(levels))
        raise UsageError(
            f"the runs have intervals of different levels ({listed}); make the odd ones again with 'bench run'"
        )
    metrics = dict.fromkeys(metric for run in runs for metric in run.table.metrics)
    estimates = {metric: tuple(_estimate(run, metric, statistic) for run in runs) for metric in metrics}
    differences = dict(_differences(runs, list(metrics), statistic))
    complete = {metric: whole for metric, found in estimates.items() if (whole := _complete(found))}
    both = {pair: every for pair, ones in differences.items() if (every := _complete(ones))}
    names = tuple(_label(run) for run in runs)
    warning = " ".join(f"{run.folder}: {warning_of(run.altered)}" for run in runs if run.altered)
    ranks = _mean_ranks(complete, statistic)
    return AcrossDatasets(
        statistic=statistic,
        datasets=names,
        estimates=estimates,
        differences=differences,
        pooled={metric: one for metric, found in complete.items() if (one := _pooled(found))},
        pooled_differences={pair: one for pair, found in both.items() if (one := _pooled(found))},
        mean_ranks=ranks,
        confidence_level=levels.pop(),
        warning=warning,
    )


def _complete(found: Sequence[_Record | None]) -> list[_Record]:
    """Return the records if every data set has a value, otherwise none."""
    whole = [one for one in found if one is not None and not math.isnan(_value(one))]
    return whole if len(whole) == len(found) else []


def _value(one: CorrelationEstimate | CorrelationDifference) -> float:
    return one.estimate if isinstance(one, CorrelationEstimate) else one.delta


def _refuse_repeated(runs: Sequence[Run]) -> None:
    seen: dict[tuple[object, ...], Run] = {}
    for run in runs:
        data = run.manifest.dataset
        key = (data.name, data.split, data.sha256)
        if key in seen:
            both = f"{seen[key].folder} and {run.folder}"
            raise UsageError(f"{both} are both over {_label(run)}; give one run a data set")
        seen[key] = run


def _refuse_other_metrics(runs: Sequence[Run]) -> None:
    """A metric is its signature: the same name with other weights or versions is another metric.

    Of scores that were computed elsewhere only the files are known, and every data set has its own.
    """
    seen: dict[str, tuple[str, Run]] = {}
    for run in runs:
        for metric, signature in run.manifest.signatures.items():
            known, first = seen.setdefault(metric, (signature, run))
            are_files = metric in first.manifest.external and metric in run.manifest.external
            if known != signature and not are_files:
                raise UsageError(
                    f"{metric} is not the same in {first.folder} and {run.folder}: signatures {known!r} and "
                    f"{signature!r}; run one of them again ('bench compare' says what else differs)"
                )


def _label(run: Run) -> str:
    return label(run.manifest.dataset.name, run.manifest.dataset.split)


def _estimate(run: Run, metric: str, statistic: Statistic) -> CorrelationEstimate | None:
    wanted = (metric, ALL, statistic.id)
    return next((one for one in run.analysis.estimates if (one.metric, one.stratum, one.statistic) == wanted), None)


def _pooled(found: Sequence[CorrelationEstimate | CorrelationDifference]) -> Pooled | None:
    """Return the random-effects mean of estimates or differences, one a data set."""
    errors = [standard_error(o.low, o.high, o.confidence_level, o.ci_method, max(2, o.n_clusters)) for o in found]
    return pooled(np.array(list(map(_value, found))), np.array(errors), found[0].confidence_level)


def _differences(
    runs: Sequence[Run], metrics: Sequence[str], statistic: Statistic
) -> Iterator[tuple[tuple[str, str], tuple[CorrelationDifference | None, ...]]]:
    """Yield the paired differences of every two metrics, one a data set, the first metric of the two first."""
    of_run = [
        {
            (d.metric_a, d.metric_b): d
            for d in run.analysis.differences
            if (d.stratum, d.statistic) == (ALL, statistic.id)
        }
        for run in runs
    ]
    for a, b in combinations(metrics, 2):
        yield (a, b), tuple(found.get((a, b)) or _reversed(found.get((b, a))) for found in of_run)


def _reversed(one: CorrelationDifference | None) -> CorrelationDifference | None:
    """Return the difference the other way round; the order of metrics is a run's own."""
    if one is None:
        return None
    return replace(one, metric_a=one.metric_b, metric_b=one.metric_a, delta=-one.delta, low=-one.high, high=-one.low)


def _mean_ranks(complete: Mapping[str, Sequence[CorrelationEstimate]], statistic: Statistic) -> dict[str, float]:
    if not complete:
        return {}
    sign = -1 if statistic.higher_is_better else 1
    values = sign * np.array([[one.estimate for one in found] for found in complete.values()])
    return dict(zip(complete, rankdata(values, axis=0).mean(axis=1).tolist(), strict=True))
