"""The embedded data set: the same on every machine, shaped like RELATE, and the truth behind its ratings is known."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.datasets.demo.dataset import (
    CAPTIONS_PER_SPLIT,
    DEMO_VERSION,
    NATURAL,
    demo_clips,
    load_demo,
    rating_table,
    screen,
)
from bench.datasets.soundscapes import SOUND_CLASSES, SYSTEMS, System, render
from bench.datasets.types import RatedDataset
from metrics.errors import UsageError
from tests.bench.datasets.demo.reliability import icc1_and_reliability
from tests.golden.make_demo import GOLDEN, N_CLIPS, N_RATINGS, observed

REPOSITORY = Path(__file__).parents[4]
SPLITS = tuple(CAPTIONS_PER_SPLIT)
FROZEN: dict[str, Any] = json.loads(GOLDEN.read_text())


@pytest.fixture(scope="module")
def demo_test() -> RatedDataset:
    return load_demo(split="test", with_audio=False)


@pytest.fixture(scope="module")
def here() -> dict[str, Any]:
    """What this machine makes, as JSON would keep it."""
    made: dict[str, Any] = json.loads(json.dumps(observed()))
    return made


class TestGolden:
    def test_the_file_is_not_empty(self) -> None:
        assert FROZEN["version"] == DEMO_VERSION
        assert len(FROZEN["clips"]) == N_CLIPS
        assert len(FROZEN["ratings"]) == N_RATINGS
        assert len(FROZEN["samples"]) == len(SOUND_CLASSES) + 6
        assert all(np.std(samples) > 10 for samples in FROZEN["samples"].values())

    @pytest.mark.parametrize("part", ["clips", "ratings", "sha256"])
    def test_captions_events_and_ratings_are_identical(self, part: str, here: dict[str, Any]) -> None:
        assert here[part] == FROZEN[part]

    @pytest.mark.parametrize("name", FROZEN["samples"])
    def test_samples_agree_within_one_step(self, name: str, here: dict[str, Any]) -> None:
        difference = np.abs(np.subtract(here["samples"][name], FROZEN["samples"][name]))
        assert difference.max() <= 1
        assert (difference > 0).mean() < 0.02, "rounding alone moves few samples"


class TestDeterminism:
    def test_another_process_locale_and_order_give_the_same_data(self, demo_test: RatedDataset) -> None:
        code = """
import hashlib, locale, sys
try: locale.setlocale(locale.LC_ALL, "")
except locale.Error: pass
from bench.datasets.demo.dataset import load_demo, demo_clips
from bench.datasets.soundscapes import render
load_demo(split="train", with_audio=False, seed=3); load_demo(split=None, with_audio=False)
print(load_demo(with_audio=False).source_sha256)
for clip in reversed(demo_clips()[:5]):
    print(hashlib.sha256(render(clip.soundscape).samples.tobytes()).hexdigest())
"""
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "77"}
        process = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
        output = process.stdout.split()
        clips = [render(clip.soundscape).samples for clip in demo_clips()[:5]]
        assert process.returncode == 0
        assert output[0] == demo_test.source_sha256
        assert output[1:] == [hashlib.sha256(samples.tobytes()).hexdigest() for samples in reversed(clips)]

    def test_another_seed_is_another_data_set(self, demo_test: RatedDataset) -> None:
        other = load_demo(seed=1, with_audio=False)
        shared = {p.pair.caption for p in other.pairs} & {p.pair.caption for p in demo_test.pairs}
        assert other.source_sha256 != demo_test.source_sha256
        assert len(shared) < 40  # captions of single sounds, of which there are only 180


class TestStructure:
    @pytest.mark.parametrize(("split", "n_clips"), [("train", 1_080), ("validation", 180), ("test", 432)])
    def test_sizes(self, split: str, n_clips: int) -> None:
        dataset = load_demo(split=split, with_audio=False)
        captions = {p.caption_id: p.pair.caption for p in dataset.pairs}
        assert len(dataset.pairs) == n_clips
        assert len(captions) == len(set(captions.values())) == CAPTIONS_PER_SPLIT[split]

    def test_all_splits_together_are_the_splits_one_by_one(self) -> None:
        together = load_demo(split=None, with_audio=False)
        apart = [load_demo(split=split, with_audio=False) for split in SPLITS]
        assert together.pairs == tuple(pair for dataset in apart for pair in dataset.pairs)
        assert together.ratings == tuple(rating for dataset in apart for rating in dataset.ratings)

    def demo_tests_share_no_caption_and_no_listener(self) -> None:
        table = rating_table(None)
        assert (table[~table["anchor"]].groupby("text")["split"].nunique() == 1).all()
        assert (table.groupby("listener_id")["split"].nunique() == 1).all()

    def test_every_caption_has_the_natural_clip_and_two_systems_in_turn(self) -> None:
        versions = defaultdict(list)
        for clip in demo_clips("test"):
            versions[clip.soundscape.caption].append(clip.system)
        pairs_of_systems = Counter(tuple(systems[1:]) for systems in versions.values())
        assert all(systems[0] == NATURAL for systems in versions.values())
        assert set(pairs_of_systems.values()) == {48}
        assert len(pairs_of_systems) == 3

    def test_every_listener_gives_18_ratings_and_3_anchors(self) -> None:
        for split in SPLITS:
            counts = rating_table(split).groupby("listener_id")["anchor"].agg(["size", "sum"])
            assert (counts["size"] == 21).all()
            assert (counts["sum"] == 3).all()

    def test_versions_of_a_caption_are_rated_by_the_same_listeners(self, demo_test: RatedDataset) -> None:
        caption_of = {p.pair.pair_id: p.caption_id for p in demo_test.pairs}
        listeners = defaultdict(set)
        for rating in demo_test.ratings:
            listeners[rating.pair_id].add(rating.listener_id)
        groups = defaultdict(set)
        for pair_id, ids in listeners.items():
            groups[caption_of[pair_id]].add(frozenset(ids))
        assert all(len(sets) == 1 for sets in groups.values())

    def test_nothing_of_an_anchors_caption_is_heard_in_its_clip(self) -> None:
        clips = demo_clips("test")
        heard = {clip.pair_id: {event.sound for event in clip.soundscape.events} for clip in clips}
        meant = {clip.soundscape.caption: {event.described for event in clip.soundscape.events} for clip in clips}
        anchors = rating_table("test").query("anchor")
        assert len(anchors) > 200
        assert all(not heard[p] & meant[text] for p, text in zip(anchors["pair_id"], anchors["text"], strict=True))

    def test_paths_are_under_the_audio_root(self, demo_test: RatedDataset) -> None:
        first = demo_test.pairs[1]
        assert first.pair.pair_id == "synth-a/test/0000"
        assert first.pair.audio_path == demo_test.audio_root / "synth-a" / "test" / "0000.wav"
        assert (first.source, first.system, first.caption_id, first.split) == (
            "synthesized",
            "synth-a",
            "test/0000",
            "test",
        )


class TestRatings:
    def test_are_integers_from_0_to_10(self) -> None:
        table = rating_table(None)
        assert pd.api.types.is_integer_dtype(table["score"])
        assert sorted(table["score"].unique()) == list(range(11))

    def test_means_are_those_of_a_plain_loop_over_the_raw_table(self, demo_test: RatedDataset) -> None:
        rows = list(rating_table("test").itertuples())
        anchors, scores = defaultdict(list), defaultdict(list)
        for row in rows:
            if row.anchor:
                anchors[row.listener_id].append(row.score)
        for row in rows:
            if not row.anchor and sum(anchors[row.listener_id]) / 3 <= 2:
                scores[row.pair_id].append(row.score)
        assert {p.pair.pair_id: p.n_ratings for p in demo_test.pairs} == {k: len(v) for k, v in scores.items()}
        for pair in demo_test.pairs:
            assert pair.mean_rating == pytest.approx(np.mean(scores[pair.pair.pair_id]), abs=1e-12)
        assert len(demo_test.ratings) == sum(map(len, scores.values()))

    def test_screening_removes_listeners_whose_word_is_worth_little(self) -> None:
        table = rating_table(None)
        truth = {clip.pair_id: clip.true_relevance for clip in demo_clips(None)}
        everyone, kept = screen(table, "none"), screen(table, "anchor-mean")
        dropped = everyone[~everyone["listener_id"].isin(kept["listener_id"])]
        share = dropped["listener_id"].nunique() / everyone["listener_id"].nunique()
        agreement = [stats.spearmanr(t["score"], t["pair_id"].map(truth)).statistic for t in (kept, dropped)]
        assert 0.15 < share < 0.3
        assert agreement[0] > agreement[1] + 0.2

    def test_without_screening_every_listener_counts(self) -> None:
        dataset = load_demo(screening="none", with_audio=False)
        assert len(dataset.ratings) == (~rating_table("test")["anchor"]).sum()
        assert dataset.screening == "none"

    def test_mean_ratings_follow_true_relevance(self, demo_test: RatedDataset) -> None:
        truth = {clip.pair_id: clip.true_relevance for clip in demo_clips("test")}
        means = [pair.mean_rating for pair in demo_test.pairs]
        assert stats.spearmanr(means, [truth[p.pair.pair_id] for p in demo_test.pairs]).statistic > 0.7

    def test_systems_are_ranked_by_their_corruption(self, demo_test: RatedDataset) -> None:
        names = [NATURAL, *SYSTEMS]
        means = [np.mean([p.mean_rating for p in demo_test.pairs if p.system == name]) for name in names]
        assert (np.diff(means) < -0.5).all(), means

    @pytest.mark.parametrize("split", ["train", "test"])
    def test_reliability_is_like_that_of_relate(self, split: str) -> None:
        """RELATE: ICC(1) about .43, reliability of the mean about .70 (one-way analysis of variance)."""
        ratings = screen(rating_table(split), "anchor-mean")
        icc, reliability = icc1_and_reliability(ratings)
        assert 0.38 < icc < 0.53
        assert 0.65 < reliability < 0.8
        assert 3 <= ratings.groupby("pair_id").size().mean() <= 4


class TestDocumentation:
    page = (REPOSITORY / "docs" / "demo-data.md").read_text(encoding="utf-8")

    @pytest.mark.parametrize("split", SPLITS)
    def test_states_each_splits_figures(self, split: str) -> None:
        dataset, table = load_demo(split=split, with_audio=False), rating_table(split)
        truth = {clip.pair_id: clip.true_relevance for clip in demo_clips(split)}
        means = [pair.mean_rating for pair in dataset.pairs]
        icc, reliability = icc1_and_reliability(screen(table, "anchor-mean"))
        row = [
            split,
            CAPTIONS_PER_SPLIT[split],
            len(dataset.pairs),
            table["listener_id"].nunique(),
            len({rating.listener_id for rating in dataset.ratings}),
            f"{len(dataset.ratings) / len(dataset.pairs):.1f}",
            f"{icc:.2f}",
            f"{reliability:.2f}",
            f"{stats.spearmanr(means, [truth[p.pair.pair_id] for p in dataset.pairs]).statistic:.2f}",
        ]
        assert f"| {' | '.join(map(str, row))} |" in self.page

    @pytest.mark.parametrize("name", [NATURAL, *SYSTEMS])
    def test_states_each_systems_figures(self, name: str, demo_test: RatedDataset) -> None:
        system = SYSTEMS.get(name, System(NATURAL, 0.0, 0.0, 0.0, 0.0))
        fates = [
            f"{share:.0%}".replace("%", " %")
            for share in (system.missing, system.replaced, system.masked, system.swapped)
        ]
        truth = np.mean([clip.true_relevance for clip in demo_clips("test") if clip.system == name])
        rating = np.mean([pair.mean_rating for pair in demo_test.pairs if pair.system == name])
        assert f"| {' | '.join([name, *fates, f'{truth:.2f}', f'{rating:.1f}'])} |" in self.page


class TestUsage:
    def test_unknown_split(self) -> None:
        with pytest.raises(
            UsageError, match=r"no split 'tets'; did you mean 'test'\? \(known: train, validation, test\)"
        ):
            load_demo(split="tets")

    def test_unknown_screening(self) -> None:
        with pytest.raises(UsageError, match=r"no screening 'released' .*known: anchor-mean, none"):
            load_demo(screening="released", with_audio=False)

    def test_tables_are_told_where_the_data_come_from(self, demo_test: RatedDataset) -> None:
        assert "says nothing about real audio" in demo_test.notes[0]
