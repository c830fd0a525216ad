"""The SRCC that an evenly good metric of any quality shows in any part of a data set, by the ordinal model.

An evenly good metric hears the true relevance b with a normal error of one size everywhere, s = h(b) + tau e. Where
errors are even depends on the scale: h(b) = b is the latent scale, on which listeners' errors are even, h(b) = E[y | b]
the rating scale, which ends where it ends: what is rated near an end is less spread there. Both are given.

Nothing is drawn: with the relevance on a grid, the ratings' means are a finite distribution given b and the number of
listeners, and the SRCC of s with them is the correlation of their mid-ranks,

    rho = (E[G(b) F(ybar)] - 1/4) / sqrt(Var F(ybar) / 12),   G(b) = E[Phi((h(b) - h(b')) / (tau sqrt 2))],

b' an independent draw from the same part, F the mid-distribution function of the mean ratings there. A band of mean
ratings only cuts the joint distribution of b and the means. So the values carry no simulation noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import ndtr

from bench.statistics.ordinal import OrdinalModel, fit_ordinal
from bench.statistics.reliability import Ratings

MAX_LEVELS = 21
"""Scales with more points, or points that are no equal steps apart, are cut into so many equal steps."""

MAX_RATINGS = 50
"""More listeners than that count as so many: the mean is then hardly less certain than that of all."""

MIN_GROUP = 20
"""Groups with fewer pairs share mean and spread with other small ones."""

QUALITIES = np.linspace(0, 1, 41)
"""Correlations of score and true relevance, over all pairs, at which curves are computed."""

_MAX_POINTS = 401
_ONE_VALUE = 1e-12


@dataclass(frozen=True, slots=True)
class Part:
    """A stratum: the pairs of ``mask`` whose mean rating lies above ``low`` and not above ``high``.

    Attributes:
        mask: chosen without regard to the ratings: a source, a system, all pairs.
    """

    stratum: str
    mask: Bool[np.ndarray, " pairs"]
    low: float = -np.inf
    high: float = np.inf

    def pairs(self, mean: Float[np.ndarray, " pairs"]) -> Int[np.ndarray, " chosen"]:
        """Return the indices of its pairs, given the pairs' mean ratings."""
        return np.flatnonzero(self.mask & (self.low < mean) & (mean <= self.high))


@dataclass(frozen=True, slots=True)
class RatedScale:
    """Ratings as levels of a scale in equal steps.

    Attributes:
        origin, step: level l stands for the rating ``origin + step * l``.
        levels: those that are used, rising from 0.
        counts: how many listeners gave each pair each of these.
    """

    origin: float
    step: float
    levels: Int[np.ndarray, " levels"]
    counts: Int[np.ndarray, "pairs levels"]

    @classmethod
    def of(cls, ratings: Ratings, n_pairs: int) -> RatedScale:
        """Return the ratings as they are, or, on a scale that is continuous or uneven, in `MAX_LEVELS` equal steps."""
        low, high = float(ratings.score.min()), float(ratings.score.max())
        values = np.unique(ratings.score)
        step = float(np.diff(values).min()) if len(values) > 1 else 1.0
        place = (ratings.score - low) / step
        wide = len(values) > MAX_LEVELS or (high - low) / step > 4 * MAX_LEVELS
        if wide or np.abs(place - place.round()).max() > 1e-6:
            step = (high - low) / (MAX_LEVELS - 1)
            place = (ratings.score - low) / step
        levels, index = np.unique(place.round().astype(int), return_inverse=True)
        counts = np.zeros((n_pairs, len(levels)), int)
        np.add.at(counts, (ratings.pair, index), 1)
        return cls(low, step, levels, counts)

    def mean_ratings(self, n_ratings: int) -> Float[np.ndarray, " sums"]:
        """Return every mean that so many ratings can have, rounded so that equal ones are equal."""
        return np.round(self.origin + self.step * np.arange(n_ratings * int(self.levels[-1]) + 1) / n_ratings, 9)


@dataclass(frozen=True, slots=True)
class EvenMetric:
    """SRCC of evenly good metrics over all pairs and in each part, at each of `QUALITIES`."""

    overall: Float[np.ndarray, " qualities"]
    parts: Float[np.ndarray, "parts qualities"]

    @property
    def highest(self) -> float:
        """The SRCC over all pairs of a metric that hears the true relevance without error."""
        return float(self.overall[-1])

    def predicted(self, part: int, overall: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
        """Return the SRCC in a part of metrics with these SRCCs over all pairs.

        A metric that runs the wrong way shows the negative; above `highest` the value there is returned.
        """
        return np.asarray(np.sign(overall) * np.interp(np.abs(overall), self.overall, self.parts[part]))


def fit_even_metrics(ratings: Ratings, parts: Sequence[Part], n_pairs: int) -> tuple[EvenMetric, EvenMetric]:
    """Fit the ordinal model to the ratings and return what evenly good metrics show, as `even_metrics` does.

    Args:
        ratings: on the scale that the parts' ends are given on; at least one a pair.
        parts: their masks make the groups of the model, each with its own mean and spread.
        n_pairs: of the data set.

    Raises:
        DataError: no pair has two ratings, or all ratings are equal.
    """
    scale = RatedScale.of(ratings, n_pairs)
    group = _groups([part.mask for part in parts])
    return even_metrics(fit_ordinal(scale.counts, group), scale, group, parts)


def even_metrics(
    model: OrdinalModel, scale: RatedScale, group: Int[np.ndarray, " pairs"], parts: Sequence[Part]
) -> tuple[EvenMetric, EvenMetric]:
    """Return what evenly good metrics show if the model is right.

    Args:
        model: of the ratings.
        scale: the ratings; of these, only how many each pair has.
        group: of each pair in the model.
        parts: whose SRCC is wanted.

    Returns:
        Of metrics whose error is even on the latent scale, where listeners' errors are; and of metrics whose error is
        even on the rating scale: they hear the expected rating.
    """
    n_ratings = np.minimum(scale.counts.sum(axis=1), MAX_RATINGS)
    relevance, mass = _relevance_grid(model)
    probability = model.probabilities(relevance)
    means = _means_given_relevance(probability, scale, np.unique(n_ratings))
    everything = Part("", np.ones(len(group), bool))
    joints = [_Joint.of(part, group, n_ratings, mass, means) for part in (everything, *parts)]
    expected = np.einsum("k,kq->q", scale.levels.astype(float), probability)
    return _even_metric(joints, relevance), _even_metric(joints, expected)


def _even_metric(joints: Sequence[_Joint], heard: Float[np.ndarray, " grid"]) -> EvenMetric:
    """Return the curves of metrics that hear ``heard`` with an even normal error."""
    centre = float(joints[0].relevance @ heard)
    spread = float(np.sqrt(joints[0].relevance @ (heard - centre) ** 2))
    errors = spread * np.sqrt(1 / QUALITIES[1:] ** 2 - 1)
    distance = heard[:, None] - heard
    curves = np.zeros((len(joints), len(QUALITIES)))
    for q, error in enumerate(errors, start=1):
        # Without error a tie on the grid counts half, as a tie of ranks does.
        precedes = ndtr(distance / (error * np.sqrt(2))) if error > 0 else (np.sign(distance) + 1) / 2
        curves[:, q] = [joint.srcc(precedes) for joint in joints]
    return EvenMetric(np.maximum.accumulate(curves[0]), curves[1:])


@dataclass(frozen=True, slots=True)
class _Joint:
    """The joint distribution of true relevance and mean rating in a part; NaN where the model finds no pair there.

    Attributes:
        relevance: probability of each point of the grid.
        rank: the expected mid-rank (from 0 to 1, less a half) of the mean rating at each point, times that probability.
        rank_variance: of the mid-ranks of the mean ratings.
    """

    relevance: Float[np.ndarray, " grid"]
    rank: Float[np.ndarray, " grid"]
    rank_variance: float

    @classmethod
    def of(
        cls,
        part: Part,
        group: Int[np.ndarray, " pairs"],
        n_ratings: Int[np.ndarray, " pairs"],
        mass: Float[np.ndarray, "groups grid"],
        means: dict[int, tuple[Float[np.ndarray, " sums"], Float[np.ndarray, "sums grid"]]],
    ) -> _Joint:
        rows, values = [], []
        for n, (mean, given_relevance) in means.items():
            share = np.bincount(group[part.mask & (n_ratings == n)], minlength=len(mass))
            inside = (part.low < mean) & (mean <= part.high)
            rows.append(given_relevance[inside] * np.einsum("g,gq->q", share, mass))
            values.append(mean[inside])
        joint = np.concatenate(rows)
        with np.errstate(invalid="ignore"):
            joint = joint / joint.sum()
        level = np.unique(np.concatenate(values), return_inverse=True)[1]
        probability = np.bincount(level, joint.sum(axis=1), 1)
        rank = np.cumsum(probability) - probability / 2 - 0.5
        return cls(joint.sum(axis=0), np.einsum("m,mq->q", rank[level], joint), float(np.sum(probability * rank**2)))

    def srcc(self, precedes: Float[np.ndarray, "grid grid"]) -> float:
        """Return the SRCC of scores whose chance of exceeding that of another relevance is ``precedes``."""
        score_rank = np.einsum("ab,b->a", precedes, self.relevance) - 0.5
        if not self.rank_variance > _ONE_VALUE:
            return float("nan")
        return float(np.sum(score_rank * self.rank) / np.sqrt(self.rank_variance / 12))


def _groups(masks: Sequence[Bool[np.ndarray, " pairs"]]) -> Int[np.ndarray, " pairs"]:
    """Return the cell of each pair in the partition that the masks make, small cells taken together."""
    cell = np.unique(np.array(masks), axis=1, return_inverse=True)[1].reshape(-1)
    size = np.bincount(cell)
    small = size < MIN_GROUP
    if 0 < size[small].sum() < MIN_GROUP:
        small[np.argmax(size)] = True
    group: np.ndarray = np.unique(np.where(small[cell], len(size), cell), return_inverse=True)[1].reshape(-1)
    return group


def _relevance_grid(model: OrdinalModel) -> tuple[Float[np.ndarray, " grid"], Float[np.ndarray, "groups grid"]]:
    """Return points that hold all groups, and each group's probability of the interval around each point."""
    low, high = np.min(model.mean - 5 * model.sd), np.max(model.mean + 5 * model.sd)
    n_points = int(np.clip(np.ceil(4 * (high - low) / model.sd.min()), 101, _MAX_POINTS))
    relevance = np.linspace(low, high, n_points)
    edges = (relevance[1:] + relevance[:-1]) / 2
    below = ndtr((edges - model.mean[:, None]) / model.sd[:, None])
    return relevance, np.diff(below, axis=1, prepend=0, append=1)


def _means_given_relevance(
    probability: Float[np.ndarray, "levels grid"], scale: RatedScale, sizes: Int[np.ndarray, " sizes"]
) -> dict[int, tuple[Float[np.ndarray, " sums"], Float[np.ndarray, "sums grid"]]]:
    """Return, for each number of ratings, the means that they can have and their probabilities at each relevance."""
    found = {}
    total = np.ones((1, probability.shape[1]))
    for n in range(1, int(sizes[-1]) + 1):
        grown = np.zeros((len(total) + int(scale.levels[-1]), probability.shape[1]))
        for level, of_level in zip(scale.levels, probability, strict=True):
            grown[level : level + len(total)] += total * of_level
        total = grown
        if n in sizes:
            found[n] = scale.mean_ratings(n), total
    return found
