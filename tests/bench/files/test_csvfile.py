"""Every way in which a CSV file can be wrong ends in one clear line."""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.files.csvfile import CsvRow, read_csv
from metrics.errors import ClapBenchError, DataError, UsageError


def write(folder: Path, content: bytes | str) -> Path:
    path = folder / "file.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def error_of(folder: Path, content: bytes | str) -> str:
    with pytest.raises(DataError) as caught:
        read_csv(write(folder, content), ["pair_id", "score"], ["note"])
    message = str(caught.value)
    assert "\n" not in message
    assert "file.csv" in message
    return message


def test_reads_columns_in_any_order_with_line_numbers_and_hash(tmp_path: Path) -> None:
    content = b'\xef\xbb\xbfscore,other,pair_id\n1,x,"a,\n""b"\n\n2,y,c\n'
    table = read_csv(write(tmp_path, content), ["pair_id", "score"], ["note"])
    assert [(row.line, row.fields) for row in table.rows] == [
        (2, {"score": "1", "pair_id": 'a,\n"b'}),
        (5, {"score": "2", "pair_id": "c"}),
    ]
    assert table.columns == ("score", "pair_id")
    assert table.ignored == ("other",)
    assert table.sha256 == hashlib.sha256(content).hexdigest()
    assert table.rows[0].get("note") is None


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_newlines_of_every_system_and_a_missing_last_one(tmp_path: Path, newline: str) -> None:
    table = read_csv(write(tmp_path, newline.join(["pair_id,score", "a,1", "b,2"])), ["pair_id", "score"])
    assert [(row.line, row["pair_id"]) for row in table.rows] == [(2, "a"), (3, "b")]


def test_unnamed_index_columns_are_passed_over(tmp_path: Path) -> None:
    table = read_csv(write(tmp_path, ",pair_id,score,\n0,a,1,\n"), ["pair_id", "score"])
    assert table.rows[0].fields == {"pair_id": "a", "score": "1"}
    assert table.ignored == ()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "is empty, expected a header with the columns pair_id, score"),
        ("\n\n", "is empty"),
        (",,\n", "is empty"),
        ("pair_id,score\n", "no rows below the header"),
        (
            "pair_id,scores\na,1\n",
            "no column 'score' (found 'pair_id', 'scores'); rename 'scores', if that is it, to 'score'",
        ),
        ("Pair_ID,score\na,1\n", "no column 'pair_id' (found 'Pair_ID', 'score'); rename 'Pair_ID', if that is it"),
        ("sep=,\npair_id,score\na,1\n", "the first line is 'sep=,', which only Excel understands; remove it"),
        ("sep=;\npair_id;score\na;1\n", "the first line is 'sep=;', which only Excel understands; remove it"),
        ("pair_id;score\na;1\n", "separated by ';': save it with commas"),
        ("pair_id\tscore\na\t1\n", "separated by '\\t': save it with commas"),
        ("pair_id,score,score\na,1,2\n", "column 'score' appears more than once"),
        ("pair_id,score\na,1\nb\n", "line 3: 1 fields, expected 2"),
        ("pair_id,score\na, b,1\n", "line 2: 3 fields, expected 2"),
        ('pair_id,score\na,1\n"b,1\nc,2\n', "line 3: a quote opens in this record and never closes"),
        ('pair_id,score\n"b"x,1\n', "line 2: wrongly quoted"),
        ('pair_id,score\n"' + "x" * 200_000 + '",1\n', "a field exceeds 131072 characters"),
        ("pair_id,score\na,1\0\n", "line 2: holds a NUL character"),
        (b"pair_id,score\na,1\n\xe9t\xe9,1\n", "line 3: byte 0xe9 at offset 18 is not UTF-8"),
        (b"\xef\xbb\xbfpair_id,score\n\xe9,1\n", "line 2: byte 0xe9 at offset 17 is not UTF-8"),
        (b"pair_id,score\na\xc3", "line 2: byte 0xc3 at offset 15 is not UTF-8"),
        ("pair_id,score\na,1\n".encode("utf-16"), "is UTF-16, expected UTF-8"),
    ],
)
def test_broken_files(tmp_path: Path, content: bytes | str, expected: str) -> None:
    assert expected in error_of(tmp_path, content)


def test_no_file_or_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_csv(tmp_path / "absent.csv", ["a"])
    with pytest.raises(UsageError, match="is a folder"):
        read_csv(tmp_path, ["a"])
    with pytest.raises(ClapBenchError):
        read_csv(Path("a\0b.csv"), ["a"])


@pytest.mark.parametrize("text", ["1", " 1.0 ", "1e0", "+1"])
def test_numbers(text: str) -> None:
    assert CsvRow(Path("f.csv"), 2, {"score": text}).number("score", 0.0, 1.0) == 1.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "score is '', expected a number"),
        ("high", "score is 'high', expected a number"),
        ("1_0", "expected a number"),
        ("nan", "score is 'nan', expected a finite number"),
        ("1e999", "score is '1e999', expected a finite number"),
        ("11", "score is 11, expected 0 to 10"),
        ("-0.1", "score is -0.1, expected 0 to 10"),
        ("x" * 500, "…"),
        ("a\nb", "'a\\nb'"),
    ],
)
def test_broken_numbers(text: str, expected: str) -> None:
    with pytest.raises(DataError) as caught:
        CsvRow(Path("f.csv"), 7, {"score": text}).number("score", 0.0, 10.0)
    assert str(caught.value).startswith("f.csv, line 7: ")
    assert expected in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 200


@given(content=st.binary(max_size=200))
def test_any_bytes_give_a_table_or_a_clear_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    _table_or_clear_error(write(tmp_path_factory.getbasetemp(), b"pair_id,score\n" + content))


@given(content=st.text(alphabet='pair_id,score\n\r"\\\t 01;é\0', max_size=60))
def test_any_text_gives_a_table_or_a_clear_error(tmp_path_factory: pytest.TempPathFactory, content: str) -> None:
    _table_or_clear_error(write(tmp_path_factory.getbasetemp(), content))


@given(
    rows=st.lists(
        st.tuples(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), st.floats()), min_size=1
    )
)
def test_what_the_standard_writer_wrote_comes_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, float]]
) -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([("pair_id", "score"), *rows])
    table = read_csv(write(tmp_path_factory.getbasetemp(), buffer.getvalue()), ["pair_id", "score"])
    assert [(row["pair_id"], row["score"]) for row in table.rows] == [(text, str(score)) for text, score in rows]


def _table_or_clear_error(path: Path) -> None:
    try:
        table = read_csv(path, ["pair_id", "score"])
    except ClapBenchError as caught:
        message = str(caught)
    else:
        assert all(set(row.fields) == {"pair_id", "score"} for row in table.rows)
        return
    assert len(message.splitlines()) == 1


def test_rows_of_empty_fields_at_the_end_of_a_spreadsheet_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text("pair_id,score,note\na,1,\n,,\nb,2,\n,,\n , ,\n")
    table = read_csv(path, ["pair_id", "score"], spreadsheet=True)
    assert [row["pair_id"] for row in table.rows] == ["a", "", "b"]
    assert len(read_csv(path, ["pair_id", "score"]).rows) == 5
    path.write_text("pair_id,score,note\na,1,\n,,total\n")
    assert len(read_csv(path, ["pair_id", "score"], spreadsheet=True).rows) == 2
