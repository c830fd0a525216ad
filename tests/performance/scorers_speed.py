"""Throughput of ``laion``, ``ms`` and ``human`` at full size on this machine's CPU, against the packages' own calls.

Run as ``python -m tests.performance.scorers_speed [METRIC …]`` with nothing else running; fails when a ratio misses
its limit. Clips last 10 s at 16 kHz, three to a caption; ``ms`` hears the first 7 s, so that work is equal. Compared:

- *upstream*: a loop over pairs, one clip and one caption a call, as the packages' examples do;
- *bare*: upstream's forward passes on preloaded batches of unique clips and captions, at the best batch size;
- *first*: this package from files to scores, with an empty store; *second*: again, from the store.

With ``--memory`` the peak memory of 200 and 2,000 clips is measured instead, in processes of their own.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch

from tests import hub

N_CLIPS = 36
CLIPS_PER_CAPTION = 3
ROUNDS = 3
BATCH_SIZES = (1, 2, 4, 8)

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
    print(
        f"{torch.get_num_threads()} threads, {N_CLIPS} clips, {N_CLIPS // CLIPS_PER_CAPTION} captions; seconds a pair"
    )
    print("| metric | upstream | bare | first | second | upstream / first | first / bare | first / second |")
    print("|---|---|---|---|---|---|---|---|")
    return max(_measure(name) for name in arguments or NEEDS)


def _measure(name: str) -> int:
    hub.need(*NEEDS[name])
    with tempfile.TemporaryDirectory() as folder:
        pairs = _write_pairs(Path(folder), N_CLIPS)
        peer = PEERS[name]()
        upstream = _seconds(lambda: [peer.score_pair(pair.audio_path, pair.caption) for pair in pairs])
        bare = _bare_forward(name, peer, pairs)
        first, second = _end_to_end(name, pairs, Path(folder))
    ratios = (upstream / first, first / bare, first / second)
    figures = [f"{seconds / N_CLIPS:.4f}" for seconds in (upstream, bare, first, second)]
    print("| " + " | ".join([name, *figures, *(f"{ratio:.2f}" for ratio in ratios)]) + " |", flush=True)
    return int(ratios[0] < LEAST_SPEEDUP or ratios[1] > MOST_OVERHEAD or ratios[2] < LEAST_SECOND)


def _bare_forward(name: str, peer: Peer, pairs: list[Any]) -> float:
    """Time upstream's forward passes alone on everything that is needed, preloaded, at the best batch size."""
    from metrics import audio

    encoder = _scorer(name).encoder
    windows = np.stack([encoder.prepare_clip(audio.load(pair.audio_path))[0] for pair in pairs])
    inputs = peer.preload(torch.from_numpy(windows))
    tokens = peer.tokenizer(sorted({pair.caption for pair in pairs}, key=len), padding=True, return_tensors="pt")

    def run(size: int) -> None:
        with torch.inference_mode():
            for batch in inputs.split(size):
                peer.embed_audio(batch)
            peer.embed_tokens({key: tokens[key] for key in ("input_ids", "attention_mask")})

    return min(_seconds(lambda size=size: run(size)) for size in BATCH_SIZES)  # type: ignore[misc]


def _end_to_end(name: str, pairs: list[Any], folder: Path) -> tuple[float, float]:
    from metrics.clap_score import ClapScorer

    scorer = _scorer(name)
    scorer.encoder.batch_size()  # loads the model
    first, second = [], []
    for round_ in range(ROUNDS):
        options = _options(name, workers=2, store=folder / f"store-{round_}")
        stored = ClapScorer(scorer.encoder, options)
        first.append(_seconds(lambda: stored.score(pairs), rounds=1))  # noqa: B023
        second.append(_seconds(lambda: stored.score(pairs), rounds=1))  # noqa: B023
    return min(first), min(second)


def _options(name: str, **settings: Any) -> Any:
    from metrics.types import ScorerOptions

    return ScorerOptions(device="cpu", window="head" if name == "ms" else "cover", **settings)


def _scorer(name: str, **settings: Any) -> Any:
    from metrics.registry import make_scorer

    return make_scorer(name, _options(name, **settings))


def _seconds(work: Callable[[], Any], rounds: int = ROUNDS) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


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
    from metrics.laion import CHECKPOINTS
    from tests.metrics.upstream import Laion

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

    from metrics.ms import VERSIONS
    from tests.metrics.upstream import Ms

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

    from metrics.hf_clap import human_source
    from tests.metrics.upstream import Human

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
    print(f"{name}: peak {few:.0f} MB for 200 clips, {many:.0f} MB for 2,000: ratio {many / few:.2f}")
    return int(many / few > MOST_MEMORY)


def _peak_of(name: str, n_clips: int) -> float:
    command = [sys.executable, "-m", "tests.performance.scorers_speed", "--peak", name, str(n_clips)]
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
