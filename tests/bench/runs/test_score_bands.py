"""``--bands`` from the command line to every table, and runs of versions that did not know it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from bench.files.records import plain
from bench.runs.folder import read_run
from bench.runs.page import figures_of_run
from tests.commands import Bench

THREE = ("rating ≤ 3", "3 < rating ≤ 7", "rating > 7")
RUN = ("run", "--metrics", "caption-length,random", "--resamples", "49")
AWKWARD = {"alpha": "natural", "beta": "a=b,c"}


@pytest.fixture
def cut(bench: Bench, ratings_csv: Path) -> Path:
    """A run with three bands, over data whose systems have awkward names."""
    rows = list(csv.reader(ratings_csv.read_text().splitlines()))
    with ratings_csv.open("w", newline="") as stream:
        csv.writer(stream).writerows([*row[:-1], AWKWARD.get(row[-1], row[-1])] for row in rows)
    result = bench(*RUN, "--dataset", ratings_csv, "--bands", "3,7", "--out", "cut")
    assert result.status == 0, result.err
    return Path("cut")


def data_of(page: Path) -> dict:
    text = page.read_text(encoding="utf-8")
    return json.loads(text.split('<script type="application/json" id="data">')[1].split("</script>")[0])


def test_three_bands_stand_in_tables_figures_and_page(bench: Bench, cut: Path) -> None:
    run = read_run(cut)
    assert run.manifest.bands == (3.0, 7.0)
    strata = {stratum.id: stratum for stratum in run.analysis.strata}
    assert tuple(strata[f"band={name}"].label for name in ("low", "middle", "high")) == THREE
    rating = run.table.pairs["rating"].to_numpy(dtype=float)
    sizes = [np.sum(rating <= 3), np.sum((rating > 3) & (rating <= 7)), np.sum(rating > 7)]
    n_pairs = {e.stratum: e.n_pairs for e in run.analysis.estimates}
    assert [n_pairs[f"band={name}"] for name in ("low", "middle", "high")] == sizes
    report = (cut / "report.md").read_text(encoding="utf-8").replace("\\", "")
    for label, size in zip(THREE, sizes, strict=True):
        in_table_3_and_beside_even_metrics = report.count(f"| {label}<br>n = {size} |")
        assert in_table_3_and_beside_even_metrics == 2
    [forest] = [one.figure for one in figures_of_run(run) if one.name == "forest"]
    ticks = [tick.get_text() for tick in forest.axes[0].get_yticklabels()]
    assert ticks[-3:] == [f"{label}\n{size} pairs" for label, size in zip(THREE, sizes, strict=True)]
    assert {e.stratum for e in run.analysis.evenness} >= {"band=low", "band=middle", "band=high"}
    assert bench("report", cut, "--format", "html").status == 0
    page = data_of(cut / "report.html")
    assert page["pairs"]["band"]["values"] == list(THREE)
    assert np.bincount(page["pairs"]["band"]["codes"]).tolist() == sizes
    assert [one["label"] for one in page["strata"] if one["id"].count("=") == 1][-3:] == list(THREE)


def test_a_system_with_the_name_of_a_source_has_a_column_of_its_own(cut: Path) -> None:
    report = (cut / "report.md").read_text(encoding="utf-8")
    [header] = [line for line in report.splitlines() if "| natural<br>" in line and "SRCC" not in line][:1]
    assert header.count("|") == 1 + 1 + 4
    for name in ("natural<br>", "a=b,c<br>", "system natural<br>", "synthesized<br>"):
        assert f"| {name}" in header


def test_every_recomputation_cuts_at_the_same_edges(bench: Bench, cut: Path) -> None:
    stored = read_run(cut).analysis
    again = read_run(cut, recompute=True).analysis
    assert plain(again.evenness) == plain(stored.evenness)
    assert plain(again.strata) == plain(stored.strata)
    result = bench("reproduce", cut, "--out", "again", "--json")
    assert result.status == 0, result.err
    assert json.loads(result.out)["different"] == []
    assert read_run(Path("again")).manifest.bands == (3.0, 7.0)


def test_other_edges_are_a_change(bench: Bench, cut: Path, ratings_csv: Path) -> None:
    assert bench(*RUN, "--dataset", ratings_csv, "--out", "usual").status == 0
    shown = bench("compare", "usual", cut).out
    assert "| score bands: edges | 5 | 3,7 |" in shown
    assert "rating" not in shown.partition("Paired differences")[2]


def test_a_run_that_wrote_down_no_bands_and_no_strata_is_read_as_it_was_made(bench: Bench, ratings_csv: Path) -> None:
    assert bench(*RUN, "--dataset", ratings_csv, "--scale", "0-12", "--out", "old").status == 0
    run, report = read_run(Path("old")), bench("report", "old").out
    manifest = json.loads(Path("old/manifest.json").read_text())
    assert manifest.pop("bands") == [6.0]
    del manifest["analysis"]
    del manifest["outputs"]["strata.json"]
    Path("old/manifest.json").write_text(json.dumps(manifest))
    Path("old/strata.json").unlink()
    again = read_run(Path("old"))
    assert (again.manifest.bands, again.analysis.strata) == (run.manifest.bands, run.analysis.strata)
    assert bench("report", "old").out == report


@pytest.mark.parametrize(
    ("bands", "said"),
    [("7,3", "'7,3', expected one to 9 numbers"), ("3,low", "'3,low', expected"), ("3,10", "edge at 10, expected")],
)
@pytest.mark.parametrize("command", ["run", "audit"])
def test_wrong_edges_are_wrong_usage(bench: Bench, ratings_csv: Path, command: str, bands: str, said: str) -> None:
    data = ("--dataset", ratings_csv, "--out", "none") if command == "run" else (ratings_csv,)
    result = bench(*(RUN if command == "run" else ("datasets", "audit")), *data, "--bands", bands)
    assert (result.status, result.out) == (2, "")
    assert result.err.count("\n") == 1
    assert said in result.err
    assert not Path("none").exists()


def test_an_audit_has_the_same_bands(bench: Bench, ratings_csv: Path) -> None:
    assert all(label in bench("datasets", "audit", ratings_csv, "--bands", "3,7").out for label in THREE)
    found = json.loads(bench("datasets", "audit", ratings_csv, "--bands", "3,7", "--json").out)
    groups = {group["stratum"]: (group["kind"], group["label"]) for group in found["groups"]}
    assert groups["band=middle"] == ("band", "3 < rating ≤ 7")
