"""Ratings predicted from one fact about a pair (its system's name, its loudness), cross-fitted by caption.

A name predicts the mean rating of its pairs; a number is put into one of at most `MOST_BINS` bins of equally many
pairs, which predict as names do: neither a line nor a rising curve would do, as clips may be rated low for being too
quiet and for being too loud. No bin has much fewer than `PAIRS_IN_BIN` pairs.

What is cross-fitted is the order of the names: for the pairs of a fold of captions, it is that of the mean ratings of
all other captions. The values are the mean ratings of the names, in rising order, the same for all folds. So a fact
that says nothing has an expected correlation of 0. If each fold had means of its own, they would lie higher where the
fold's own ratings, which are missing in them, are low; ranks blow that up, and what predicts nothing would correlate
negatively.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from bench.statistics.folds import N_FOLDS
from bench.statistics.resampling import generator

MOST_BINS = 10
PAIRS_IN_BIN = 20
LEAST_KNOWN = 0.5
"""Share of pairs whose number must be known."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact about every pair.

    Attributes:
        sentinel: what it is, e.g. ``system``.
        values: names (text; empty where there is none, which counts as a name) or numbers (NaN where unknown).
    """

    sentinel: str
    values: np.ndarray

    @property
    def is_name(self) -> bool:
        return bool(self.values.dtype == object)

    def of(self, chosen: Bool[np.ndarray, " pairs"]) -> Fact:
        """Return the fact of the chosen pairs."""
        return Fact(self.sentinel, self.values[chosen])

    def known(self) -> Bool[np.ndarray, " pairs"]:
        """Return where it is known."""
        return np.ones(len(self.values), dtype=bool) if self.is_name else ~np.isnan(self.values.astype(float))

    def why_silent(self) -> str:
        """Return why nothing can be predicted from it; empty if something can."""
        known = self.known()
        if not known.any() or known.sum() < LEAST_KNOWN * len(known):
            return f"unknown for {int((~known).sum()):,} of {len(known):,} pairs"
        if len(set(self.values[known].tolist())) > 1:
            return ""
        if self.is_name:
            return "all pairs have one name" if self.values[0] else "no pair has a name"
        return "the same for all pairs"

    def remark(self) -> str:
        """Return for how many pairs it is unknown, if for any."""
        n_unknown = int((~self.known()).sum())
        return f"unknown for {n_unknown:,} of {len(self.values):,} pairs, which get the mean" if n_unknown else ""


def predict(
    fact: Fact, human: Float[np.ndarray, " pairs"], captions: Int[np.ndarray, " pairs"], seed: int, stratum: str
) -> Float[np.ndarray, " pairs"]:
    """Return each pair's predicted rating; the mean rating where the fact is unknown, or its name new.

    Args:
        fact: of the same pairs; one that is not silent.
        human: mean ratings.
        captions: index, from 0 without gaps, of the caption of each pair.
        seed, stratum: key the folds.
    """
    fold = generator(seed, "folds", stratum, 0).permutation(np.arange(int(captions.max()) + 1) % N_FOLDS)[captions]
    group, known = _groups(fact), fact.known()
    n_groups = int(group.max()) + 1
    means = np.bincount(group[known], human[known], n_groups) / np.bincount(group[known], minlength=n_groups)
    predicted = np.full(len(human), human.mean())
    for k in np.unique(fold):
        others, inside = known & (fold != k), known & (fold == k)
        count = np.bincount(group[others], minlength=n_groups)
        seen = np.flatnonzero(count)
        order = np.argsort(np.bincount(group[others], human[others], n_groups)[seen] / count[seen], kind="stable")
        value = np.full(n_groups, human.mean())
        value[seen[order]] = np.sort(means[seen])
        predicted[inside] = value[group[inside]]
    return predicted


def _groups(fact: Fact) -> Int[np.ndarray, " pairs"]:
    """Return the index of each pair's name or bin; 0 where unknown."""
    if fact.is_name:
        return np.asarray(np.unique(fact.values.astype(str), return_inverse=True)[1])
    known, numbers = fact.known(), fact.values.astype(float)
    group = np.zeros(len(numbers), dtype=int)
    n_bins = int(np.clip(known.sum() // PAIRS_IN_BIN, 2, MOST_BINS))
    edges = np.unique(np.quantile(numbers[known], np.arange(1, n_bins) / n_bins))
    below = np.searchsorted(edges, numbers[known], side="left")
    if not below.any():  # more than half are the highest number there is
        below = np.searchsorted(edges, numbers[known], side="right")
    group[known] = np.unique(below, return_inverse=True)[1]
    return group
