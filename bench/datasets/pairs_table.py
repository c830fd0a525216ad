"""The pairs of a data set as a table for scorers that run elsewhere: what there is to score, and nothing of ratings."""

from __future__ import annotations

from collections.abc import Sequence

from bench.datasets.types import RatedDataset
from bench.datasets.votes import VotedDataset


def pairs_table(dataset: RatedDataset) -> dict[str, Sequence[str | None]]:
    """Return columns by name: ids, absolute paths of the clips, captions, and what is known of the pairs.

    ``bench score`` reads the table as it is; a score file (`bench.datasets.score_files`) needs ``pair_id`` and a score.
    """
    rated = dataset.pairs
    references = [one.pair.reference_audio for one in rated]
    named = {"reference_audio": [None if path is None else str(path.absolute()) for path in references]}
    return {
        "pair_id": [one.pair.pair_id for one in rated],
        "audio_path": [str(one.pair.audio_path.absolute()) for one in rated],
        "text": [one.pair.caption for one in rated],
        "caption_id": [one.caption_id for one in rated],
        "source": [one.source for one in rated],
        "system": [one.system for one in rated],
        "split": [one.split for one in rated],
        **(named if any(references) else {}),
    }


def voted_pairs_table(dataset: VotedDataset) -> dict[str, Sequence[str | None]]:
    """Return the same of a data set of votes: every clip and caption that a metric has to score, once."""
    return {
        "pair_id": [pair.pair_id for pair in dataset.pairs],
        "audio_path": [str(pair.audio_path.absolute()) for pair in dataset.pairs],
        "text": [pair.caption for pair in dataset.pairs],
    }
