"""BRACE-Main as it is in the package: every published accuracy comes out of it, to the last digit."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from bench.datasets.brace.dataset import FOLDER, PARTS
from bench.datasets.score_archive.entries import PACKAGED
from bench.datasets.voted.catalog import load_voted
from bench.statistics.ballots import agrees_with_majority, split_ballots
from tests.bench.datasets.score_archive.pairs import packaged_scores
from tests.studies.brace import files_of

PUBLISHED = json.loads((FOLDER / "published_accuracies.json").read_text())
SIZES = {"audiocaps": (275, 1145, 2070), "clotho": (300, 1351, 2447)}
KINDS = ("human-human", "human-machine", "machine-machine")


@pytest.mark.parametrize("part", PARTS)
def test_every_published_accuracy_is_reproduced_to_every_digit(part: str) -> None:
    dataset = load_voted(f"brace:{part}")
    scores = packaged_scores("caf-score", dataset).scores
    assert list(scores) == list(PUBLISHED[part])
    assert len(scores) == 8
    a, b = dataset.sides()
    kinds = np.array([one.kind for one in dataset.comparisons])
    strata = {"all": np.ones(len(kinds), bool), **{kind: kinds == kind for kind in KINDS}}
    differences = {metric: values[a] - values[b] for metric, values in scores.items()}
    for ballots in split_ballots(dataset.counts(), differences, strata, dataset.clusters()):
        for metric, agrees in zip(ballots.metrics, agrees_with_majority(ballots), strict=True):
            assert agrees.sum() / agrees.size == PUBLISHED[part][metric][ballots.stratum], (metric, ballots.stratum)


@pytest.mark.parametrize("part", PARTS)
def test_what_is_in_it(part: str) -> None:
    dataset = load_voted(f"brace:{part}")
    n_clips, n_comparisons, n_pairs = SIZES[part]
    assert len(dataset.comparisons) == n_comparisons
    assert len(dataset.pairs) == n_pairs
    assert len(set(dataset.clusters().tolist())) == n_clips
    assert set(dataset.counts().sum(axis=0).tolist()) == {3}
    assert {one.kind for one in dataset.comparisons} == set(KINDS)
    systems = Counter(system for one in dataset.comparisons for system in (one.system_a, one.system_b))
    assert set(systems) == {"human", "LTU", "LTU_broken", "GAMA", "GAMA_broken"}
    for one in dataset.comparisons:
        n_people = [one.system_a, one.system_b].count("human")
        assert n_people == {"human-human": 2, "human-machine": 1, "machine-machine": 0}[str(one.kind)]


@pytest.mark.parametrize("part", PARTS)
def test_the_publishers_kept_what_listeners_agree_on(part: str) -> None:
    a, b, _ = load_voted(f"brace:{part}").counts()
    assert not np.any((a > 0) & (b > 0))
    assert np.all(np.abs(a - b) >= 2), "so that no comparison is without a majority"


def test_one_comparison_is_of_a_caption_with_itself_and_counts_as_wrong() -> None:
    dataset = load_voted("brace:audiocaps")
    same = [one.comparison_id for one in dataset.comparisons if one.a.pair_id == one.b.pair_id]
    assert same == ["109173.wav/Human-Human"]


@pytest.mark.parametrize("part", PARTS)
def test_recovered_cosines_explain_the_published_scores(part: str) -> None:
    """0.8 c + 0.2 r, c a float32, with one rating r from 0 to 1 for all four CLAPs."""
    dataset = load_voted(f"brace:{part}")
    published, recovered = (packaged_scores(name, dataset).scores for name in ("caf-score", "recovered-clap"))
    known = ~np.isnan(recovered["recovered:laionclap"])
    assert all(np.all(cosines[known] == cosines[known].astype(np.float32)) for cosines in recovered.values())
    assert 0.75 < known.mean() < 0.82
    for model in ("audioflamingo3", "qwen3omni"):
        ratings = [
            (published[f"{model}+{clap}"] - 0.8 * recovered[f"recovered:{clap}"])[known] / 0.2
            for clap in ("laionclap", "m2dclap", "mgaclap", "msclap")
        ]
        assert np.ptp(ratings, axis=0).max() < 1e-9
        assert 0 <= ratings[0].min() < 0.2
        assert 0.99 < ratings[0].max() <= 1


def test_licences_lie_beside_the_data() -> None:
    assert "Apache License" in (FOLDER / "LICENSE-BRACE").read_text()
    mit = (FOLDER / "LICENSE-CAF-Score").read_text()
    assert mit.startswith("MIT License")
    notice = (FOLDER / "NOTICE").read_text()
    data = [path.name for path in FOLDER.iterdir() if path.suffix in (".csv", ".json")]
    assert len(data) == 3
    for name in data:
        assert name in notice or f"*{name[name.index('_') :]}" in notice, name
    for name in ("caf-score", "recovered-clap"):
        assert (PACKAGED / name / "LICENSE-CAF-Score").read_text() == mit
        assert "MIT License" in (PACKAGED / name / "NOTICE").read_text()


@pytest.mark.skipif("BRACE_ROOT" not in os.environ, reason="$BRACE_ROOT names no folder with the publishers' files")
def test_the_files_are_what_the_publishers_files_give() -> None:
    for name, text in files_of(Path(os.environ["BRACE_ROOT"])).items():
        assert (FOLDER.parent / name).read_text(encoding="utf-8") == text, name
