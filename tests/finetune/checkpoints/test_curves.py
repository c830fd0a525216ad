"""The picture of a training shows its record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from finetune.checkpoints.curves import draw_curves, training_figure
from metrics.models.variants import SHIPPED_FOLDER
from tests.bench.reports.test_figures import check_texts


@pytest.fixture
def history() -> list[dict[str, Any]]:
    """The record of a shipped model."""
    [path] = SHIPPED_FOLDER.glob("tiny-wsce+mae/training.json")
    return json.loads(path.read_text(encoding="utf-8"))["history"]  # type: ignore[no-any-return]


def test_the_lines_are_losses_and_agreement(history: list[dict[str, Any]]) -> None:
    figure = training_figure(history)
    loss, agreement = figure.axes
    for line, name in zip(loss.lines, ("train_loss", "validation_loss"), strict=False):
        np.testing.assert_array_equal(line.get_xdata(), [record["epoch"] for record in history])
        np.testing.assert_array_equal(line.get_ydata(), np.array([record[name] for record in history], dtype=float))
    np.testing.assert_array_equal(agreement.lines[0].get_ydata(), [record["statistics"]["srcc"] for record in history])
    kept = [record["epoch"] for record in history if record["best"]][-1]
    assert set(np.asarray(loss.lines[-1].get_xdata())) == {kept}
    check_texts("curves", figure)


@pytest.mark.parametrize("n_epochs", [0, 1])
def test_short_trainings_and_undefined_values(history: list[dict[str, Any]], n_epochs: int) -> None:
    short = [{**record, "best": False, "validation_loss": None, "statistics": {"srcc": None}} for record in history]
    check_texts("curves", training_figure(short[:n_epochs]))


def test_the_same_bytes_each_time(history: list[dict[str, Any]], tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "a.svg", "b.svg"):
        draw_curves(history, tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
