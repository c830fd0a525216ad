"""How long a whole `bench run` takes, and how much memory: RELATE, many metrics, many pairs.

    nox -s performance -- run_speed [relate metrics pairs]      # writes the table of docs/performance.md

Scores are planted: the ratings with noise, so that every test of a run has something to test. Each row is a process of
its own; its statistics are what `bench.analysis.analyse` takes. Fails if the statistics of 8 metrics on RELATE take
more than a hundredth of the time that scipy.stats.bootstrap takes for the intervals of the paper's tables alone.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from bench.datasets.catalog import load_dataset
from bench.datasets.frame import pairs_frame
from tests.studies.performance.statistics_speed import RESAMPLES, SCIPY_RESAMPLES, TARGET_RATIO, alone
from tests.tables import markdown, write_measured

N_METRICS = 8
MANY_METRICS = 50
MANY_PAIRS = 100_000

TIMED = """
import resource, sys, time
started = time.perf_counter()
import bench.cli, bench.runs.run as run
analyse, seconds = run.analyse, []
def timed(*words, **named):
    first = time.perf_counter()
    found = analyse(*words, **named)
    seconds.append(time.perf_counter() - first)
    return found
run.analyse = timed
try:
    bench.cli.main()
except SystemExit as end:
    assert not end.code, end.code
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
print("measured", seconds[0], time.perf_counter() - started, peak, file=sys.stderr)
"""


@dataclass(frozen=True)
class Measured:
    """Seconds of the statistics, seconds of the whole command, and its peak memory in MB."""

    statistics: float
    command: float
    peak: float


def measure(dataset: str, scores: dict[str, Path], out: Path) -> Measured:
    """Run the command in a process of its own."""
    words = [f"{name}={path}" for name, path in scores.items()]
    options = [
        "run",
        "--dataset",
        dataset,
        *(word for score in words for word in ("--scores", score)),
        "--out",
        str(out),
    ]
    done = subprocess.run(
        [sys.executable, "-c", TIMED, *options],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return Measured(*map(float, done.stderr.rsplit("measured", 1)[1].split()))


def planted(pair_ids: pd.Series, ratings: np.ndarray, n_metrics: int, folder: Path) -> dict[str, Path]:
    """Write scores of metrics that are better the earlier they come; ratings in [0, 1]."""
    rng, files = np.random.default_rng(3), {}
    for m in range(n_metrics):
        scores = np.clip(ratings + (0.25 + 0.5 * m / n_metrics) * rng.normal(size=len(ratings)), 0, 1)
        files[f"p{m}"] = folder / f"p{m}.csv"
        pd.DataFrame({"pair_id": pair_ids, "score": scores}).to_csv(files[f"p{m}"], index=False)
    return files


def on_relate(n_metrics: int, folder: Path) -> Measured:
    """Run on RELATE's test split, which ``$RELATE_ROOT`` holds."""
    pairs = pairs_frame(load_dataset("relate"))
    scores = planted(pairs["pair_id"], pairs["rating"].to_numpy(float) / 10, n_metrics, folder)
    return measure("relate", scores, folder / "run")


def on_many_pairs(n_pairs: int, folder: Path) -> Measured:
    """Run on a CSV file with three clips a caption by three systems, each rated by the caption's three listeners."""
    rng, data = np.random.default_rng(0), folder / "pairs.csv"
    caption, system = np.divmod(np.arange(n_pairs), 3)
    relevance = 6 + 2 * rng.normal(size=n_pairs)
    ratings = np.clip(np.round(relevance[:, None] + 2.2 * rng.normal(size=(n_pairs, 3))), 0, 10)
    clips = np.array(
        [f"{name}/{c}.wav" for name, c in zip(np.array(["real", "one", "two"])[system], caption, strict=True)]
    )
    captions = np.array([f"caption number {c}" for c in caption])
    listeners = (caption[:, None] // 3) * 3 + np.arange(3)  # three listeners rate three captions
    frame = pd.DataFrame(
        {
            "pair_id": np.repeat(clips, 3),
            "audio_path": np.repeat(clips, 3),
            "text": np.repeat(captions, 3),
            "rating": ratings.ravel(),
            "listener_id": listeners.ravel(),
            "system": np.repeat(np.array(["real", "one", "two"])[system], 3),
            "source": np.repeat(np.where(system == 0, "natural", "synthesized"), 3),
        }
    )
    frame.to_csv(data, index=False)
    return measure(str(data), planted(pd.Series(clips), ratings.mean(axis=1) / 10, N_METRICS, folder), folder / "run")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", default=["relate", "metrics", "pairs"], help="which rows to measure")
    parser.add_argument("--no-write", action="store_true", help="print the table only")
    arguments = parser.parse_args()
    runs = {
        "relate": (f"RELATE, {N_METRICS} metrics × 2,598 pairs", lambda folder: on_relate(N_METRICS, folder)),
        "metrics": (f"RELATE, {MANY_METRICS} metrics × 2,598 pairs", lambda folder: on_relate(MANY_METRICS, folder)),
        "pairs": (f"{N_METRICS} metrics × {MANY_PAIRS:,} pairs", lambda folder: on_many_pairs(MANY_PAIRS, folder)),
    }
    rows, problems = [], []
    for name in arguments.rows:
        label, run = runs[name]
        with tempfile.TemporaryDirectory() as folder:
            found = run(Path(folder))
        ratios = ("", "")
        if name == "relate":
            scipy_s, _ = alone(f"run_scipy({N_METRICS})")
            ratios = (f"1/{scipy_s / found.statistics:,.0f}", f"1/{scipy_s / found.command:,.0f}")
            share = f"{SCIPY_RESAMPLES} of {RESAMPLES:,} resamples, scaled"
            tables = f"scipy.stats.bootstrap, the paper's tables of {N_METRICS} metrics ({share})"
            rows.append((tables, f"{scipy_s:,.0f} s", "", "", "1"))
            if scipy_s / found.statistics < TARGET_RATIO:
                problems.append(f"the statistics take {ratios[0]} of scipy's time, not 1/{TARGET_RATIO}")
        rows.append(
            (
                label,
                f"{found.statistics:,.1f} s",
                f"{found.command:,.1f} s",
                f"{found.peak:,.0f} MB",
                " and ".join(filter(None, ratios)),
            )
        )
        print(rows[-1], flush=True)
    head = ("", "statistics", "whole command", "peak memory", "of scipy's time")
    body = markdown(head, rows)
    print(body)
    if not arguments.no_write:
        write_measured("run", body)
    if problems:
        raise SystemExit("\n".join(problems))


if __name__ == "__main__":
    main()
