"""Metrics over several data sets: one run a data set, one table of all.

The macro-average gives every data set the same weight. Its interval takes the data sets as independent and each
estimate as normal with the standard error that its own interval implies, half its width over the normal quantile:
data sets that share clips or captions (see ``bench datasets overlap``) make it too narrow.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from scipy.stats import rankdata

from bench.analysis.overlap import label
from bench.analysis.strata import ALL
from bench.files.checksums import warning_of
from bench.reports.layout import Cell, Column, Report, Row, Section, Table
from bench.reports.sections.intervals import intervals_made
from bench.runs.folder import Run
from bench.statistics.agreement import PRIMARY, Statistic
from bench.statistics.bootstrap import CorrelationEstimate
from metrics.errors import UsageError

MISSING = "was not scored in the run of this data set"


@dataclass(frozen=True)
class AcrossDatasets:
    """Estimates of one statistic on all pairs of several data sets.

    Attributes:
        statistic: which.
        datasets: names, with the split; one a run.
        estimates: by metric, one a data set; None where the metric was not run there.
        averages: macro-average and its interval of each metric that has an estimate on every data set.
        mean_ranks: of the same metrics among each other, 1 the best; ties share the mean of their ranks.
        confidence_level: of all intervals.
        warning: of runs whose files are not as they wrote them; nothing where there are none.
    """

    statistic: Statistic
    datasets: tuple[str, ...]
    estimates: Mapping[str, tuple[CorrelationEstimate | None, ...]]
    averages: Mapping[str, tuple[float, float, float]]
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
    complete = {
        metric: [one for one in found if one is not None and not math.isnan(one.estimate)]
        for metric, found in estimates.items()
    }
    complete = {metric: found for metric, found in complete.items() if len(found) == len(runs)}
    averages = {metric: _average(found) for metric, found in complete.items()}
    names = tuple(_label(run) for run in runs)
    warning = " ".join(f"{run.folder}: {warning_of(run.altered)}" for run in runs if run.altered)
    ranks = _mean_ranks(complete, statistic)
    return AcrossDatasets(statistic, names, estimates, averages, ranks, levels.pop(), warning)


def build_across(found: AcrossDatasets) -> Report:
    """Return the table as a report."""
    rows = [
        Row(metric, (*(_cell(one) for one in ones), _average_cell(found, metric), _rank_cell(found, metric)))
        for metric, ones in sorted(found.estimates.items(), key=lambda item: _order(found, item[0]))
    ]
    columns = [Column(dataset, _n_pairs(found, i)) for i, dataset in enumerate(found.datasets)]
    name = found.statistic.label
    estimates = [one for ones in found.estimates.values() for one in ones if one is not None]
    reading = (
        f"{name} on all pairs. {intervals_made(estimates)} The average gives every data set the same "
        "weight, and its interval takes them as independent. Ranks are among metrics that all data sets have."
    )
    table = Table(f"{name} by data set", reading, (*columns, Column("average"), Column("mean rank")), tuple(rows))
    section = Section("Metrics across data sets", (), (table,))
    return Report(f"{len(found.datasets)} data sets", (), (section,), found.warning)


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


def _average(estimates: Sequence[CorrelationEstimate]) -> tuple[float, float, float]:
    quantile = NormalDist().inv_cdf(0.5 + estimates[0].confidence_level / 2)
    errors = [(one.high - one.low) / (2 * quantile) for one in estimates]
    mean = math.fsum(one.estimate for one in estimates) / len(estimates)
    half = quantile * math.sqrt(math.fsum(error**2 for error in errors)) / len(estimates)
    return mean, mean - half, mean + half


def _mean_ranks(complete: Mapping[str, Sequence[CorrelationEstimate]], statistic: Statistic) -> dict[str, float]:
    if not complete:
        return {}
    sign = -1 if statistic.higher_is_better else 1
    values = sign * np.array([[one.estimate for one in found] for found in complete.values()])
    return dict(zip(complete, rankdata(values, axis=0).mean(axis=1).tolist(), strict=True))


def _order(found: AcrossDatasets, metric: str) -> tuple[float, str]:
    return found.mean_ranks.get(metric, math.inf), metric


def _n_pairs(found: AcrossDatasets, i: int) -> int | None:
    counts = {ones[i].n_pairs for ones in found.estimates.values() if ones[i] is not None}  # type: ignore[union-attr]
    return counts.pop() if len(counts) == 1 else None


def _cell(one: CorrelationEstimate | None) -> Cell:
    return Cell(note=MISSING) if one is None else Cell(one.estimate, one.low, one.high, note=one.note)


def _average_cell(found: AcrossDatasets, metric: str) -> Cell:
    if metric not in found.averages:
        return Cell()
    is_best = found.averages[metric][0] == found.statistic.best([average for average, _, _ in found.averages.values()])
    return Cell(*found.averages[metric], best=is_best)


def _rank_cell(found: AcrossDatasets, metric: str) -> Cell:
    return Cell(found.mean_ranks.get(metric, math.nan), decimals=1)
