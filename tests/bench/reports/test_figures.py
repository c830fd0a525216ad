"""What the figures show are the numbers of the analysis, and nothing is clipped or overlaps."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text
from scipy.stats import norm

from bench.analysis.results import Analysis
from bench.analysis.strata import StratumName
from bench.datasets.types import RatingScale
from bench.reports.figures import NamedFigure, figures_of, save_figures, svg_text
from bench.reports.figures.calibration import _remark, score_bins
from bench.reports.figures.labels import with_interval
from bench.reports.figures.style import COLUMN_WIDTH, MAX_HEIGHT
from bench.runs.folder import Run
from bench.statistics.calibration import CalibratedError
from bench.statistics.intervals import Measured
from bench.statistics.systems import SystemMeans
from bench.statistics.types import ResamplingPlan
from tests.bench.reports.runs import ATTACKS, make_run

SCALE = RatingScale(0.0, 10.0)
NAME_FIELDS = ("metric", "metric_a", "metric_b", "system", "stratum")
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


@pytest.mark.slow
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
    expected = {round(m.ratings.estimate, 6) for m in run.analysis.system_means}
    assert expected <= shown


@pytest.mark.parametrize("size", ["single", "run", pytest.param("wide", marks=pytest.mark.slow)])
def test_nothing_is_clipped_and_labels_do_not_overlap(size: str, request: pytest.FixtureRequest) -> None:
    for one in drawn(request.getfixturevalue(size)).values():
        check_texts(one.name, one.figure)


@pytest.mark.parametrize("size", ["single", "run", "wide"])
def test_figures_fit_a_page(size: str, request: pytest.FixtureRequest) -> None:
    for one in drawn(request.getfixturevalue(size)).values():
        width, height = one.figure.get_size_inches()
        assert width == COLUMN_WIDTH
        assert height <= MAX_HEIGHT + 1e-9, one.name


@pytest.mark.parametrize("attack", [*ATTACKS[:-1], "a=b,c=d", "$\\frac{", "two\nlines"])
def test_any_name_is_drawn_as_text(run: Run, attack: str) -> None:
    """Metrics and systems may be called anything that a CSV can hold."""
    renamed = rename(run, {"one": attack, "alpha": attack})
    for one in drawn(renamed).values():
        check_texts(one.name, one.figure)


def rename(run: Run, names: dict[str, str]) -> Run:
    """Call metrics and systems otherwise, wherever a figure finds them."""

    def renamed(record: Any) -> Any:
        changed = {
            field: names.get(value, value)
            for field, value in ((f, getattr(record, f, None)) for f in NAME_FIELDS)
            if isinstance(value, str)
        }
        if changed.get("stratum", "").startswith("system="):
            system = changed["stratum"].removeprefix("system=")
            changed["stratum"] = f"system={names.get(system, system)}"
        if isinstance(record, SystemMeans):
            changed["scores"] = {names.get(metric, metric): mean for metric, mean in record.scores.items()}
        if isinstance(record, StratumName) and record.kind == "system":
            name = names.get(record.label, record.label)
            changed = {"id": f"system={name}", "label": name}
        return replace(record, **changed)

    fields = {name: tuple(map(renamed, records)) for name, records in vars(run.analysis).items()}
    table = replace(run.table, scores={names.get(metric, metric): s for metric, s in run.table.scores.items()})
    return replace(run, table=table, analysis=Analysis(**fields))


def test_a_system_keeps_its_name_whatever_characters_it_has(run: Run) -> None:
    forest = drawn(rename(run, {"alpha": "a=b,c=d"}))["forest"].figure
    labels = [label.get_text() for label in forest.axes[0].get_yticklabels()]
    assert any(label.startswith("a=b,c=d\n") for label in labels), labels


def test_no_bar_where_ratings_show_no_reliability(run: Run) -> None:
    """An empty bar would read as an agreement of zero."""
    nothing = Measured(np.nan, np.nan, np.nan)
    shares = [
        replace(s, share=nothing) if (s.metric, s.stratum) == ("one", "all") else s for s in run.analysis.ceiling_shares
    ]
    figures = drawn(replace(run, analysis=replace(run.analysis, ceiling_shares=tuple(shares))))
    bars = [len(drawn(run)["ceiling"].figure.axes[0].patches), len(figures["ceiling"].figure.axes[0].patches)]
    assert bars[0] - bars[1] == 2  # the bar and what is behind it
    every = tuple(replace(share, share=nothing) for share in shares)
    assert "ceiling" not in drawn(replace(run, analysis=replace(run.analysis, ceiling_shares=every)))


def test_the_gauge_is_as_wide_as_what_it_shows(run: Run) -> None:
    shares = [
        replace(s, share=Measured(0.5, 0.4, 0.6) if "system" not in s.stratum else Measured(-0.9, -1.0, 1.9))
        for s in run.analysis.ceiling_shares
    ]
    assert any("system" in share.stratum for share in shares)
    axes = drawn(replace(run, analysis=replace(run.analysis, ceiling_shares=tuple(shares))))["ceiling"].figure.axes[0]
    assert axes.get_xlim() == pytest.approx((0.0, 1.03))


def test_zero_has_no_sign_and_large_errors_are_short() -> None:
    assert with_interval("SRCC", 0.0, -0.104, 0.08) == "SRCC 0.00 [−0.10, 0.08]"
    assert with_interval("SRCC", -0.001, -0.104, 0.08) == "SRCC −0.001 [−0.10, 0.08]"
    assert with_interval("SRCC", np.nan, np.nan, np.nan) == "SRCC –"
    error = Measured(875.387, 800.0, 900.0)
    how = ResamplingPlan(9).as_fields()
    calibrated = CalibratedError("m", "all", error, Measured(0.0876, 0, 1), "training data", **how)
    assert _remark(calibrated) == "MSE 875, mapped 0.088"


def test_calibration_points_are_means_of_bins(run: Run) -> None:
    """Without clusters, a bin's interval is that of a mean: pandas' standard error."""
    scores, human = run.table.scores["one"], run.table.pairs["rating"].to_numpy() / 10
    bins = score_bins(scores, human, np.arange(len(human)))
    frame = pd.DataFrame({"score": scores, "human": human, "bin": pd.qcut(scores, len(bins), labels=False)})
    grouped = frame.groupby("bin")["human"]
    np.testing.assert_allclose([one.rating for one in bins], grouped.mean())
    half_widths = norm.ppf(0.975) * grouped.sem()
    np.testing.assert_allclose([one.high - one.rating for one in bins], half_widths, rtol=1e-9)
    shown = drawn(run)["calibration"].figure.axes[0].lines[0]
    np.testing.assert_allclose(shown.get_ydata(), [one.rating for one in score_bins(*calibration_sample(run))])


def calibration_sample(run: Run) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    clusters = pd.factorize(run.table.pairs["caption_id"])[0]
    return run.table.scores["one"], run.table.pairs["rating"].to_numpy() / 10, clusters


def check_texts(name: str, figure: Figure) -> None:
    """Every text lies in the figure, and no two cover each other."""
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    edge = figure.bbox.padded(1.0)
    ticks = [tick_labels(axis) for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)]
    hidden = {label for axes in figure.axes for label in (*axes.get_xticklabels(), *axes.get_yticklabels())}
    texts = [text for text in figure.findobj(Text) if text not in hidden] + [label for some in ticks for label in some]
    shown = [text for text in texts if text.get_text().strip() and text.get_visible()]
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in shown]
    for text, box in boxes:
        assert edge.contains(box.x0, box.y0), (name, text)
        assert edge.contains(box.x1, box.y1), (name, text)
    for (one, a), (other, b) in combinations(boxes, 2):
        assert not a.padded(-0.5).overlaps(b.padded(-0.5)), (name, one, other)


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


@pytest.mark.slow
def test_files_are_equal_to_the_byte_each_time(run: Run, tmp_path: Path) -> None:
    paths = [save_figures(figures_of(run.table, run.analysis, SCALE), tmp_path / place) for place in ("a", "b")]
    assert len(paths[0]) == 3 * len(NAMES)
    for first, second in zip(*paths, strict=True):
        assert first.read_bytes() == second.read_bytes(), first.name
    assert svg_text(drawn(run)["forest"].figure) == (tmp_path / "a" / "forest.svg").read_text(encoding="utf-8")
