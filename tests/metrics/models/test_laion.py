"""``laion`` against laion_clap's own public calls, with a checkpoint of random weights at full size."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from transformers import ClapConfig, ClapFeatureExtractor, ClapModel

from metrics import audio, windows
from metrics.encoder import DualEncoder
from metrics.errors import UnavailableError, UsageError
from metrics.models.hub import fetch, fetch_file
from metrics.models.laion import CHECKPOINTS, ROBERTA, checkpoint_source
from metrics.models.loading import load_pickle
from metrics.registry import make_scorer
from metrics.types import AudioTextPair, ScorerOptions
from tests import hub
from tests.metrics.clips import tone
from tests.metrics.models import upstream as upstream_packages
from tests.metrics.models.upstream import LocalHub, one_minus_cosine, unit

# Not importorskip: importing laion_clap loads tokenizers from the hub, which is not built yet at this point.
pytestmark = pytest.mark.skipif(find_spec("laion_clap") is None, reason="needs the extra [laion]")

WORDS = " ".join(hub.SENTENCES).split() * 4
CAPTIONS = ["dog", " ".join(WORDS[:20]), " ".join(WORDS[:200]), "Stop! Rain!! falls.", "A dog barks"]


@pytest.fixture(scope="module")
def encoder(local_hub: LocalHub) -> DualEncoder:
    local_hub("roberta", "laion")
    return make_scorer("laion", ScorerOptions()).encoder  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def upstream(local_hub: LocalHub) -> upstream_packages.Laion:
    local_hub("bert", "bart", "roberta", "laion")
    return upstream_packages.Laion(CHECKPOINTS["630k-audioset-best"])


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Clips of one window, and shorter ones.

    At 44.1 kHz, 10 s are 480,001 samples to librosa, and so a random crop to upstream: 7.7 s are not.
    """
    folder = tmp_path_factory.mktemp("clips")
    for i, (rate, duration) in enumerate([(48_000, 10.0), (16_000, 10.0), (44_100, 7.7), (48_000, 3.3), (8000, 0.4)]):
        soundfile.write(folder / f"{i}.wav", tone(duration, rate, seed=i)[:, 0], rate)
    return sorted(folder.glob("*.wav"))


def embed(encoder: DualEncoder, paths: list[Path]) -> np.ndarray:
    return np.concatenate([encoder.embed_audio(encoder.prepare_clip(audio.load(path))) for path in paths])


@pytest.mark.slow
def test_audio_embeddings_equal_upstream_s(
    encoder: DualEncoder, upstream: upstream_packages.Laion, clips: list[Path]
) -> None:
    ours = embed(encoder, clips)
    assert one_minus_cosine(ours, upstream.embed_files(clips)) <= 1e-5
    assert np.min(unit(ours) @ unit(ours).T) < 0.95, "clips must be told apart for parity to mean anything"


@pytest.mark.slow
def test_caption_embeddings_equal_upstream_s(encoder: DualEncoder, upstream: upstream_packages.Laion) -> None:
    tokenised = encoder.prepare_captions(CAPTIONS)
    ours = encoder.embed_captions(tokenised)
    assert one_minus_cosine(ours, upstream.embed_captions(CAPTIONS)) <= 1e-5
    assert np.min(unit(ours) @ unit(ours).T) < 0.95
    assert [caption.n_cut > 0 for caption in tokenised] == [False, False, True, False, False]


@pytest.mark.slow
def test_scores_equal_upstream_s_and_cutting_is_reported(upstream: upstream_packages.Laion, clips: list[Path]) -> None:
    expected = (unit(upstream.embed_files(clips)) * unit(upstream.embed_captions(CAPTIONS))).sum(axis=1)
    pairs = [AudioTextPair(str(i), path, text) for i, (path, text) in enumerate(zip(clips, CAPTIONS, strict=True))]
    outcome = make_scorer("laion", ScorerOptions()).score(pairs)
    assert np.abs(outcome.cosines - expected).max() <= 1e-5
    assert any(note.startswith("1 of 5 captions were cut") for note in outcome.notes)


@pytest.mark.slow
def test_trap_six_dynamic_padding_changes_nothing_but_time(
    encoder: DualEncoder, upstream: upstream_packages.Laion
) -> None:
    """Upstream pads every caption to 77 tokens; under the attention mask that is the same function."""
    tokens = upstream.module.tokenizer("A dog barks")
    assert tokens["input_ids"].shape[1] == 77
    [ours] = encoder.prepare_captions(["A dog barks"])
    assert ours.token_ids == tuple(tokens["input_ids"][0, : tokens["attention_mask"].sum()].tolist())
    tower = upstream.module.model.text_branch.double().eval()
    with torch.inference_mode():
        padded = tower(**tokens)["pooler_output"]
        short = tower(input_ids=torch.tensor([ours.token_ids]))["pooler_output"]
    tower.float()
    assert (short - padded).abs().max() < 1e-12


@pytest.mark.slow
def test_trap_six_samples_are_quantised_as_on_upstream_s_file_path(
    encoder: DualEncoder, upstream: upstream_packages.Laion, tmp_path: Path
) -> None:
    """``get_audio_embedding_from_data(use_tensor=True)`` skips the 16-bit quantisation: a quiet clip tells."""
    quiet = tone(10.0, 48_000, seed=7)[:, 0] * np.float32(3e-4)
    soundfile.write(tmp_path / "quiet.wav", quiet, 48_000, subtype="FLOAT")
    ours = embed(encoder, [tmp_path / "quiet.wav"])
    assert one_minus_cosine(ours, upstream.embed_files([tmp_path / "quiet.wav"])) <= 1e-6
    assert one_minus_cosine(ours, upstream.embed_samples(quiet)) > 1e-5


def test_trap_three_long_clips_do_not_depend_on_a_random_state(
    encoder: DualEncoder, upstream: upstream_packages.Laion, tmp_path: Path
) -> None:
    """Upstream crops clips longer than 10 s at random, from NumPy's global generator (LAION-AI/CLAP #90, #166)."""
    loud_end = np.concatenate([tone(8.0, 48_000, seed=1)[:, 0] * 0.01, tone(8.0, 48_000, seed=2)[:, 0]])
    soundfile.write(tmp_path / "long.wav", loud_end, 48_000)
    naive, ours = [], []
    for seed in (0, 1):
        np.random.seed(seed)  # noqa: NPY002
        naive.append(upstream.embed_files([tmp_path / "long.wav"]))
        ours.append(embed(encoder, [tmp_path / "long.wav"]))
    assert np.abs(naive[0] - naive[1]).max() > 1e-4
    assert np.array_equal(ours[0], ours[1])


@pytest.mark.slow
def test_trap_six_nothing_is_left_behind_by_the_import(local_hub: LocalHub) -> None:
    """Upstream's import leaves top-level ``training``, ``evaluate`` and ``clap_module``, and needs BART's tokenizer."""
    local_hub("roberta", "laion")
    code = """
import importlib.util, sys
before = list(sys.path)
from metrics.registry import make_scorer
from metrics.types import ScorerOptions
make_scorer("laion", ScorerOptions()).encoder.prepare_captions(["a dog"])
assert sys.path == before, set(sys.path) - set(before)
for name in ("training", "evaluate", "clap_module", "laion_clap", "wget"):
    assert name not in sys.modules, name
assert importlib.util.find_spec("training") is None
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)


def test_trap_seven_checkpoints_are_never_rewritten(encoder: DualEncoder) -> None:
    encoder.prepare_captions(["a dog"])
    content = fetch_file(CHECKPOINTS["630k-audioset-best"]).read_bytes()
    assert b"text_branch.embeddings.position_ids" in content
    assert encoder.spec.checkpoint_sha256 == audio.content_hash(content)


@pytest.mark.slow
def test_trap_seven_upstream_s_loader_fails_without_position_ids(tmp_path: Path, local_hub: LocalHub) -> None:
    """It deletes a key that newer versions no longer save (LAION #118, #127, #161); ours takes both."""
    local_hub("bert", "bart", "roberta")
    torch.save({"state_dict": {"module.audio_branch.norm.weight": torch.ones(1)}}, tmp_path / "new.pt")
    with upstream_packages.quietly():
        from laion_clap.hook import load_state_dict

        with pytest.raises(KeyError, match="position_ids"):
            load_state_dict(str(tmp_path / "new.pt"))


@pytest.mark.slow
def test_fused_checkpoints_equal_upstream_s(local_hub: LocalHub, clips: list[Path], tmp_path: Path) -> None:
    """Clips of one window at most; a longer one gets upstream's kind of crops, drawn from its content."""
    local_hub("bert", "bart", "roberta", "laion-fusion")
    theirs = upstream_packages.Laion(CHECKPOINTS["630k-audioset-fusion-best"], fusion=True).embed_files(clips)
    published = make_scorer("laion:630k-audioset-fusion-best", ScorerOptions(window="as-published"))
    encoder = published.encoder  # type: ignore[attr-defined]
    assert one_minus_cosine(embed(encoder, clips), theirs) <= 1e-5
    soundfile.write(tmp_path / "long.wav", tone(13.0, 48_000, seed=3)[:, 0], 48_000)
    inputs = encoder.prepare_clip(audio.load(tmp_path / "long.wav"))
    assert [item.shape for item in inputs] == [(4, 1001, 64)]
    mixed = encoder.embed_audio([*inputs, *encoder.prepare_clip(audio.load(clips[0]))])
    assert one_minus_cosine(mixed[1:], theirs[:1]) <= 1e-5


RENAMED = (
    ("text_branch", "text_model"),
    ("audio_branch", "audio_model.audio_encoder"),
    ("attn.proj", "attention.output.dense"),
    ("attn.", "attention.self."),
    ("mlp.fc1", "intermediate.dense"),
    ("mlp.fc2", "output.dense"),
    ("norm1", "layernorm_before"),
    ("norm2", "layernorm_after"),
    ("bn0", "batch_norm"),
    ("_projection.0", "_projection.linear1"),
    ("_projection.2", "_projection.linear2"),
)
DROPPED = ("spectrogram_extractor", "logmel_extractor", "tscam_conv", "head", "_transform", "attn_mask", "position_ids")


def save_as_transformers(checkpoint: Path, folder: Path, layer_norm_eps: float) -> None:
    """Save a checkpoint of laion_clap as transformers' conversion does: other names, and q, k, v apart."""
    state: dict[str, torch.Tensor] = {}
    for name, value in load_pickle(checkpoint)["state_dict"].items():
        if any(part in name.split("text_branch")[0] for part in DROPPED) or name.endswith("position_ids"):
            continue
        name = name.removeprefix("module.")
        if not name.startswith("text_branch"):
            for old, new in RENAMED[2:]:
                name = name.replace(old, new)
        for old, new in RENAMED[:2]:
            name = name.replace(old, new)
        if ".qkv." in name:
            parts = zip(("query", "key", "value"), value.chunk(3), strict=True)
            state |= {name.replace("qkv", part): weights for part, weights in parts}
        else:
            state[name] = value
    text_config = {"vocab_size": 50265, "layer_norm_eps": layer_norm_eps}
    config = ClapConfig(text_config=text_config, audio_config={"enable_fusion": False})
    model = ClapModel(config)
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected
    assert all(key.endswith(("position_ids", "token_type_ids")) for key in missing), missing
    model.save_pretrained(folder)
    settings = {"truncation": "rand_trunc", "padding": "repeatpad", "frequency_min": 50}
    ClapFeatureExtractor(**settings).save_pretrained(folder)


@pytest.mark.slow
def test_trap_eight_the_same_weights_in_transformers_differ_a_little(
    local_hub: LocalHub, clips: list[Path], tmp_path: Path
) -> None:
    """Two causes (LAION #140): only laion_clap quantises samples, and the text towers' layer norms differ.

    ClapTextConfig has an epsilon of 1e-12 where RoBERTa has 1e-5. With the same of both, scores agree.
    """
    local_hub("roberta", "laion")
    text_folder = fetch(ROBERTA)
    pairs = [AudioTextPair(str(i), path, text) for i, (path, text) in enumerate(zip(clips, CAPTIONS[:2], strict=False))]
    quantised = []
    for pair in pairs:
        clip = audio.resample(audio.load(pair.audio_path).waveform, 48_000)
        path = tmp_path / f"{pair.pair_id}.wav"
        soundfile.write(path, windows.quantise_int16(clip.samples), 48_000, subtype="FLOAT")
        quantised.append(replace(pair, audio_path=path))
    laion = make_scorer("laion", ScorerOptions()).score(pairs).cosines
    for layer_norm_eps, same_pairs, lower, upper in ((1e-12, pairs, 1e-5, 1e-2), (1e-5, quantised, 0.0, 1e-5)):
        folder = tmp_path / f"model-{layer_norm_eps}"
        save_as_transformers(fetch_file(CHECKPOINTS["630k-audioset-best"]), folder, layer_norm_eps)
        for name in ("vocab.json", "merges.txt", "tokenizer_config.json"):
            shutil.copy(text_folder / name, folder)
        converted = make_scorer(f"hf:{folder}", ScorerOptions()).score(same_pairs).cosines
        assert lower <= np.abs(laion - converted).max() <= upper


def test_text_tower_needs_no_weights_of_its_own() -> None:
    assert not any("safetensors" in name for names in ROBERTA.required for name in names)


def test_checkpoints_are_found_by_short_and_full_name(tmp_path: Path) -> None:
    full = checkpoint_source("music_audioset_epoch_15_esc_90.14.pt")
    assert full == checkpoint_source("music_audioset")
    (tmp_path / "mine.pt").write_bytes(b"x")
    assert checkpoint_source(str(tmp_path / "mine.pt")) == tmp_path / "mine.pt"
    with pytest.raises(UnavailableError, match="no such checkpoint file"):
        checkpoint_source(str(tmp_path / "other.pt"))
    with pytest.raises(UsageError, match="did you mean '630k-best'"):
        checkpoint_source("630-best")
