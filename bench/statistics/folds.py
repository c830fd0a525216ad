"""Data to choose a threshold or fit a map on, kept apart from the data that it is judged on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from bench.statistics.resampling import generator
from bench.statistics.sample import Scores, StratumSample

N_FOLDS = 10


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Other rated pairs (a train or validation split) with the same metrics' scores, and ratings in [0, 1]."""

    human: Float[np.ndarray, " training_pairs"]
    scores: Scores
    clusters: Int[np.ndarray, " training_pairs"]


def cluster_folds(sample: StratumSample, seed: int) -> Int[np.ndarray, " clusters"]:
    """Assign each cluster to one of at most `N_FOLDS` folds of equal size, by chance."""
    return generator(seed, "folds", sample.stratum, 0).permutation(np.arange(sample.n_clusters) % N_FOLDS)
