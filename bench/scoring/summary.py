"""What the scores of a job say: means by system with confidence intervals, and the pairs that failed.

Shards are read one after the other, in order, so the same scores give the same digits whoever computed them, in flat
memory. Means and variances are merged by the update of Chan, Golub and LeVeque (1983), of which Welford's (1962) is
the case of one new value: no sum of squares is formed, and nothing cancels.

The interval is Student's t: mean ± t(n - 1) · sd / √n at 95 %. It treats pairs as independent draws and says how well
the mean over *such pairs* is known. Where a caption has several clips of one system these are not independent, and the
interval is too narrow. It says nothing about whether listeners would agree.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float
from scipy.special import stdtrit

from bench.files.csvfile import csv_writer
from bench.files.records import json_text
from bench.scoring import parquet
from bench.scoring.plan import MetricSignature, ScoringJob
from metrics.files import replacing, write_text

if TYPE_CHECKING:
    import pyarrow as pa

CONFIDENCE_LEVEL = 0.95
SUMMARY_NAME = "summary.json"
FAILURES_NAME = "failures.csv"


@dataclass(frozen=True, slots=True)
class Moments:
    """Number, mean and sum of squared deviations from the mean of some values."""

    n: int = 0
    mean: float = 0.0
    squares: float = 0.0

    @classmethod
    def of(cls, values: Float[np.ndarray, " values"]) -> Moments:
        """Return the moments of an array without NaN."""
        if not len(values):
            return cls()
        mean = float(np.mean(values))
        return cls(len(values), mean, float(np.sum((values - mean) ** 2)))

    def merge(self, other: Moments) -> Moments:
        """Return the moments of both sets of values together; Chan, Golub, LeVeque (1983), Eq. (1.5)."""
        n = self.n + other.n
        if not other.n:
            return self
        delta = other.mean - self.mean
        return Moments(
            n, self.mean + delta * other.n / n, self.squares + other.squares + delta**2 * self.n * other.n / n
        )

    def interval(self) -> tuple[float, float]:
        """Return the ends of Student's interval; NaN for fewer than two values."""
        if self.n < 2:
            return math.nan, math.nan
        half = float(stdtrit(self.n - 1, 0.5 + CONFIDENCE_LEVEL / 2)) * self.sd / math.sqrt(self.n)
        return self.mean - half, self.mean + half

    @property
    def sd(self) -> float:
        """Standard deviation with n - 1; NaN for fewer than two values."""
        return math.sqrt(self.squares / (self.n - 1)) if self.n > 1 else math.nan


@dataclass(frozen=True, slots=True)
class SystemMean:
    """The mean score of one system by one metric.

    Attributes:
        metric: its name.
        system: None for all pairs together.
        n_pairs: pairs of the system, scored or not.
        n_failed: those without a score; they are in no other figure.
        mean, sd, low, high: of the others; NaN where there are too few.
    """

    metric: str
    system: str | None
    n_pairs: int
    n_failed: int
    mean: float
    sd: float
    low: float
    high: float


@dataclass(frozen=True)
class ScoringSummary:
    """What is written to ``summary.json``.

    Attributes:
        sha256: of the pairs' file.
        n_pairs: rows of that file.
        n_failures: (pair, metric) without a score; ``failures.csv`` lists them.
        n_shards: files.
        confidence_level: of the intervals.
        metrics: names and signatures.
        means: all pairs first, then systems by name, each by every metric.
        provenance: command, times, code, packages and machine.
    """

    sha256: str
    n_pairs: int
    n_failures: int
    n_shards: int
    confidence_level: float
    metrics: tuple[MetricSignature, ...]
    means: tuple[SystemMean, ...]
    provenance: Mapping[str, Any] = field(default_factory=dict)


def summarise(job: ScoringJob, provenance: Mapping[str, Any]) -> ScoringSummary:
    """Read all shards, write ``failures.csv`` and ``summary.json``, and return the summary."""
    tallies: dict[tuple[str | None, str], _Tally] = {}
    metrics = [one.metric for one in job.plan.metrics]
    n_failures = 0
    with replacing(job.out / FAILURES_NAME) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv_writer(stream)
        writer.writerow(["row", "pair_id", "metric", "reason"])
        for shard in job.plan.shards:
            _, table = parquet.read_table(job.shard_path(shard))
            for metric in metrics:
                n_failures += _write_failures(writer, table, metric)
                for system, part in _by_system(table, metric):
                    tallies.setdefault((system, metric), _Tally()).add(part)
    summary = ScoringSummary(
        job.plan.sha256, job.plan.n_pairs, n_failures, len(job.plan.shards), CONFIDENCE_LEVEL, job.plan.metrics,
        _means(tallies, metrics), provenance,
    )  # fmt: skip
    write_text(job.out / SUMMARY_NAME, json_text(summary) + "\n")
    return summary


class _Tally:
    """Moments and failures of one system by one metric, as shards come in."""

    def __init__(self) -> None:
        self.moments = Moments()
        self.n_failed = 0

    def add(self, scores: Float[np.ndarray, " pairs"]) -> None:
        failed = np.isnan(scores)
        self.n_failed += int(failed.sum())
        self.moments = self.moments.merge(Moments.of(scores[~failed]))

    def mean(self, metric: str, system: str | None) -> SystemMean:
        moments = self.moments
        n_pairs = moments.n + self.n_failed
        mean = moments.mean if moments.n else math.nan
        return SystemMean(metric, system, n_pairs, self.n_failed, mean, moments.sd, *moments.interval())


def _by_system(table: pa.Table, metric: str) -> Iterator[tuple[str | None, Float[np.ndarray, " pairs"]]]:
    """Yield the scores of all pairs and of each system, NaN for failures; pairs of no system are in the first alone."""
    scores = table.column(f"score:{metric}").to_numpy()
    yield None, scores
    encoded = table.column("system").combine_chunks().dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    for code, system in enumerate(encoded.dictionary.to_pylist()):
        yield system, scores[codes == code]


def _write_failures(writer: Any, table: pa.Table, metric: str) -> int:
    failed = table.filter(table.column(f"failure:{metric}").is_valid())
    names = ("row", "pair_id", f"failure:{metric}")
    for row, pair_id, reason in zip(*(failed.column(name).to_pylist() for name in names), strict=True):
        writer.writerow([row, pair_id, metric, reason])
    return int(failed.num_rows)


def _means(tallies: Mapping[tuple[str | None, str], _Tally], metrics: list[str]) -> tuple[SystemMean, ...]:
    systems = sorted({system for system, _ in tallies if system is not None})
    return tuple(tallies[system, metric].mean(metric, system) for system in (None, *systems) for metric in metrics)
