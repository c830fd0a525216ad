"""The pairs of a data set, rated or voted on, that a file of scores is held against."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bench.datasets.catalog import load_dataset
from bench.datasets.frame import pairs_frame
from bench.datasets.score_archive.load import PairsToScore
from bench.datasets.voted.catalog import is_voted, load_voted
from metrics.errors import UsageError


@dataclass(frozen=True)
class Pairs:
    """What a data set has to say, and its pairs as `bench.datasets.score_files.read_score_file` takes them."""

    wanted: PairsToScore
    frame: pd.DataFrame


def load_pairs(
    name: str,
    *,
    split: str | None = None,
    screening: str | None = None,
    scale: str | None = None,
    data_root: Path | None = None,
) -> Pairs:
    """Load a data set for its pairs; arguments and errors as of `bench.datasets.catalog.load_dataset`."""
    if is_voted(name):
        for option, value in {"split": split, "screening": screening, "scale": scale}.items():
            if value is not None:
                raise UsageError(f"--{option} has no meaning for votes ({name}); leave it out")
        return _voted_pairs(name, data_root)
    dataset = load_dataset(name, split=split, screening=screening, scale=scale, data_root=data_root, with_audio=False)
    frame = pairs_frame(dataset)
    wanted = PairsToScore(dataset.name, dataset.split, dataset.source_sha256, list(frame["pair_id"]))
    return Pairs(wanted, frame)


def _voted_pairs(name: str, data_root: Path | None) -> Pairs:
    dataset = load_voted(name, data_root)
    ids = [pair.pair_id for pair in dataset.pairs]
    columns = {
        "pair_id": ids,
        "audio": [dataset.portable_name(pair.audio_path) for pair in dataset.pairs],
        "caption": [pair.caption for pair in dataset.pairs],
    }
    return Pairs(PairsToScore(dataset.name, None, dataset.source_sha256, ids), pd.DataFrame(columns, dtype=object))
