"""``ms`` against msclap's own public calls, with checkpoints of random weights at full size."""

from __future__ import annotations

import random
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from metrics import audio
from metrics.encoder import DualEncoder
from metrics.errors import DataError, UnavailableError, UsageError
from metrics.models.ms import VERSIONS, parse_argument
from metrics.registry import make_scorer
from metrics.types import AudioTextPair, ScorerOptions, Waveform
from tests import hub
from tests.metrics.clips import tone
from tests.metrics.models import upstream as upstream_packages
from tests.metrics.models.upstream import LocalHub, one_minus_cosine, unit

pytestmark = pytest.mark.skipif(find_spec("msclap") is None, reason="needs the extra [ms]")

WORDS = " ".join(hub.SENTENCES).replace("!", ".").split() * 4
CAPTIONS = ["dog", " ".join(WORDS[:20]), " ".join(WORDS[:200])]
EXCLAMATIONS = ["Stop! Rain!! falls on a roof.", "A dog! barks", "Children shout!"]
RATE = 44_100


@pytest.fixture(scope="module", params=["2023", pytest.param("2022", marks=pytest.mark.slow)])
def version(request: pytest.FixtureRequest, local_hub: LocalHub) -> str:
    local_hub(*(("gpt2", "ms") if request.param == "2023" else ("bert", "ms-2022")))
    return request.param


@pytest.fixture(scope="module")
def encoder(version: str) -> DualEncoder:
    return make_scorer(f"ms:{version}", ScorerOptions()).encoder  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def upstream(version: str) -> upstream_packages.Ms:
    return upstream_packages.Ms(VERSIONS[version].checkpoint, version)


def write(folder: Path, version: str) -> tuple[list[Path], np.ndarray]:
    """Write clips of exactly one window: wide, narrow and low band; return their paths and samples."""
    duration = VERSIONS[version].window_s
    native = [Waveform(tone(duration, rate, seed=1)[:, 0], rate) for rate in (RATE, 16_000, 8000)]
    windows = np.stack([audio.resample(waveform, RATE).samples for waveform in native])
    for i, window in enumerate(windows):
        soundfile.write(folder / f"{i}.wav", window, RATE, subtype="FLOAT")
    return sorted(folder.glob("*.wav")), windows


@pytest.mark.slow
def test_scores_equal_upstream_s(
    version: str, encoder: DualEncoder, upstream: upstream_packages.Ms, tmp_path: Path
) -> None:
    paths, windows = write(tmp_path, version)
    ours = np.concatenate([encoder.embed_audio(encoder.prepare_clip(audio.load(path))) for path in paths])
    sound, text = upstream.embed_windows(windows), upstream.embed_captions(CAPTIONS)
    assert one_minus_cosine(ours, sound) <= 1e-5
    assert one_minus_cosine(encoder.embed_captions(encoder.prepare_captions(CAPTIONS)), text) <= 1e-5
    assert np.min(unit(sound) @ unit(sound).T) < 0.99
    assert np.min(unit(text) @ unit(text).T) < 0.95
    pairs = [AudioTextPair(str(i), path, text) for i, (path, text) in enumerate(zip(paths, CAPTIONS, strict=True))]
    outcome = make_scorer(f"ms:{version}", ScorerOptions()).score(pairs)
    assert np.abs(outcome.cosines - (unit(sound) * unit(text)).sum(axis=1)).max() <= 1e-5


@pytest.mark.slow
def test_trap_five_an_exclamation_mark_does_not_move_the_pooled_token(
    version: str, encoder: DualEncoder, upstream: upstream_packages.Ms
) -> None:
    """Right is upstream's own tower without padding, pooled at the last token. Upstream pools GPT-2 k tokens early."""
    ours = encoder.embed_captions(encoder.prepare_captions(EXCLAMATIONS))
    naive = upstream.embed_captions(EXCLAMATIONS)
    if version == "2022":
        assert one_minus_cosine(ours, naive) <= 1e-5
        return
    tower, tokenizer = upstream.wrapper.clap.caption_encoder, upstream.wrapper.tokenizer
    for caption, vector, wrong in zip(EXCLAMATIONS, ours, naive, strict=True):
        ids = tokenizer(caption + " <|endoftext|>", return_tensors="pt")["input_ids"]
        assert ids[0, -1] == tokenizer.eos_token_id
        with torch.inference_mode():
            right = tower.projection(tower.base(ids)[0][:, -1]).numpy()
        assert one_minus_cosine(vector[None], right) <= 1e-5
        assert one_minus_cosine(wrong[None], right) > 0.01


def test_captions_that_are_cut_keep_their_end_and_are_reported(encoder: DualEncoder, version: str) -> None:
    limit = VERSIONS[version].max_tokens
    short, long = encoder.prepare_captions(["A dog barks", "a dog barks " * limit])
    assert len(long.token_ids) == limit
    assert long.n_cut > limit
    assert short.n_cut == 0
    assert long.token_ids[-1] == short.token_ids[-1]
    assert np.isfinite(encoder.embed_captions([short, long])).all()


def test_trap_four_long_clips_do_not_depend_on_a_random_state(
    version: str, encoder: DualEncoder, upstream: upstream_packages.Ms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Upstream crops a random window of every longer clip, and lays stereo channels end to end."""
    if version == "2022":
        pytest.skip("the same code as for 2023")
    long = tone(10.0, RATE, channels=2, seed=1)
    soundfile.write(tmp_path / "long.wav", long, RATE, subtype="FLOAT")
    # Only torchaudio.load, which needs torchcodec, is replaced: by soundfile, with torchaudio's layout.
    samples = torch.from_numpy(long.T.copy())
    monkeypatch.setattr("msclap.CLAPWrapper.torchaudio.load", lambda _: (samples, RATE))
    naive = []
    for seed in (0, 1):
        random.seed(seed)
        naive.append(upstream.wrapper.load_audio_into_tensor("long.wav", 7).numpy())
    assert not np.array_equal(naive[0], naive[1])
    inputs = encoder.prepare_clip(audio.load(tmp_path / "long.wav"))
    assert len(inputs) == 2, "10 s of stereo are two windows of 7 s, not three of 20 s"
    random.seed(3)
    assert np.array_equal(inputs, encoder.prepare_clip(audio.load(tmp_path / "long.wav")))


def test_trap_five_missing_weights_are_an_error(local_hub: LocalHub, tmp_path: Path) -> None:
    """Upstream's strict=False would leave the whole text tower random."""
    folder = local_hub("gpt2", "ms")
    [checkpoint] = folder.glob("hub/models--microsoft--msclap/snapshots/*/CLAP_weights_2023.pth")
    weights = torch.load(checkpoint, weights_only=True, mmap=True)["model"]
    kept = {key: value for key, value in weights.items() if not key.startswith("caption_encoder.base.h.")}
    torch.save({"model": kept}, tmp_path / "half.pth")
    half = make_scorer(f"ms:2023={tmp_path / 'half.pth'}", ScorerOptions()).encoder  # type: ignore[attr-defined]
    with pytest.raises(DataError, match="lacks 144 weights of the architecture"):
        half.prepare_captions(["a dog"])


@pytest.mark.slow
def test_trap_five_similarity_is_a_cosine(upstream: upstream_packages.Ms) -> None:
    """``compute_similarity`` multiplies by the logit scale."""
    vectors = torch.eye(3)
    assert not torch.allclose(upstream.wrapper.compute_similarity(vectors, vectors).diag(), torch.ones(3))


def test_versions_and_paths(tmp_path: Path) -> None:
    (tmp_path / "mine.pth").write_bytes(b"x")
    assert parse_argument(f"2022={tmp_path / 'mine.pth'}") == ("2022", tmp_path / "mine.pth")
    assert parse_argument(None)[0] == "2023"
    with pytest.raises(UsageError, match="known: 2023, 2022"):
        parse_argument("2021")
    with pytest.raises(UnavailableError, match="no such checkpoint"):
        parse_argument("2023=/nowhere.pth")
