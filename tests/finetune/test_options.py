"""The options of the recipe are the fields of its config, with the same defaults."""

from __future__ import annotations

from dataclasses import fields

from finetune.commands.options import DataOptions, ModelOptions, ObjectiveOptions, OptimizerOptions, config_of
from finetune.config import TrainingConfig

GROUPS = (ModelOptions, DataOptions, ObjectiveOptions, OptimizerOptions)


def test_every_field_is_an_option_once() -> None:
    offered = [field.name for group in GROUPS for field in fields(group)]
    assert sorted(offered) == sorted(field.name for field in fields(TrainingConfig))


def test_defaults_are_the_papers() -> None:
    assert config_of(*(group() for group in GROUPS)) == TrainingConfig()
