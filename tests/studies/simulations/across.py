"""Is one lead called different between data sets? ``python -m tests.studies.simulations.across [RUNS]``.

Draws data sets of votes from one population, so that a metric's true lead over another is the same on all. Prints how
often the test of `bench.statistics.meta_analysis`, with the standard errors that bootstrap intervals imply, says
otherwise at level .05, and how often Cochran's Q would if they were taken as known.
"""

from __future__ import annotations

import sys
from collections import Counter

from scipy.special import chdtrc

from bench.statistics.types import ResamplingPlan
from tests.bench.statistics.test_meta_analysis import leads_on_votes, together

PLAN = ResamplingPlan(n_resamples=499, n_permutations=0)
CLIPS = (6, 10, 20, 40, 100)
DATASETS = (2, 5)


def rejections(n_clips: int, runs: int) -> Counter[tuple[int, str]]:
    """Count tests at or below .05, by number of data sets; those that cannot be pooled are not among them."""
    found = Counter[tuple[int, str]]()
    for seed in range(runs):
        leads = leads_on_votes((3 * n_clips,) * max(DATASETS), seed, PLAN)
        for k in DATASETS:
            if one := together(leads[:k]):
                found[k, "Welch"] += one.p_same <= 0.05
                found[k, "Cochran"] += float(chdtrc(k - 1, one.q)) <= 0.05
    return found


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    columns = [(k, test) for k in DATASETS for test in ("Welch", "Cochran")]
    print(
        f"| clips a data set | {' | '.join(f'{k}, {test}' for k, test in columns)} |\n|{'---:|' * (len(columns) + 1)}"
    )
    for n_clips in CLIPS:
        counted = rejections(n_clips, runs)
        print(f"| {n_clips} | {' | '.join(f'{counted[one] / runs:.3f}' for one in columns)} |", flush=True)


if __name__ == "__main__":
    main()
