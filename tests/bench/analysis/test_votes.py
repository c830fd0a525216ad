"""Votes and scores are joined: comparisons that a metric could not score are left out for all, strata by kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.analysis.votes import analyse_votes, scored_comparisons
from bench.datasets.voted.catalog import load_voted
from bench.datasets.votes import Choice, Comparison, Vote, VotedDataset
from bench.statistics.types import ResamplingPlan
from metrics.types import AudioTextPair
from tests.bench.datasets.score_archive.pairs import packaged_scores

PLAN = ResamplingPlan(99, n_permutations=99)


def dataset_of(n: int, kinds: tuple[str | None, ...] = (None,), choice: Choice = "a") -> VotedDataset:
    def side(i: int, name: str) -> AudioTextPair:
        return AudioTextPair(f"{i}{name}", Path(f"{i // 2}.wav"), f"caption {i} {name}")

    comparisons = tuple(Comparison(str(i), side(i, "a"), side(i, "b"), kinds[i % len(kinds)]) for i in range(n))
    votes = tuple(Vote(str(i), listener, choice) for i in range(n) for listener in ("L1", "L2"))
    return VotedDataset("own", "clip", comparisons, votes, "0" * 64, Path())


def test_comparisons_without_a_score_are_left_out_for_all_metrics() -> None:
    dataset = dataset_of(8)
    full = np.tile([1.0, 0.0], 8)
    gaps = full.copy()
    gaps[[0, 5]] = np.nan
    scores = {"full": full, "gaps": gaps, "nothing": np.full(16, np.nan)}
    assert scored_comparisons(dataset, scores).tolist() == [False, True, False, True, True, True, True, True]
    found = analyse_votes(dataset, scores, PLAN)
    assert [(one.metric, one.n_comparisons) for one in found.vote_agreements] == [("full", 6), ("gaps", 6)]
    assert found.system_strengths == ()


@pytest.mark.parametrize(("unit", "drawn", "n_clusters"), [("caption", "clip", 4), ("pair", "comparison", 8)])
def test_what_is_resampled(unit: str, drawn: str, n_clusters: int) -> None:
    plan = ResamplingPlan(99, unit=unit, n_permutations=99)  # type: ignore[arg-type]
    (one,) = analyse_votes(dataset_of(8), {"m": np.tile([1.0, 0.0], 8)}, plan).vote_agreements
    assert (one.resample_unit, one.n_clusters) == (drawn, n_clusters)


def test_strata_are_kinds_where_there_are_several() -> None:
    scores = {"m": np.tile([1.0, 0.0], 8)}
    assert [one.stratum for one in analyse_votes(dataset_of(8, ("x",)), scores, PLAN).one_voter] == ["all"]
    several = analyse_votes(dataset_of(8, ("all", "y", None)), scores, PLAN)
    assert [one.stratum for one in several.one_voter] == ["all", "kind:all", "kind:y"]
    assert several.one_voter[0].n_comparisons == 8


def test_nothing_was_scored() -> None:
    found = analyse_votes(dataset_of(4), {"m": np.full(8, np.nan)}, PLAN)
    assert found.vote_agreements == ()
    assert found.one_voter[0].agreement.estimate == 1


def test_human_captions_are_what_listeners_of_brace_prefer() -> None:
    dataset = load_voted("brace:clotho")
    scores = packaged_scores("recovered-clap", dataset).scores
    found = analyse_votes(dataset, scores, PLAN)
    assert [(one.system, one.group) for one in found.system_strengths] == [
        ("human", 1), ("LTU", 1), ("GAMA", 1), ("LTU_broken", 2), ("GAMA_broken", 2),
    ]  # fmt: skip
    assert {one.n_comparisons for one in found.vote_agreements if one.stratum == "all"} == {861}
