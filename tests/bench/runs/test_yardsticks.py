"""Yardsticks of a run: measured once, remembered, the same when they are computed anew, and told apart in reports."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.reports.contents import build_report
from bench.reports.formats.markdown import render
from bench.runs.folder import Run, read_run
from bench.runs.reproduce import request_of
from bench.runs.run import RunRequest, run_benchmark
from bench.statistics.types import ResamplingPlan
from metrics.registry import make_scorer
from metrics.types import ScorerOptions
from tests.bench.reports.runs import small_run

FEW = ResamplingPlan(n_resamples=99)


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """24 pairs, the clip of the last one missing."""
    return small_run(tmp_path_factory.mktemp("run"))


def test_clips_are_measured_as_the_baselines_measure_them(heard: Run) -> None:
    lines = (heard.folder / "sentinels.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 25
    assert lines[-1] == f"{heard.table.pairs['pair_id'].iloc[-1]},,,no such file"
    from bench.datasets.catalog import load_dataset

    pairs = [rated.pair for rated in load_dataset(heard.manifest.dataset.name).pairs]
    for column, name in ((1, "loudness"), (2, "duration")):
        expected = make_scorer(name, ScorerOptions()).score(pairs).scores
        found = [float(line.split(",")[column]) if line.split(",")[column] else np.nan for line in lines[1:]]
        assert found == pytest.approx(list(expected), nan_ok=True)


def test_a_run_computed_anew_has_the_same_yardsticks(heard: Run) -> None:
    again = read_run(heard.folder, recompute=True)
    assert again.altered == ()
    assert repr(again.analysis) == repr(heard.analysis)
    notes = {one.note for one in heard.analysis.sentinels if one.sentinel == "loudness" and one.stratum == "all"}
    assert notes == {"unknown for 1 of 24 pairs, which get the mean"}


def test_an_edited_file_is_noticed(heard: Run, tmp_path: Path) -> None:
    import shutil

    folder = Path(shutil.copytree(heard.folder, tmp_path / "run"))
    with (folder / "sentinels.csv").open("a", encoding="utf-8") as stream:
        stream.write("\n")
    assert "sentinels.csv" in {one.name for one in read_run(folder).altered}


def test_off_measures_nothing_shows_none_and_stays_off(ratings_csv: Path, planted_csv: Path) -> None:
    request = RunRequest(
        dataset=str(ratings_csv),
        metrics=(),
        score_files={"planted": planted_csv},
        resampling=FEW,
        sentinels=False,
        out=Path("out"),
    )
    run = run_benchmark(request)
    assert not (run.folder / "sentinels.csv").exists()
    for one in (run, read_run(run.folder, recompute=True)):
        assert one.analysis.sentinels == one.analysis.beyond_sentinels == one.analysis.partial_agreement == ()
        assert one.analysis.one_listener
        assert "sentinel" not in render(build_report(one.manifest, one.table, one.analysis))
    assert request_of(run.folder, run.manifest, None).sentinels is False


def test_without_audio_three_sentinels_are_left(ratings_csv: Path, planted_csv: Path) -> None:
    request = RunRequest(str(ratings_csv), (), score_files={"planted": planted_csv}, resampling=FEW, out=Path("out"))
    run = run_benchmark(request)
    assert not (run.folder / "sentinels.csv").exists()
    text = render(build_report(run.manifest, run.table, run.analysis))
    first = text[
        text.index("**Table I.") : text.index("## Differences to the best")
        if "## Differences to the best" in text
        else text.index("**Table II.")
    ]
    assert [line.split(" |")[0] for line in first.splitlines() if line.startswith("| _")] == [
        "| _system alone_",
        "| _source alone_",
        "| _caption length alone_",
        "| _one listener_",
    ]
    assert "loudness alone, duration alone / all" in text
    assert (
        "p is adjusted for the 3 comparisons of the table (step-down max-T, Romano & Wolf 2005), the intervals" in text
    )
    assert "Given: all: system, source, caption length; natural: caption length; synthesized: system, caption" in text


def test_mean_ratings_alone_have_no_listener(heard: Run) -> None:
    analysis = replace(heard.analysis, one_listener=(), beside_listener=(), alternative_listener=())
    text = render(build_report(heard.manifest, heard.table, analysis))
    assert "one listener" not in text[text.index("**Table I.") :]
    assert "**Scores that hear nothing of the match**" in text


def test_a_metric_may_be_called_like_a_yardstick(ratings_csv: Path, planted_csv: Path) -> None:
    names = ("one listener", "system alone", "loudness")
    request = RunRequest(
        str(ratings_csv), (), score_files=dict.fromkeys(names, planted_csv), resampling=FEW, out=Path("out")
    )
    run = run_benchmark(request)
    assert repr(read_run(run.folder).analysis) == repr(run.analysis)
    rows = build_report(run.manifest, run.table, run.analysis).sections[0].tables[0].rows
    metrics, yardsticks = [row for row in rows if not row.apart], [row for row in rows if row.origin == "yardstick"]
    assert {row.label for row in metrics} == set(names)
    assert [row.marked_label for row in yardsticks] == [
        "system alone",
        "source alone",
        "caption length alone",
        "one listener",
    ]
    assert metrics[0].cells != yardsticks[-1].cells
    assert [cell.text for cell in yardsticks[-1].cells][:-1] == [""] * (len(yardsticks[-1].cells) - 1)
