"""Reliability of raw ratings by one-way analysis of variance with unequal group sizes (Shrout & Fleiss 1979)."""

from __future__ import annotations

import pandas as pd


def icc1_and_reliability(ratings: pd.DataFrame) -> tuple[float, float]:
    """Return ICC(1) of a single rating, and by Spearman-Brown that of the mean over a typical number of ratings."""
    scores = ratings.groupby("pair_id")["score"]
    size, total = scores.size(), len(ratings)
    between = (size * (scores.mean() - ratings["score"].mean()) ** 2).sum() / (len(size) - 1)
    within = ((size - 1) * scores.var().fillna(0)).sum() / (total - len(size))
    typical_size = (total - (size**2).sum() / total) / (len(size) - 1)
    icc = (between - within) / (between + (typical_size - 1) * within)
    return float(icc), float(typical_size * icc / (1 + (typical_size - 1) * icc))
