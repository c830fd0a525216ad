"""The main job on the real human ratings (skipped where ``RELATE_ROOT`` does not name a copy of RELATE)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.analysis.sample import common_sample
from bench.analysis.strata import Bands, masks, of_kind, standard_strata
from bench.datasets.catalog import load_dataset
from bench.datasets.frame import pairs_frame
from bench.files.scores import ScoreTable
from bench.runs.folder import Run
from bench.runs.run import RunRequest, run_benchmark
from bench.statistics.agreement import SRCC
from bench.statistics.types import ResamplingPlan
from metrics.registry import make_scorer
from metrics.types import ScorerOptions
from tests.bench.conftest import write_scores
from tests.bench.statistics.estimates import estimate_correlations
from tests.bench.statistics.relate import needs_relate

pytestmark = [
    pytest.mark.relate,
    pytest.mark.slow,
    needs_relate,
]
N_PAIRS = {
    "all": 2598,
    "source=natural": 866,
    "source=synthesized": 1732,
    "system=audioldm": 437,
    "system=audioldm2": 429,
    "system=tango": 429,
    "system=tango2": 437,
    "band=low": 757,
    "band=high": 1841,
    "band=low,source=natural": 125,
    "band=low,source=synthesized": 632,
    "band=high,source=natural": 741,
    "band=high,source=synthesized": 1100,
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("relate")
    rng = np.random.default_rng(0)
    rated = load_dataset("relate").pairs
    planted = {r.pair.pair_id: 0.04 * r.mean_rating + 0.25 * rng.standard_normal() for r in rated}
    return run_benchmark(
        RunRequest(
            "relate",
            ("caption-length", "random"),
            score_files={"planted": write_scores(folder / "planted.csv", planted)},
            resampling=ResamplingPlan(n_resamples=999),
            out=folder / "run",
        )
    )


def part(scores: pd.DataFrame, stratum: str) -> pd.DataFrame:
    """The pairs of a stratum, selected the obvious way."""
    for condition in stratum.split(",") if stratum != "all" else []:
        key, value = condition.split("=")
        in_band = {"low": scores["rating"] <= 5, "high": scores["rating"] > 5}
        scores = scores[in_band[value] if key == "band" else scores[key] == value]
    return scores


def test_strata_have_the_sizes_of_the_release(run: Run) -> None:
    assert {e.stratum: e.n_pairs for e in run.analysis.estimates} == N_PAIRS


@pytest.mark.parametrize("stratum", N_PAIRS)
@pytest.mark.parametrize("metric", ["caption-length", "random", "planted"])
def test_point_estimates_are_scipys(run: Run, metric: str, stratum: str) -> None:
    chosen = part(pd.read_csv(run.folder / "scores.csv"), stratum)
    x, y = chosen["rating"].to_numpy(), chosen[metric].to_numpy()
    expected = {
        "srcc": stats.spearmanr(x, y).statistic,
        "lcc": stats.pearsonr(x, y).statistic,
        "ktau": stats.kendalltau(x, y).statistic,
        "mse": np.mean((x / 10 - y) ** 2) if metric == "random" else np.nan,  # the others leave [0, 1]
    }
    found = {e.statistic: e.estimate for e in run.analysis.estimates if (e.metric, e.stratum) == (metric, stratum)}
    assert found == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_intervals_of_random_scores_contain_zero_as_often_as_they_should() -> None:
    """95 % intervals miss 0 in about 5 of 100 draws; fewer than 88 hits of 100 has a chance below 1 in 300."""
    dataset = load_dataset("relate")
    pairs = [rated.pair for rated in dataset.pairs]
    draws = {f"{seed}": make_scorer("random", ScorerOptions(seed=seed)).score(pairs) for seed in range(100)}
    table = ScoreTable(pairs_frame(dataset), {seed: answer.scores for seed, answer in draws.items()})
    sample = common_sample(table, None, dataset.scale)
    strata = masks(of_kind(standard_strata(sample.pairs, Bands.cut(dataset.scale)), "all", "source"))
    estimates = estimate_correlations(
        sample.human, sample.scores, strata, sample.clusters, ResamplingPlan(n_resamples=499), [SRCC]
    )
    for stratum in strata:
        hits = [e.low <= 0 <= e.high for e in estimates if e.stratum == stratum]
        assert 88 <= sum(hits) <= 100


def test_published_figures_stand_beside_ours(run: Run) -> None:
    from bench.reports.contents import build_report
    from bench.reports.formats.markdown import render
    from bench.reports.published import load_figures

    text = render(build_report(run.manifest, run.table, run.analysis, run.leakage, load_figures("relate", [5.0])))
    assert "| _LAION CLAP †_ | 0.280 | 0.294 | 0.192 | 0.068 |" in text
    assert "cannot be derived from the released ratings" in text


def test_a_run_needs_no_audio(run: Run) -> None:
    assert run.table.n_failures == 0
