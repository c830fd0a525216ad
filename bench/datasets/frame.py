"""A data set's pairs as the columns that ``scores.csv`` begins with."""

from __future__ import annotations

import pandas as pd

from bench.datasets.captions import caption_ids
from bench.datasets.types import RatedDataset
from bench.datasets.votes import VotedDataset
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


def voted_pairs_frame(dataset: VotedDataset) -> pd.DataFrame:
    """Return the pairs of a data set of votes in the same columns: those on ratings, which it has not, hold nothing."""
    pairs = dataset.pairs
    ids = caption_ids(pair.caption for pair in pairs)
    nothing = [None] * len(pairs)
    return make_pairs_frame(
        {
            "pair_id": [pair.pair_id for pair in pairs],
            "audio": [dataset.portable_name(pair.audio_path) for pair in pairs],
            "caption": [pair.caption for pair in pairs],
            "caption_id": [ids[pair.caption] for pair in pairs],
            "source": nothing,
            "system": nothing,
            "split": nothing,
            "rating": [0.0] * len(pairs),
            "n_ratings": [0] * len(pairs),
        }
    )
