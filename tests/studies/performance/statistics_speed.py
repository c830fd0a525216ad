"""How fast the statistics are: against scipy on the paper's workload, and as data sets grow.

    nox -s performance           # writes the tables of docs/performance.md

Fails if the workload (7 metrics, 2,598 pairs, 13 strata, 4 statistics, 9,999 resamples) takes more than a hundredth of
scipy.stats.bootstrap's time or a gigabyte, or if cost grows faster than n log n from a thousand to a million pairs.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from scipy import stats

from bench.analysis.strata import Bands, masks, standard_strata
from bench.datasets.types import RatingScale
from bench.statistics.agreement import STATISTICS
from tests.tables import markdown, write_measured

RESAMPLES = 9999
SCIPY_RESAMPLES = 50
TARGET_RATIO = 100
MAX_PEAK_MB = 1000
MAX_GROWTH = 1.5
SIZES = (1_000, 10_000, 100_000, 1_000_000)


@dataclass(frozen=True)
class Workload:
    """Ratings, scores and strata like RELATE's test split."""

    human: np.ndarray
    scores: dict[str, np.ndarray]
    strata: dict[str, np.ndarray]
    captions: np.ndarray


def paper_workload(seed: int = 0, n_metrics: int = 7) -> Workload:
    """Return 866 captions, each as a recording and by one AudioLDM and one Tango, with the captions' listeners.

    Numbers of listeners a caption, the systems' shares and the ratings' levels and spread follow RELATE's test split.
    """
    rng = np.random.default_rng(seed)
    n_captions = 866
    captions = np.repeat(np.arange(n_captions), 3)
    ldm, tango = (
        rng.permutation(np.repeat(names, [437, 429])) for names in (("audioldm", "audioldm2"), ("tango2", "tango"))
    )
    systems = np.stack([np.full(n_captions, "audiocaps"), ldm, tango], axis=1).ravel()
    n_listeners = np.repeat(
        rng.choice(np.arange(1, 9), n_captions, p=[0.206, 0.248, 0.216, 0.148, 0.084, 0.07, 0.016, 0.012]), 3
    )
    natural = systems == "audiocaps"
    relevance = np.where(natural, 7.3, 5.8) + 1.9 * rng.normal(size=len(captions))
    ratings = np.clip(np.round(relevance[:, None] + 2.2 * rng.normal(size=(len(captions), 8))), 0, 10)
    counted = np.arange(8) < n_listeners[:, None]
    mean = np.sum(ratings * counted, axis=1) / n_listeners
    scores = {
        f"metric{m}": np.maximum(0, 0.3 + 0.05 * (relevance - 6) + 0.1 * (1 + m / 5) * rng.normal(size=len(captions)))
        for m in range(n_metrics)
    }
    sources = ["natural" if is_natural else "synthesized" for is_natural in natural]
    pairs = pd.DataFrame({"source": sources, "system": systems, "rating": mean})
    strata = masks(standard_strata(pairs, Bands.cut(RatingScale(0.0, 10.0))))
    return Workload(mean / 10, scores, strata, captions)


def run_ours(n_threads: int | None) -> float:
    """Return the seconds that all intervals of the workload take."""
    from bench.statistics.types import ResamplingPlan
    from tests.bench.statistics.estimates import estimate_correlations

    work = paper_workload()
    start = time.perf_counter()
    plan = ResamplingPlan(RESAMPLES)
    estimates = estimate_correlations(work.human, work.scores, work.strata, work.captions, plan, n_threads=n_threads)
    assert len(estimates) == 13 * 7 * len(STATISTICS)
    return time.perf_counter() - start


def run_comparison() -> float:
    """Return the seconds that the permutation tests of all 21 pairs of metrics take, differences included."""
    from bench.statistics.comparison import compare_metrics
    from bench.statistics.types import ResamplingPlan

    work = paper_workload()
    plan = ResamplingPlan(99, n_permutations=RESAMPLES)
    start = time.perf_counter()
    compare_metrics(work.human, work.scores, work.strata, work.captions, plan)
    return time.perf_counter() - start


def run_import() -> float:
    """Return the seconds until the kernels are ready: compiled, or loaded from numba's cache."""
    start = time.perf_counter()
    from bench.statistics import kernels

    assert kernels.rank_products
    return time.perf_counter() - start


def run_scipy(n_metrics: int = 7) -> float:
    """Return the seconds that scipy.stats.bootstrap takes for the workload, scaled up from fewer resamples."""
    work, total = paper_workload(n_metrics=n_metrics), 0.0
    for mask in work.strata.values():
        members = caption_members(work.captions[mask])
        for row in work.scores.values():
            for statistic in scipy_statistics(work.human[mask], row[mask], members):
                start = time.perf_counter()
                captions = (np.arange(len(members)),)
                stats.bootstrap(captions, statistic, n_resamples=SCIPY_RESAMPLES, vectorized=False, method="percentile")
                total += time.perf_counter() - start
    return total * RESAMPLES / SCIPY_RESAMPLES


def caption_members(captions: np.ndarray) -> np.ndarray:
    """Return the pairs of each caption as rows, filled up with -1: the quickest way to write drawn captions out."""
    index = np.unique(captions, return_inverse=True)[1]
    members = np.full((index.max() + 1, np.bincount(index).max()), -1)
    for pair, caption in enumerate(index):
        members[caption, np.argmin(members[caption] >= 0)] = pair
    return members


def scipy_statistics(human: np.ndarray, row: np.ndarray, members: np.ndarray) -> list[Callable[[np.ndarray], float]]:
    functions: list[Callable[[np.ndarray, np.ndarray], float]] = [
        lambda h, x: stats.spearmanr(h, x).statistic,
        lambda h, x: stats.pearsonr(h, x).statistic,
        lambda h, x: stats.kendalltau(h, x).statistic,
        lambda h, x: np.mean((x - h) ** 2),
    ]

    def on_captions(function: Callable[[np.ndarray, np.ndarray], float]) -> Callable[[np.ndarray], float]:
        def statistic(drawn: np.ndarray) -> float:
            pairs = members[drawn.astype(int)].ravel()
            pairs = pairs[pairs >= 0]
            return function(human[pairs], row[pairs])

        return statistic

    return [on_captions(function) for function in functions]


def run_growth() -> list[tuple[int, int, float]]:
    """Return (distinct ratings, pairs, seconds of CPU time a resample), one metric, four statistics, one thread."""
    from bench.statistics.replicates import replicate
    from bench.statistics.resampling import BLOCK
    from bench.statistics.types import ResamplingPlan
    from bench.statistics.weighted import prepare, weighted_statistics

    rng, rows = np.random.default_rng(0), []
    for levels in (100, None):
        for n in SIZES:
            human = rng.normal(size=n)
            scores = (human + rng.normal(size=n))[None]
            human = np.clip(np.round(15 * human + 50), 0, 99) if levels else human
            sample = prepare(human, scores, np.arange(n) // 3)
            values_of, lane = partial(weighted_statistics, sample), sample.bytes_per_lane()
            once = partial(
                replicate, values_of, (1, len(STATISTICS)), ResamplingPlan(BLOCK), "all", sample.n_clusters, lane, 1
            )
            once()
            best = math.inf
            for _ in range(max(5, min(100, 1_000_000 // n))):
                start = time.thread_time()
                once()
                best = min(best, time.thread_time() - start)
            rows.append((sample.n_levels, n, best / BLOCK))
    return rows


def alone(expression: str, **environment: str) -> tuple[float, float]:
    """Return an expression of this module, computed in a process of its own, and that process's peak memory in MB."""
    code = (
        "import resource\nfrom tests.studies.performance import statistics_speed as speed\n"
        f"print(speed.{expression}, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, check=True, capture_output=True, text=True
    )
    value, peak = done.stdout.split()
    return float(value), float(peak)


def workload_table() -> tuple[str, list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        compile_s, _ = alone("run_import()", NUMBA_CACHE_DIR=folder)
        cached_s, _ = alone("run_import()", NUMBA_CACHE_DIR=folder)
    ours_s, peak_mb = alone("run_ours(None)")
    single_s, _ = alone("run_ours(1)")
    scipy_s, _ = alone("run_scipy()")
    compare_s, compare_mb = alone("run_comparison()")
    rows = [
        (f"scipy.stats.bootstrap ({SCIPY_RESAMPLES} resamples a cell, scaled)", f"{scipy_s:,.0f} s", "", "1"),
        ("ours, one thread", f"{single_s:.1f} s", "", f"1/{scipy_s / single_s:,.0f}"),
        ("ours, all cores", f"{ours_s:.1f} s", f"{peak_mb:.0f} MB", f"1/{scipy_s / ours_s:,.0f}"),
        ("permutation tests of all 21 pairs of metrics, 9,999 each", f"{compare_s:.1f} s", f"{compare_mb:.0f} MB", ""),
        ("compiling the kernels, once an installation", f"{compile_s:.1f} s", "", ""),
        ("loading them from the cache", f"{cached_s:.1f} s", "", ""),
    ]
    problems = []
    if scipy_s / ours_s < TARGET_RATIO:
        problems.append(f"the workload takes 1/{scipy_s / ours_s:.0f} of scipy's time, not 1/{TARGET_RATIO}")
    if peak_mb > MAX_PEAK_MB:
        problems.append(f"peak memory is {peak_mb:.0f} MB, not under {MAX_PEAK_MB}")
    return markdown(("", "time", "peak memory", "of scipy's time"), rows), problems


def growth_table() -> tuple[str, list[str]]:
    rows, problems, first = [], [], {}
    for n_levels, n, seconds in run_growth():
        kind = "100 levels" if n_levels <= 100 else "all different"
        per_operation = seconds / (n * math.log2(n))
        growth = per_operation / first.setdefault(kind, per_operation)
        rows.append((kind, f"{n:,}", f"{1e3 * seconds:.3g} ms", f"{1e9 * seconds / n:.1f} ns", f"{growth:.2f}"))
        if kind == "100 levels" and growth > MAX_GROWTH:
            problems.append(f"with {kind}, {n:,} pairs cost {growth:.2f} times what n log n allows")
    return markdown(("ratings", "pairs", "a resample", "a pair", "time / (n log n), 1,000 pairs = 1"), rows), problems


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-write", action="store_true", help="print the tables only")
    arguments = parser.parse_args()
    problems = []
    for name, table in (("statistics", workload_table), ("growth", growth_table)):
        body, found = table()
        problems += found
        print(f"\n{body}", flush=True)
        if not arguments.no_write:
            write_measured(name, body)
    if problems:
        raise SystemExit("\n".join(problems))


if __name__ == "__main__":
    main()
