"""Finished runs to draw pages from: a few pairs with sound, strings that attack a page, and one of full size."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import soundfile

from bench.reports.contents import build_report
from bench.runs.folder import Run
from bench.runs.page import write_page
from bench.runs.run import RunRequest, run_benchmark
from bench.statistics.types import ResamplingPlan

RATE = 16000
ATTACKS = (
    "<script>window.attacked = 'script'</script>",
    "</script><script>window.attacked = 'end of the island'</script>",
    "<img src=x onerror=\"window.attacked = 'image'\">",
    "\"' onmouseover='window.attacked = 1' `${window.attacked = 1}` &lt;b&gt; {{script}} {{data}} <!-- <![CDATA[",
    "🎻🔊 \U0001f468‍\U0001f469‍\U0001f467 Überraschung, 犬が吠える",
    "كلب ينبح تحت المطر \u202e reversed \u2028 line",
    "long " * 1000,
)
"""Texts that must be shown as they are; the last one has 5,000 characters."""

FILE_NAMES = (
    '<img src=x onerror="window.attacked=2">.wav',
    "javascript:window.attacked=3.wav",
    "50% #1? & more.wav",
    "'quoted' \"twice\".wav",
    "🔊.wav",
    "صوت.wav",
    f"{'x' * 240}.wav",
)


def tone(path: Path, seconds: float = 2.0, hertz: float = 440.0) -> Path:
    """Write a sine."""
    time = np.arange(round(seconds * RATE)) / RATE
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, (0.3 * np.sin(2 * np.pi * hertz * time)).astype(np.float32), RATE)
    return path


def make_run(
    folder: Path,
    captions: Sequence[str],
    audio: Sequence[str],
    systems: Sequence[str],
    metrics: Sequence[str],
    n_listeners: int = 3,
) -> Run:
    """Rate every caption's clip, score it with random metrics, and run the benchmark on that, in ``folder / "run"``."""
    rng = np.random.default_rng(0)
    pair_ids = [f"p{i:04}" for i in range(len(captions))]
    truth = rng.random(len(captions))
    rows = [
        {
            "pair_id": pair_ids[i],
            "audio_path": audio[i],
            "text": captions[i],
            "rating": int(np.clip(round(10 * truth[i] + rng.normal(0, 2)), 0, 10)),
            "listener_id": f"L{(i + k) % 40}",
            "source": "natural" if i % 4 == 0 else "synthesized",
            "system": systems[i],
            "caption_id": f"c{i // 4}",
        }
        for i in range(len(captions))
        for k in range(n_listeners)
    ]
    write_rows(folder / "data" / "ratings.csv", rows)
    scores = {metric: truth + rng.normal(0, 0.2 + 0.2 * m, len(truth)) for m, metric in enumerate(metrics)}
    request = RunRequest(
        dataset=str(folder / "data" / "ratings.csv"),
        metrics=(),
        score_files=_score_files(folder, pair_ids, scores),
        resampling=ResamplingPlan(n_resamples=19),
        out=folder / "run",
    )
    return run_benchmark(request)


def small_run(folder: Path) -> Run:
    """24 pairs with two metrics; every clip but the last is there."""
    names = [f"clips/{i:02d} tone.wav" for i in range(24)]
    for i, name in enumerate(names[:-1]):
        tone(folder / "data" / name, hertz=220 + 20 * i)
    captions = [f"tone number {i // 4}" for i in range(24)]
    return make_run(
        folder, captions, names, [("recorded", "alpha", "beta", "gamma")[i % 4] for i in range(24)], ["good", "poor"]
    )


def hostile_run(folder: Path) -> Run:
    """Every string that comes from outside attacks the page; the clips with awkward names can be played."""
    captions = [ATTACKS[i % len(ATTACKS)] + f" {i}" for i in range(56)]
    audio = [f"{i}{FILE_NAMES[i % len(FILE_NAMES)]}" for i in range(56)]
    for name in audio:
        tone(folder / "data" / name)
    systems = [ATTACKS[i % 3] for i in range(56)]
    metrics = [*(text.strip() for text in ATTACKS if text.isprintable()), "🎻", "مقياس", "a.b.c"]
    return make_run(folder, captions, audio, systems, metrics)


def full_size_run(folder: Path) -> Run:
    """As many pairs as RELATE's test set has, and seven metrics."""
    n = 2598
    words = ("a dog barks while rain falls on a tin roof", "a man speaks and a door closes in the distance")
    captions = [f"{words[i % 2]}, take {i // 4}" for i in range(n)]
    audio = [f"audio/system_{i % 5}/{i:06d}_generated_clip.wav" for i in range(n)]
    systems = [("audiocaps", "audioldm", "audioldm2", "tango", "tango2")[i % 5] for i in range(n)]
    return make_run(folder, captions, audio, systems, [f"metric-{m}" for m in range(7)], n_listeners=5)


def sparse_run(folder: Path) -> Run:
    """Mean ratings only, no sources or systems, one metric that scored nothing since there is no audio."""
    rows = [{"audio_path": f"{i}.wav", "text": f"caption {i // 2}", "rating": i % 11} for i in range(30)]
    data = write_rows(folder / "ratings.csv", rows)
    plan = ResamplingPlan(n_resamples=19)
    return run_benchmark(RunRequest(str(data), ("loudness", "random"), resampling=plan, out=folder / "run"))


def page_of(run: Run, output: Path | None = None, n_embedded: int = 0) -> Path:
    """Write the page of a run as ``bench report --format html`` does."""
    return write_page(run, build_report(run.manifest, run.table, run.analysis), output, n_embedded)[0]


def _score_files(folder: Path, pair_ids: Sequence[str], scores: Mapping[str, np.ndarray]) -> dict[str, Path]:
    files = {}
    for i, (metric, values) in enumerate(scores.items()):
        rows = [{"pair_id": pair_id, "score": value} for pair_id, value in zip(pair_ids, values, strict=True)]
        files[metric] = write_rows(folder / f"scores-{i}.csv", rows)
    return files


def write_rows(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path
