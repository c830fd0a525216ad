"""Metrics over several data sets: one run a data set, and what they say together.

Estimates, and differences between metrics on the same pairs or comparisons, are pooled by random effects, and tested
for being the same on all data sets (`bench.statistics.meta_analysis`). Both take the data sets as independent: with
sets that share clips or captions (see ``bench datasets overlap``) the interval of the mean is too narrow.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.stats import rankdata

from bench.files.checksums import warning_of
from bench.runs.dataset_results import VOTES_AGREED_WITH, DatasetResults, Measure, Result, results_of
from bench.runs.folder import Run
from bench.runs.vote_folder import VoteRun
from bench.statistics.agreement import PRIMARY, Statistic
from bench.statistics.meta_analysis import Pooled, adjusted_together, pooled, standard_error
from metrics.errors import UsageError


@dataclass(frozen=True)
class AcrossDatasets:
    """Estimates of one statistic on all pairs of several data sets.

    Attributes:
        statistic: which.
        datasets: names, with the split; one a run.
        estimates: by metric, one a data set; None where the metric was not run there.
        differences: between every two metrics, one a data set; None where one of them was not run.
        pooled: mean over data sets like these, of each metric that has an estimate on every one, and whether its true
            value is the same on all; p-values of the latter are adjusted over the metrics.
        pooled_differences: the same of differences, by pair of metrics; p-values are adjusted over the pairs.
        mean_ranks: of the same metrics among each other, 1 the best; ties share the mean of their ranks.
        confidence_level: of all intervals.
        warning: of runs whose files are not as they wrote them; nothing where there are none.
    """

    statistic: Measure
    datasets: tuple[str, ...]
    estimates: Mapping[str, tuple[Result | None, ...]]
    differences: Mapping[tuple[str, str], tuple[Result | None, ...]]
    pooled: Mapping[str, Pooled]
    pooled_differences: Mapping[tuple[str, str], Pooled]
    mean_ranks: Mapping[str, float]
    confidence_level: float
    warning: str = ""


def across(runs: Sequence[Run | VoteRun], statistic: Statistic | None = None) -> AcrossDatasets:
    """Put runs over different data sets beside each other.

    Args:
        runs: all on ratings, or all on votes.
        statistic: of ratings; None takes the primary one. Votes have accuracy.

    Raises:
        UsageError: fewer than two runs, of two kinds, two over the same pairs, intervals of different levels, a metric
            that was not the same in all of them, or a statistic of ratings asked of votes.
    """
    measure = _measure(runs, statistic)
    found = [results_of(run, measure) for run in runs]
    _refuse_repeated(found)
    _refuse_other_metrics(found)
    levels = {one.confidence_level for one in found}
    if len(levels) > 1:
        listed = ", ".join(f"{level:g}" for level in sorted(levels))
        raise UsageError(
            f"the runs have intervals of different levels ({listed}); make the odd ones again with 'bench run'"
        )
    metrics = list(dict.fromkeys(metric for one in found for metric in one.metrics))
    estimates = {metric: tuple(one.estimates.get(metric) for one in found) for metric in metrics}
    differences = dict(_differences(found, metrics))
    complete = {metric: whole for metric, ones in estimates.items() if (whole := _complete(ones))}
    both = {pair: whole for pair, ones in differences.items() if (whole := _complete(ones))}
    return AcrossDatasets(
        statistic=measure,
        datasets=tuple(one.dataset for one in found),
        estimates=estimates,
        differences=differences,
        pooled=adjusted_together({metric: one for metric, ones in complete.items() if (one := _pooled(ones))}),
        pooled_differences=adjusted_together({pair: one for pair, ones in both.items() if (one := _pooled(ones))}),
        mean_ranks=_mean_ranks(complete, measure),
        confidence_level=levels.pop(),
        warning=" ".join(f"{one.folder}: {warning_of(one.altered)}" for one in found if one.altered),
    )


def _measure(runs: Sequence[Run | VoteRun], statistic: Statistic | None) -> Measure:
    """Return what the runs are compared by."""
    if len(runs) < 2:
        raise UsageError(f"{len(runs)} run given, expected two or more; make one a data set with 'bench run'")
    kinds = {run.manifest.kind: run.folder for run in reversed(runs)}
    if len(kinds) > 1:
        raise UsageError(
            f"{kinds['votes']} is a run on votes and {kinds['ratings']} one on ratings, whose numbers cannot be put "
            "beside each other; give runs of one kind"
        )
    if "ratings" in kinds:
        return Measure.of(statistic or PRIMARY)
    if statistic:
        raise UsageError(
            f"{kinds['votes']} is a run on votes, which have no {statistic.name}, only accuracy; leave out --statistic"
        )
    return VOTES_AGREED_WITH


def _complete(found: Sequence[Result | None]) -> list[Result]:
    """Return the results if every data set has a value, otherwise none."""
    whole = [one for one in found if one is not None and not math.isnan(one.estimate)]
    return whole if len(whole) == len(found) else []


def _refuse_repeated(found: Sequence[DatasetResults]) -> None:
    seen: dict[tuple[str, str | None, str], DatasetResults] = {}
    for one in found:
        if one.data in seen:
            both = f"{seen[one.data].folder} and {one.folder}"
            raise UsageError(f"{both} are both over {one.dataset}; give one run a data set")
        seen[one.data] = one


def _refuse_other_metrics(found: Sequence[DatasetResults]) -> None:
    """A metric is its signature: the same name with other weights or versions is another metric.

    Of scores that were computed elsewhere only the files are known, and every data set has its own.
    """
    seen: dict[str, tuple[str, DatasetResults]] = {}
    for one in found:
        for metric, signature in one.signatures.items():
            known, first = seen.setdefault(metric, (signature, one))
            are_files = metric in first.external and metric in one.external
            if known != signature and not are_files:
                raise UsageError(
                    f"{metric} is not the same in {first.folder} and {one.folder}: signatures {known!r} and "
                    f"{signature!r}; run one of them again ('bench compare' says what else differs)"
                )


def _pooled(found: Sequence[Result]) -> Pooled | None:
    """Return the random-effects mean of estimates or differences, one a data set."""
    n_clusters = np.array([max(2, one.n_clusters) for one in found])
    errors = [
        standard_error(one.low, one.high, one.confidence_level, one.ci_method, int(n))
        for one, n in zip(found, n_clusters, strict=True)
    ]
    values = np.array([one.estimate for one in found])
    return pooled(values, np.array(errors), found[0].confidence_level, n_clusters)


def _differences(
    found: Sequence[DatasetResults], metrics: Sequence[str]
) -> Iterator[tuple[tuple[str, str], tuple[Result | None, ...]]]:
    """Yield the paired differences of every two metrics, one a data set, the first metric of the two first."""
    for pair in combinations(metrics, 2):
        yield pair, tuple(one.difference(*pair) for one in found)


def _mean_ranks(complete: Mapping[str, Sequence[Result]], measure: Measure) -> dict[str, float]:
    if not complete:
        return {}
    sign = -1 if measure.higher_is_better else 1
    values = sign * np.array([[one.estimate for one in found] for found in complete.values()])
    return dict(zip(complete, rankdata(values, axis=0).mean(axis=1).tolist(), strict=True))
