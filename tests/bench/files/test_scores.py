"""The score table: nothing is lost on the way to disk and back, and no pair is joined away in silence."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.files.scores import ScoreTable, _read_failures, make_pairs_frame, read_table, write_table
from metrics.errors import DataError
from metrics.types import AudioTextPair, ScoreFailure

CAPTIONS = ("a dog, barking", 'a "loud" bell', "rain\nand wind", "=1+1 🔔")


def frame(captions: tuple[str, ...] = CAPTIONS) -> pd.DataFrame:
    n = len(captions)
    return make_pairs_frame(
        {
            "pair_id": [f"p{i}" for i in range(n)],
            "audio": [f"audio/{i}.wav" for i in range(n)],
            "caption": list(captions),
            "caption_id": [f"c{i // 2}" for i in range(n)],
            "source": ["natural", None] * (n // 2),
            "system": [None] * n,
            "split": [None] * n,
            "rating": [1 / 3] * n,
            "n_ratings": [3] * n,
        }
    )


def pairs(frame: pd.DataFrame) -> list[AudioTextPair]:
    columns = zip(frame["pair_id"], frame["audio"], frame["caption"], strict=True)
    return [AudioTextPair(pair_id, Path(audio), caption) for pair_id, audio, caption in columns]


def test_table_survives_the_disk_exactly(tmp_path: Path) -> None:
    scores = {"laion": np.array([0.1, np.nan, 1e-300, 2 / 3]), "a:b/c": np.array([0.0, -0.0, 1.0, np.pi])}
    table = ScoreTable(
        frame(),
        scores,
        cosines={"laion": np.array([-0.1, np.nan, 0.5, 2 / 3])},
        failures={"laion": (ScoreFailure("p1", 'empty file, "nothing" in it'),), "a:b/c": ()},
    )
    write_table(table, tmp_path)
    again = read_table(tmp_path)
    pd.testing.assert_frame_equal(again.pairs, table.pairs)
    assert again.metrics == table.metrics
    for metric, values in scores.items():
        np.testing.assert_array_equal(again.scores[metric], values)
    np.testing.assert_array_equal(again.cosines["laion"], table.cosines["laion"])
    assert again.failures == table.failures


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=4, max_size=4))
def test_every_float_survives_the_disk(tmp_path_factory: pytest.TempPathFactory, values: list[float]) -> None:
    folder = tmp_path_factory.mktemp("table")
    write_table(ScoreTable(frame(), {"m": np.array(values)}), folder)
    np.testing.assert_array_equal(read_table(folder).scores["m"], values)


def test_metrics_are_compared_on_the_pairs_that_all_scored() -> None:
    table = ScoreTable(
        frame(),
        {
            "a": np.array([1.0, np.nan, 3.0, 4.0]),
            "b": np.array([1.0, 2.0, 3.0, np.nan]),
            "c": np.full(4, np.nan),
        },
    )
    assert table.unscored() == ["c"]
    assert not table.scored_by_all().any()
    np.testing.assert_array_equal(table.without(["c"]).scored_by_all(), [True, False, True, False])


@pytest.mark.slow
def test_many_failures_are_read_in_time_that_grows_with_their_number(tmp_path: Path) -> None:
    """Five times as many took 25 times as long when each was added to a tuple."""
    took = []
    for n in (20_000, 100_000):
        path = tmp_path / "failures.csv"
        path.write_text("pair_id,metric,reason\n" + "".join(f"p{i},m,silent\n" for i in range(n)))
        began = time.process_time()
        assert len(_read_failures(path, {f"p{i}" for i in range(n)}, ["m"])["m"]) == n
        took.append(time.process_time() - began)
    assert took[1] < 12 * took[0]


def test_failures_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "failures.csv").write_bytes(b"pair_id,metric,reason\n\xff,m,x\n")
    with pytest.raises(DataError, match="is not UTF-8"):
        _read_failures(tmp_path / "failures.csv", {"p"}, ["m"])
