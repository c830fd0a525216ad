"""``sentinels.csv`` comes back as it was written, and a damaged one is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.files.sentinels import SENTINELS_NAME, ClipFacts, read_facts, write_facts
from metrics.errors import DataError

FACTS = ClipFacts(np.array([-23.125, np.nan, -0.1]), np.array([4.0, np.nan, 10.25]), ("", "no such file", ""))
IDS = ["a", "b", "c"]


def test_facts_come_back(tmp_path: Path) -> None:
    write_facts(FACTS, IDS, tmp_path)
    again = read_facts(tmp_path, IDS)
    assert again is not None
    assert repr(again) == repr(FACTS)
    assert (tmp_path / SENTINELS_NAME).read_text().splitlines()[:3] == [
        "pair_id,loudness_dbfs,duration_s,reason",
        "a,-23.125,4.0,",
        "b,,,no such file",
    ]


def test_what_heard_nothing_leaves_no_file(tmp_path: Path) -> None:
    write_facts(FACTS, IDS, tmp_path)
    nothing = FACTS.take(np.array([1]))
    assert not nothing.heard_any
    write_facts(nothing, ["b"], tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert read_facts(tmp_path, IDS) is None


def test_facts_of_other_pairs_are_refused(tmp_path: Path) -> None:
    write_facts(FACTS, IDS, tmp_path)
    with pytest.raises(DataError, match=r"sentinels\.csv has other pairs than scores\.csv, or in another order"):
        read_facts(tmp_path, ["a", "c", "b"])


def test_text_where_a_number_is_expected_is_refused(tmp_path: Path) -> None:
    write_facts(FACTS, IDS, tmp_path)
    path = tmp_path / SENTINELS_NAME
    path.write_text(path.read_text().replace("-23.125", "loud"))
    with pytest.raises(DataError, match="line 2: loudness_dbfs is 'loud', expected a number"):
        read_facts(tmp_path, IDS)
