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

With two or three data sets the intervals are very wide, as they should be. Whether the true values differ at all:

    Q          sum w_k (y_k - mu)^2 at tau = 0; if all theta_k are equal and the s_k are known, chi-square with K - 1
               degrees of freedom, whose upper tail is p (Cochran 1954)
    F          [Q / (K - 1)] / [1 + 2 (K - 2) / (K^2 - 1) A], A = sum (1 - w_k / sum w)^2 / (C_k - 1), on K - 1 and
               (K^2 - 1) / (3 A) degrees of freedom, where s_k comes from C_k clusters (Welch 1951), s_k^2 being
               multiplied by C_k / (C_k - 1), by which a bootstrap variance is too small; with many clusters it is Q
    y_1 - y_2  with two data sets, -+ t sqrt(s_1^2 + s_2^2), s and degrees of freedom as of F (Satterthwaite's), so that
               the interval leaves out 0 where p is below 1 minus its level

Not valid for data sets that share clips or captions: their estimates are taken as independent.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import brentq
from scipy.special import chdtrc, fdtrc, ndtri, stdtrit

from bench.statistics.permutation import holm
from bench.statistics.types import IntervalMethod

_Key = TypeVar("_Key", bound=Hashable)

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
        q: Cochran's Q, the s_k taken as known.
        p_same: of the test that the true value is the same on all data sets, by itself.
        p_same_adjusted: adjusted for the tests that it is shown with, see `adjusted_together`; ``p_same`` before.
        first_minus_second: the estimate on the first data set minus that on the second; NaN unless there are two.
        first_minus_second_low, first_minus_second_high: its interval, by itself.
        confidence_level: of all intervals.
    """

    n_datasets: int
    mean: float
    low: float
    high: float
    new_low: float
    new_high: float
    tau: float
    i_squared: float
    q: float
    p_same: float
    p_same_adjusted: float
    first_minus_second: float
    first_minus_second_low: float
    first_minus_second_high: float
    confidence_level: float


def pooled(
    estimates: Float[np.ndarray, " datasets"],
    errors: Float[np.ndarray, " datasets"],
    confidence_level: float,
    n_clusters: Int[np.ndarray, " datasets"] | None = None,
) -> Pooled | None:
    """Return the random-effects mean; None with fewer than two data sets, or an estimate without a standard error.

    Args:
        estimates: one a data set.
        errors: their standard errors.
        confidence_level: of intervals.
        n_clusters: that each standard error was resampled from, two or more; None where they are known. Looked at by
            the test that all are the same, and by the difference of two.
    """
    k = len(estimates)
    if k < MIN_DATASETS or not (np.isfinite(estimates).all() and np.isfinite(errors).all() and (errors > 0).all()):
        return None
    variance = between_variance(estimates, errors)
    mean, _ = _mean(estimates, errors, variance)
    error = 1 / math.sqrt(float(np.sum(1 / (errors**2 + variance))))
    tail = (1 + confidence_level) / 2
    half = float(stdtrit(k - 1, tail)) * error
    new = float(stdtrit(k - 2, tail)) * math.hypot(math.sqrt(variance), error) if k >= MIN_FOR_PREDICTION else math.nan
    _, q = _mean(estimates, errors, 0.0)
    p_same = _p_same(estimates, errors, n_clusters)
    between = _first_minus_second(estimates, errors, tail, n_clusters) if k == 2 else (math.nan,) * 3
    return Pooled(
        n_datasets=k,
        mean=mean,
        low=mean - half,
        high=mean + half,
        new_low=mean - new,
        new_high=mean + new,
        tau=math.sqrt(variance),
        i_squared=max(0.0, 1 - (k - 1) / q) if q > 0 else 0.0,
        q=q,
        p_same=p_same,
        p_same_adjusted=p_same,
        first_minus_second=between[0],
        first_minus_second_low=between[1],
        first_minus_second_high=between[2],
        confidence_level=confidence_level,
    )


def _p_same(
    estimates: Float[np.ndarray, " datasets"],
    errors: Float[np.ndarray, " datasets"],
    n_clusters: Int[np.ndarray, " datasets"] | None,
) -> float:
    """Return the p-value of all true values being equal."""
    k = len(estimates)
    errors, doubt = _widened(errors, n_clusters)
    _, q = _mean(estimates, errors, 0.0)
    if doubt == 0:
        return float(chdtrc(k - 1, q))
    f = q / (k - 1) / (1 + 2 * (k - 2) / (k * k - 1) * doubt)
    return float(fdtrc(k - 1, (k * k - 1) / (3 * doubt), f))


def _first_minus_second(
    estimates: Float[np.ndarray, " datasets"],
    errors: Float[np.ndarray, " datasets"],
    tail: float,
    n_clusters: Int[np.ndarray, " datasets"] | None,
) -> tuple[float, float, float]:
    """Return the difference of two data sets with the ends of its interval."""
    errors, doubt = _widened(errors, n_clusters)
    half = float(ndtri(tail) if doubt == 0 else stdtrit(1 / doubt, tail)) * math.hypot(*errors)
    between = float(estimates[0] - estimates[1])
    return between, between - half, between + half


def _widened(
    errors: Float[np.ndarray, " datasets"], n_clusters: Int[np.ndarray, " datasets"] | None
) -> tuple[Float[np.ndarray, " datasets"], float]:
    """Return standard errors without the bias of the bootstrap, and Welch's A, 0 where they are known."""
    if n_clusters is None:
        return errors, 0.0
    widened = errors * np.sqrt(n_clusters / (n_clusters - 1))
    weights = 1 / widened**2
    return widened, float(np.sum((1 - weights / weights.sum()) ** 2 / (n_clusters - 1)))


def adjusted_together(found: Mapping[_Key, Pooled]) -> dict[_Key, Pooled]:
    """Return the same, with the p-values of all of them adjusted for each other (Holm 1979: in any dependence)."""
    p_values = holm(np.array([one.p_same for one in found.values()]))
    return {key: replace(one, p_same_adjusted=float(p)) for (key, one), p in zip(found.items(), p_values, strict=True)}


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
