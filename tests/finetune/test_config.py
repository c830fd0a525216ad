from __future__ import annotations

import json
from typing import Any

import pytest

from finetune.config import TrainingConfig, as_record, differences, from_record
from metrics.errors import UsageError


def test_defaults_are_the_papers() -> None:
    config = TrainingConfig()
    assert (config.lr, config.batch_size, config.epochs, config.select) == (1e-5, 8, 50, "loss")
    assert config.loss == "wsce+mae"
    assert config.base == "laion/clap-htsat-fused"
    assert round(config.validation_share * 2383) == 458


def test_a_config_survives_json() -> None:
    config = TrainingConfig(lr=3e-4, max_steps=5, freeze="text", scale="1-5")
    assert from_record(json.loads(json.dumps(as_record(config)))) == config


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"lr": 0.0}, "lr is 0.0, expected a positive number"),
        ({"lr": float("nan")}, "lr is nan"),
        ({"epochs": 0}, "epochs is 0, expected 1 or more"),
        ({"batch_size": -1}, "batch_size is -1"),
        ({"patience": 0}, "patience is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"weight_decay": -0.1}, "weight_decay is -0.1"),
        ({"validation_share": 1.0}, "validation_share is 1.0, expected between 0 and 1"),
        ({"freeze": "both"}, "freeze is 'both', expected one of none, text, audio, encoders"),
        ({"precision": "int8"}, "precision is 'int8'"),
        ({"lora_rank": 4, "freeze": "text"}, "leave --freeze out"),
    ],
)
def test_a_setting_without_meaning_is_refused(setting: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        TrainingConfig(**setting)


def test_an_unknown_setting_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match="unknown setting 'batchsize'; did you mean 'batch_size'"):
        from_record({"batchsize": 4})


def test_differences_name_both_values() -> None:
    assert differences(TrainingConfig(), TrainingConfig(lr=1e-3)) == ["lr: 1e-05, now 0.001"]
