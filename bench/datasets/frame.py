"""A data set's pairs as the columns that ``scores.csv`` begins with."""

from __future__ import annotations

import pandas as pd

from bench.datasets.types import RatedDataset
from bench.files.scores import make_pairs_frame


def pairs_frame(dataset: RatedDataset) -> pd.DataFrame:
    """Return the pairs of a data set as `ScoreTable` holds them; audio paths become names relative to the data."""
    rated = dataset.pairs
    return make_pairs_frame(
        {
            "pair_id": [r.pair.pair_id for r in rated],
            "audio": [dataset.portable_name(r.pair.audio_path) for r in rated],
            "caption": [r.pair.caption for r in rated],
            "caption_id": [r.caption_id for r in rated],
            "source": [r.source for r in rated],
            "system": [r.system for r in rated],
            "split": [r.split for r in rated],
            "rating": [r.mean_rating for r in rated],
            "n_ratings": [r.n_ratings for r in rated],
        }
    )
