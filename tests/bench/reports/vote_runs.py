"""Finished runs on votes to draw figures and pages from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.runs.run import RunRequest
from bench.runs.vote_folder import VoteRun, report_of
from bench.runs.vote_page import write_vote_page
from bench.runs.votes import run_votes
from bench.statistics.types import ResamplingPlan
from tests.bench.reports.runs import ATTACKS, FILE_NAMES, tone, write_rows

PLAN = ResamplingPlan(n_resamples=99, n_permutations=99)


def make_vote_run(
    folder: Path,
    clips: Sequence[str],
    captions: Sequence[str],
    metrics: Sequence[str],
    kinds: Sequence[str] = ("close", "far"),
    systems: Sequence[str] = ("one", "two"),
) -> VoteRun:
    """Have three listeners vote between two captions a clip, which all metrics scored with more and more noise.

    Args:
        folder: of the data, and of the run in ``folder / "run"``.
        clips: one a comparison.
        captions: side a of each comparison; that of side b has a word more.
    """
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(2, len(clips)))
    rows, pairs, values = list[dict[str, object]](), list[dict[str, object]](), list[float]()
    for i, (clip, caption) in enumerate(zip(clips, captions, strict=True)):
        sides = (caption, f"{caption} again")
        for side, text in enumerate(sides):
            pairs.append({"audio_path": clip, "text": text})
            values.append(float(truth[side, i]))
        for listener in range(3):
            lead = truth[0, i] - truth[1, i] + rng.normal()
            choice = "tie" if abs(lead) < 0.1 else "a" if lead > 0 else "b"
            about = {"kind": kinds[i % len(kinds)], "system_a": systems[i % 2], "system_b": systems[1 - i % 2]}
            sides_of = {"audio_path": clip, "text_a": sides[0], "text_b": sides[1]}
            rows.append(
                {**sides_of, "choice": choice, "listener_id": f"L{listener}", "comparison_id": f"c{i}", **about}
            )
    write_rows(folder / "data" / "votes.csv", rows)
    files = {}
    for m, metric in enumerate(metrics):
        scores = np.array(values) + (0.3 + 0.5 * m) * rng.normal(size=len(values))
        table = [{**pair, "score": score} for pair, score in zip(pairs, scores, strict=True)]
        files[metric] = write_rows(folder / f"scores-{m}.csv", table)
    request = RunRequest(
        dataset=str(folder / "data" / "votes.csv"), metrics=(), score_files=files, resampling=PLAN, out=folder / "run"
    )
    return run_votes(request)


def small_vote_run(folder: Path, metrics: Sequence[str] = ("good", "poor"), n: int = 40) -> VoteRun:
    """Return a run on comparisons of tones; two a clip, every clip there."""
    clips = [f"clips/{i // 2:02d} tone.wav" for i in range(n)]
    for i, name in enumerate(dict.fromkeys(clips)):
        tone(folder / "data" / name, seconds=1, hertz=220 + 20 * i)
    return make_vote_run(folder, clips, [f"tone number {i}" for i in range(n)], metrics)


def hostile_vote_run(folder: Path) -> VoteRun:
    """Return a run in which every string that comes from outside attacks the page."""
    clips = [f"{i}{FILE_NAMES[i % len(FILE_NAMES)]}" for i in range(56)]
    for name in clips:
        tone(folder / "data" / name, seconds=0.5)
    captions = [ATTACKS[i % len(ATTACKS)] + f" {i}" for i in range(56)]
    metrics = [*(text.strip() for text in ATTACKS if text.isprintable()), "a.b.c"]
    return make_vote_run(folder, clips, captions, metrics, ATTACKS[:3], ATTACKS[1:3])


def vote_page_of(run: VoteRun, output: Path | None = None, n_embedded: int = 0) -> Path:
    """Write the page of a run as ``bench report --format html`` does."""
    return write_vote_page(run, report_of(run), output, n_embedded)[0]
