"""Intervals from formulas, to show beside resampled ones what taking pairs for independent does."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri


def analytic_interval(
    statistic: str, estimate: float, n_pairs: int, confidence_level: float
) -> tuple[float, float, str]:
    """Return an interval from a formula: tanh(atanh(r) -/+ z SE), for independent pairs only.

    SE^2 is 1 / (n - 3) for LCC (Fisher 1921; bivariate normal data), (1 + r^2 / 2) / (n - 3) for SRCC and
    .437 / (n - 4) for tau (Bonett & Wright 2000; Fieller et al. 1957). Given for comparison: pairs that share
    captions are not independent, and the interval is then too short. None exists for MSE.
    """
    if n_pairs < 5:
        return np.nan, np.nan, "no analytic interval"
    variances: dict[str, float] = {
        "lcc": 1 / (n_pairs - 3),
        "srcc": (1 + estimate**2 / 2) / (n_pairs - 3),
        "ktau": 0.437 / (n_pairs - 4),
    }
    if statistic not in variances or abs(estimate) == 1:
        return np.nan, np.nan, "no analytic interval"
    half_width = ndtri((1 + confidence_level) / 2) * np.sqrt(variances[statistic])
    low, high = np.tanh(np.arctanh(estimate) + np.array([-half_width, half_width]))
    return float(low), float(high), ""
