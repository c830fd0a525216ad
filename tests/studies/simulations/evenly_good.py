"""Metrics that hear the true relevance with one error everywhere: is what they show in each part predicted?

The ratings are ordinal: listeners perceive the true relevance with error, and thresholds turn that into whole numbers
from 0 to 10. Means, spreads and thresholds are about those of RELATE: recordings are rated high, systems differ, high
ratings are told apart worse. A caption has a recording and two generated clips, which share part of their relevance,
their listeners with their leniency, and part of each metric's error.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from bench.statistics.bootstrap import bootstrap_strata
from bench.statistics.even_metric import Part
from bench.statistics.evenness import Evenness, evenness
from bench.statistics.reliability import Ratings
from bench.statistics.types import ResamplingPlan

GROUPS = ("natural", "a", "b", "c", "d")
MEAN = np.array([0.0, -1.05, -1.0, -0.7, 0.05])
SD = np.array([0.85, 0.85, 0.9, 0.75, 0.65])
THRESHOLDS = np.array([-2.5, -2.3, -1.7, -1.55, -1.4, -1.0, -0.85, -0.65, -0.1, 0.3])
SHARED = 0.3
"""Part of the variance of relevance and of a metric's error that the clips of a caption have in common."""

LENIENCY = 0.25
"""Part of the variance of a listener's error that is the same for all clips."""

ERRORS = {"SRCC .70": 0.45, "SRCC .55": 0.9, "SRCC .35": 1.9, "SRCC .10": 7.0}
"""Size of the metrics' errors; listeners' errors are 1."""

RATING_ERRORS = {"rating scale, SRCC .65": 1.5, "rating scale, SRCC .45": 3.5}
"""Of metrics whose error is even on the rating scale."""

EDGE = 5.0
"""Of the score bands."""


@dataclass(frozen=True)
class Rated:
    """One simulated data set."""

    ratings: Ratings
    mean: np.ndarray
    group: np.ndarray
    captions: np.ndarray
    scores: Mapping[str, np.ndarray]

    @property
    def parts(self) -> list[Part]:
        """Sources, systems, score bands, and bands in sources."""
        everything, natural = np.ones(len(self.mean), bool), self.group == 0
        sources = {"natural": natural, "synthesized": ~natural}
        systems = {name: self.group == g for g, name in enumerate(GROUPS) if g > 0}
        wide = [Part(name, mask) for name, mask in {**sources, **systems}.items()]
        cut = [
            part
            for name, mask in {"all": everything, **sources}.items()
            for part in (Part(f"low, {name}", mask, high=EDGE), Part(f"high, {name}", mask, low=EDGE))
        ]
        return wide + cut


def draw(n_captions: int, rng: np.random.Generator) -> Rated:
    """Draw captions with three clips each, rated by one to five listeners, three on average."""
    captions = np.repeat(np.arange(n_captions), 3)
    first = rng.integers(1, 5, n_captions)
    second = 1 + (first + rng.integers(0, 3, n_captions)) % 4
    group = np.stack([np.zeros(n_captions, int), first, second], axis=1).ravel()
    relevance = MEAN[group] + SD[group] * _mixed(captions, SHARED, rng)
    heard = rng.random((len(captions), 5)) < 0.5
    heard[:, 0] = True
    pair, listener = np.nonzero(heard)
    lenient = np.sqrt(LENIENCY) * rng.normal(size=(n_captions, 5))[captions[pair], listener]
    perceived = relevance[pair] + lenient + np.sqrt(1 - LENIENCY) * rng.normal(size=len(pair))
    score = np.searchsorted(THRESHOLDS, perceived).astype(float)
    mean = np.bincount(pair, score) / np.bincount(pair)
    scores = {name: relevance + error * _mixed(captions, SHARED, rng) for name, error in ERRORS.items()}
    expected = ndtr(relevance[:, None] - THRESHOLDS).sum(axis=1)
    scores |= {name: expected + error * _mixed(captions, SHARED, rng) for name, error in RATING_ERRORS.items()}
    return Rated(Ratings(score, pair, captions[pair] * 5 + listener), mean, group, captions, scores)


def records_of(data: Rated, plan: ResamplingPlan) -> list[Evenness]:
    everything = {"all": np.ones(len(data.mean), bool)}
    [bootstrap] = bootstrap_strata(data.mean / 10, data.scores, everything, data.captions, plan, n_threads=1)
    return evenness(bootstrap, data.ratings, data.parts, plan, n_threads=1)


def evenness_of_one(n_captions: int, n_resamples: int, seed: int) -> Counter[tuple[str, str, str]]:
    """Sum, for one data set, by metric and part: estimate, predicted, excess that is defined, and off 0 either way."""
    data = draw(n_captions, np.random.default_rng([4, n_captions, seed]))
    found: Counter[tuple[str, str, str]] = Counter()
    for one in records_of(data, ResamplingPlan(n_resamples, seed=seed)):
        if np.isnan(one.excess.low):
            continue
        values = {
            "defined": 1,
            "estimate": one.estimate,
            "predicted": one.predicted,
            "below": one.excess.high < 0,
            "above": one.excess.low > 0,
            "predicted on ratings": one.predicted_on_ratings,
            "below on ratings": one.excess_on_ratings.high < 0,
            "above on ratings": one.excess_on_ratings.low > 0,
            "shown": one.shown != "",
            "squared error": (one.predicted - one.estimate) ** 2,
        }
        found.update({(one.metric, one.stratum, what): float(value) for what, value in values.items()})
    return found


def _mixed(captions: np.ndarray, shared: float, rng: np.random.Generator) -> np.ndarray:
    """Return unit-variance values of which a part of the variance is the captions'."""
    common = rng.normal(size=captions.max() + 1)[captions]
    own = rng.normal(size=len(captions))
    values: np.ndarray = np.sqrt(shared) * common + np.sqrt(1 - shared) * own
    return values
