"""Do 95 % intervals cover 95 %, and does a 5 % test reject 5 %? Simulated, and written into docs/statistics.md.

    nox -s coverage              # 1,000 data sets a cell (more for tests), about a quarter of an hour on two cores
    nox -s coverage -- --data-sets 100 --no-write
    nox -s coverage -- --only coverage-others

Fails if the default resampling covers SRCC outside 92-97 % or a quantity of another table outside 91-98 %, if the
comparison's Type-I error leaves 3.5-6.5 %, if power does not grow with n, or if predictions for evenly good metrics are
biased by more than .02 at RELATE's size.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from bench.statistics.agreement import PRIMARY, STATISTICS
from bench.statistics.bootstrap import StratumBootstrap, bootstrap_strata
from bench.statistics.comparison import differences_of
from bench.statistics.intervals import bootstrap_interval
from bench.statistics.max_t import paired_spreads
from bench.statistics.reliability import SHARED_STATISTICS
from bench.statistics.sample import MIN_CLUSTERS
from bench.statistics.types import IntervalMethod, ResampleUnit, ResamplingPlan
from tests.studies.simulations import families
from tests.studies.simulations.analytic import analytic_interval
from tests.studies.simulations.evenly_good import ERRORS, RATING_ERRORS, evenness_of_one
from tests.studies.simulations.few_captions import FEW, MANY, coverage_of_few, coverage_of_shares
from tests.studies.simulations.other_tables import QUANTITIES, coverage_of_others
from tests.studies.simulations.population import Metric, draw, true_values
from tests.studies.simulations.yardstick_tables import (
    DESIGNS,
    YARDSTICKS,
    coverage_of_yardsticks,
    wrong_rejection,
)
from tests.tables import markdown, replace_block

DOCUMENT = Path(__file__).parents[3] / "docs" / "statistics.md"
SIZES = (60, 400, 2600)
TEST_FACTORS = {60: 6, 400: 6, 2600: 2}
"""Tests are simulated on so many times more data sets than intervals: a rejection rate of 5 % needs more to be seen."""

UNITS: tuple[ResampleUnit, ...] = ("caption", "pair")
IDS = tuple(statistic.id for statistic in STATISTICS)
METHODS: tuple[IntervalMethod, ...] = ("percentile", "expanded", "bca")
RESAMPLES = 999
CAPTIONS = (20, 200, 858)
"""Of the data sets that the other tables' intervals are tried on; RELATE's test pairs have 858."""
EVEN_CAPTIONS = (60, 200, 858)

LEVEL_FACTOR = 4
"""As `TEST_FACTORS`, for the alternative annotator test."""

PAIRED = {"a": Metric(quality=0.6, shared=0.3), "b": Metric(quality=0.9, shared=0.6)}
EQUAL = {"a": Metric(), "b": Metric()}
UNEQUAL = {"a": Metric(quality=0.6, shared=0.0), "b": Metric(quality=0.6, shared=0.8)}
BETTER = {"a": Metric(quality=0.85), "b": Metric(quality=0.6)}


def everything(n: int) -> dict[str, np.ndarray]:
    return {"all": np.ones(n, bool)}


def coverage_of_one(n: int, seed: int) -> Counter[tuple[str, str, str]]:
    """Count, for each unit, method and statistic, whether the intervals of one data set cover the truth."""
    data = draw(n, PAIRED, np.random.default_rng([1, n, seed]))
    truth = np.array([true_values(metric) for metric in PAIRED.values()])
    hits: Counter[tuple[str, str, str]] = Counter()
    for unit in UNITS:
        plan = ResamplingPlan(RESAMPLES, unit, "bca", seed=seed)
        [boot] = bootstrap_strata(data.human, data.scores, everything(n), data.captions, plan, n_threads=1)
        for s, statistic in enumerate(STATISTICS):
            for method in METHODS:
                hits[unit, method, statistic.id] += covers(boot, method, s, truth[0, s])
                hits[unit, method, "Δ" + statistic.id] += covers_difference(boot, method, s, truth[0, s] - truth[1, s])
            if unit == "pair" and statistic.is_correlation:
                low, high, _ = analytic_interval(statistic.id, float(boot.estimates[0, s]), n, 0.95)
                hits[unit, "analytic", statistic.id] += low <= truth[0, s] <= high
    return hits


def covers(boot: StratumBootstrap, method: IntervalMethod, s: int, truth: float) -> bool:
    values, jackknife = boot.resampled[:, 0, s], boot.jackknife[:, 0, s]
    return within(boot, method, float(boot.estimates[0, s]), values, jackknife, truth)


def covers_difference(boot: StratumBootstrap, method: IntervalMethod, s: int, truth: float) -> bool:
    values = boot.resampled[:, 0, s] - boot.resampled[:, 1, s]
    jackknife = boot.jackknife[:, 0, s] - boot.jackknife[:, 1, s]
    return within(boot, method, float(boot.estimates[0, s] - boot.estimates[1, s]), values, jackknife, truth)


def within(
    boot: StratumBootstrap,
    method: IntervalMethod,
    estimate: float,
    values: np.ndarray,
    jackknife: np.ndarray,
    truth: float,
) -> bool:
    low, high, _ = bootstrap_interval(method, estimate, values, 0.95, boot.sample.n_clusters, jackknife)
    return low <= truth <= high


def rejections_of_one(metrics: dict[str, Metric], tag: int, n: int, seed: int) -> Counter[str]:
    """Count which statistics' differences are significant at 5 % on one data set."""
    data = draw(n, metrics, np.random.default_rng([2, tag, n, seed]))
    plan = ResamplingPlan(1, n_permutations=RESAMPLES, seed=seed)
    [boot] = bootstrap_strata(data.human, data.scores, everything(n), data.captions, plan, n_threads=1)
    found = differences_of(boot, plan, paired_spreads(boot), n_threads=1)
    return Counter({d.statistic: int(d.p_value <= 0.05) for d in found})


def percentages(one: Callable[[int], Counter], n_data_sets: int) -> dict:
    """Run one simulation for each seed on all cores; return percentages."""
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        counts = list(pool.map(one, range(n_data_sets), chunksize=10))
    return {key: 100 * sum(c[key] for c in counts) / n_data_sets for key in counts[0]}


def coverage_table(n_data_sets: int) -> tuple[str, list[str]]:
    rows, problems = [], []
    columns = [*IDS, *("Δ" + s for s in IDS)]
    for n in SIZES:
        found = percentages(partial(coverage_of_one, n), n_data_sets)
        for unit in UNITS:
            for method in (*METHODS, "analytic"):
                if (unit, method, PRIMARY.id) in found:
                    cells = [f"{found[unit, method, c]:.1f}" if (unit, method, c) in found else "" for c in columns]
                    rows.append([f"{n:,}", unit, method, *cells])
        default = ResamplingPlan()
        srcc = found[default.unit, default.ci_method, PRIMARY.id]
        if not 92 <= srcc <= 97:
            problems.append(f"SRCC is covered {srcc:.1f} % at n = {n}, not 92-97 %")
    return markdown(["pairs", "unit", "interval", *(c.upper() for c in columns)], rows), problems


def others_table(n_data_sets: int) -> tuple[str, list[str]]:
    rows, problems = [], []
    default = ResamplingPlan().ci_method
    for n in CAPTIONS:
        one = partial(coverage_of_others, n, METHODS, RESAMPLES)
        found = percentages(one, n_data_sets)
        rows += [[f"{n:,}", method, *(f"{found[method, name]:.1f}" for name in QUANTITIES)] for method in METHODS]
        problems += [
            f"{name} is covered {found[default, name]:.1f} % with {n} captions, not 91-98 %"
            for name in QUANTITIES
            if not 91 <= found[default, name] <= 98
        ]
    return markdown(["captions", "interval", *QUANTITIES], rows), problems


def rejection_table(n_data_sets: int) -> tuple[str, list[str]]:
    rows, problems, power = [], [], []
    settings = [("equal metrics", EQUAL), ("equal, errors spread differently", UNEQUAL), ("ΔSRCC > 0", BETTER)]
    for tag, (name, metrics) in enumerate(settings):
        for n in SIZES:
            found = percentages(partial(rejections_of_one, metrics, tag, n), TEST_FACTORS[n] * n_data_sets)
            rows.append([name, f"{n:,}", *(f"{found[s]:.1f}" for s in IDS)])
            if metrics is EQUAL:
                problems += [
                    f"Type-I error of {s} is {found[s]:.1f} % at n = {n}" for s in found if not 3.5 <= found[s] <= 6.5
                ]
            if metrics is BETTER:
                power.append(found[PRIMARY.id])
    if power != sorted(power):
        problems.append(f"power does not grow with n: {power}")
    return markdown(["truth", "pairs", *(s.upper() for s in IDS)], rows), problems


def families_table(n_data_sets: int) -> tuple[str, list[str]]:
    rows, problems = [], []
    for n in families.CAPTIONS:
        wrong = percentages(partial(families.errors_of_one, n), 2 * n_data_sets)
        found = {**wrong, **percentages(partial(families.promises_of_one, n), max(n_data_sets // 2, 1))}
        rows += [[f"{n:,}", what, *(f"{found[what, s]:.1f}" for s in IDS)] for what in families.WHAT]
        problems += families.problems_of(n, found)
    return markdown(["captions", "per 100 data sets", *(s.upper() for s in IDS)], rows), problems


def yardsticks_table(n_data_sets: int) -> tuple[str, list[str]]:
    rows, problems = [], []
    for n in CAPTIONS:
        found = percentages(partial(coverage_of_yardsticks, n, RESAMPLES), n_data_sets)
        rows.append([f"{n:,}", *(f"{found[name]:.1f}" for name in YARDSTICKS)])
        problems += [
            f"{name} is covered {found[name]:.1f} % with {n} captions, not 91-98 %"
            for name in YARDSTICKS
            if not 91 <= found[name] <= 98
        ]
    return markdown(["captions", *YARDSTICKS], rows), problems


def alternative_table(n_data_sets: int) -> tuple[str, list[str]]:
    rows, problems = [], []
    for n_captions, per_caption in DESIGNS:
        found = percentages(partial(wrong_rejection, n_captions, per_caption), LEVEL_FACTOR * n_data_sets)["rejected"]
        rows.append([str(n_captions), str(per_caption), f"{found:.1f}"])
        if not 3.5 <= found <= 6.5:
            problems.append(f"the test of a listener with {n_captions} x {per_caption} ratings rejects {found:.1f} %")
    return markdown(["captions of the listener", "ratings a caption", "rejected"], rows), problems


def few_table(n_data_sets: int) -> tuple[str, list[str]]:
    rows, problems = [], []
    for n in FEW:
        found = percentages(partial(coverage_of_few, n, RESAMPLES), n_data_sets)
        rows.append([f"{n}", *(f"{found[s]:.1f}" for s in IDS)])
        if n >= MIN_CLUSTERS and not 91 <= found[PRIMARY.id] <= 99.5:
            problems.append(f"SRCC is covered {found[PRIMARY.id]:.1f} % with {n} captions, not 91-99.5 %")
    return markdown(["captions", *(s.upper() for s in IDS)], rows), problems


def shares_table(n_data_sets: int) -> tuple[str, list[str]]:
    rows, problems = [], []
    for n in MANY:
        found = percentages(partial(coverage_of_shares, n, RESAMPLES), n_data_sets)
        rows.append([f"{n}", *(f"{value:.1f}" for value in found.values())])
        problems += [f"share of {s} is covered {v:.1f} % at {n}" for s, v in found.items() if not 92 <= v <= 97]
    return markdown(["captions", *(f"{s.name} / ceiling" for s in SHARED_STATISTICS)], rows), problems


def evenness_table(n_data_sets: int) -> tuple[str, list[str]]:
    """Hold metrics that are even on either scale against the predictions on that scale, and count marks."""
    rows, problems = [], []
    for n in EVEN_CAPTIONS:
        totals: Counter = Counter()
        with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            for one in pool.map(partial(evenness_of_one, n, 199), range(n_data_sets), chunksize=5):
                totals.update(one)
        parts = sorted({stratum for _, stratum, _ in totals})
        for metric in (*ERRORS, *RATING_ERRORS):
            scale = " on ratings" if metric in RATING_ERRORS else ""
            means = {
                (part, what): totals[metric, part, what] / max(totals[metric, part, "defined"], 1)
                for part in parts
                for what in ("estimate", f"predicted{scale}", f"below{scale}", f"above{scale}", "shown")
            }
            bias = {part: means[part, f"predicted{scale}"] - means[part, "estimate"] for part in parts}
            worst = max(bias, key=lambda part: abs(bias[part]))
            off = 100 * np.mean([means[part, f"below{scale}"] + means[part, f"above{scale}"] for part in parts])
            marked = 100 * np.mean([means[part, "shown"] for part in parts])
            mean = np.mean(list(bias.values()))
            rows.append(
                [f"{n}", metric, f"{mean:+.3f}", f"{bias[worst]:+.3f} ({worst})", f"{off:.1f}", f"{marked:.1f}"]
            )
            n_sets = totals[metric, worst, "defined"]
            noise = 2 * np.sqrt(totals[metric, worst, "squared error"]) / n_sets
            if n == EVEN_CAPTIONS[-1] and abs(bias[worst]) > 0.02 + noise:
                problems.append(f"{metric}: predicted {bias[worst]:+.3f} too high in {worst}")
            if marked > 6:
                problems.append(f"{metric}: {marked:.1f} % of even metrics are marked with {n} captions")
    return markdown(["captions", "metric", "mean bias", "largest bias", "off 0", "marked"], rows), problems


TABLES = {
    "families": families_table,
    "coverage": coverage_table,
    "coverage-few": few_table,
    "coverage-shares": shares_table,
    "coverage-others": others_table,
    "coverage-yardsticks": yardsticks_table,
    "rejections": rejection_table,
    "alternative": alternative_table,
    "evenness": evenness_table,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-sets", type=int, default=1000)
    parser.add_argument("--no-write", action="store_true", help="print the tables only")
    parser.add_argument("--only", choices=TABLES, help="one table instead of all")
    arguments = parser.parse_args()
    tables, problems = {}, []
    for name in [arguments.only] if arguments.only else TABLES:
        tables[name], found = TABLES[name](arguments.data_sets)
        problems += found
        print(f"\n{tables[name]}", flush=True)
    if not arguments.no_write:
        text = DOCUMENT.read_text(encoding="utf-8")
        for name, table in tables.items():
            text = replace_block(text, name, table)
        DOCUMENT.write_text(text, encoding="utf-8")
    if problems:
        raise SystemExit("\n".join(problems))


if __name__ == "__main__":
    main()
