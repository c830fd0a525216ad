"""Analytic tests of two correlations that share a variable, for reference beside the permutation test.

Both assume independent pairs from a trivariate normal distribution of rating, score a and score b. Pairs that share
captions and listeners, and ratings on a bounded scale with ties, are neither: with clustered pairs the p-values are
too small. ``r_a`` and ``r_b`` are the metrics' Pearson correlations with the ratings, ``r_ab`` is the correlation
between the metrics.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.special import ndtr, stdtr

from bench.statistics.sample import StratumSample

MIN_PAIRS = 5
"""Williams' t has n - 3 degrees of freedom; with one or two it says nothing."""

ROUNDING = 1e-12

ASSUMPTION = "assumes independent pairs and trivariate normality; anti-conservative where pairs share captions"


@dataclass(frozen=True, slots=True)
class DependentCorrelationTest:
    """Williams' t and Steiger's z for the difference of two LCCs, with the assumption that they rest on."""

    metric_a: str
    metric_b: str
    stratum: str
    n_pairs: int
    williams_t: float
    williams_p: float
    steiger_z: float
    steiger_p: float
    assumption: str


def williams_test(r_a: float, r_b: float, r_ab: float, n_pairs: int) -> tuple[float, float]:
    """Return t on n - 3 degrees of freedom and the two-sided p-value (Williams 1959; Steiger 1980, eq. 7)."""
    determinant = 1 - r_a**2 - r_b**2 - r_ab**2 + 2 * r_a * r_b * r_ab
    mean = (r_a + r_b) / 2
    spread = 2 * determinant * (n_pairs - 1) / (n_pairs - 3) + mean**2 * (1 - r_ab) ** 3
    t = (r_a - r_b) * math.sqrt((n_pairs - 1) * (1 + r_ab) / spread)
    return t, float(2 * stdtr(n_pairs - 3, -abs(t)))


def steiger_test(r_a: float, r_b: float, r_ab: float, n_pairs: int) -> tuple[float, float]:
    """Return z and the two-sided p-value: Dunn & Clark's test with the averaged correlation (Steiger 1980, eq. 14)."""
    mean = (r_a + r_b) / 2
    covariance = r_ab * (1 - 2 * mean**2) - mean**2 * (1 - 2 * mean**2 - r_ab**2) / 2
    correlation = covariance / (1 - mean**2) ** 2
    z = (math.atanh(r_a) - math.atanh(r_b)) * math.sqrt((n_pairs - 3) / (2 - 2 * correlation))
    return z, float(2 * ndtr(-abs(z)))


def reference_tests(sample: StratumSample) -> list[DependentCorrelationTest]:
    """Return both tests of the LCCs of every pair of metrics; none where a metric is constant, perfect or a copy."""
    if sample.n_pairs < MIN_PAIRS or np.ptp(sample.human) == 0:
        return []
    varied = [m for m in range(len(sample.metrics)) if np.ptp(sample.scores[m]) > 0]
    correlations = np.corrcoef(np.vstack([sample.human, sample.scores[varied]]))
    tests = []
    for a, b in combinations(range(1, len(varied) + 1), 2):
        r_a, r_b, r_ab = float(correlations[0, a]), float(correlations[0, b]), float(correlations[a, b])
        if max(abs(r_a), abs(r_b), abs(r_ab)) < 1 - ROUNDING:
            tests.append(_reference_test(sample, varied[a - 1], varied[b - 1], r_a, r_b, r_ab))
    return tests


def _reference_test(
    sample: StratumSample, a: int, b: int, r_a: float, r_b: float, r_ab: float
) -> DependentCorrelationTest:
    t, p_williams = williams_test(r_a, r_b, r_ab, sample.n_pairs)
    z, p_steiger = steiger_test(r_a, r_b, r_ab, sample.n_pairs)
    names = sample.metrics[a], sample.metrics[b]
    return DependentCorrelationTest(*names, sample.stratum, sample.n_pairs, t, p_williams, z, p_steiger, ASSUMPTION)
