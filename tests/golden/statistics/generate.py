"""Write `parity.json`: what nlpstats and mt-metrics-eval compute on one simulated set of ratings.

Neither package is a dependency. To run again, from the project's root, in an environment of its own:

    pip install nlpstats==0.0.1 numpy scipy
    pip install git+https://github.com/google-research/mt-metrics-eval@68a481aea1a787392d55af8f76ac8ef40c5f4664
    python -m tests.golden.statistics.generate

Both draw from numpy's global generator, seeded here: permutation p-values carry Monte Carlo error.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from mt_metrics_eval import stats as mtme
from nlpstats.correlations import permutation_test, williams_test
from scipy import stats

PERMUTATIONS = 20_000
SYSTEMS, CAPTIONS = 4, 60
TARGET = Path(__file__).with_name("parity.json")


def simulate() -> dict[str, np.ndarray]:
    """Ratings with ties and two metrics whose errors share a part within a caption, ``[systems, captions]``."""
    rng = np.random.default_rng(20240)
    shape = (SYSTEMS, CAPTIONS)
    relevance = 0.7 * rng.normal(size=CAPTIONS) + 0.7 * rng.normal(size=shape)
    human = np.round(2 + relevance + 0.5 * rng.normal(size=shape)).clip(0, 4) / 4
    a = relevance + 0.8 * rng.normal(size=CAPTIONS) + 0.8 * rng.normal(size=shape)
    b = relevance + 1.7 * rng.normal(size=shape)
    return {"human": human, "a": np.round(a, 2), "b": np.round(b, 2)}


def ranks(matrix: np.ndarray) -> np.ndarray:
    return stats.rankdata(matrix).reshape(matrix.shape)


def caption_swaps(data: dict[str, np.ndarray]) -> dict[str, float]:
    """nlpstats' PERM-INPUT at the global level; rank statistics get rank-normalised scores."""
    forms = {"lcc": ("pearson", np.asarray), "srcc": ("spearman", ranks), "ktau": ("kendall", ranks)}
    p_values = {}
    for statistic, (name, form) in forms.items():
        np.random.seed(1)  # noqa: NPY002
        matrices = form(data["a"]), form(data["b"]), data["human"]
        result = permutation_test(*matrices, "global", name, "inputs", n_resamples=PERMUTATIONS)
        p_values[statistic] = float(result.pvalue)
    return p_values


def pair_swaps(data: dict[str, np.ndarray]) -> float:
    """mt-metrics-eval's one-sided permutation test of the LCC, every pair swapped on its own."""
    np.random.seed(2)  # noqa: NPY002
    human, a, b = (list(data[name].ravel()) for name in ("human", "a", "b"))
    ours, theirs = (mtme.Correlation(1, human, metric) for metric in (a, b))
    params = mtme.PermutationSigDiffParams(block_size=PERMUTATIONS)
    return float(mtme.PermutationSigDiff(theirs, ours, stats.pearsonr, "none", PERMUTATIONS, params)[0])


def tie_calibration(data: dict[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """mt-metrics-eval's pairwise accuracy within captions, averaged over captions, at its best tie threshold."""
    human, found = list(data["human"].ravel()), {}
    for name in ("a", "b"):
        accuracy, epsilon, _ = mtme.KendallWithTiesOpt(
            human, list(data[name].ravel()), "acc23", SYSTEMS, "item", sample_rate=1.0
        )
        found[name] = {"accuracy": float(accuracy), "epsilon": float(epsilon)}
    return found


def main() -> None:
    data = simulate()
    golden = {
        "data": {name: matrix.tolist() for name, matrix in data.items()},
        "n_permutations": PERMUTATIONS,
        "nlpstats_caption_swaps": caption_swaps(data),
        "mt_metrics_eval_pair_swaps_one_sided": pair_swaps(data),
        "nlpstats_williams": float(williams_test(data["a"], data["b"], data["human"], "global", "pearson").pvalue),
        "mt_metrics_eval_tie_calibration": tie_calibration(data),
    }
    TARGET.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
