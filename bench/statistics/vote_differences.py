"""Does metric A agree with more votes than metric B? Differences in accuracy, and which metrics may be the best.

Paired: both metrics decide the same comparisons. If they were equally good, which of them a clip's decisions came from
would not matter: a permutation swaps them on a random half of the clips (`bench.statistics.permutation`), and p-values
are adjusted for all comparisons of metrics in a stratum (step-down max-T); comparisons with a baseline are a family of
their own. With one comparison a clip, and no ties, this is the exact conditional test of McNemar (1947), by simulation.
Simultaneous intervals, and what these data could have shown, come from the resampled accuracies, and which metrics may
be the best from the p-values, as they do for correlations (`bench.statistics.max_t`, `power`, `standing`).
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from jaxtyping import Float

from bench.statistics.ballots import Ballots, agrees_with_majority
from bench.statistics.intervals import Measured
from bench.statistics.max_t import LEVEL, PairedSpread, critical_value, spread_between
from bench.statistics.permutation import Terms, at_resolution, permutation_tests
from bench.statistics.power import DetectableDifference, detectable_difference
from bench.statistics.replicates import Replicates, replicate_sums
from bench.statistics.sample import MIN_CLUSTERS
from bench.statistics.standing import Standing, standings_by
from bench.statistics.types import ResamplingPlan
from bench.statistics.votes import NO_MAJORITY, OfVotes, VoteUnit, about_votes

ACCURACY = "accuracy"
"""What standings and detectable differences are of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteDifference(OfVotes):
    """Accuracy of ``metric_a`` minus that of ``metric_b``, on the same comparisons and the same resamples.

    Attributes:
        n_comparisons: those with a majority.
        n_decided: of them, those on which exactly one of the metrics agrees with the majority.
        delta: with the interval of this difference by itself.
        sim_low, sim_high: ends of the interval that covers together with all others of the family; NaN where
            ``sim_note`` says why.
        p_value: two-sided, ``(count + 1) / (n + 1)``, by itself; NaN without permutations or with too few clusters.
        p_adjusted: adjusted for all differences of its family.
        with_baseline: whether it belongs to the family of comparisons with a baseline.
    """

    metric_a: str
    metric_b: str
    n_decided: int
    delta: Measured
    sim_low: float
    sim_high: float
    p_value: float
    p_adjusted: float
    with_baseline: bool
    n_permutations: int
    sim_note: str = ""

    @property
    def is_shown(self) -> bool:
        """Whether the adjusted p is at or below the level."""
        return self.p_adjusted <= LEVEL

    @property
    def at_resolution(self) -> bool:
        """Whether no permutation came as far as the data: p is at most this, and could be anything below."""
        return at_resolution(self.p_adjusted, self.n_permutations)


@dataclass(frozen=True, slots=True)
class ComparedOnVotes:
    """All that is said of the metrics of one stratum beside each other; ``standings`` have the best first."""

    differences: tuple[VoteDifference, ...]
    standings: tuple[Standing, ...]
    detectable: tuple[DetectableDifference, ...]


def compare_on_votes(
    ballots: Ballots,
    plan: ResamplingPlan,
    unit: VoteUnit,
    baselines: Collection[str] = (),
    n_threads: int | None = None,
    n_tables: int = 1,
) -> ComparedOnVotes:
    """Compare every metric with every later one.

    Args:
        ballots, plan, unit, n_threads: as in `bench.statistics.votes.agreement_with_votes`.
        baselines: metrics that are not ranked, and whose comparisons are a family of their own.
        n_tables: as in `bench.statistics.comparison.differences_of`.
    """
    table = _Table.of(ballots, plan, baselines, n_threads)
    p_value, p_adjusted = _p_values(table, plan, n_threads)
    about = about_votes(ballots, plan, unit)
    level = 1 - (1 - plan.confidence_level) / n_tables
    critical = {family: table.critical(family, level, plan) for family in (False, True)}
    differences = tuple(
        _difference(table, plan, i, critical[beside], (float(p_value[i]), float(p_adjusted[i])), about)
        for i, beside in enumerate(table.beside)
    )
    place = (ballots.stratum, ACCURACY)
    shown = {frozenset((d.metric_a, d.metric_b)) for d in differences if d.is_shown}
    standings = standings_by(place, ballots.metrics, table.accuracy, table.n_clusters, shown, plan, baselines)
    return ComparedOnVotes(differences, tuple(standings), tuple(_detectable(table, plan)))


@dataclass(frozen=True, slots=True)
class _Table:
    """Accuracies of one stratum, on the data and on every resample.

    Attributes:
        agrees: 1 where a metric prefers what most listeners prefer.
        n_comparisons, n_clusters: with a majority.
        resampled: number of comparisons with a majority, then of those that each metric agrees with.
        pairs: of metrics, and whether one of them is a baseline.
        spread: None where there are too few clusters.
    """

    ballots: Ballots
    agrees: Float[np.ndarray, "metrics comparisons"]
    n_comparisons: int
    n_clusters: int
    accuracy: Float[np.ndarray, " metrics"]
    resampled: Replicates
    pairs: tuple[tuple[int, int], ...]
    beside: tuple[bool, ...]
    spread: PairedSpread | None

    @classmethod
    def of(cls, ballots: Ballots, plan: ResamplingPlan, baselines: Collection[str], n_threads: int | None) -> _Table:
        decided = ballots.majority != 0
        n, n_clusters = int(decided.sum()), ballots.clusters_of(decided)
        agrees = agrees_with_majority(ballots)
        columns = np.concatenate([decided[None, :].astype(float), agrees])
        resampled = replicate_sums(ballots.totals(columns), plan, ballots.stratum, n_threads)
        accuracy = agrees.sum(axis=1) / n if n else np.full(len(agrees), np.nan)
        is_baseline = [metric in baselines for metric in ballots.metrics]
        pairs = tuple(combinations(range(len(agrees)), 2))
        spread = None
        if n_clusters >= MIN_CLUSTERS and len(agrees):
            with np.errstate(invalid="ignore", divide="ignore"):
                shares = np.ascontiguousarray((resampled.resampled[:, 1:] / resampled.resampled[:, :1]).T)
            spread = spread_between(ACCURACY, accuracy, shares, is_baseline, n_clusters)
        beside = tuple(is_baseline[a] or is_baseline[b] for a, b in pairs)
        return cls(ballots, agrees, n, n_clusters, accuracy, resampled, pairs, beside, spread)

    def error(self, pair: tuple[int, int]) -> float:
        """Return the standard error of a difference."""
        return math.nan if self.spread is None else float(self.spread.error[pair])

    def critical(self, with_baseline: bool, level: float, plan: ResamplingPlan) -> float:
        """Return how many standard errors no difference of a family exceeds with this probability."""
        if self.spread is None:
            return math.nan
        return critical_value(self.spread.maxima(with_baseline), level, plan.ci_method, self.n_clusters)


def _p_values(table: _Table, plan: ResamplingPlan, n_threads: int | None) -> Float[np.ndarray, "2 pairs"]:
    """Return p-values by themselves and adjusted; NaN without permutations or with too few clusters."""
    p_values = np.full((2, len(table.pairs)), np.nan)
    if not (table.pairs and plan.n_permutations and table.n_clusters >= MIN_CLUSTERS):
        return p_values
    gains = np.stack([table.agrees[a] - table.agrees[b] for a, b in table.pairs])
    families = [np.flatnonzero(np.array(table.beside) == family) for family in (False, True)]
    ballots = table.ballots
    tests = permutation_tests(
        Terms.of(ballots.totals(gains)), families, plan.seed, ballots.stratum, plan.n_permutations, n_threads
    )
    return np.stack([tests.p_value, tests.p_adjusted])


def _difference(
    table: _Table,
    plan: ResamplingPlan,
    i: int,
    critical: float,
    p_values: tuple[float, float],
    about: dict[str, object],
) -> VoteDifference:
    (a, b), names = table.pairs[i], table.ballots.metrics
    delta = _delta(table, plan, (a, b))
    half = table.error((a, b)) * critical
    has_interval = math.isfinite(half) and not math.isnan(delta.estimate)
    no_majority = "" if table.n_comparisons else NO_MAJORITY
    return VoteDifference(
        **about,  # type: ignore[arg-type]
        metric_a=names[a],
        metric_b=names[b],
        n_comparisons=table.n_comparisons,
        n_clusters=table.n_clusters,
        n_decided=int(np.sum(table.agrees[a] != table.agrees[b])),
        delta=delta,
        sim_low=delta.estimate - half if has_interval else math.nan,
        sim_high=delta.estimate + half if has_interval else math.nan,
        p_value=p_values[0],
        p_adjusted=p_values[1],
        with_baseline=table.beside[i],
        n_permutations=plan.n_permutations,
        note=no_majority,
        sim_note="" if has_interval else no_majority or delta.note or _NO_INTERVAL.format(plan.n_resamples),
    )


_NO_INTERVAL = "no simultaneous interval from {:,} resamples"


def _delta(table: _Table, plan: ResamplingPlan, pair: tuple[int, int]) -> Measured:
    a, b = (table.resampled[1 + m] for m in pair)
    jackknife = None if a.jackknife is None or b.jackknife is None else a.jackknife - b.jackknife
    with np.errstate(invalid="ignore", divide="ignore"):
        resampled = Replicates(a.resampled - b.resampled, jackknife).divided_by(table.resampled[0])
    gain = float(np.sum(table.agrees[pair[0]] - table.agrees[pair[1]]))
    estimate = gain / table.n_comparisons if table.n_comparisons else np.nan
    return resampled.measured(estimate, plan, table.n_clusters)


def _detectable(table: _Table, plan: ResamplingPlan) -> list[DetectableDifference]:
    """Return what each comparison could have shown; nothing where nothing could be resampled."""
    if table.spread is None:
        return []
    names = table.ballots.metrics
    critical = {family: table.critical(family, 1 - LEVEL, plan) for family in (False, True)}
    return [
        detectable_difference(
            (names[a], names[b], table.ballots.stratum, ACCURACY),
            table.error((a, b)),
            critical[beside],
            table.n_clusters,
        )
        for (a, b), beside in zip(table.pairs, table.beside, strict=True)
    ]
