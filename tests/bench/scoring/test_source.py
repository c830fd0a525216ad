"""Shards are the file's rows, each once, in order, wherever the file is cut."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.scoring.source import SourceRow, find_shards, read_shard
from metrics.errors import DataError, UsageError
from tests.bench.scoring.pairs import rows_of, write_pairs

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("size", [1, 5, 7, 8, 30, 31])
def test_shards_are_all_rows_in_order(tmp_path: Path, kind: str, size: int) -> None:
    rows = rows_of(30)
    path = write_pairs(tmp_path / f"pairs.{kind}", rows)
    shards = find_shards(path, size)
    assert [shard.first_row for shard in shards] == list(range(0, 30, size))
    read = [row for shard in reversed(shards) for row in reversed(read_shard(path, shard))]
    assert read[::-1] == [SourceRow(audio, text, system or None) for audio, text, system in rows]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=12), size=st.integers(1, 5), mark=st.booleans())
def test_any_text_survives_a_cut_csv(tmp_path: Path, rows: list[tuple[str, str]], size: int, mark: bool) -> None:
    stream = io.StringIO()
    csv.writer(stream, quoting=csv.QUOTE_ALL).writerows([("text", "audio_path"), *rows])
    path = tmp_path / "pairs.csv"
    path.write_bytes(b"\xef\xbb\xbf" * mark + stream.getvalue().encode())
    read = [row for shard in find_shards(path, size) for row in read_shard(path, shard)]
    assert [(row.text, row.audio_path) for row in read] == rows


def test_types_of_a_parquet_file_do_not_matter(tmp_path: Path) -> None:
    text = pa.array(["a", "b", None]).dictionary_encode()
    table = pa.table({"pair_id": [7, 8, 9], "text": text, "audio_path": pa.array(["x", "y", "z"], pa.large_string())})
    pq.write_table(table, tmp_path / "p.parquet")
    (shard,) = find_shards(tmp_path / "p.parquet", 10)
    rows = read_shard(tmp_path / "p.parquet", shard)
    assert rows == [SourceRow("x", "a", None, "7"), SourceRow("y", "b", None, "8"), SourceRow("z", "", None, "9")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"audio_path,text\n", "no rows"),
        (b"audio_path,caption\na,b\n", "no column 'text'"),
        (b"audio_path,text\na,b\n\nc\n", "line 4: 1 fields, expected 2"),
        (b'audio_path,text\na,"b\nc', "line 2: a quote opens"),
        (b"audio_path,text\na,b\nc,caf\xe9\n", "line 3: byte 0xe9 is not UTF-8"),
        (b"audio_path,text\na,b\0\n", "line 2: holds a NUL"),
    ],
)
def test_a_broken_csv_is_refused_before_anything_is_scored(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "pairs.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        find_shards(path, 2)


def test_what_is_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        find_shards(tmp_path / "none.csv", 2)
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(UsageError, match=r"ends in \.csv or \.parquet"):
        find_shards(tmp_path / "x.json", 2)
    (tmp_path / "x.parquet").write_bytes(b"PAR1 cut off")
    with pytest.raises(DataError, match="not a Parquet file"):
        find_shards(tmp_path / "x.parquet", 2)


def test_a_file_that_shrinks_is_noticed(tmp_path: Path) -> None:
    path = write_pairs(tmp_path / "pairs.csv", rows_of(20))
    shards = find_shards(path, 8)
    write_pairs(path, rows_of(18))
    with pytest.raises(DataError, match="was changed"):
        read_shard(path, shards[-1])


def test_spaces_around_the_names_of_parquet_columns_do_not_matter(tmp_path: Path) -> None:
    pq.write_table(pa.table({" audio_path": ["x"], "text ": ["a"]}), tmp_path / "p.parquet")
    (shard,) = find_shards(tmp_path / "p.parquet", 10)
    assert read_shard(tmp_path / "p.parquet", shard) == [SourceRow("x", "a")]


NESTED = {
    "an Audio column": pa.array([{"bytes": b"", "path": "a.wav"}]),
    "lists": pa.array([["a.wav"]]),
    "maps": pa.array([[("a", "b")]], pa.map_(pa.string(), pa.string())),
}


@pytest.mark.parametrize("column", NESTED.values(), ids=NESTED)
def test_parquet_columns_that_hold_no_text_are_refused(tmp_path: Path, column: pa.Array) -> None:
    pq.write_table(pa.table({"audio_path": column, "text": ["a"]}), tmp_path / "p.parquet")
    with pytest.raises(DataError, match=r"column 'audio_path' holds .*, expected text"):
        find_shards(tmp_path / "p.parquet", 10)


@pytest.mark.parametrize("dictionary", [True, False])
def test_parquet_text_that_is_not_utf8_is_refused(tmp_path: Path, dictionary: bool) -> None:
    text = pa.array([b"caf\xe9"]).view(pa.string())
    table = pa.table({"audio_path": ["x"], "text": text})
    pq.write_table(table, tmp_path / "p.parquet", use_dictionary=dictionary)
    (shard,) = find_shards(tmp_path / "p.parquet", 10)
    with pytest.raises(DataError, match="not UTF-8"):
        read_shard(tmp_path / "p.parquet", shard)


def test_a_long_parquet_text_of_many_rows_is_refused_before_it_is_multiplied(tmp_path: Path) -> None:
    """1 kB on disk; as one string a row it would take 34 GB."""
    path = tmp_path / "p.parquet"
    text = pa.array(["x" * 8_000_000]).dictionary_encode().take(pa.array([0] * 4096))
    pq.write_table(pa.table({"audio_path": ["a.wav"] * 4096, "text": text}), path, compression="zstd")
    (shard,) = find_shards(path, 4096)
    with pytest.raises(DataError, match="has 8,000,000 bytes, expected"):
        read_shard(path, shard)


def test_parquet_groups_beyond_memory_are_refused_from_the_footer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.scoring.parquet.MOST_GROUP_BYTES", 1000)
    pq.write_table(pa.table({"audio_path": ["x"], "text": ["a" * 2000]}), tmp_path / "p.parquet")
    with pytest.raises(DataError, match=r"row group 0 holds .* bytes of 'text'"):
        find_shards(tmp_path / "p.parquet", 10)


def test_more_parquet_rows_than_shards_can_count_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.scoring.parquet.MOST_ROWS", 2)
    pq.write_table(pa.table({"audio_path": ["x"] * 3, "text": ["a"] * 3}), tmp_path / "p.parquet")
    with pytest.raises(DataError, match="3 rows, expected 2 or fewer"):
        find_shards(tmp_path / "p.parquet", 10)


def test_damaged_parquet_pages_are_refused_in_words(tmp_path: Path) -> None:
    """Every byte of a small file in turn: the file is read, or refused as `DataError`."""
    path = tmp_path / "p.parquet"
    pq.write_table(pa.table({"audio_path": ["x", "y"], "text": ["a dog", "a cat"]}), path, compression="zstd")
    content, refused = path.read_bytes(), 0
    for place in range(4, len(content) - 8, 3):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x41]) + content[place + 1 :])
        try:
            for shard in find_shards(path, 10):
                read_shard(path, shard)
        except DataError:
            refused += 1
    assert refused > 20
