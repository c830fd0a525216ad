"""What several data sets say together: random-effects meta-analysis of one number a data set.

Data set k has an estimate y_k with standard error s_k; its true value theta_k is drawn from a normal distribution with
mean mu and standard deviation tau, so that mu speaks of data sets like these and not of these alone.

    tau^2      solves sum w_k (y_k - mu)^2 = K - 1, w_k = 1 / (s_k^2 + tau^2); 0 if even that is less
               (Paule & Mandel 1982; preferred with few studies by Veroniki et al. 2016)
    mu         sum w_k y_k / sum w_k, with mu -+ t_{K-1} SE
    SE^2       1 / sum w_k: Hartung & Knapp's (2001) variance, whose factor sum w_k (y_k - mu)^2 / (K - 1) is 1 by the
               choice of tau^2, and is not let below 1 where tau is 0 (Rover et al. 2015)
    a new set  mu -+ t_{K-2} sqrt(tau^2 + SE^2), from three data sets on (Higgins, Thompson & Spiegelhalter 2009)
    I^2        share of the spread of the y_k that is not sampling error, 1 - (K - 1) / Q, Q at tau = 0; 0 if negative

With two or three data sets the intervals are very wide, as they should be. Not valid for data sets that share clips
or captions: their estimates are taken as independent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.optimize import brentq
from scipy.special import ndtri, stdtrit

from bench.statistics.types import IntervalMethod

MIN_DATASETS = 2
MIN_FOR_PREDICTION = 3


@dataclass(frozen=True, slots=True)
class Pooled:
    """Mean over data sets like these, and what to expect of another one.

    Attributes:
        n_datasets: K.
        low, high: interval of the mean.
        new_low, new_high: interval for the true value on a new data set; NaN with two data sets.
        tau: standard deviation of the true values between data sets.
        i_squared: share of the spread that is not sampling error.
        confidence_level: of both intervals.
    """

    n_datasets: int
    mean: float
    low: float
    high: float
    new_low: float
    new_high: float
    tau: float
    i_squared: float
    confidence_level: float


def pooled(
    estimates: Float[np.ndarray, " datasets"], errors: Float[np.ndarray, " datasets"], confidence_level: float
) -> Pooled | None:
    """Return the random-effects mean; None with fewer than two data sets, or an estimate without a standard error."""
    k = len(estimates)
    if k < MIN_DATASETS or not (np.isfinite(estimates).all() and np.isfinite(errors).all() and (errors > 0).all()):
        return None
    variance = between_variance(estimates, errors)
    mean, _ = _mean(estimates, errors, variance)
    error = 1 / math.sqrt(float(np.sum(1 / (errors**2 + variance))))
    tail = (1 + confidence_level) / 2
    half = float(stdtrit(k - 1, tail)) * error
    new = float(stdtrit(k - 2, tail)) * math.hypot(math.sqrt(variance), error) if k >= MIN_FOR_PREDICTION else math.nan
    _, spread = _mean(estimates, errors, 0.0)
    return Pooled(
        n_datasets=k,
        mean=mean,
        low=mean - half,
        high=mean + half,
        new_low=mean - new,
        new_high=mean + new,
        tau=math.sqrt(variance),
        i_squared=max(0.0, 1 - (k - 1) / spread) if spread > 0 else 0.0,
        confidence_level=confidence_level,
    )


def between_variance(estimates: Float[np.ndarray, " datasets"], errors: Float[np.ndarray, " datasets"]) -> float:
    """Return Paule & Mandel's tau^2."""

    def excess(variance: float) -> float:
        return _mean(estimates, errors, variance)[1] - (len(estimates) - 1)

    if excess(0.0) <= 0:
        return 0.0
    widest = float(np.sum((estimates - estimates.mean()) ** 2))  # there the sum of squares is below 1
    return float(brentq(excess, 0.0, widest, xtol=1e-15, rtol=1e-12))


def standard_error(low: float, high: float, confidence_level: float, method: IntervalMethod, n_clusters: int) -> float:
    """Return the standard error that an interval implies: half its width over the quantile that it was made with."""
    tail = (1 + confidence_level) / 2
    quantile = float(ndtri(tail))
    if method == "expanded":
        quantile = math.sqrt(n_clusters / (n_clusters - 1)) * float(stdtrit(n_clusters - 1, tail))
    return (high - low) / (2 * quantile)


def _mean(
    estimates: Float[np.ndarray, " datasets"], errors: Float[np.ndarray, " datasets"], variance: float
) -> tuple[float, float]:
    """Return the weighted mean, and the weighted sum of squares around it."""
    weights = 1 / (errors**2 + variance)
    mean = float(np.sum(weights * estimates) / np.sum(weights))
    return mean, float(np.sum(weights * (estimates - mean) ** 2))
