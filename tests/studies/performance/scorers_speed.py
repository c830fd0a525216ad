"""Throughput of ``laion``, ``ms`` and ``human`` at full size on this machine's CPU, against the packages' own calls.

Run as ``python -m tests.studies.performance.scorers_speed [METRIC …]`` with nothing else running; fails when a ratio
misses its limit, and writes the table of docs/performance.md if all are measured. Clips last 10 s at 16 kHz, three to a
caption; ``ms`` hears the first 7 s, so that work is equal. Compared:

- *upstream*: a loop over pairs, one clip and one caption a call, as the packages' examples do;
- *bare*: upstream's forward passes on preloaded batches of unique clips and captions, at the best batch size;
- *first*: this package from files to scores, with an empty store; *second*: again, from the store.

With ``--memory`` the peak memory of 200 and 2,000 clips is measured instead, in processes of their own.
"""

from __future__ import annotations

import itertools
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch

from tests import hub
from tests.tables import markdown, measure, write_measured

N_CLIPS = 24
CLIPS_PER_CAPTION = 3
ROUNDS = 5
BATCH_SIZES = (1, 2, 4, 8)
WORKERS = 1
TITLES = ("upstream", "bare", "first", "second")
RATIOS = (("upstream", "first"), ("first", "bare"), ("first", "second"))
HEAD = ("metric", *(f"{title}, s a pair" for title in TITLES), *(" / ".join(pair) for pair in RATIOS))

LEAST_SPEEDUP = 2.2
MOST_OVERHEAD = 1.15
LEAST_SECOND = 50.0
MOST_MEMORY = 1.3

NEEDS = {
    "laion": ("roberta", "bert", "bart", "laion"),
    "ms": ("gpt2", "ms"),
    "human": ("processor", "human"),
}


@dataclass(frozen=True)
class Peer:
    """How upstream scores one pair, and its bare forward passes.

    Attributes:
        score_pair: from a file and a caption to their embeddings.
        preload: from windows of samples to what its forward pass takes.
        embed_audio: the forward pass on a batch of these.
        embed_tokens: the forward pass on tokenised captions.
        tokenizer: makes those.
    """

    score_pair: Callable[[Path, str], Any]
    preload: Callable[[torch.Tensor], torch.Tensor]
    embed_audio: Callable[[torch.Tensor], Any]
    embed_tokens: Callable[[dict[str, torch.Tensor]], Any]
    tokenizer: Any


def main(arguments: list[str]) -> int:
    """Measure the metrics that are named, or all."""
    if arguments[:1] == ["--memory"]:
        return _compare_memory(arguments[1] if len(arguments) > 1 else "laion")
    if arguments[:1] == ["--peak"]:
        return _print_peak(arguments[1], int(arguments[2]))
    print(f"{torch.get_num_threads()} threads, {N_CLIPS} clips, {N_CLIPS // CLIPS_PER_CAPTION} captions")
    return measure("scorers", HEAD, NEEDS, arguments, _measure)


def _measure(name: str) -> tuple[list[str], bool]:
    """Time everything in turn, round after round: a machine that slows down slows all of it. Ratios are medians.

    Returns the row of the table, and whether a limit is missed.
    """
    hub.need(*NEEDS[name])
    with tempfile.TemporaryDirectory() as folder:
        contestants = _contestants(name, Path(folder))
        for work in contestants.values():
            work()  # fills caches
        rounds = [{title: _seconds(work) for title, work in contestants.items()} for _ in range(ROUNDS)]
    for times in rounds:
        times["bare"] = min(seconds for title, seconds in times.items() if title.startswith("bare "))
    figures = [statistics.median(times[title] for times in rounds) / N_CLIPS for title in TITLES]
    ratios = [statistics.median(times[a] / times[b] for times in rounds) for a, b in RATIOS]
    row = [name, *(f"{seconds:.4f}" for seconds in figures), *(f"{ratio:.2f}" for ratio in ratios)]
    print(*row, flush=True)
    return row, ratios[0] < LEAST_SPEEDUP or ratios[1] > MOST_OVERHEAD or ratios[2] < LEAST_SECOND


def _contestants(name: str, folder: Path) -> dict[str, Callable[[], Any]]:
    from metrics import audio
    from metrics.clap_score import ClapScorer

    pairs = _write_pairs(folder, N_CLIPS)
    peer = PEERS[name]()
    encoder = _scorer(name).encoder
    windows = np.stack([encoder.prepare_clip(audio.load(pair.audio_path))[0] for pair in pairs])
    inputs = peer.preload(torch.from_numpy(windows))
    tokens = peer.tokenizer(sorted({pair.caption for pair in pairs}, key=len), padding=True, return_tensors="pt")
    stores = (folder / f"store-{i}" for i in itertools.count())

    def bare(size: int) -> None:
        with torch.inference_mode():
            for batch in inputs.split(size):
                peer.embed_audio(batch)
            peer.embed_tokens({key: tokens[key] for key in ("input_ids", "attention_mask")})

    def first() -> None:
        ClapScorer(encoder, _options(name, workers=WORKERS, store=next(stores))).score(pairs)

    full = ClapScorer(encoder, _options(name, workers=WORKERS, store=folder / "full"))
    full.score(pairs)
    return {
        "upstream": lambda: [peer.score_pair(pair.audio_path, pair.caption) for pair in pairs],
        **{f"bare {size}": partial(bare, size) for size in BATCH_SIZES},
        "first": first,
        "second": lambda: full.score(pairs),
    }


def _options(name: str, **settings: Any) -> Any:
    from metrics.types import ScorerOptions

    return ScorerOptions(device="cpu", window="head" if name == "ms" else "cover", **settings)


def _scorer(name: str, **settings: Any) -> Any:
    from metrics.registry import make_scorer

    return make_scorer(name, _options(name, **settings))


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _write_pairs(folder: Path, n_clips: int, duration_s: float = 10.0) -> list[Any]:
    from metrics.types import AudioTextPair
    from tests.metrics.clips import tone

    pairs = []
    for i in range(n_clips):
        path = folder / f"{i}.wav"
        soundfile.write(path, tone(duration_s, 16_000, seed=i)[:, 0], 16_000)
        caption = hub.SENTENCES[i // CLIPS_PER_CAPTION % len(hub.SENTENCES)]
        words = caption.split()[: 6 + i // CLIPS_PER_CAPTION]
        pairs.append(AudioTextPair(str(i), path, " ".join(words)))
    return pairs


def _laion() -> Peer:
    from metrics.models.laion import CHECKPOINTS
    from tests.metrics.models.upstream import Laion

    laion = Laion(CHECKPOINTS["630k-audioset-best"])
    model = laion.module.model
    not_longer = {"longer": torch.tensor([False])}
    return Peer(
        lambda path, caption: (laion.embed_files([path]), laion.embed_captions([caption])),
        lambda windows: windows,
        lambda batch: model.get_audio_embedding([{"waveform": window, **not_longer} for window in batch]),
        lambda tokens: model.get_text_embedding(dict(tokens)),
        laion.module.tokenize,
    )


def _ms() -> Peer:
    """msclap loads files through torchaudio.load, which needs torchcodec: soundfile stands in for that call."""
    from torchaudio.transforms import Resample

    from metrics.models.ms import VERSIONS
    from tests.metrics.models.upstream import Ms

    ms = Ms(VERSIONS["2023"].checkpoint, "2023")
    clap = ms.wrapper.clap

    def score_pair(path: Path, caption: str) -> None:
        samples, rate = soundfile.read(path, dtype="float32")
        resampled = Resample(rate, 44_100)(torch.from_numpy(samples))
        ms.embed_windows(resampled[None, : 7 * 44_100].numpy())
        ms.embed_captions([caption])

    return Peer(score_pair, lambda windows: windows, clap.audio_encoder, clap.caption_encoder, ms.wrapper.tokenizer)


def _human() -> Peer:
    import librosa

    from metrics.models.hf_clap import human_source
    from tests.metrics.models.upstream import Human

    human = Human(*human_source(None).fetch())
    model, processor = human.model, human.processor

    def score_pair(path: Path, caption: str) -> None:
        samples, _ = librosa.load(path, sr=48_000)
        human.embed_samples(samples)
        human.embed_captions([caption])

    def preload(windows: torch.Tensor) -> torch.Tensor:
        features = processor.feature_extractor(list(windows.numpy()), sampling_rate=48_000, return_tensors="pt")
        return features["input_features"]

    def embed_audio(batch: torch.Tensor) -> Any:
        return model.get_audio_features(input_features=batch, is_longer=torch.zeros(len(batch), 1, dtype=torch.bool))

    return Peer(score_pair, preload, embed_audio, lambda tokens: model.get_text_features(**tokens), processor.tokenizer)


PEERS: dict[str, Callable[[], Peer]] = {"laion": _laion, "ms": _ms, "human": _human}


def _compare_memory(name: str) -> int:
    """Compare the peak memory of 200 and 2,000 clips, each in a process of its own."""
    few, many = (_peak_of(name, n_clips) for n_clips in (200, 2000))
    write_measured(
        "scorers-memory",
        markdown(
            ("metric", "200 clips", "2,000 clips", "ratio"),
            [(name, f"{few:.0f} MB", f"{many:.0f} MB", f"{many / few:.2f}")],
        ),
    )
    print(f"{name}: peak {few:.0f} MB for 200 clips, {many:.0f} MB for 2,000: ratio {many / few:.2f}")
    return int(many / few > MOST_MEMORY)


def _peak_of(name: str, n_clips: int) -> float:
    command = [sys.executable, "-m", "tests.studies.performance.scorers_speed", "--peak", name, str(n_clips)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(answer.stdout.split()[-1])


def _print_peak(name: str, n_clips: int) -> int:
    """Score clips of half a second, each repeated to a whole window, and print the peak resident memory in MB."""
    hub.need(*NEEDS[name])
    with tempfile.TemporaryDirectory() as folder:
        pairs = _write_pairs(Path(folder), n_clips, duration_s=0.5)
        _scorer(name, workers=2, store=Path(folder) / "store").score(pairs)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000)
    return 0


if __name__ == "__main__":
    hub.use()
    sys.exit(main(sys.argv[1:]))
