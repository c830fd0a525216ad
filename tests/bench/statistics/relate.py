"""The RELATE test ratings as arrays, where the environment variable RELATE_ROOT names a copy."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

needs_relate = pytest.mark.skipif("RELATE_ROOT" not in os.environ, reason="RELATE_ROOT does not name a copy of RELATE")


@dataclass(frozen=True)
class Relate:
    """2,598 pairs of the README's test split: mean rating (0 to 10), caption and system a pair, and the ratings."""

    mean: np.ndarray
    captions: np.ndarray
    systems: np.ndarray
    score: np.ndarray
    pair: np.ndarray
    listener: np.ndarray


def load() -> Relate:
    rows = pd.read_csv(Path(os.environ["RELATE_ROOT"]) / "scores" / "REL.csv")
    used = rows["in RELATE dataset"].isin(["validation", "test"]) & ~rows["anchor label"].astype(bool)
    rows = rows[used].sort_values(["wavname", "text", "listener_id"])
    groups = rows.groupby(["wavname", "text"])
    pairs = groups["score"].mean().reset_index()
    return Relate(
        mean=pairs["score"].to_numpy(float),
        captions=pd.factorize(pairs["text"], sort=True)[0].astype(np.int64),
        systems=pairs["wavname"].str.strip("/").str.split("/").str[0].to_numpy(str),
        score=rows["score"].to_numpy(float),
        pair=groups.ngroup().to_numpy(np.int64),
        listener=pd.factorize(rows["listener_id"])[0].astype(np.int64),
    )
