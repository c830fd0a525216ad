"""Converted checkpoints against laion_clap's own towers, at full size, with random weights."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from finetune.checkpoints.base import find_base
from finetune.checkpoints.convert import renamed
from metrics.audio import load
from metrics.errors import DataError, UnavailableError
from metrics.models.hf_model import HfEncoder, load_clap
from metrics.models.hub import fetch
from metrics.models.laion import REPO, REVISION, ROBERTA, listening
from metrics.models.laion_model import LaionEncoder, load_laion
from metrics.types import ScorerOptions, ScorerSpec
from tests.finetune.small import write_clip

CAPTIONS = ("A dog barks while rain falls on a tin roof.", "Birds chirp!")
FILES = {"laion": "630k-audioset-best.pt", "laion-fusion": "630k-audioset-fusion-best.pt"}
CPU = ScorerOptions(device="cpu")


@pytest.mark.slow
@pytest.mark.skipif(find_spec("laion_clap") is None, reason="laion-clap is not installed")
@pytest.mark.parametrize("name", FILES)
def test_both_towers_embed_as_laion_clap_does(local_hub: Callable[..., Path], tmp_path: Path, name: str) -> None:
    hub = local_hub(name, "roberta", "bart")
    checkpoint = hub / "hub" / f"models--{REPO.replace('/', '--')}" / "snapshots" / REVISION / FILES[name]
    base = find_base(str(checkpoint))
    ours = HfEncoder(ScorerSpec("ours"), load_clap(base.model, base.processor), CPU)
    theirs = LaionEncoder(ScorerSpec("theirs"), load_laion(checkpoint, fetch(ROBERTA)), listening(CPU), CPU)
    clips = [load(write_clip(tmp_path / f"{k}.wav", 400.0 * (k + 1), seconds=3.0, seed=k)) for k in range(2)]
    heard = [window for clip in clips for window in theirs.prepare_clip(clip)]
    audio = ours.embed_audio(heard), theirs.embed_audio(heard)
    text = tuple(one.embed_captions(one.prepare_captions(CAPTIONS)) for one in (ours, theirs))
    for mine, reference in (audio, text):
        unit = reference / np.linalg.norm(reference, axis=1, keepdims=True)
        assert np.abs(mine - unit).max() < 1e-5
        assert np.abs(unit[0] - unit[1]).max() > 1e-3
    samples = torch.randn(2, 480_000, generator=torch.Generator().manual_seed(0))
    assert (ours.clap.features.log_mel(samples) - theirs.laion.log_mel(samples)).abs().max() < 1e-3  # dB


def test_fused_attention_matrices_are_split_in_three() -> None:
    weight = torch.arange(12.0).reshape(6, 2)
    found = renamed({"audio_branch.layers.0.blocks.1.attn.qkv.weight": weight})
    prefix = "audio_model.audio_encoder.layers.0.blocks.1.attention.self"
    assert set(found) == {f"{prefix}.{part}.weight" for part in ("query", "key", "value")}
    assert torch.equal(found[f"{prefix}.key.weight"], weight[2:4])


def test_what_is_no_checkpoint_of_laion_clap_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="no such file"):
        find_base(str(tmp_path / "none.pt"))
    torch.save({"state_dict": {"module.weight": torch.zeros(2)}}, tmp_path / "other.pt")
    with pytest.raises(DataError, match="no checkpoint of laion_clap"):
        find_base(str(tmp_path / "other.pt"))
    torch.save({"state_dict": print}, tmp_path / "code.pt")
    with pytest.raises(DataError, match="could run code"):
        find_base(str(tmp_path / "code.pt"))
