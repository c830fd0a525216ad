"""What the figures of votes show are the numbers of the analysis, and nothing is clipped or overlaps."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.analysis.vote_results import VoteAnalysis
from bench.analysis.votes import ballots_of
from bench.reports.figures import NamedFigure, save_figures, vote_figures_of
from bench.reports.figures.style import COLUMN_WIDTH, MAX_HEIGHT
from bench.runs.vote_folder import VoteRun
from bench.runs.vote_page import figures_of_vote_run
from bench.statistics.intervals import Measured
from bench.statistics.votes import VoteAgreement
from tests.bench.reports.runs import ATTACKS
from tests.bench.reports.test_figures import check_texts
from tests.bench.reports.vote_runs import small_vote_run

NAMES = ("accuracy", "differences", "certainty")
UNDEFINED = Measured(np.nan, np.nan, np.nan)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> VoteRun:
    return small_vote_run(tmp_path_factory.mktemp("run"), ("one", "two"), 60)


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> VoteRun:
    """Twelve metrics, most with names that no panel has room for."""
    names = tuple(f"human:a-variant-with-a-very-long-name-of-its-own-{k}" for k in range(10))
    return small_vote_run(tmp_path_factory.mktemp("wide"), ("a", "b", *names), 100)


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> VoteRun:
    return small_vote_run(tmp_path_factory.mktemp("single"), ("alone",))


def drawn(run: VoteRun) -> dict[str, NamedFigure]:
    return {one.name: one for one in figures_of_vote_run(run)}


def test_every_figure_is_drawn_and_described(run: VoteRun) -> None:
    figures = drawn(run)
    assert tuple(figures) == NAMES
    assert all(one.caption.endswith(".") for one in figures.values())


def test_the_forest_shows_accuracies_a_coin_and_one_listener(run: VoteRun) -> None:
    axes = drawn(run)["accuracy"].figure.axes[0]
    for metric in ("one", "two"):
        (line,) = (line for line in axes.lines if line.get_label() == metric)
        expected = [a.accuracy.estimate for a in run.analysis.vote_agreements if a.metric == metric]
        np.testing.assert_allclose(line.get_xdata(), expected)
    assert any(np.all(np.asarray(line.get_xdata()) == 0.5) for line in axes.lines)
    shown = [c.get_segments()[0][0, 0] for c in axes.collections if c.get_gid() == "listener"]
    assert shown == pytest.approx([one.agreement.estimate for one in run.analysis.one_voter])


def test_the_matrix_shows_the_difference(run: VoteRun) -> None:
    texts = {text.get_text() for text in drawn(run)["differences"].figure.axes[0].texts}
    (difference,) = (d for d in run.analysis.vote_differences if d.stratum == "all")
    assert any(f"{abs(difference.delta.estimate):.2f}".removeprefix("0") in text for text in texts), texts


def test_bins_hold_every_comparison_with_a_majority(run: VoteRun) -> None:
    ballots = ballots_of(run.dataset, run.scores, run.manifest.resampling)[0]
    panels = drawn(run)["certainty"].figure.axes[:2]
    decided = ballots.majority != 0
    for values, axes in zip(ballots.differences * ballots.majority, panels, strict=True):
        points = np.asarray(axes.lines[0].get_ydata())
        assert points.mean() == pytest.approx(float((values[decided] > 0).mean()), abs=0.05)


@pytest.mark.parametrize("size", ["single", "run", "wide"])
def test_nothing_is_clipped_and_figures_fit_a_page(size: str, request: pytest.FixtureRequest) -> None:
    for one in drawn(request.getfixturevalue(size)).values():
        check_texts(one.name, one.figure)
        width, height = one.figure.get_size_inches()
        assert width == COLUMN_WIDTH
        assert height <= MAX_HEIGHT + 1e-9, one.name


@pytest.mark.parametrize("attack", [ATTACKS[0], ATTACKS[3], ATTACKS[4], "$\\frac{", "two\nlines"])
def test_any_name_is_drawn_as_text(run: VoteRun, attack: str) -> None:
    """Metrics and kinds may be called anything that a CSV can hold."""
    other = {"one": attack, "kind:close": f"kind:{attack}"}

    def renamed(record: Any) -> Any:
        names = {name: getattr(record, name, None) for name in ("metric", "metric_a", "metric_b", "stratum")}
        return replace(record, **{name: other.get(value, value) for name, value in names.items() if value is not None})

    parts = {part.name: getattr(run.analysis, part.name) for part in fields(VoteAnalysis)}
    kept = {name: tuple(map(renamed, records)) for name, records in parts.items() if name != "verdict"}
    scores = {other.get(metric, metric): values for metric, values in run.scores.items()}
    for one in drawn(replace(run, analysis=VoteAnalysis(**kept), scores=scores)).values():
        check_texts(one.name, one.figure)


def test_without_numbers_there_is_no_figure(run: VoteRun) -> None:
    assert list(vote_figures_of(None, VoteAnalysis())) == []

    def undefined(one: VoteAgreement) -> VoteAgreement:
        return replace(one, accuracy=UNDEFINED, auc=UNDEFINED)

    broken = replace(run.analysis, vote_agreements=tuple(map(undefined, run.analysis.vote_agreements)))
    for one in drawn(replace(run, analysis=broken)).values():
        check_texts(one.name, one.figure)


def test_a_score_beyond_any_axis_and_a_metric_that_scores_all_alike(run: VoteRun) -> None:
    huge = replace(run, scores={"one": run.scores["one"] * 1e200, "two": np.zeros(len(run.scores["two"]))})
    figures = drawn(huge)
    assert len(figures["certainty"].figure.axes) == 1
    check_texts("certainty", figures["certainty"].figure)


@pytest.mark.slow
def test_files_are_equal_to_the_byte_each_time(run: VoteRun, tmp_path: Path) -> None:
    paths = [save_figures(figures_of_vote_run(run), tmp_path / place) for place in ("a", "b")]
    assert len(paths[0]) == 3 * len(NAMES)
    for first, second in zip(*paths, strict=True):
        assert first.read_bytes() == second.read_bytes(), first.name
