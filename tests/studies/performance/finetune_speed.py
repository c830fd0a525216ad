"""Speed and memory of training on this machine's CPU, against a bare loop and against a loader that decodes each step.

Run as ``python -m tests.studies.performance.finetune_speed [tiny] [full]`` with nothing else running; fails when an
epoch takes more than `MOST_OVERHEAD` times the bare loop. Compared, on the same batches in the same order:

- *bare*: forward, loss, backward and AdamW step on batches that lie ready in memory, written out with torch alone;
- *ours*: an epoch of `finetune.training.loop`, which reads features from the memory-mapped cache;
- *naive*: the bare loop, but every step decodes its clips and has transformers' feature extractor and tokenizer
  prepare them, as fine-tuning scripts do.

With ``--memory`` the peak memory of a step of the full-size model is measured, each in a process of its own, and the
floating-point operations of an epoch of the paper's training are counted.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
import torch
from torch.nn import functional

from tests import hub
from tests.metrics.models.upstream import embeddings_in
from tests.tables import markdown, measure, write_measured

MOST_OVERHEAD = 1.1
ROUNDS = 3
PAPER_PAIRS = 1925
PAPER_EPOCHS = 50
HEAD = ("model", "batch", "steps", "bare, s", "ours, s", "naive, s", "ours / bare", "naive / ours")


@dataclass(frozen=True)
class Case:
    """A model, and how many clips of which length it is measured with."""

    base: str
    n_clips: int
    clip_s: float
    rate_hz: int
    batch_size: int


CASES = {
    "tiny": Case("tiny", 256, 4.0, 16_000, 16),
    "full": Case("sarulab-speech/human-clap-wsce-mae", 24, 10.0, 16_000, 8),
}


def main(arguments: Sequence[str]) -> int:
    """Measure the cases that are named, or all."""
    if arguments[:1] == ["--memory"]:
        return _report_memory()
    if arguments[:1] == ["--peak"]:
        return _print_peak(int(arguments[1]), arguments[2] == "recomputed")
    print(f"{torch.get_num_threads()} threads; seconds an epoch, the best of {ROUNDS}")
    return measure("finetune", HEAD, CASES, arguments, _measure)


def _measure(name: str) -> tuple[list[str], bool]:
    """Return the row of the table, and whether the limit is missed."""
    case = CASES[name]
    hub.need("human", "processor")
    with tempfile.TemporaryDirectory() as folder:
        bench = _Workbench(case, Path(folder))
        bare, ours, naive = _interleaved(bench.bare_epoch, bench.our_epoch, bench.naive_epoch)
    figures = [f"{seconds:.2f}" for seconds in (bare, ours, naive)]
    ratios = [f"{ours / bare:.3f}", f"{naive / ours:.2f}"]
    row = [name, str(case.batch_size), str(bench.n_steps), *figures, *ratios]
    print(*row, flush=True)
    return row, ours / bare > MOST_OVERHEAD


def _interleaved(*epochs: Callable[[], None]) -> list[float]:
    """Time each epoch in turn, several times, so that all share the machine's moods; return the best of each."""
    times: list[list[float]] = [[] for _ in epochs]
    for epoch in epochs:
        epoch()  # allocations and lazy imports
    for _ in range(ROUNDS):
        for k, epoch in enumerate(epochs):
            began = time.perf_counter()
            epoch()
            times[k].append(time.perf_counter() - began)
    return [min(of_epoch) for of_epoch in times]


class _Workbench:
    """One model in training, three ways to feed it."""

    def __init__(self, case: Case, folder: Path, **settings: Any) -> None:
        from transformers import ClapFeatureExtractor

        from finetune.checkpoints.base import find_base
        from finetune.config import TrainingConfig
        from finetune.data.features import extract_features, file_source
        from finetune.data.pairs import PairSet
        from finetune.training.setup import assemble
        from metrics.models.hf_folder import feature_settings
        from metrics.models.hf_model import load_clap

        base = find_base(case.base)
        self.clap = load_clap(base.model, base.processor)
        self.extractor = ClapFeatureExtractor.from_dict(feature_settings(base.processor))
        self.paths = [_write_clip(folder / f"{k}.wav", case, seed=k) for k in range(case.n_clips)]
        self.captions = [f"{hub.SENTENCES[k % len(hub.SENTENCES)]} {k}" for k in range(case.n_clips)]
        features = extract_features(self.clap, [file_source(path) for path in self.paths], folder / "cache")
        tokens = tuple(self.clap.prepare_captions(self.captions))
        ratings = np.random.default_rng(0).random(case.n_clips)
        self.pairs = PairSet(features, np.arange(case.n_clips), tokens, ratings)
        config = TrainingConfig(batch_size=case.batch_size, epochs=1, **settings)
        self.tools = assemble(self.clap, case.n_clips, config, folder, "cpu")
        self.tools.model.train()
        self.steps = self.tools.plan.steps_of(1)
        self.ready = [self.pairs.batch(indices) for [indices] in self.steps]
        self.optimizer = torch.optim.AdamW(self.clap.model.parameters(), lr=1e-5)

    @property
    def n_steps(self) -> int:
        return len(self.steps)

    def our_epoch(self) -> None:
        from finetune.training.loop import take_step
        from finetune.training.state import Progress

        done = Progress()
        for micro_batches in self.steps:
            take_step(self.tools, self.pairs, micro_batches, done)

    def bare_epoch(self) -> None:
        for batch in self.ready:
            ids, mask = _padded([caption.token_ids for caption in batch.captions], self.clap.tokenizer.pad_token_id)
            self._bare_step(batch.windows, ids, mask, batch.ratings)

    def naive_epoch(self) -> None:
        for [indices] in self.steps:
            clips = [self._decode(self.paths[k]) for k in indices]
            rate = self.extractor.sampling_rate
            features = self.extractor(clips, sampling_rate=rate, return_tensors="pt")["input_features"]
            captions = [self.captions[k] for k in indices]
            tokens = self.clap.tokenizer(captions, padding=True, return_tensors="pt")
            ratings = torch.from_numpy(self.pairs.ratings[indices]).float()
            self._bare_step(features[:, :1].float(), tokens["input_ids"], tokens["attention_mask"], ratings)

    def _decode(self, path: Path) -> np.ndarray:
        samples, rate = soundfile.read(path, dtype="float32")
        resampled: np.ndarray = soxr.resample(samples, rate, self.extractor.sampling_rate)
        return resampled

    def _bare_step(self, windows: torch.Tensor, ids: torch.Tensor, mask: torch.Tensor, ratings: torch.Tensor) -> None:
        """Eq. 6 with wSCE and MAE, written out."""
        model = self.clap.model
        is_longer = torch.zeros(len(windows), 1, dtype=torch.bool)
        audio = embeddings_in(model.get_audio_features(input_features=windows, is_longer=is_longer))
        text = embeddings_in(model.get_text_features(input_ids=ids, attention_mask=mask))
        logits = model.logit_scale_a.exp() * text @ audio.T
        both = functional.log_softmax(logits, 0).diagonal() + functional.log_softmax(logits, 1).diagonal()
        loss = -0.1 * (ratings * both).mean() / 2 + ((audio * text).sum(-1).relu() - ratings).abs().mean()
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()


def _padded(rows: Sequence[Sequence[int]], pad_id: int) -> tuple[torch.Tensor, torch.Tensor]:
    ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], True, pad_id)
    mask = torch.nn.utils.rnn.pad_sequence([torch.ones(len(row), dtype=torch.long) for row in rows], True, 0)
    return ids, mask


def _write_clip(path: Path, case: Case, seed: int) -> Path:
    noise = np.random.default_rng(seed).normal(size=round(case.clip_s * case.rate_hz))
    soundfile.write(path, (0.1 * noise).astype(np.float32), case.rate_hz, subtype="PCM_16")
    return path


def _report_memory() -> int:
    """Print peak memory by batch size, and the operations of a training step."""
    rows = []
    for batch_size in (8, 32):
        for way in ("kept", "recomputed"):
            command = [sys.executable, "-m", "tests.studies.performance.finetune_speed", "--peak", str(batch_size), way]
            answer = subprocess.run(command, capture_output=True, text=True, check=True)
            rows.append([str(batch_size), way, answer.stdout.splitlines()[-1]])
            print(*rows[-1], flush=True)
    flops = _operations_of_a_step(8)
    total = flops * PAPER_PAIRS / 8 * PAPER_EPOCHS
    write_measured("memory", markdown(("batch", "activations", "peak memory, GB"), rows))
    print(f"{flops / 1e12:.2f} TFLOP a step of 8 pairs; {total / 1e15:.1f} PFLOP for the paper's training")
    return 0


def _print_peak(batch_size: int, recomputed: bool) -> int:
    """Take two steps, the second with AdamW's moments in place, and print the peak resident memory in GB."""
    hub.need("human", "processor")
    case = Case(CASES["full"].base, 2 * batch_size, 10.0, 16_000, batch_size)
    with tempfile.TemporaryDirectory() as folder:
        _Workbench(case, Path(folder), gradient_checkpointing=recomputed).our_epoch()
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f}")
    return 0


def _operations_of_a_step(batch_size: int) -> float:
    """Count the floating-point operations of forward and backward passes."""
    from torch.utils.flop_counter import FlopCounterMode

    hub.need("human", "processor")
    case = Case(CASES["full"].base, batch_size, 10.0, 16_000, batch_size)
    with tempfile.TemporaryDirectory() as folder:
        bench = _Workbench(case, Path(folder))
        with FlopCounterMode(display=False) as counter:
            bench.our_epoch()
    return float(counter.get_total_flops())


if __name__ == "__main__":
    hub.use()
    sys.exit(main(sys.argv[1:]))
