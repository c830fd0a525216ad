"""Does a metric fail on bad (or good) sounds, or is the range merely restricted there?

The paper's Table III cuts pairs into bands by their mean rating and correlates within each band. A band has less
spread than the whole, so every correlation falls, and what is left of the mean rating's spread within a band is largely
listener noise (its ICC is about zero). Two remedies stand beside it.

Cross-fitting: a random half of each pair's listeners assigns the band, the other half is what scores are correlated
with, averaged over splits. The noise that selects is then not the noise that is correlated with. Pairs with
one rating drop out; halves are noisier than means, so compare with ``overall``, which uses the same halves.

Prediction: for rating y, score x and banding variable z with standard deviation ratio u = SD(z in band) / SD(z),

    r' = (r_xy + r_xz r_yz k) / sqrt((1 + r_xz^2 k) (1 + r_yz^2 k)),  k = u^2 - 1    (Thorndike 1949, case III)

is the correlation within the band if x and y depend on z linearly with even noise: a metric equally good everywhere.
With z = y this is Thorndike's case II. Exact for LCC; for SRCC it is used with the rank correlations and the same
u, which simulation shows to be right within about 0.03 on ratings like these. Not valid for a metric whose relation to
the ratings is far from linear (a saturated score), or for bands of a few pairs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from bench.statistics.agreement import LCC, SRCC, STATISTICS, Statistic
from bench.statistics.intervals import Measured
from bench.statistics.reliability import Ratings
from bench.statistics.replicates import replicate
from bench.statistics.resampling import generator
from bench.statistics.sample import Scores, Strata, StratumSample, split_strata
from bench.statistics.types import Resampled, ResamplingPlan
from bench.statistics.weighted import WeightedSample, prepare, weighted_statistics, weighted_totals

BAND_STATISTICS: tuple[Statistic, ...] = (SRCC, LCC)
MAX_RESAMPLES = 999
"""Enough for an interval; every split is resampled."""

_COLUMNS = [STATISTICS.index(statistic) for statistic in BAND_STATISTICS]
_Values = Float[np.ndarray, "lanes bands metrics band_statistics 3"]


@dataclass(frozen=True, slots=True)
class BandEstimate(Resampled):
    """A correlation within one score band, and what restricting the range alone would make of it.

    Attributes:
        stratum: e.g. ``band=low,source=natural``.
        method: ``observed`` bands by the same mean rating that the scores are correlated with, as in the paper's
            Table III; ``cross-fitted`` bands by one half of each pair's listeners and correlates with the other.
        n_pairs: in the band; the mean over splits where cross-fitted.
        band_sd: standard deviation, within the band, of the ratings that it was cut by.
        overall: the correlation over all bands, with the same ratings.
        predicted: what a metric of that overall correlation shows in the band if it is equally good everywhere.
        estimate: what the metric shows.
        excess: ``estimate - predicted``, with its interval: below 0, the metric is worse in this band than elsewhere.
    """

    metric: str
    stratum: str
    statistic: str
    method: Literal["observed", "cross-fitted"]
    n_pairs: float
    band_sd: float
    overall: float
    predicted: float
    estimate: Measured
    excess: Measured
    n_splits: int
    note: str = ""


def band_estimates(
    ratings: Ratings,
    scores: Scores,
    strata: Strata,
    clusters: Int[np.ndarray, " pairs"],
    edges: Sequence[float],
    band_ids: Mapping[str, Sequence[str]],
    plan: ResamplingPlan,
    n_splits: int = 20,
    n_threads: int | None = None,
) -> list[BandEstimate]:
    """Estimate SRCC and LCC in each score band of each stratum, observed and cross-fitted.

    Args:
        ratings: the single ratings, at least one a pair.
        strata: what to band: ``all`` and sources, not the bands.
        edges: highest rating of each band but the last, rising, on the ratings' scale.
        band_ids: for each stratum what its bands are called in the records, from the lowest.
        plan: at most `MAX_RESAMPLES` resamples are made.
        n_splits: random halvings of the listeners.

    Returns:
        Records by stratum, method, band, metric and statistic. Strata with fewer than three captions, or with fewer
        than three pairs in any band, are left out.

    Raises:
        DataError: a pair without ratings, or NaN ratings or scores.
    """
    plan = replace(plan, n_resamples=min(plan.n_resamples, MAX_RESAMPLES))
    with np.errstate(invalid="ignore"):
        total = np.bincount(ratings.pair, ratings.score, len(clusters))
        mean = total / np.bincount(ratings.pair, minlength=len(clusters))
    samples = split_strata(mean, scores, strata, clusters, plan.unit)
    pairs_of = {stratum: np.flatnonzero(mask) for stratum, mask in strata.items()}
    records: list[BandEstimate] = []
    for sample in samples:
        observed = [_Split.of(sample, sample.human, sample.human, edges)]
        records += _estimate(sample, band_ids[sample.stratum], "observed", observed, plan, n_threads)
        halves = _halves(ratings, sample, pairs_of[sample.stratum], plan.seed, n_splits)
        crossed = [_Split.of(part, y, z, edges) for part, y, z in halves]
        records += _estimate(sample, band_ids[sample.stratum], "cross-fitted", crossed, plan, n_threads)
    return records


def restricted_correlation(
    r_xy: Float[np.ndarray, "*shape"],
    r_xz: Float[np.ndarray, "*shape"],
    r_yz: Float[np.ndarray, "*#shape"],
    sd_ratio: Float[np.ndarray, "*#shape"],
) -> Float[np.ndarray, "*shape"]:
    """Return the correlation of x and y where the spread of z is ``sd_ratio`` of the whole (Thorndike 1949)."""
    k = sd_ratio**2 - 1
    restricted: np.ndarray = (r_xy + r_xz * r_yz * k) / np.sqrt((1 + r_xz**2 * k) * (1 + r_yz**2 * k))
    return restricted


@dataclass(frozen=True, slots=True)
class _Split:
    """One banding, ready to be reweighted: ratings y to correlate with, ratings z to band by.

    Attributes:
        against_y: the metrics and, last, z itself, against y.
        against_z: the metrics against z.
        n_clusters_in_band: clusters with a pair in each band: what the values of a band rest on.
        in_band: the metrics against y, in each band.
        z_totals: by cluster 1, z, z^2 over all pairs, then over those of each band: three columns each.
    """

    n_in_band: tuple[int, ...]
    n_clusters_in_band: tuple[int, ...]
    against_y: WeightedSample
    against_z: WeightedSample
    in_band: tuple[WeightedSample, ...]
    z_totals: Float[np.ndarray, "clusters columns"]

    @classmethod
    def of(
        cls,
        sample: StratumSample,
        y: Float[np.ndarray, " pairs"],
        z: Float[np.ndarray, " pairs"],
        edges: Sequence[float],
    ) -> _Split | None:
        """Return None where a band holds fewer than three pairs."""
        bands = tuple((low < z) & (z <= high) for low, high in pairwise((-np.inf, *edges, np.inf)))
        if not sample.can_be_resampled or min(band.sum() for band in bands) < 3:
            return None
        n, clusters = sample.n_clusters, sample.clusters
        inside = tuple(prepare(y[band], sample.scores[:, band], clusters[band], n) for band in bands)
        centred = z - z.mean()
        columns = [mask * power for mask in (np.ones_like(z), *bands) for power in (centred**0, centred, centred**2)]
        return cls(
            n_in_band=tuple(int(band.sum()) for band in bands),
            n_clusters_in_band=tuple(len(np.unique(clusters[band])) for band in bands),
            against_y=prepare(y, np.vstack([sample.scores, z]), clusters, n),
            against_z=prepare(z, sample.scores, clusters, n),
            in_band=inside,
            z_totals=np.stack([np.bincount(clusters, column, n) for column in columns], axis=1),
        )

    def evaluate(self, weights: UInt8[np.ndarray, "clusters lanes"]) -> _Values:
        """Return overall, predicted and found correlation for each lane, band, metric and statistic."""
        with_y = weighted_statistics(self.against_y, weights)[:, :, _COLUMNS]
        r_xy, r_yz = with_y[:, :-1], with_y[:, -1:]
        r_xz = weighted_statistics(self.against_z, weights)[:, :, _COLUMNS]
        sd = self.band_sds(weights)
        values = []
        for b, band in enumerate(self.in_band):
            with np.errstate(invalid="ignore", divide="ignore"):
                ratio = (sd[:, b + 1] / sd[:, 0])[:, None, None]
                predicted = restricted_correlation(r_xy, r_xz, r_yz, ratio)
            found = weighted_statistics(band, weights)[:, :, _COLUMNS]
            values.append(np.stack([r_xy, predicted, found], axis=-1))
        return np.stack(values, axis=1)

    def band_sds(self, weights: UInt8[np.ndarray, "clusters lanes"]) -> Float[np.ndarray, "lanes parts"]:
        """Return the standard deviation of z over all pairs, then within each band."""
        totals = weighted_totals(self.z_totals, weights)
        total, first, second = totals.reshape(1 + len(self.in_band), 3, -1).transpose(1, 2, 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            variance = second / total - (first / total) ** 2
        sd: np.ndarray = np.sqrt(np.maximum(variance, 0))
        return sd


def _halves(
    ratings: Ratings, sample: StratumSample, pairs: Int[np.ndarray, " pairs"], seed: int, n_splits: int
) -> Iterator[tuple[StratumSample, Float[np.ndarray, " kept"], Float[np.ndarray, " kept"]]]:
    """Yield, for each random halving, the pairs with two ratings or more and the means of the two halves."""
    position = np.full(int(ratings.pair.max()) + 1, -1)
    position[pairs] = np.arange(len(pairs))
    used = position[ratings.pair] >= 0
    pair, score = position[ratings.pair[used]], ratings.score[used]
    count = np.bincount(pair, minlength=len(pairs))
    kept = count >= 2
    part = StratumSample(
        sample.stratum,
        sample.metrics,
        sample.human[kept],
        sample.scores[:, kept],
        np.unique(sample.clusters[kept], return_inverse=True)[1],
    )
    for split in range(n_splits):
        first = _random_half(pair, count, generator(seed, "split", sample.stratum, split))
        means = [np.bincount(pair, score * half, len(pairs))[kept] for half in (first, ~first)]
        sizes = [np.bincount(pair, half, len(pairs))[kept] for half in (first, ~first)]
        yield part, means[0] / sizes[0], means[1] / sizes[1]


def _random_half(
    pair: Int[np.ndarray, " ratings"], count: Int[np.ndarray, " pairs"], draw: np.random.Generator
) -> Bool[np.ndarray, " ratings"]:
    """Mark half of each pair's ratings; of an odd number, one half or the other gets the odd one by chance."""
    order = np.lexsort((draw.random(len(pair)), pair))
    place = np.empty(len(pair), int)
    place[order] = np.arange(len(pair)) - np.repeat(np.cumsum(count) - count, count)
    size = (count + draw.integers(0, 2, len(count))) // 2
    return np.less(place, size[pair])


def _estimate(
    sample: StratumSample,
    band_ids: Sequence[str],
    method: Literal["observed", "cross-fitted"],
    splits: list[_Split | None],
    plan: ResamplingPlan,
    n_threads: int | None,
) -> Iterator[BandEstimate]:
    usable = [split for split in splits if split is not None]
    if not usable:
        return
    n_clusters = usable[0].against_y.n_clusters
    once = np.ones((n_clusters, 1), np.uint8)
    point = np.mean([split.evaluate(once) for split in usable], axis=0)[0]
    sd = np.mean([split.band_sds(once) for split in usable], axis=0)[0]
    n_pairs = np.mean([split.n_in_band for split in usable], axis=0)
    n_clusters_in_band = np.min([split.n_clusters_in_band for split in usable], axis=0)

    def values_of(weights: UInt8[np.ndarray, "clusters lanes"]) -> _Values:
        values: np.ndarray = np.mean([split.evaluate(weights) for split in usable], axis=0)
        return values

    size = usable[0].against_y.bytes_per_lane()
    drawn = replicate(values_of, point.shape, plan, sample.stratum, n_clusters, size, n_threads)
    for b, m, s in np.ndindex(point.shape[:3]):
        overall, predicted, found = point[b, m, s]
        excess = drawn[b, m, s].map(lambda values: values[:, 2] - values[:, 1])
        rests_on = int(n_clusters_in_band[b])
        yield BandEstimate(
            metric=sample.metrics[m],
            stratum=band_ids[b],
            statistic=BAND_STATISTICS[s].id,
            method=method,
            n_pairs=float(n_pairs[b]),
            band_sd=float(sd[b + 1]),
            overall=float(overall),
            predicted=float(predicted),
            estimate=drawn[b, m, s, 2].measured(float(found), plan, rests_on),
            excess=excess.measured(float(found - predicted), plan, rests_on),
            n_splits=len(usable) if method == "cross-fitted" else 0,
            **plan.as_fields(),
        )
