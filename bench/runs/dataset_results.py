"""What a run says of one data set, whether it is on ratings or on votes: metrics, and differences of two, on all pairs.

`bench.runs.across` puts several of these beside each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from bench.analysis.overlap import label
from bench.analysis.strata import ALL
from bench.files.checksums import Finding
from bench.runs.folder import Run
from bench.runs.vote_folder import VoteRun
from bench.statistics.agreement import Statistic
from bench.statistics.bootstrap import CorrelationEstimate
from bench.statistics.comparison import CorrelationDifference
from bench.statistics.intervals import Measured
from bench.statistics.types import IntervalMethod
from bench.statistics.vote_differences import ACCURACY, VoteDifference
from bench.statistics.votes import OfVotes, VoteAgreement

Estimate = CorrelationEstimate | VoteAgreement
Difference = CorrelationDifference | VoteDifference


@dataclass(frozen=True, slots=True)
class Measure:
    """What is measured of metrics.

    Attributes:
        id, name, higher_is_better: as of `bench.statistics.agreement.Statistic`.
        units: what it is measured on.
    """

    id: str
    name: str
    higher_is_better: bool = True
    units: Literal["pairs", "comparisons"] = "pairs"

    @property
    def label(self) -> str:
        """``SRCC ↑``: the name, and which direction is better."""
        return f"{self.name} {'↑' if self.higher_is_better else '↓'}"

    @classmethod
    def of(cls, statistic: Statistic) -> Measure:
        """Return a statistic of ratings, by its name and direction."""
        return cls(statistic.id, statistic.name, statistic.higher_is_better)


VOTES_AGREED_WITH = Measure(ACCURACY, ACCURACY, units="comparisons")


@dataclass(frozen=True, slots=True)
class Result:
    """One number of one data set, with its interval.

    Attributes:
        record: that it stands in.
        n: pairs, or comparisons with a majority.
        n_clusters: that the interval rests on.
    """

    record: Estimate | Difference
    n: int
    estimate: float
    low: float
    high: float
    n_clusters: int
    note: str
    confidence_level: float
    ci_method: IntervalMethod
    resample_unit: str
    n_resamples: int

    @classmethod
    def of(cls, record: Estimate | Difference) -> Result:
        """Return the number of a record: a statistic, an accuracy, or a difference of two of them."""
        value = _value(record)
        return cls(
            record=record,
            n=record.n_comparisons if isinstance(record, OfVotes) else record.n_pairs,
            estimate=value.estimate,
            low=value.low,
            high=value.high,
            n_clusters=value.n_clusters,
            note="; ".join(dict.fromkeys(filter(None, (record.note, value.note)))),
            confidence_level=record.confidence_level,
            ci_method=record.ci_method,
            resample_unit=record.resample_unit,
            n_resamples=record.n_resamples,
        )


@dataclass(frozen=True)
class DatasetResults:
    """What a run says of its data set.

    Attributes:
        dataset: name, with the split.
        data: what tells these data from all others.
        metrics: all that were run, also those that scored nothing.
        confidence_level: of all intervals.
        signatures, external: as in `bench.files.manifest.RunManifest`.
        altered: files of the run that are not as it wrote them.
        estimates: by metric.
        differences: by pair of metrics, in the order of the run.
    """

    folder: Path
    dataset: str
    data: tuple[str, str | None, str]
    metrics: tuple[str, ...]
    confidence_level: float
    signatures: Mapping[str, str]
    external: Mapping[str, str]
    altered: tuple[Finding, ...]
    estimates: Mapping[str, Result]
    differences: Mapping[tuple[str, str], Result]

    def difference(self, first: str, second: str) -> Result | None:
        """Return the first metric minus the second; the order of metrics is a run's own."""
        if found := self.differences.get((first, second)):
            return found
        turned = self.differences.get((second, first))
        return Result.of(_turned(turned.record)) if turned and isinstance(turned.record, Difference) else None


def results_of(run: Run | VoteRun, measure: Measure) -> DatasetResults:
    """Return what a run says of all its pairs or comparisons by one measure."""
    data = run.manifest.dataset
    estimates, differences = _of_ratings(run, measure) if isinstance(run, Run) else _of_votes(run)
    return DatasetResults(
        folder=run.folder,
        dataset=label(data.name, data.split),
        data=(data.name, data.split, data.sha256),
        metrics=tuple(run.table.metrics if isinstance(run, Run) else run.scores),
        confidence_level=run.manifest.resampling.confidence_level,
        signatures=run.manifest.signatures,
        external=run.manifest.external,
        altered=run.altered,
        estimates={one.metric: Result.of(one) for one in estimates},
        differences={(one.metric_a, one.metric_b): Result.of(one) for one in differences},
    )


def _of_ratings(run: Run, measure: Measure) -> tuple[list[CorrelationEstimate], list[CorrelationDifference]]:
    wanted = (ALL, measure.id)
    return (
        [one for one in run.analysis.estimates if (one.stratum, one.statistic) == wanted],
        [one for one in run.analysis.differences if (one.stratum, one.statistic) == wanted],
    )


def _of_votes(run: VoteRun) -> tuple[list[VoteAgreement], list[VoteDifference]]:
    return (
        [one for one in run.analysis.vote_agreements if one.stratum == ALL],
        [one for one in run.analysis.vote_differences if one.stratum == ALL],
    )


def _value(record: Estimate | Difference) -> Measured:
    match record:
        case VoteAgreement():
            return record.accuracy
        case VoteDifference():
            return record.delta
        case CorrelationEstimate():
            estimate = record.estimate
        case CorrelationDifference():
            estimate = record.delta
    return Measured(estimate, record.low, record.high, n_clusters=record.n_clusters)


def _turned(record: Difference) -> Difference:
    """Return a difference the other way round."""
    if isinstance(record, VoteDifference):
        value = record.delta
        delta = replace(value, estimate=-value.estimate, low=-value.high, high=-value.low)
        turned: Difference = replace(record, delta=delta)
    else:
        turned = replace(record, delta=-record.delta, low=-record.high, high=-record.low)
    return replace(
        turned,
        metric_a=record.metric_b,
        metric_b=record.metric_a,
        sim_low=-record.sim_high,
        sim_high=-record.sim_low,
    )
