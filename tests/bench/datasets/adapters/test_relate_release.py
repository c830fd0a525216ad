"""The real ratings, counted independently with pandas. Needs ``$RELATE_ROOT``; IS and OS only where they are there."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from bench.analysis.strata import Bands, masks, standard_strata
from bench.datasets.adapters.relate import load_relate
from bench.datasets.adapters.relate_release import EXPECTED_COUNTS, SHA256, SYSTEMS, Kind
from bench.datasets.catalog import load_dataset
from bench.datasets.frame import pairs_frame

ROOT = Path(os.environ.get("RELATE_ROOT") or "absent")
needs_rel = pytest.mark.skipif(not (ROOT / "scores/REL.csv").is_file(), reason="RELATE_ROOT names no scores/REL.csv")
needs_is_and_os = pytest.mark.skipif(
    not all((ROOT / f"scores/{name}.csv").is_file() for name in ("IS", "OS")),
    reason="RELATE_ROOT names no scores/IS.csv and OS.csv",
)
pytestmark = pytest.mark.relate


@pytest.fixture(scope="module")
def rel() -> pd.DataFrame:
    return pd.read_csv(ROOT / "scores/REL.csv", dtype={"listener_id": str})


def of_readme(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of the README's Test, anchors dropped."""
    return frame[frame["in RELATE dataset"].isin(["validation", "test"]) & ~frame["anchor label"]]


@needs_rel
@pytest.mark.parametrize(
    ("split", "pairs", "ratings"),
    [("train", 2862, 9963), ("test", 2598, 7797), ("csv-validation", 1287, 3897), ("csv-test", 1311, 3900)],
)
def test_released_counts(split: str, pairs: int, ratings: int) -> None:
    dataset = load_relate(ROOT, split=split)
    assert (len(dataset.pairs), len(dataset.ratings)) == (pairs, ratings)
    assert sum(pair.n_ratings for pair in dataset.pairs) == ratings
    assert dataset.source_sha256 == SHA256["scores/REL.csv"]
    assert dataset.notes == ()


@needs_rel
def test_strata_of_the_test_split() -> None:
    dataset = load_dataset("relate", data_root=ROOT)
    strata = masks(standard_strata(pairs_frame(dataset), Bands.cut(dataset.scale)))
    assert {stratum: int(mask.sum()) for stratum, mask in strata.items() if "," not in stratum} == {
        "all": 2598,
        "source=natural": 866,
        "source=synthesized": 1732,
        "system=audioldm": 437,
        "system=audioldm2": 429,
        "system=tango": 429,
        "system=tango2": 437,
        "band=low": 757,
        "band=high": 1841,
    }
    assert len({pair.caption_id for pair in dataset.pairs}) == 858


@needs_rel
def test_means_and_facts_agree_with_pandas(rel: pd.DataFrame) -> None:
    expected = (
        of_readme(rel).groupby("wavname").agg(mean=("score", "mean"), n=("score", "size"), text=("text", "first"))
    )
    for rated in load_relate(ROOT).pairs:
        row = expected.loc[f"/{rated.pair.pair_id}.wav"]
        assert rated.mean_rating == pytest.approx(row["mean"], abs=1e-12)
        assert (rated.n_ratings, rated.pair.caption) == (row["n"], row["text"])
        assert rated.system in SYSTEMS
        assert rated.system == rated.pair.pair_id.split("/")[0]


@needs_rel
def test_facts_of_the_file(rel: pd.DataFrame) -> None:
    assert len(rel) == 28_770 == 1_370 * 21
    assert rel["in RELATE dataset"].value_counts().to_dict() == {
        "excluded": 10_996,
        "train": 9_976,
        "test": 3_900,
        "validation": 3_898,
    }
    assert int((rel["anchor label"] & (rel["in RELATE dataset"] != "excluded")).sum()) == 14


@needs_rel
def test_released_column_is_a_rule_on_anchors(rel: pd.DataFrame) -> None:
    """Mean over the listener's own anchors below 2 in train and below 1 in test: what IS and OS are screened by."""
    means = rel[rel["anchor label"]].groupby("listener_id")["score"].mean()
    rated = rel[~rel["anchor label"]]
    limit = rated["in AudioCaps"].map({"train": 2.0, "test": 1.0})
    trusted = rated["listener_id"].map(means) < limit
    pd.testing.assert_series_equal(trusted, rated["in RELATE dataset"] != "excluded", check_names=False)


@needs_rel
@pytest.mark.parametrize("split", ["train", "test"])
def test_anchor_mean_screening(rel: pd.DataFrame, split: str) -> None:
    means = rel[rel["anchor label"]].groupby("listener_id")["score"].mean()
    rated = rel[~rel["anchor label"] & (rel["in AudioCaps"] == split)]
    kept = rated[rated["listener_id"].map(means) <= 2]
    dataset = load_relate(ROOT, split=split, screening="anchor-mean")
    assert len(dataset.pairs) == 2892 == kept["wavname"].nunique()
    assert len(dataset.ratings) == len(kept)


@needs_rel
@pytest.mark.parametrize("split", ["train", "test"])
def test_unscreened(rel: pd.DataFrame, split: str) -> None:
    rated = rel[~rel["anchor label"] & (rel["in AudioCaps"] == split)]
    dataset = load_relate(ROOT, split=split, screening="none")
    assert (len(dataset.pairs), len(dataset.ratings)) == (rated["wavname"].nunique(), len(rated))


@needs_is_and_os
@pytest.mark.parametrize(
    ("kind", "split", "pairs", "ratings", "listeners"),
    [
        ("is", "train", 2649, 7641, 864),  # these three as in the README of RELATE
        ("is", "test", 2334, 5865, 635),
        ("os", "test", 1185, 2943, 525),
    ],
)
def test_readme_counts_of_is_and_os(kind: Kind, split: str, pairs: int, ratings: int, listeners: int) -> None:
    dataset = load_relate(ROOT, kind=kind, split=split)
    raters = {rating.listener_id for rating in dataset.ratings}
    assert (len(dataset.pairs), len(dataset.ratings), len(raters)) == (pairs, ratings, listeners)
    (note,) = dataset.notes
    assert note.endswith("which gives the counts of RELATE's README")


@needs_is_and_os
@pytest.mark.parametrize(("kind", "split", "screening"), [key for key in EXPECTED_COUNTS if key[0] != "rel"])
def test_every_selection_of_is_and_os_has_the_expected_counts(kind: Kind, split: str, screening: str) -> None:
    """Loading raises where the counts differ; a note about the file would say that they were not checked."""
    notes = load_relate(ROOT, kind=kind, split=split, screening=screening).notes
    assert len(notes) == (screening == "released")
    assert not any(".csv" in note for note in notes)
