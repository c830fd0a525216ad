"""The statistics: how well a metric's scores agree with human ratings on one set of pairs.

A statistic is one entry of `STATISTICS`, and everything else follows from that table: an array with an axis
"statistics" holds their values in this order, a record names one by its ``id``, a report by its ``label``.

Conventions: ``human`` holds mean ratings rescaled to [0, 1], ``scores`` one metric's scores, one entry a pair.
A value that cannot be computed is NaN, together with the reason in words.

    srcc  Spearman 1904: Pearson's correlation of the mid-ranks
    lcc   Pearson's correlation
    ktau  Kendall 1945, tau-b: (C - D) / sqrt((n0 - n1) (n0 - n2)), with ties counted in n1 and n2
    mse   mean of (score - human)^2, the paper's fourth column; it depends on the scale of the scores

Each is given twice: on the pairs themselves, and from sums over weighted pairs, which is how thousands of resamples are
computed at once (`bench.statistics.weighted`). The tests hold both against scipy.stats, which is not used here as its
import takes longer than all point estimates of a run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from bench.statistics.ranks import mid_ranks
from bench.statistics.sample import MIN_PAIRS

_Pairs = np.ndarray
"""One value a pair."""


@dataclass(frozen=True, slots=True)
class WeightedSums:
    """Sums over the draws (pairs counted by weight) of every lane of weights; ranks are taken from their mean.

    Attributes:
        total: N, the sum of weights.
        human_square, score_square: sums of w rank^2 of ratings and of scores.
        product: sum of w rank_human rank_score.
        human_ties, score_ties, joint_ties: pairs of draws tied in the rating, in the score, in both.
        concordant: pairs of draws that score and rating order alike.
        human_moments: sums of what a statistic's ``human_moments`` returns.
        score_moments: sums of what its ``score_moments`` returns, for each metric.
    """

    total: Float[np.ndarray, " lanes"]
    human_square: Float[np.ndarray, " lanes"]
    human_ties: Float[np.ndarray, " lanes"]
    product: Float[np.ndarray, "metrics lanes"]
    score_square: Float[np.ndarray, "metrics lanes"]
    score_ties: Float[np.ndarray, "metrics lanes"]
    concordant: Float[np.ndarray, "metrics lanes"]
    joint_ties: Float[np.ndarray, "metrics lanes"]
    human_moments: Float[np.ndarray, "human_columns lanes"]
    score_moments: Float[np.ndarray, "score_columns metrics lanes"]


@dataclass(frozen=True, slots=True)
class Statistic:
    """A measure of agreement between scores and ratings, and all that resampling and reports need to know of it.

    Attributes:
        id: its name in files and on the command line.
        name: its name in reports.
        point: its value on ratings and scores of one set of pairs.
        weighted: its values, metrics by lanes, from sums over weighted pairs; NaN or infinite where undefined.
        human_moments: terms of each pair whose weighted sums ``weighted`` needs, made from the ratings.
        score_moments: the same, made from ratings and one metric's scores.
        higher_is_better: its direction.
        is_correlation: it lies in [-1, 1] and is undefined where ratings or scores are constant.
        in_units_of_ratings: it compares scores with ratings as they are; the others do not change when scores are
            shifted and stretched.
        decimals: digits after the point in reports.
    """

    id: str
    name: str
    point: Callable[[_Pairs, _Pairs], float]
    weighted: Callable[[WeightedSums], np.ndarray]
    human_moments: Callable[[_Pairs], list[_Pairs]] = lambda _: []
    score_moments: Callable[[_Pairs, _Pairs], list[_Pairs]] = lambda _, __: []
    higher_is_better: bool = True
    is_correlation: bool = True
    in_units_of_ratings: bool = False
    decimals: int = 3

    @property
    def label(self) -> str:
        """``SRCC ↑``: the name, and which direction is better."""
        return f"{self.name} {'↑' if self.higher_is_better else '↓'}"

    def best(self, values: list[float]) -> float:
        """Return the best of some values."""
        return max(values) if self.higher_is_better else min(values)


def _spearman(human: _Pairs, scores: _Pairs) -> float:
    return _pearson(mid_ranks(human), mid_ranks(scores))


def _pearson(human: _Pairs, scores: _Pairs) -> float:
    x, y = _standardised(human), _standardised(scores)
    return float(np.clip(x @ y / (np.linalg.norm(x) * np.linalg.norm(y)), -1, 1))


def _kendall(human: _Pairs, scores: _Pairs) -> float:
    from bench.statistics import kernels

    n, (values, level) = len(human), np.unique(human, return_inverse=True)
    twice = np.rint(2 * mid_ranks(scores)).astype(np.int64)
    order, balance = np.argsort(twice, kind="stable"), np.empty(n, np.int64)
    tree = np.empty(len(values) + 1, np.int64)
    kernels.signed_concordance(twice, order, twice, order, level.astype(np.uint32), tree, balance)
    untied = [n * (n - 1) / 2 - np.sum(size * (size - 1) / 2) for size in (np.bincount(level), np.bincount(twice))]
    return float(np.clip(balance.sum() / 2 / np.sqrt(untied[0]) / np.sqrt(untied[1]), -1, 1))


def _mean_squared_error(human: _Pairs, scores: _Pairs) -> float:
    return float(np.mean((scores - human) ** 2))


def _weighted_srcc(sums: WeightedSums) -> Float[np.ndarray, "metrics lanes"]:
    srcc: np.ndarray = sums.product / np.sqrt(sums.score_square * sums.human_square)
    return srcc


def _weighted_ktau(sums: WeightedSums) -> Float[np.ndarray, "metrics lanes"]:
    """(2 C - D0) / sqrt((T - T_score) (T - T_human)), T = N (N - 1) / 2, D0 the pairs tied in neither."""
    pairs = sums.total * (sums.total - 1) / 2
    untied = pairs - sums.score_ties - sums.human_ties + sums.joint_ties
    ktau: np.ndarray = (
        (2 * sums.concordant - untied) / np.sqrt(pairs - sums.score_ties) / np.sqrt(pairs - sums.human_ties)
    )
    return ktau


def _human_terms(human: _Pairs) -> list[_Pairs]:
    y = _standardised(human)
    return [y, y * y]


def _joint_terms(human: _Pairs, scores: _Pairs) -> list[_Pairs]:
    x = _standardised(scores)
    return [x, x * x, x * _standardised(human)]


def _weighted_lcc(sums: WeightedSums) -> Float[np.ndarray, "metrics lanes"]:
    y, yy = sums.human_moments
    x, xx, xy = sums.score_moments
    covariance = xy - x * y / sums.total
    variances = (xx - x * x / sums.total) * (yy - y * y / sums.total)
    lcc: np.ndarray = covariance / np.sqrt(variances)
    return lcc


def _squared_error(human: _Pairs, scores: _Pairs) -> list[_Pairs]:
    return [(scores - human) ** 2]


def _weighted_mse(sums: WeightedSums) -> Float[np.ndarray, "metrics lanes"]:
    mse: np.ndarray = sums.score_moments[0] / sums.total
    return mse


def _standardised(values: _Pairs) -> _Pairs:
    """Centre and scale: LCC does not change, and its sums lose no digits to a large mean."""
    centred: np.ndarray = values - values.mean()
    spread = float(np.abs(centred).max())
    return centred / (spread or 1.0)


SRCC = Statistic("srcc", "SRCC", _spearman, _weighted_srcc)
LCC = Statistic("lcc", "LCC", _pearson, _weighted_lcc, _human_terms, _joint_terms)
KTAU = Statistic("ktau", "KTAU", _kendall, _weighted_ktau)
MSE = Statistic(
    "mse",
    "MSE",
    _mean_squared_error,
    _weighted_mse,
    score_moments=_squared_error,
    higher_is_better=False,
    is_correlation=False,
    in_units_of_ratings=True,
    decimals=4,
)

STATISTICS: tuple[Statistic, ...] = (SRCC, LCC, KTAU, MSE)
PRIMARY = SRCC
"""What metrics are ranked by, and what tables with a single statistic show."""

BY_ID: Mapping[str, Statistic] = MappingProxyType({statistic.id: statistic for statistic in STATISTICS})


def point_estimate(
    statistic: Statistic, human: Float[np.ndarray, " pairs"], scores: Float[np.ndarray, " pairs"]
) -> tuple[float, str]:
    """Return the statistic's value on the pairs and an empty reason, or NaN and the reason.

    Undefined are fewer than `MIN_PAIRS` pairs and, for correlations, constant ratings or scores.
    """
    reason = why_undefined(statistic, human, scores)
    if reason:
        return float("nan"), reason
    remark = "almost constant input: the value may be inaccurate"
    doubtful = statistic is LCC and (_almost_constant(human) or _almost_constant(scores))
    return statistic.point(human, scores), remark if doubtful else ""


def _almost_constant(values: _Pairs) -> bool:
    """Return whether the mean leaves few digits to the deviations from it, by the limit of scipy.stats.pearsonr."""
    deviations = values - values.mean()
    largest = float(np.abs(deviations).max())
    spread = largest * float(np.linalg.norm(deviations / (largest or 1.0)))
    return bool(spread < np.finfo(float).eps ** 0.75 * abs(float(values.mean())))


def why_undefined(statistic: Statistic, human: Float[np.ndarray, " pairs"], scores: Float[np.ndarray, " pairs"]) -> str:
    """Return why the statistic has no value on these pairs; empty if it has one."""
    if len(human) < MIN_PAIRS:
        return f"{len(human)} pairs, fewer than {MIN_PAIRS}"
    if not statistic.is_correlation:
        return ""
    if np.all(human == human[0]):
        return "the ratings are constant"
    if np.all(scores == scores[0]):
        return "the scores are constant"
    return ""
