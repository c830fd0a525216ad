from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from metrics.errors import DataError
from metrics.models.loading import load_pickle, load_strictly, without_causal_masks
from tests.metrics import numpy_scalars
from tests.metrics.models.malice import Malice


@pytest.mark.parametrize("zipped", [True, False])
def test_a_malicious_pickle_is_refused_and_executes_nothing(tmp_path: Path, zipped: bool) -> None:
    marker, path = tmp_path / "executed", tmp_path / "evil.pt"
    content = {"state_dict": {"weight": torch.zeros(2)}, "name": Malice(marker)}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(DataError, match=r"is refused.*could run code"):
        load_pickle(path)
    assert not marker.exists()
    torch.load(path, weights_only=False)
    assert marker.exists(), "the naive way runs it"


def test_a_plain_pickle_is_refused(tmp_path: Path) -> None:
    marker, path = tmp_path / "executed", tmp_path / "evil.pt"
    path.write_bytes(pickle.dumps(Malice(marker)))
    with pytest.raises(DataError):
        load_pickle(path)
    assert not marker.exists()


def test_numpy_scalars_are_allowed(tmp_path: Path) -> None:
    """Trap 7: LAION's files hold them, and plain weights_only=True refuses."""
    path = tmp_path / "old.pt"
    torch.save({"epoch": np.int64(45), "loss": np.float64(0.25), "state_dict": {"w": torch.ones(3)}}, path)
    with pytest.raises(pickle.UnpicklingError):
        torch.load(path, weights_only=True)
    assert load_pickle(path)["loss"] == 0.25


@pytest.mark.parametrize("major", [1, 2])
def test_scalars_of_both_numpys_are_read_under_either(major: int) -> None:
    path = numpy_scalars.FOLDER / f"numpy-{major}.pt"
    module = {1: b"cnumpy.core.multiarray\n", 2: b"cnumpy._core.multiarray\n"}[major]
    assert module in path.read_bytes()
    content = load_pickle(path)
    assert content["optimizer"]["param_groups"][0]["lr"] == 1e-4
    assert content["epoch"] == 45
    assert content["top_k"]["improved"]
    assert torch.equal(content["state_dict"]["module.logit_scale_a"], torch.tensor(2.5))


def test_the_files_of_both_numpys_are_those_of_their_generator(tmp_path: Path) -> None:
    made = numpy_scalars.write(tmp_path)
    assert repr(load_pickle(made)) == repr(load_pickle(numpy_scalars.FOLDER / made.name))


def test_the_refused_function_is_named(tmp_path: Path) -> None:
    torch.save({"state_dict": {}, "name": Malice(tmp_path / "executed")}, tmp_path / "evil.pt")
    with pytest.raises(DataError, match=r"could run code \(it names (posix|nt)\.system\); get the checkpoint"):
        load_pickle(tmp_path / "evil.pt")


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 half a zip"])
def test_damaged_files_are_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "damaged.pt"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"damaged\.pt"):
        load_pickle(path)


def test_loading_changes_no_file(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    torch.save({"state_dict": {"weight": torch.ones(2, 3), "bias": torch.zeros(2)}}, path)
    before = path.read_bytes(), path.stat().st_mtime_ns
    load_strictly(torch.nn.Linear(3, 2), load_pickle(path)["state_dict"], "a.pt")
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight": None}, r"lacks 1 weights of the architecture \(weight\)"),
        ({"other": torch.zeros(1)}, r"has unknown 1 weights of the architecture \(other\)"),
        ({"bias": torch.zeros(5)}, r"1 shapes differ, e.g. bias \(5,\)"),
    ],
)
def test_every_key_is_accounted_for(change: dict[str, torch.Tensor | None], message: str) -> None:
    weights = {"weight": torch.ones(2, 3), "bias": torch.zeros(2)} | change
    kept = {key: value for key, value in weights.items() if value is not None}
    with pytest.raises(DataError, match=message):
        load_strictly(torch.nn.Linear(3, 2), kept, "file.pt")


def test_position_ids_may_be_on_one_side() -> None:
    weights = {"weight": torch.ones(2, 3), "bias": torch.zeros(2), "embeddings.position_ids": torch.arange(4)}
    model = torch.nn.Linear(3, 2)
    load_strictly(model, weights, "file.pt")
    assert torch.equal(model.weight, weights["weight"])


def test_causal_masks_are_dropped_only_if_they_are_masks() -> None:
    mask = torch.ones(1, 1, 4, 4, dtype=torch.uint8).tril()
    weights = {"h.0.attn.bias": mask, "h.0.attn.masked_bias": torch.tensor(-1e4), "h.0.attn.c_attn.bias": torch.ones(3)}
    assert set(without_causal_masks(weights, "x")) == {"h.0.attn.c_attn.bias"}
    with pytest.raises(DataError, match="not the causal mask"):
        without_causal_masks({"h.0.attn.bias": mask.flip(-1)}, "x")
    with pytest.raises(DataError, match="not the causal mask"):
        without_causal_masks({"h.0.attn.masked_bias": torch.tensor(0.0)}, "x")
