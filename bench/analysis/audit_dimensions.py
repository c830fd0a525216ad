"""What listeners rated of a data set's pairs: each dimension in numbers, and how far it is the target."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bench.datasets.types import RatedDataset
from bench.statistics.agreement import SRCC, point_estimate


@dataclass(frozen=True, slots=True)
class DimensionSummary:
    """The mean ratings of pairs in one dimension.

    Attributes:
        n_pairs: pairs that are rated in it.
        sd: over pairs (n - 1); None for one pair.
        srcc: with the target, over the pairs rated in both; 1 for the target itself, None where it is undefined.
    """

    dimension: str
    n_pairs: int
    mean: float
    sd: float | None
    srcc: float | None


def summaries(dataset: RatedDataset) -> Iterator[DimensionSummary]:
    """Yield one summary a dimension, the target first."""
    target = np.array([rated.mean_rating for rated in dataset.pairs])
    rated_in = {dataset.dimension: target} | {
        name: np.array([rated.others.get(name, np.nan) for rated in dataset.pairs]) for name in dataset.other_dimensions
    }
    for name, means in rated_in.items():
        kept = ~np.isnan(means)
        n_pairs, (found, _) = int(kept.sum()), point_estimate(SRCC, target[kept], means[kept])
        yield DimensionSummary(
            name,
            n_pairs,
            mean=float(means[kept].mean()),
            sd=float(means[kept].std(ddof=1)) if n_pairs > 1 else None,
            srcc=None if np.isnan(found) else found,
        )
