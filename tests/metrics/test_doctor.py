from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from metrics import registry
from metrics.doctor import all_passed, examine, example_pairs
from metrics.families import ScorerFamily
from metrics.types import AudioTextPair, ScorerOptions, ScorerSpec
from tests.metrics.models.tiny_clap import FUSED_48K, save_tiny_clap


class BatchDependent:
    """A metric with the bug that transformers' feature extractor has: scores depend on the company."""

    spec = ScorerSpec("naive")

    def score(self, pairs: Sequence[AudioTextPair]) -> np.ndarray:
        return np.array([0.1 * (i == 0) for i, _ in enumerate(pairs)])


def make_naive(argument: str | None, options: ScorerOptions) -> BatchDependent:  # noqa: ARG001
    return BatchDependent()


def test_a_sound_metric_passes_and_its_crop_noise_is_shown(tmp_path: Path) -> None:
    folder = save_tiny_clap(tmp_path / "model", FUSED_48K)
    pairs = example_pairs(tmp_path)
    findings = list(examine(f"hf:{folder}", pairs, ScorerOptions()))
    assert all_passed(findings)
    largest = {finding.question: finding.largest for finding in findings}
    for question in ("the same again", "reversed order", "batch size 1", "batch size 32", "0 workers", "2 workers"):
        assert largest[question] <= 1e-5
    assert largest["window head instead of cover"] > 1e-4
    assert largest["crop noise of as-published (5 seeds)"] > 1e-4


def test_a_metric_that_depends_on_the_order_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    family = ScorerFamily("naive", "tests.metrics.test_doctor:make_naive", "naive")
    monkeypatch.setattr(registry, "BUILT_IN", (*registry.BUILT_IN, family))
    findings = list(examine("naive", example_pairs(tmp_path), ScorerOptions()))
    assert not all_passed(findings)
    assert [finding.question for finding in findings if not finding.passed] == ["reversed order"]


def test_baselines_are_examined_too(tmp_path: Path) -> None:
    assert all_passed(list(examine("loudness", example_pairs(tmp_path), ScorerOptions())))
