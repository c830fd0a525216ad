"""Soundscapes: portable randomness, sounds that can be told apart, captions that say what is heard, true relevance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.datasets.soundscapes import (
    CLIP_S,
    SOUND_CLASSES,
    SYSTEMS,
    RandomStream,
    System,
    corrupt,
    relevance,
)
from tests.bench.datasets.soundscapes.scenes import QUIET, corrupted, draw_many, make_event, make_scene

GOLDEN_UNIT = 0.051177583188776854  # (PCG64(sha256("0/golden")).random_raw() >> 11) * 2**-53


class TestRandomStream:
    def test_is_the_documented_construction_on_the_raw_stream_of_pcg64(self) -> None:
        # sha256("0/golden") as an integer seeds PCG64; its raw stream is what numpy guarantees.
        assert [RandomStream(0, "golden").unit() for _ in range(2)] == [GOLDEN_UNIT] * 2

    def test_keys_name_independent_streams(self) -> None:
        first, second = (RandomStream(0, key).white_noise(20_000) for key in ("a", "b"))
        assert abs(np.corrcoef(first, second)[0, 1]) < 0.03

    def test_white_noise_has_unit_variance_and_a_flat_spectrum(self) -> None:
        noise = RandomStream(1).white_noise(64_000)
        power = np.abs(np.fft.rfft(noise)[1:]).reshape(16, -1) ** 2
        assert noise.std() == pytest.approx(1, abs=0.02)
        assert power.mean(axis=1) / power.mean() == pytest.approx(np.ones(16), abs=0.1)

    def test_normal_is_nearly_normal(self) -> None:
        stream = RandomStream(2)
        assert stats.kstest([stream.normal() for _ in range(4_000)], "norm").pvalue > 0.01

    def test_sample_is_a_fair_shuffle(self) -> None:
        stream = RandomStream(3)
        orders = ["".join(stream.sample("abc", 3)) for _ in range(6_000)]
        counts = np.unique(orders, return_counts=True)[1]
        assert len(counts) == 6
        assert stats.chisquare(counts).pvalue > 0.01

    @given(st.integers(1, 50), st.integers())
    def test_integers_stay_below_their_bound(self, n: int, seed: int) -> None:
        assert 0 <= RandomStream(seed).integer(n) < n


class TestCaptions:
    def test_every_class_has_three_ways_to_be_named_and_no_two_share_one(self) -> None:
        clauses = [phrase.clause for sound in SOUND_CLASSES.values() for phrase in sound.phrases]
        assert len(SOUND_CLASSES) == 20
        assert all(len(sound.phrases) >= 3 for sound in SOUND_CLASSES.values())
        assert len(set(clauses)) == len(clauses)

    def test_events_are_named_in_the_order_in_which_they_are_heard(self) -> None:
        for scene in draw_many(300):
            places = [place_in_caption(event.described, scene.caption) for event in scene.events]
            assert places == sorted(places), scene.caption
            for earlier, later in zip(scene.events, scene.events[1:], strict=False):
                assert later.slot == earlier.slot or later.onset_s >= earlier.onset_s + earlier.duration_s - 1e-3

    def test_order_words_tell_sequences_from_simultaneous_events(self) -> None:
        for scene in draw_many(300):
            words = scene.caption.replace(",", "").lower().split()
            in_sequence = "then" in words or "before" in words or "followed" in words or "finally" in words
            assert in_sequence == (scene.n_slots > 1), scene.caption
            assert ("while" in words or "as" in words) == (len(scene.events) > scene.n_slots), scene.caption

    def test_all_kinds_of_soundscape_occur(self) -> None:
        kinds = {(len(scene.events), scene.n_slots) for scene in draw_many(200)}
        assert kinds == {(1, 1), (2, 2), (2, 1), (3, 3), (3, 2)}

    def test_captions_are_sentences_without_a_full_stop(self) -> None:
        for caption in (scene.caption for scene in draw_many(100)):
            assert caption[0].isupper()
            assert caption[-1].isalpha()
            assert "  " not in caption


class TestRelevance:
    def test_of_a_clip_that_is_what_its_caption_says(self) -> None:
        assert relevance(make_scene(make_event("dog", 0), make_event("bell", 1))) == 1.0

    def test_falls_with_each_kind_of_corruption_as_documented(self) -> None:
        dog, bell = make_event("dog", 0), make_event("bell", 1)
        late_dog, early_bell = replace(dog, onset_s=2.1), replace(bell, onset_s=0.1)
        assert relevance(make_scene(dog, replace(bell, sound=None))) == 0.5
        assert relevance(make_scene(dog, replace(bell, sound="cat"))) == pytest.approx(0.5 - 0.15 / 2)
        assert relevance(make_scene(dog, replace(bell, masker_snr_db=0.0))) == pytest.approx((1 + 0.25) / 2)
        assert relevance(make_scene(late_dog, early_bell)) == pytest.approx(0.6)
        assert relevance(make_scene(late_dog, replace(early_bell, sound=None))) == 0.5
        assert relevance(make_scene(replace(dog, sound="cat"), replace(bell, sound="rain"))) == 0.0

    def test_simultaneous_events_have_no_order(self) -> None:
        scene = make_scene(make_event("dog", 0, 1, onset_s=1.0), make_event("bell", 0, 1), n_slots=1)
        assert relevance(scene) == 1.0

    @pytest.mark.parametrize(("floor_level_db", "expected"), [(-35.0, 1.0), (-20.0, 0.25), (-10.0, 0.0)])
    def test_falls_as_the_floor_rises(self, floor_level_db: float, expected: float) -> None:
        scene = make_scene(make_event("dog", 0, 1), n_slots=1)
        noisy = replace(scene, recording=replace(QUIET, floor_level_db=floor_level_db))
        assert relevance(noisy) == pytest.approx(expected)

    def test_is_ordered_by_system(self) -> None:
        scenes = draw_many(300)
        natural = np.mean([relevance(scene) for scene in scenes])
        by_system = [np.mean([relevance(corrupted(s, system, i)) for i, s in enumerate(scenes)]) for system in SYSTEMS]
        means = np.array([natural, *by_system])
        assert (np.diff(means) < -0.1).all(), means


class TestCorruption:
    @pytest.mark.slow
    def test_fates_have_their_probabilities(self) -> None:
        for name, system in SYSTEMS.items():
            pairs = [(s, corrupted(s, name, i)) for i, s in enumerate(draw_many(500)) if len(s.events) > 1]
            events = [event for _, corrupt_scene in pairs for event in corrupt_scene.events]
            observed = [
                sum(event.sound is None for event in events),
                sum(event.sound not in (None, event.described) for event in events),
                sum(event.masker_snr_db is not None for event in events),
            ]
            expected = [system.missing, system.replaced, system.masked]
            assert np.array(observed) / len(events) == pytest.approx(expected, abs=0.05), name

    def test_something_is_always_heard(self) -> None:
        deaf = System("deaf", missing=1.0, replaced=0.0, masked=0.0, swapped=0.0)
        for i, scene in enumerate(draw_many(20)):
            assert any(event.sound is not None for event in corrupt(scene, deaf, RandomStream(0, i)).events)

    def test_swapping_keeps_events_within_the_clip_and_changes_their_order(self) -> None:
        swapper = System("swapper", missing=0.0, replaced=0.0, masked=0.0, swapped=1.0)
        scenes = [scene for scene in draw_many(100) if scene.n_slots > 1]
        for i, scene in enumerate(scenes):
            after = corrupt(scene, swapper, RandomStream(0, i))
            assert [event.onset_s for event in after.events] != sorted(event.onset_s for event in after.events)
            assert all(0 <= event.onset_s <= CLIP_S - event.duration_s + 2e-3 for event in after.events)

    def test_keeps_the_caption_and_what_it_describes(self) -> None:
        for i, scene in enumerate(draw_many(50)):
            after = corrupted(scene, "synth-c", i)
            assert after.caption == scene.caption
            assert [event.described for event in after.events] == [event.described for event in scene.events]


def place_in_caption(name: str, caption: str) -> int:
    """Return where the caption speaks of a sound class: the longest phrase found, for "rain falls" is in no other."""
    text = caption.lower()
    found = [(len(t), text.find(t)) for p in SOUND_CLASSES[name].phrases for t in (p.clause, p.nominal) if t in text]
    assert found, (name, caption)
    return max(found)[1]
