"""What the figures show are the numbers of the analysis, and nothing is clipped or overlaps."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text

from bench.analysis import Analysis
from bench.datasets.types import RatingScale
from bench.reports.figures import NamedFigure, figures_of, save_figures, svg_text
from bench.run import Run
from tests.bench.reports.runs import make_run

SCALE = RatingScale(0.0, 10.0)
NAMES = ("scores", "forest", "differences", "calibration", "systems", "ceiling")


def run_with(folder: Path, metrics: tuple[str, ...], n_pairs: int = 90) -> Run:
    captions = [f"caption {i // 3}" for i in range(n_pairs)]
    systems = [("", "alpha", "beta")[i % 3] for i in range(n_pairs)]
    return make_run(folder, captions, [f"{i}.wav" for i in range(n_pairs)], systems, metrics)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_with(tmp_path_factory.mktemp("run"), ("one", "two"))


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Twelve metrics, most with names that no panel has room for."""
    names = tuple(f"human:a-variant-with-a-very-long-name-of-its-own-{k}" for k in range(10))
    return run_with(tmp_path_factory.mktemp("wide"), ("a", "b", *names), 360)


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_with(tmp_path_factory.mktemp("single"), ("alone",))


def drawn(run: Run) -> dict[str, NamedFigure]:
    return {one.name: one for one in figures_of(run.table, run.analysis, SCALE)}


def test_every_figure_is_drawn_and_described(run: Run) -> None:
    figures = drawn(run)
    assert tuple(figures) == NAMES
    assert all(one.caption.endswith(".") for one in figures.values())


def test_points_are_scores_and_ratings(run: Run) -> None:
    figure = drawn(run)["scores"].figure
    for axes, metric in zip(figure.axes, run.table.scores, strict=False):
        [points] = axes.lines
        order = np.argsort(points.get_xdata())
        expected = np.argsort(run.table.scores[metric])
        np.testing.assert_allclose(np.sort(points.get_xdata()), np.sort(run.table.scores[metric]))
        np.testing.assert_allclose(
            np.asarray(points.get_ydata())[order], run.table.pairs["rating"].to_numpy()[expected]
        )
        [srcc] = [e for e in run.analysis.estimates if (e.metric, e.stratum, e.statistic) == (metric, "all", "srcc")]
        assert f"{srcc.estimate:.2f}" in axes.get_title().replace("\N{MINUS SIGN}", "-")


def test_many_pairs_are_counted_in_cells(wide: Run) -> None:
    figure = drawn(wide)["scores"].figure
    for axes in figure.axes[:12]:
        [cells] = axes.collections
        assert np.sum(cells.get_array()) == 360


def test_the_forest_shows_estimates_and_intervals(run: Run) -> None:
    axes = drawn(run)["forest"].figure.axes[0]
    found = {(e.metric, e.estimate): (e.low, e.high) for e in run.analysis.estimates if e.statistic == "srcc"}
    markers = {
        line.get_label(): np.asarray(line.get_xdata()) for line in axes.lines if line.get_label() in ("one", "two")
    }
    for metric, whiskers in zip(("one", "two"), axes.collections, strict=True):
        assert len(markers[metric]) >= 4
        for estimate, segment in zip(markers[metric], whiskers.get_segments(), strict=True):
            np.testing.assert_allclose(segment[:, 0], found[metric, estimate])


def test_the_matrix_shows_differences(run: Run) -> None:
    texts = {text.get_text() for text in drawn(run)["differences"].figure.axes[0].texts}
    [difference] = [d for d in run.analysis.differences if (d.stratum, d.statistic) == ("all", "srcc")]
    shown = f"{abs(difference.delta):.2f}".removeprefix("0")
    assert any(shown in text for text in texts), (shown, texts)


def test_the_gauge_shows_shares_of_the_ceiling(run: Run) -> None:
    axes = drawn(run)["ceiling"].figure.axes[0]
    widths = [bar.get_width() for bar in axes.patches]
    for share in run.analysis.ceiling_shares:
        if (share.stratum, share.statistic) == ("all", "srcc"):
            assert min(abs(width - share.share.estimate) for width in widths) < 1e-9


def test_systems_are_placed_at_the_listeners_means(run: Run) -> None:
    axes = drawn(run)["systems"].figure.axes[0]
    shown = {round(float(x), 6) for line in axes.lines for x in np.atleast_1d(line.get_xdata())}
    expected = {round(m.mean.estimate, 6) for m in run.analysis.system_means if m.scored_by == "human"}
    assert expected <= shown


@pytest.mark.parametrize("size", ["single", "run", "wide"])
def test_nothing_is_clipped_and_labels_do_not_overlap(size: str, request: pytest.FixtureRequest) -> None:
    for one in drawn(request.getfixturevalue(size)).values():
        check_texts(one.name, one.figure)


def check_texts(name: str, figure: Figure) -> None:
    """Every text lies in the figure, and no two tick labels of an axis cover each other."""
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    edge = figure.bbox.padded(1.0)
    ticks = [tick_labels(axis) for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)]
    hidden = {label for axes in figure.axes for label in (*axes.get_xticklabels(), *axes.get_yticklabels())}
    texts = [text for text in figure.findobj(Text) if text not in hidden] + [label for some in ticks for label in some]
    for text in texts:
        box = text.get_window_extent(renderer)
        if text.get_text().strip() and text.get_visible() and box.width > 0:
            assert edge.contains(box.x0, box.y0), (name, text.get_text())
            assert edge.contains(box.x1, box.y1), (name, text.get_text())
    for labels in ticks:
        boxes = [label.get_window_extent(renderer) for label in labels]
        for a, b in combinations(boxes, 2):
            assert not a.padded(-0.5).overlaps(b.padded(-0.5)), (name, [label.get_text() for label in labels])


def tick_labels(axis: Axis) -> list[Text]:
    """Return the labels that are drawn: those of ticks within the view."""
    low, high = sorted(axis.get_view_interval())
    shown = [tick.label1 for tick in axis.get_major_ticks() if low - 1e-9 <= tick.get_loc() <= high + 1e-9]
    return [label for label in shown if label.get_text() and label.get_visible()]


def test_without_numbers_there_is_no_figure(run: Run) -> None:
    assert {one.name for one in figures_of(run.table, Analysis(run.analysis.estimates), SCALE)} <= {
        "scores", "forest", "calibration"
    }  # fmt: skip
    broken = tuple(replace(e, estimate=np.nan, low=np.nan, high=np.nan) for e in run.analysis.estimates)
    for one in figures_of(run.table, replace(run.analysis, estimates=broken), SCALE):
        check_texts(one.name, one.figure)


def test_files_are_equal_to_the_byte_each_time(run: Run, tmp_path: Path) -> None:
    paths = [save_figures(figures_of(run.table, run.analysis, SCALE), tmp_path / place) for place in ("a", "b")]
    assert len(paths[0]) == 2 * len(NAMES)
    for first, second in zip(*paths, strict=True):
        assert first.read_bytes() == second.read_bytes(), first.name
    assert svg_text(drawn(run)["forest"].figure) == (tmp_path / "a" / "forest.svg").read_text(encoding="utf-8")
