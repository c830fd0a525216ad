"""Strata that captions give, from the command line to the report, and through reading and making again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.runs.folder import read_run
from bench.runs.reproduce import request_of
from tests.commands import Bench

RUN = ("run", "--metrics", "caption-length", "--resamples", "99", "--permutations", "99", "--sentinels", "off")


@pytest.fixture
def folder(bench: Bench, ratings_csv: Path, planted_csv: Path) -> Path:
    scores = ("--scores", f"planted={planted_csv}", "--by", "length,events", "--out", "run")
    result = bench(*RUN, "--dataset", ratings_csv, *scores)
    assert result.status == 0, result.err
    return Path("run")


def test_the_report_has_a_table_of_them_and_the_manifest_their_kinds(folder: Path, bench: Bench) -> None:
    run = read_run(folder)
    assert run.manifest.by == ("events", "length")
    ids = {one.stratum for one in run.analysis.estimates}
    assert {"events=2", "length=1", "length=2"} <= ids
    report = (folder / "report.md").read_text()
    table = report[report.index("**Table IV. SRCC by what captions tell**") :]
    assert "| metric | 2 events<br>n = 60 | up to 6 words<br>n = 36 | 7 to 12 words<br>n = 24 |" in table
    assert request_of(folder, run.manifest, None).by == ("events", "length")
    assert repr(read_run(folder, recompute=True).analysis.estimates) == repr(run.analysis.estimates)
    told = json.loads(bench("report", folder, "--format", "json").out)["estimates"]
    assert {"events=2", "length=1"} <= {one["stratum"] for one in told}


def test_runs_without_them_are_as_before(bench: Bench, ratings_csv: Path, planted_csv: Path, folder: Path) -> None:
    assert bench(*RUN, "--dataset", ratings_csv, "--scores", f"planted={planted_csv}", "--out", "plain").status == 0
    plain, more = read_run(Path("plain")), read_run(folder)
    assert plain.manifest.by == ()
    assert "Table IV" not in Path("plain/report.md").read_text()
    by = {(one.metric, one.stratum, one.statistic): repr(one) for one in more.analysis.estimates}
    assert {
        key: repr(one) for one in plain.analysis.estimates if (key := (one.metric, one.stratum, one.statistic))
    } == {key: by[key] for key in by if key[1].partition("=")[0] not in ("events", "length")}


def test_what_no_caption_gives_is_refused(bench: Bench, ratings_csv: Path, tmp_path: Path) -> None:
    refused = bench(*RUN, "--dataset", ratings_csv, "--by", "events,colour")
    assert refused.status == 2
    assert "--by is 'events,colour'; give one or more of events, order, length" in refused.err
    votes = tmp_path / "votes.csv"
    votes.write_text("audio_path,text_a,text_b,choice\na.wav,x,y,a\n")
    assert (
        "--by has no meaning for votes" in bench("run", "--metrics", "random", "--dataset", votes, "--by", "order").err
    )
