"""Files of a run, or of ``bench score``, are not what was written: every command that prints them says so."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.datasets.types import RatingScale
from bench.files.checksums import Finding, find_altered, read_sums
from bench.reports.contents import build_report
from bench.reports.figures import figures_of, mark, svg_text
from bench.reports.formats import terminal
from bench.runs.folder import read_run
from bench.scoring import parquet
from metrics.errors import ClapBenchError
from tests.commands import Bench

SCORE = ("score", "pairs.csv", "--out", "o", "--shard-size", "4", "--metrics", "random")
WARNING = "Not all files are as the run wrote them"
FORMATS = ("markdown", "latex", "csv", "json", "html")


@pytest.fixture
def run(bench: Bench, rated: Path) -> Path:
    """Return the folder of a run that nobody touched."""
    arguments = ("--dataset", rated, "--metrics", "loudness,random", "--resamples", "99", "--out", "r")
    assert bench("run", *arguments).status == 0
    return Path("r")


def edit_estimates(run: Path) -> None:
    """Make the SRCC of one metric 0.987."""
    path = run / "estimates.json"
    records = json.loads(path.read_text())
    records[0].update(estimate=0.987, low=0.98, high=0.99)
    path.write_text(json.dumps(records))


def edit_scores(run: Path) -> None:
    """Give one metric the listeners' scores."""
    scores = pd.read_csv(run / "scores.csv")
    scores.assign(random=scores["rating"] / 10).to_csv(run / "scores.csv", index=False)


def remove_leakage(run: Path) -> None:
    (run / "leakage.json").unlink()


EDITS = {
    "estimates.json was changed": edit_estimates,
    "scores.csv was changed": edit_scores,
    "leakage.json is missing": remove_leakage,
}


@pytest.mark.slow
@pytest.mark.parametrize("said", EDITS)
def test_every_format_says_that_a_file_is_not_what_the_run_wrote(bench: Bench, run: Path, said: str) -> None:
    EDITS[said](run)
    for format in FORMATS:
        result = bench("report", run, "--format", format, *(("--output", "page.html") if format == "html" else ()))
        assert result.status == 0, result.err
        assert said in result.err
        shown = Path("page.html").read_text(encoding="utf-8") if format == "html" else result.out
        assert WARNING in shown, format
        assert said in shown.replace("\\_", "_"), format
    assert bench("verify", run).out == f"{run / said.split()[0]} {said.partition(' ')[2]}\n"


def test_where_the_numbers_are_the_warning_is(bench: Bench, run: Path) -> None:
    edit_estimates(run)
    rows = bench("report", run, "--format", "csv").out.splitlines()[1:]
    assert all(WARNING in row for row in rows)
    latex = bench("report", run, "--format", "latex").out
    bodies = re.findall(r"\\begin\{table\*?\}.*?\\end\{table\*?\}", latex, re.DOTALL)
    assert bodies
    assert all(WARNING in body for body in bodies)
    assert json.loads(bench("report", run, "--format", "json").out)["warning"].startswith(WARNING)


def test_on_a_terminal_and_in_figures(run: Path, tmp_path: Path) -> None:
    from rich.console import Console

    edit_estimates(run)
    read = read_run(run)
    assert read.altered == (Finding("estimates.json", "was changed"),)
    with (tmp_path / "screen").open("w", encoding="utf-8") as stream:
        report = build_report(read.manifest, read.table, read.analysis, read.leakage, warning="Beware.")
        terminal.show(report, Console(file=stream, width=100))
    assert "Warning. Beware." in (tmp_path / "screen").read_text(encoding="utf-8")
    one = next(figures_of(read.table, read.analysis, RatingScale(0, 10)))
    plain = svg_text(one.figure)
    mark(one.figure, "beware")
    assert svg_text(one.figure) != plain


@pytest.mark.slow
def test_drawn_figures_are_marked(bench: Bench, run: Path) -> None:
    bench("report", run, "--figures", "before")
    edit_estimates(run)
    bench("report", run, "--figures", "after")
    names = sorted(path.name for path in Path("before").iterdir())
    assert names
    assert all(Path("before", name).read_bytes() != Path("after", name).read_bytes() for name in names)


@pytest.mark.slow
def test_comparisons_say_it_too(bench: Bench, run: Path, rated: Path) -> None:
    bench("run", "--dataset", rated, "--metrics", "random", "--resamples", "99", "--out", "s")
    clean = bench("compare", run, "s")
    assert WARNING not in clean.out + clean.err
    edit_scores(run)
    for result in (bench("compare", run, "s"), bench("compare", run, "s", "--format", "json")):
        assert WARNING in result.out
        assert WARNING in result.err
    again = bench("reproduce", run, "--out", "again")
    assert WARNING in again.out
    assert WARNING in again.err


def test_an_untouched_run_is_reported_without_a_word(bench: Bench, run: Path) -> None:
    for format in ("markdown", "latex", "csv", "json"):
        result = bench("report", run, "--format", format)
        assert (result.err, WARNING in result.out) == ("", False)
    assert bench("verify", run).status == 0
    n_files = len(json.loads((run / "manifest.json").read_text())["outputs"])
    assert bench("verify", run).out == f"r: {n_files} files, all as they were written\n"


def test_statistics_made_anew_need_no_warning_of_the_old_ones(bench: Bench, run: Path) -> None:
    edit_estimates(run)
    result = bench("report", run, "--recompute")
    assert WARNING not in result.out + result.err
    assert "0.987" not in result.out


def test_a_file_that_was_added_is_named(bench: Bench, run: Path) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    del manifest["outputs"]["leakage.json"]
    (run / "manifest.json").write_text(json.dumps(manifest))
    assert bench("verify", run).out == "r/leakage.json was added\n"
    assert "leakage.json was added" in bench("report", run).out


def test_verify_names_every_file_in_a_line(bench: Bench, run: Path) -> None:
    for edit in EDITS.values():
        edit(run)
    with (run / "report.md").open("a") as stream:
        stream.write("This metric is the best.\n")
    result = bench("verify", run)
    assert result.status == 1
    assert set(result.out.splitlines()) == {
        "r/estimates.json was changed",
        "r/scores.csv was changed",
        "r/leakage.json is missing",
        "r/report.md was changed",
    }
    assert result.err == ""


@pytest.mark.slow
def test_a_report_made_anew_keeps_the_hashes_right(bench: Bench, run: Path) -> None:
    result = bench("report", run, "--output", run / "report.md", "--against", "published")
    assert result.status == 2  # this data set has no published figures
    assert bench("report", run, "--output", run / "report.md", "--recompute").status == 0
    assert bench("verify", run).status == 0
    assert bench("report", run, "--format", "html").status == 0
    assert bench("verify", run).status == 0


@pytest.mark.parametrize(
    ("name", "format"),
    [("scores.csv", "csv"), ("estimates.json", "json"), ("manifest.json", "json"), ("report.md", "latex")],
)
def test_a_report_never_replaces_what_the_run_wrote(bench: Bench, run: Path, name: str, format: str) -> None:
    before = (run / name).read_bytes()
    result = bench("report", run, "--format", format, "--output", run / name)
    assert result.status == 2
    assert f"r/{name} is a file of the run in r; choose another --output" in result.err
    assert (run / name).read_bytes() == before
    assert bench("report", run, "--format", "html", "--output", run / name).status == 2


def doubled(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join([*lines, lines[1]])


def off_scale(column: int) -> Callable[[Path], str]:
    def edit(path: Path) -> str:
        lines = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]
        lines[1][column] = "640"
        return "\n".join(map(",".join, lines)) + "\n"

    return edit


@pytest.mark.parametrize(
    ("name", "edit", "message"),
    [
        ("scores.csv", doubled, "line 14: pair_id 'p0' is also on line 2; remove one of the rows"),
        ("ratings.csv", doubled, "pair_id 'p0', listener_id 'L0' is also on line 2; remove one of the rows"),
        ("ratings.csv", off_scale(2), "line 2: score is 640, expected 0 to 10"),
        ("cosines.csv", doubled, "has other pairs than scores.csv"),
    ],
)
def test_rows_given_twice_and_ratings_off_the_scale_are_refused(
    bench: Bench, run: Path, name: str, edit: Callable[[Path], str], message: str
) -> None:
    (run / name).write_text(edit(run / name), encoding="utf-8")
    result = bench("report", run, "--recompute")
    assert result.status == 1
    assert message in result.err


def test_a_mean_rating_off_the_scale_is_refused(bench: Bench, run: Path) -> None:
    scores = pd.read_csv(run / "scores.csv")
    scores.assign(rating=640).to_csv(run / "scores.csv", index=False)
    assert "line 2: rating is 640, expected 0 to 10" in bench("report", run).err


# bench score


@pytest.mark.usefixtures("unrated")
def test_a_folder_of_scores_is_verified(bench: Bench) -> None:
    assert "3 shards" in bench(*SCORE).out
    assert bench("verify", "o").out == "o: 6 files, all as they were written\n"
    assert bench(*SCORE).status == 0
    assert bench("verify", "o").status == 0
    summary = Path("o/summary.json")
    summary.write_text(summary.read_text().replace('"mean": 0.', '"mean": 0.9'))
    Path("o/shard-00002.parquet").unlink()
    Path("o/shard-00003.parquet").write_bytes(Path("o/shard-00001.parquet").read_bytes())
    result = bench("verify", "o")
    assert result.status == 1
    assert result.out.splitlines() == [
        "o/shard-00002.parquet is missing",
        "o/summary.json was changed",
        "o/shard-00003.parquet was added",
    ]


@pytest.mark.parametrize("content", [None, "", "0123"])
@pytest.mark.usefixtures("unrated")
def test_folders_that_cannot_be_verified_are_refused_in_words(bench: Bench, content: str | None) -> None:
    Path("empty").mkdir()
    assert "holds no finished run and no scores" in bench("verify", "empty").err
    bench(*SCORE)
    sums = Path("o/SHA256SUMS")
    sums.unlink() if content is None else sums.write_text(content)
    result = bench("verify", "o")
    if content != "":
        assert result.status == 1
        assert "give the same 'bench score' again" in result.err


@pytest.mark.usefixtures("unrated")
def test_an_edited_shard_is_refused(bench: Bench) -> None:
    bench(*SCORE)
    path = Path("o/shard-00001.parquet")
    table = pq.read_table(path)
    better = table.set_column(table.schema.get_field_index("score:random"), "score:random", pa.array([0.99] * 4))
    pq.write_table(better.replace_schema_metadata(table.schema.metadata), path)
    result = bench(*SCORE)
    assert result.status == 1
    assert "o/shard-00001.parquet is not as it was written; remove it to have it computed again" in result.err
    path.unlink()
    assert bench(*SCORE).status == 0


def flip(path: Path, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(bytes(content))


@pytest.mark.slow
@pytest.mark.usefixtures("unrated")
def test_a_flipped_bit_never_changes_what_is_read(bench: Bench) -> None:
    bench(*SCORE)
    path = Path("o/shard-00001.parquet")
    facts, table = parquet.read_table(path)
    n_bits = 8 * path.stat().st_size
    n_refused = 0
    for bit in random.Random(0).sample(range(n_bits), 2000):
        flip(path, bit)
        with suppress(ClapBenchError):
            n_refused += 1
            found, read = parquet.read_table(path)
            n_refused -= 1
            assert found == facts or not found or parquet.SEAL.encode() not in path.read_bytes()
            assert read.to_pydict() == table.to_pydict()
        assert list(find_altered(path.parent, read_sums(path.parent))) == [Finding(path.name, "was changed")]
        flip(path, bit)
    assert n_refused > 500


@pytest.mark.usefixtures("unrated")
def test_a_flipped_bit_in_the_scores_ends_the_job_in_words(bench: Bench) -> None:
    bench(*SCORE)
    path = Path("o/shard-00001.parquet")
    group = pq.read_metadata(path).row_group(0)
    column = next(one for k in range(group.num_columns) if (one := group.column(k)).path_in_schema == "score:random")
    flip(path, 8 * (column.file_offset + column.total_compressed_size - 3))
    result = bench(*SCORE)
    assert result.status == 1
    assert "o/shard-00001.parquet is" in result.err
    assert "internal error" not in result.err
