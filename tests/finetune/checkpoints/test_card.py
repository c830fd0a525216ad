"""The model card follows the table of statistics, and cards of older trainings go on being written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import metrics
from bench.statistics.agreement import SRCC, STATISTICS
from finetune.checkpoints import card

RECORD = json.loads(
    (Path(metrics.__file__).parent / "checkpoints" / "tiny-wsce+mae" / "training.json").read_text(encoding="utf-8")
)


def test_the_card_has_a_column_for_each_statistic() -> None:
    head = card.evaluation_table(RECORD["evaluations"][0]).splitlines()[2]
    assert head == "| model | " + " | ".join(statistic.label for statistic in STATISTICS) + " |"


def test_a_training_that_knows_nothing_of_a_newer_statistic_still_has_its_card(monkeypatch: pytest.MonkeyPatch) -> None:
    before = card.model_card(RECORD), card.seeds_table([RECORD, RECORD])
    monkeypatch.setattr(card, "STATISTICS", (*STATISTICS, replace(SRCC, id="newer", name="NEWER")))
    assert (card.model_card(RECORD), card.seeds_table([RECORD, RECORD])) == before
