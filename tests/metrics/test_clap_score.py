"""`ClapScorer` with an encoder simple enough to be checked by hand, and with a small real one."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from metrics import audio, windows
from metrics.clap_score import ClapScorer
from metrics.embedding.batches import BatchRunner, is_out_of_memory
from metrics.encoder import LazyEncoder, TokenisedCaption
from metrics.errors import ClapBenchError
from metrics.registry import make_scorer
from metrics.types import AudioTextPair, PairScores, ScorerOptions, ScorerSpec
from tests.metrics.clips import write_bad_clips, write_tone
from tests.metrics.models.tiny_clap import SMALL_16K, save_tiny_clap


@dataclass
class SpectrumEncoder:
    """Embeds a window as its energy in eight bands; a caption by its letters. Counts what it is asked for."""

    policy: str = "cover"
    n_passes: int = 0
    batches: list[int] = field(default_factory=list)
    caption_lengths: list[list[int]] = field(default_factory=list)
    fits_in_memory: int = 1000
    threads: set[str] = field(default_factory=set)

    @property
    def spec(self) -> ScorerSpec:
        return ScorerSpec("spectrum", window=self.policy)

    def batch_size(self) -> int:
        return 4

    def prepare_clip(self, clip: audio.Clip) -> list[np.ndarray]:
        self.threads.add(threading.current_thread().name)
        listening = windows.Listening(8000, 8000, "repeatpad", self.policy)  # type: ignore[arg-type]
        return listening.windows(clip)

    def embed_audio(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        self.batches.append(len(inputs))
        if len(inputs) > self.fits_in_memory:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        energy = np.abs(np.fft.rfft(np.stack(inputs)))[:, :4000].reshape(len(inputs), 8, -1).sum(axis=2)
        return (energy - energy.mean(axis=1, keepdims=True)).astype(np.float32)

    def prepare_captions(self, captions: Sequence[str]) -> list[TokenisedCaption]:
        return [TokenisedCaption(tuple(text.encode()[:40]), max(0, len(text) - 40)) for text in captions]

    def embed_captions(self, captions: Sequence[TokenisedCaption]) -> np.ndarray:
        self.caption_lengths.append([len(caption.token_ids) for caption in captions])
        counts = [[sum(token % 8 == i for token in caption.token_ids) for i in range(8)] for caption in captions]
        return np.array(counts, dtype=np.float32) - 2


def make_pairs(folder: Path, n_clips: int = 6, n_captions: int = 3) -> list[AudioTextPair]:
    paths = [write_tone(folder / f"{i}.wav", 0.4 + 0.7 * i, [8000, 16_000][i % 2], seed=i) for i in range(n_clips)]
    captions = ["a dog barks " * (n_captions - i) for i in range(n_captions)]
    return [AudioTextPair(f"{i}-{j}", p, c) for i, p in enumerate(paths) for j, c in enumerate(captions)]


def score(encoder: SpectrumEncoder, pairs: list[AudioTextPair], **options: object) -> PairScores:
    return ClapScorer(encoder, ScorerOptions(**options)).score(pairs)  # type: ignore[arg-type]


def test_eq_1_by_hand(tmp_path: Path) -> None:
    pairs = make_pairs(tmp_path)
    encoder = SpectrumEncoder("head")
    outcome = score(encoder, pairs)
    for pair, cosine, value in zip(pairs, outcome.cosines, outcome.scores, strict=True):
        a = encoder.embed_audio(encoder.prepare_clip(audio.load(pair.audio_path)))[0].astype(np.float64)
        t = encoder.embed_captions(encoder.prepare_captions([pair.caption]))[0].astype(np.float64)
        assert cosine == pytest.approx(a @ t / np.sqrt((a @ a) * (t @ t)), abs=1e-6)
        assert value == max(cosine, 0.0)
    assert outcome.cosines.min() < 0 < outcome.cosines.max()


def test_a_clip_of_several_windows_is_their_mean_direction(tmp_path: Path) -> None:
    clip = write_tone(tmp_path / "long.wav", 3.2, 8000)
    encoder = SpectrumEncoder()
    [cosine] = score(encoder, [AudioTextPair("0", clip, "a dog")]).cosines
    windows = encoder.embed_audio(encoder.prepare_clip(audio.load(clip)))
    assert len(windows) == 3
    mean = (windows / np.linalg.norm(windows, axis=1, keepdims=True)).mean(axis=0)
    text = encoder.embed_captions(encoder.prepare_captions(["a dog"]))[0]
    assert cosine == pytest.approx(mean @ text / np.linalg.norm(mean) / np.linalg.norm(text), abs=1e-5)


def test_unique_clips_and_captions_are_embedded_once(tmp_path: Path) -> None:
    pairs = make_pairs(tmp_path, n_clips=4)
    copy = tmp_path / "copy.wav"
    copy.write_bytes(pairs[0].audio_path.read_bytes())
    pairs.append(replace(pairs[0], pair_id="copy", audio_path=copy))
    encoder = SpectrumEncoder("head")
    outcome = score(encoder, pairs)
    assert sum(encoder.batches) == 4
    assert sum(map(len, encoder.caption_lengths)) == 3
    assert outcome.scores[-1] == outcome.scores[0]


@pytest.mark.parametrize("good_first", [True, False])
def test_files_with_one_content_fail_each_for_its_own_reason(tmp_path: Path, good_first: bool) -> None:
    good = write_tone(tmp_path / "good.wav")
    misnamed = tmp_path / "misnamed.mp3"
    misnamed.write_bytes(good.read_bytes())
    pairs = [AudioTextPair(path.stem, path, "a dog") for path in (good, misnamed)][:: 1 if good_first else -1]
    for store in (None, tmp_path / "store", tmp_path / "store"):
        outcome = score(SpectrumEncoder("head"), pairs, store=store)
        [failure] = outcome.failures
        assert failure.pair_id == "misnamed"
        assert failure.reason.startswith(f"{misnamed}: is named .mp3")


def test_failures_name_their_own_file(tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).write_text("no audio")
    pairs = [AudioTextPair(name, tmp_path / name, "a dog") for name in ("a.wav", "b.wav")]
    for failure in score(SpectrumEncoder("head"), pairs).failures:
        assert failure.reason.startswith(f"{tmp_path / failure.pair_id}: is not readable as audio")


def test_captions_go_through_the_model_sorted_by_length(tmp_path: Path) -> None:
    clip = write_tone(tmp_path / "clip.wav")
    rng = np.random.default_rng(0)
    pairs = [AudioTextPair(str(i), clip, f"{i:03d} " + "x" * int(rng.integers(1, 30))) for i in range(100)]
    encoder = SpectrumEncoder()
    score(encoder, pairs, batch_size=2)
    lengths = [length for batch in encoder.caption_lengths for length in batch]
    assert lengths == sorted(lengths)
    assert len(encoder.caption_lengths) > 5


@pytest.mark.parametrize("batch_size", [1, 2, 7, 32])
@pytest.mark.parametrize("workers", [0, 2])
def test_scores_do_not_depend_on_batches_order_or_workers(tmp_path: Path, batch_size: int, workers: int) -> None:
    pairs = make_pairs(tmp_path)
    expected = score(SpectrumEncoder("head"), pairs).cosines
    encoder = SpectrumEncoder("head")
    outcome = score(encoder, pairs[::-1], batch_size=batch_size, workers=workers)
    assert max(encoder.batches) <= batch_size
    assert np.array_equal(outcome.cosines[::-1], expected)
    assert ("MainThread" in encoder.threads) == (workers == 0)


def test_out_of_memory_halves_the_batch_and_goes_on(tmp_path: Path) -> None:
    pairs = make_pairs(tmp_path, n_clips=12, n_captions=1)
    encoder = SpectrumEncoder("head", fits_in_memory=2)
    outcome = score(encoder, pairs, batch_size=8)
    assert np.isfinite(outcome.scores).all()
    assert encoder.batches == [8, 4, 2, 2, 2, 2, 2, 2]
    with pytest.raises(ClapBenchError, match="out of memory with a single clip"):
        score(SpectrumEncoder("head", fits_in_memory=0), pairs, batch_size=8)


def test_the_batch_runner_tells_memory_from_other_errors() -> None:
    def fail(_: Sequence[int]) -> np.ndarray:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        BatchRunner(4).run([1, 2], fail)
    assert is_out_of_memory(RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"))
    assert is_out_of_memory(MemoryError())
    for call, status in (("cublasCreate", "CUBLAS_STATUS"), ("cudnnCreate", "CUDNN_STATUS"), ("cufftPlan", "CUFFT")):
        assert is_out_of_memory(RuntimeError(f"CUDA error: {status}_ALLOC_FAILED when calling `{call}(handle)`"))
    assert not is_out_of_memory(RuntimeError("index out of range"))


@pytest.mark.parametrize("workers", [0, 2])
def test_bad_clips_fail_alone_with_the_reason(tmp_path: Path, workers: int) -> None:
    good = make_pairs(tmp_path, n_clips=2, n_captions=1)
    bad = [AudioTextPair(kind, path, "x") for kind, (path, _) in write_bad_clips(tmp_path).items()]
    outcome = score(SpectrumEncoder("head"), [good[0], *bad, good[1]], workers=workers, batch_size=3)
    assert np.isfinite(outcome.scores[[0, -1]]).all()
    assert np.isnan(outcome.scores[1:-1]).all()
    assert np.isnan(outcome.cosines[1:-1]).all()
    assert [failure.pair_id for failure in outcome.failures] == [pair.pair_id for pair in bad]


def test_an_empty_caption_has_no_score(tmp_path: Path) -> None:
    clip = write_tone(tmp_path / "clip.wav")
    outcome = score(SpectrumEncoder(), [AudioTextPair("0", clip, " \n"), AudioTextPair("1", clip, "rain")])
    assert np.isnan(outcome.scores[0])
    assert [(failure.pair_id, failure.reason) for failure in outcome.failures] == [("0", "the caption is empty")]


def test_an_embedding_that_is_not_finite_is_a_failure_and_is_not_stored(tmp_path: Path) -> None:
    class Broken(SpectrumEncoder):
        def embed_audio(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
            return np.full((len(inputs), 8), np.nan, dtype=np.float32)

    pairs = make_pairs(tmp_path, 1, 1)
    outcome = score(Broken("head"), pairs, store=tmp_path / "s")
    assert "not finite" in outcome.failures[0].reason
    assert np.isfinite(score(SpectrumEncoder("head"), pairs, store=tmp_path / "s").scores).all()


def test_captions_that_were_cut_are_reported_also_from_the_store(tmp_path: Path) -> None:
    clip = write_tone(tmp_path / "clip.wav")
    pairs = [AudioTextPair("0", clip, "rain"), AudioTextPair("1", clip, "a dog barks " * 5)]
    for _ in range(2):
        outcome = score(SpectrumEncoder(), pairs, store=tmp_path / "s")
        assert outcome.notes == ("1 of 2 captions were cut to the model's length (by up to 20 tokens)",)


def test_a_second_run_is_equal_to_the_bit_and_builds_no_model(tmp_path: Path) -> None:
    pairs = make_pairs(tmp_path)
    first = score(SpectrumEncoder(), pairs, store=tmp_path / "s")

    lazy = LazyEncoder(SpectrumEncoder().spec, f"{__name__}:refuse_to_build")
    second = ClapScorer(lazy, ScorerOptions(store=tmp_path / "s", workers=2)).score(pairs)
    assert np.array_equal(first.cosines, second.cosines)
    assert np.array_equal(first.scores, second.scores)


def refuse_to_build(_: ScorerSpec) -> SpectrumEncoder:
    raise AssertionError("a model was built although every embedding is in the store")


def test_a_named_builder_is_called_once_with_its_arguments() -> None:
    lazy = LazyEncoder(SpectrumEncoder().spec, f"{__name__}:build_counted", "head")
    assert lazy.batch_size() == lazy.batch_size()
    assert BUILT == [("head",)]


BUILT: list[tuple[str, ...]] = []


def build_counted(_: ScorerSpec, *arguments: str) -> SpectrumEncoder:
    BUILT.append(arguments)
    return SpectrumEncoder(*arguments)


def test_an_interrupted_run_keeps_what_it_had(tmp_path: Path) -> None:
    class Stopped(SpectrumEncoder):
        def embed_audio(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
            if len(self.batches) == 3:
                raise KeyboardInterrupt
            return super().embed_audio(inputs)

    pairs = make_pairs(tmp_path, n_clips=8, n_captions=1)
    with pytest.raises(KeyboardInterrupt):
        score(Stopped("head"), pairs, batch_size=1, store=tmp_path / "s")
    resumed = SpectrumEncoder("head")
    outcome = score(resumed, pairs, batch_size=1, store=tmp_path / "s")
    assert len(resumed.batches) == 5
    assert np.array_equal(outcome.scores, score(SpectrumEncoder("head"), pairs, batch_size=1).scores)


def test_changing_a_clip_changes_its_score(tmp_path: Path) -> None:
    """Caches keyed by file name serve the old one."""
    clip = write_tone(tmp_path / "clip.wav", seed=1)
    pairs = [AudioTextPair("0", clip, "a dog")]
    before = score(SpectrumEncoder(), pairs, store=tmp_path / "s").cosines
    write_tone(clip, seed=2)
    assert score(SpectrumEncoder(), pairs, store=tmp_path / "s").cosines != before


def test_progress_reaches_the_end(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    score(SpectrumEncoder(), make_pairs(tmp_path), progress=lambda *report: told.append(report))
    assert told[-1] == ("spectrum: clips", 6, 6)
    assert ("spectrum: captions", 3, 3) in told


def test_a_clip_and_a_caption_of_one_direction_score_one_to_the_last_digit(tmp_path: Path) -> None:
    """Embeddings are stored in single precision, in which their length is not exactly 1."""

    class Constant(SpectrumEncoder):
        def embed_audio(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
            return np.tile(np.arange(1, 9, dtype=np.float32), (len(inputs), 1))

        def embed_captions(self, captions: Sequence[TokenisedCaption]) -> np.ndarray:
            return np.tile(np.arange(1, 9, dtype=np.float32), (len(captions), 1))

    [cosine] = score(Constant("head"), make_pairs(tmp_path, 1, 1)).cosines
    assert cosine == pytest.approx(1, abs=1e-15)


def test_the_tensors_of_a_pass_without_memory_are_gone_before_the_next() -> None:
    """Else the memory that the smaller batch needs is still taken by the larger one."""
    held: list[weakref.ref[torch.Tensor]] = []

    def forward(items: Sequence[int]) -> np.ndarray:
        assert all(reference() is None for reference in held)
        activations = torch.zeros(len(items), 3)
        held.append(weakref.ref(activations))
        if len(items) > 1:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return activations.numpy().copy()

    assert BatchRunner(8).run(range(3), forward).shape == (3, 3)
    assert len(held) == 6  # 3 items in batches of 8 and of 4, then 2 of them, then each


def test_an_encoder_is_built_by_the_thread_that_runs_it(tmp_path: Path) -> None:
    """The current GPU belongs to a thread. All captions are in the store, and the batch size is given."""
    folder = save_tiny_clap(tmp_path / "model", SMALL_16K)
    pairs = [AudioTextPair(str(k), write_tone(tmp_path / f"{k}.wav", seed=k), "a dog barks") for k in range(4)]
    options = ScorerOptions(device="cpu", workers=2, batch_size=2, store=tmp_path / "store.sqlite")
    make_scorer(f"hf:{folder}", options).score(pairs[:1])
    scorer = make_scorer(f"hf:{folder}", options)
    lazy, built_by = scorer.encoder, []  # type: ignore[attr-defined]
    build = lazy._get

    def noted() -> object:
        if lazy._encoder is None:
            built_by.append(threading.current_thread())
        return build()

    lazy._get = noted
    scorer.score(pairs)
    assert built_by == [threading.main_thread()]
