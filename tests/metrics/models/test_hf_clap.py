from __future__ import annotations

import pkgutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import load_file, save_file
from transformers import ClapFeatureExtractor, ClapModel, ClapProcessor
from transformers.utils import logging

from metrics.errors import DataError, UnavailableError, UsageError
from metrics.families import BUILT_IN
from metrics.models import hf_clap
from metrics.models.hf_model import load_clap
from metrics.models.variants import find_variant, is_taken, known_variants
from metrics.registry import availability, make_scorer
from metrics.types import AudioTextPair, PairScores, ScorerOptions
from tests.metrics.clips import tone, write_tone
from tests.metrics.models.tiny_clap import FUSED_48K, SMALL_16K, save_tiny_clap
from tests.metrics.models.upstream import embeddings_in

SETTINGS = {"fused": FUSED_48K, "unfused": {"truncation": "rand_trunc", "padding": "repeatpad"}, "small": SMALL_16K}


@pytest.fixture(scope="module", params=SETTINGS.keys())
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_clap(tmp_path_factory.mktemp("clap") / request.param, SETTINGS[request.param])


def score(name: str, pairs: list[AudioTextPair], **options: object) -> PairScores:
    outcome = make_scorer(name, ScorerOptions(**options)).score(pairs)  # type: ignore[arg-type]
    assert isinstance(outcome, PairScores)
    return outcome


def test_scores_equal_upstream_s_public_calls(folder: Path, tmp_path: Path) -> None:
    """Clips of exactly one window, scored by ClapProcessor and ClapModel.get_*_features with is_longer all False."""
    extractor = ClapFeatureExtractor.from_pretrained(folder)
    rate, duration = extractor.sampling_rate, extractor.max_length_s
    clips = [tone(duration, rate, seed=i)[:, 0] for i in range(3)]
    captions = ["dog", "A dog barks while " * 20, "Stop! Rain!! falls"]
    pairs = []
    for i, (clip, caption) in enumerate(zip(clips, captions, strict=True)):
        soundfile.write(tmp_path / f"{i}.wav", clip, rate, subtype="FLOAT")
        pairs.append(AudioTextPair(str(i), tmp_path / f"{i}.wav", caption))
    processor = ClapProcessor.from_pretrained(folder)
    model = ClapModel.from_pretrained(folder).eval()
    with torch.no_grad():
        inputs = processor.feature_extractor(clips, sampling_rate=rate, return_tensors="pt")
        inputs["is_longer"] = torch.zeros(3, 1, dtype=torch.bool)
        audio = embeddings_in(model.get_audio_features(**inputs))
        tokens = processor.tokenizer(captions, padding=True, return_tensors="pt")
        text = embeddings_in(model.get_text_features(**tokens))
    expected = torch.nn.functional.cosine_similarity(audio, text).numpy()
    outcome = score(f"hf:{folder}", pairs)
    assert outcome.cosines is not None
    assert np.abs(outcome.cosines - expected).max() <= 1e-5
    assert np.array_equal(outcome.scores, np.maximum(outcome.cosines, 0))


def test_dynamic_padding_is_exact_under_the_mask(folder: Path) -> None:
    """In double precision (softmax stays single), so that an influence of the padding could not pass for rounding."""
    clap = load_clap(folder)
    clap.model.double()
    [caption] = clap.prepare_captions(["Birds chirp"])
    longer = clap.prepare_captions(["Water flows; a woman laughs and children shout. A man speaks"])[0]
    with torch.inference_mode():
        alone = clap.embed_captions([caption])[0]
        padded = clap.embed_captions([caption, longer])[0]
    assert (alone - padded).abs().max() < 1e-7


def test_a_caption_that_is_cut_is_reported(tmp_path: Path) -> None:
    folder = save_tiny_clap(tmp_path / "m", SMALL_16K)
    clip = write_tone(tmp_path / "clip.wav")
    pairs = [AudioTextPair("0", clip, "dog"), AudioTextPair("1", clip, "a dog barks " * 300)]
    outcome = score(f"hf:{folder}", pairs)
    [note] = outcome.notes
    assert note.startswith("1 of 2 captions were cut to the model's length")


@pytest.mark.parametrize("shown", [True, False])
def test_no_progress_bar_is_drawn_and_the_setting_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shown: bool
) -> None:
    seen = []
    load = ClapModel.from_pretrained

    def watched(*arguments: object, **options: object) -> object:
        seen.append(logging.is_progress_bar_enabled())
        return load(*arguments, **options)

    monkeypatch.setattr(ClapModel, "from_pretrained", watched)
    (logging.enable_progress_bar if shown else logging.disable_progress_bar)()
    load_clap(save_tiny_clap(tmp_path / "m", SMALL_16K))
    assert seen == [False]
    assert logging.is_progress_bar_enabled() == shown
    logging.enable_progress_bar()


def test_a_missing_weight_is_an_error(tmp_path: Path) -> None:
    folder = save_tiny_clap(tmp_path / "m", SMALL_16K)
    weights = load_file(folder / "model.safetensors")
    del weights["audio_projection.linear1.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(DataError, match=r"lacks 1 weights of the architecture \(audio_projection.linear1.weight\)"):
        load_clap(folder)


def test_position_ids_are_the_only_key_that_may_be_extra(tmp_path: Path) -> None:
    folder = save_tiny_clap(tmp_path / "m", SMALL_16K)
    weights = load_file(folder / "model.safetensors")
    weights["text_model.embeddings.position_ids"] = torch.arange(514)[None]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    load_clap(folder)
    weights["another.weight"] = torch.zeros(1)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(DataError, match="unknown"):
        load_clap(folder)


def test_signature_names_everything(tmp_path: Path) -> None:
    folder = save_tiny_clap(tmp_path / "m", SMALL_16K)
    signature = make_scorer(f"hf:{folder}", ScorerOptions(window="as-published", seed=3)).spec.signature()
    for field in ("ckpt:m", "sha256:", "text:", "rate:16000", "window:as-published:4s", "precision:fp32", "seed:3"):
        assert field in signature
    for package in ("torch:", "transformers:", "soundfile:", "soxr:"):
        assert package in signature


def test_the_metrics_that_are_a_clap_model_are_one_list() -> None:
    listed = {family.name: family for family in BUILT_IN if family.target.startswith("metrics.models.hf_clap:")}
    assert listed.keys() == hf_clap.FAMILIES.keys()
    for name, family in hf_clap.FAMILIES.items():
        assert family.name == name
        assert pkgutil.resolve_name(listed[name].target) == family.make
        assert pkgutil.resolve_name(str(listed[name].status)) == family.status


def test_local_variants_are_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAP_BENCH_HUMAN_DIR", str(tmp_path))
    save_tiny_clap(tmp_path / "mine", SMALL_16K)
    assert find_variant("mine").origin == "local"
    assert "mine" in known_variants()
    assert is_taken("wsce+mae")
    assert not is_taken("mine")
    assert availability("human:mine").available
    assert make_scorer("human:mine", ScorerOptions()).spec.sample_rate_hz == 16_000
    with pytest.raises(UnavailableError, match="did you mean 'mine'"):
        make_scorer("human:mien", ScorerOptions())


def test_weights_that_are_not_here_are_named_with_size_and_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(UnavailableError) as caught:
        make_scorer("human", ScorerOptions())
    message = str(caught.value)
    for part in ("sarulab-speech/human-clap-wsce-mae/model.safetensors", "614 MB", "--pull", "HF_HUB_OFFLINE"):
        assert part in message


@pytest.mark.parametrize(
    ("name", "error"), [("laion-hf:x", UsageError), ("hf", UsageError), ("hf:./x", UnavailableError)]
)
def test_unknown_models_are_refused(name: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        make_scorer(name, ScorerOptions())


def test_half_precision_is_another_signature_and_nearly_the_same_score(tmp_path: Path) -> None:
    folder = save_tiny_clap(tmp_path / "m", SMALL_16K)
    pairs = [AudioTextPair("0", write_tone(tmp_path / "clip.wav"), "a dog barks")]
    full = make_scorer(f"hf:{folder}", ScorerOptions(device="cpu"))
    half = make_scorer(f"hf:{folder}", ScorerOptions(device="cpu", precision="bf16"))
    assert "precision:bf16|" in half.spec.signature()
    assert "device:cpu" in half.spec.signature()
    difference = np.abs(half.score(pairs).cosines - full.score(pairs).cosines)  # type: ignore[union-attr]
    assert 0 < difference.max() < 0.05
    with pytest.raises(UsageError, match="fp16 needs a GPU"):
        make_scorer(f"hf:{folder}", ScorerOptions(device="cpu", precision="fp16")).score(pairs)
