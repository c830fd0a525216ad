"""What the report on probes says beats a coin."""

from __future__ import annotations

import math

import pytest
from scipy.special import ndtri

from bench.reports.probe_report import beats_a_coin
from bench.statistics.intervals import Measured
from bench.statistics.votes import VoteAgreement


def agreement(estimate: float, low: float) -> VoteAgreement:
    none = Measured(math.nan, math.nan, math.nan)
    return VoteAgreement(
        stratum="kind:order", n_comparisons=100, n_clusters=50, confidence_level=0.95, ci_method="expanded",
        resample_unit="clip", n_resamples=99, seed=0, metric="m", n_score_ties=0, n_votes=100,
        accuracy=Measured(estimate, low, 2 * estimate - low), with_votes=none, auc=none,
    )  # fmt: skip


@pytest.mark.parametrize("n_read", [1, 4, 40])
def test_a_coin_is_beaten_where_the_widened_interval_lies_above_it(n_read: int) -> None:
    error = 0.02
    needed = 0.5 + error * float(ndtri(1 - 0.025 / n_read))
    for estimate, beats in ((needed + 0.001, True), (needed - 0.001, False)):
        assert beats_a_coin(agreement(estimate, estimate - error * float(ndtri(0.975))), n_read) is beats


def test_an_accuracy_without_an_interval_beats_nothing() -> None:
    assert not beats_a_coin(agreement(0.9, math.nan), 1)
    assert beats_a_coin(agreement(1.0, 1.0), 100)
