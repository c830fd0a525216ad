"""Point estimates: how well a metric's scores agree with human ratings on one set of pairs.

Conventions: ``human`` holds mean ratings rescaled to [0, 1], ``scores`` one metric's scores, one entry a pair.
A value that cannot be computed is NaN, together with the reason in words.

    srcc  Spearman 1904: Pearson's correlation of the mid-ranks
    lcc   Pearson's correlation
    ktau  Kendall 1945, tau-b: (C - D) / sqrt((n0 - n1) (n0 - n2)), with ties counted in n1 and n2
    mse   mean of (score - human)^2, the paper's fourth column; it depends on the scale of the scores
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from scipy import stats

from bench.statistics.sample import MIN_PAIRS
from bench.statistics.types import Statistic

_CORRELATIONS: dict[Statistic, Callable[[np.ndarray, np.ndarray], float]] = {
    "srcc": lambda human, scores: float(stats.spearmanr(human, scores).statistic),
    "lcc": lambda human, scores: float(stats.pearsonr(human, scores).statistic),
    "ktau": lambda human, scores: float(stats.kendalltau(human, scores).statistic),
}


def point_estimate(
    statistic: Statistic, human: Float[np.ndarray, " pairs"], scores: Float[np.ndarray, " pairs"]
) -> tuple[float, str]:
    """Return scipy's value of the statistic and an empty reason, or NaN and the reason.

    Undefined are fewer than `MIN_PAIRS` pairs and, for correlations, constant ratings or scores.
    """
    reason = why_undefined(statistic, human, scores)
    if reason:
        return float("nan"), reason
    if statistic == "mse":
        return float(np.mean((scores - human) ** 2)), ""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", stats.NearConstantInputWarning)
        value = _CORRELATIONS[statistic](human, scores)
    near_constant = any(issubclass(warning.category, stats.NearConstantInputWarning) for warning in caught)
    return value, "almost constant input: the value may be inaccurate" if near_constant else ""


def why_undefined(statistic: Statistic, human: Float[np.ndarray, " pairs"], scores: Float[np.ndarray, " pairs"]) -> str:
    """Return why the statistic has no value on these pairs; empty if it has one."""
    if len(human) < MIN_PAIRS:
        return f"{len(human)} pairs, fewer than {MIN_PAIRS}"
    if statistic == "mse":
        return ""
    if np.all(human == human[0]):
        return "the ratings are constant"
    if np.all(scores == scores[0]):
        return "the scores are constant"
    return ""
