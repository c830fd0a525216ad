"""Sounds that can be told apart, noise that does not tell the source, clips that hold what the soundscape says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.datasets.soundscapes import (
    CLIP_S,
    SAMPLE_RATE_HZ,
    SOUND_CLASSES,
    SYSTEMS,
    Character,
    Event,
    RandomStream,
    Recording,
    Soundscape,
    render,
    render_pcm,
)
from bench.datasets.soundscapes.mixing import loudest_rms, noise_floor, render_event
from bench.datasets.soundscapes.scene import draw_character
from tests.bench.datasets.soundscapes.scenes import QUIET, corrupted, draw_many, make_event

positions = st.floats(0, 1)


class TestSounds:
    @pytest.mark.parametrize("name", SOUND_CLASSES)
    @settings(max_examples=15, deadline=None)
    @given(character=st.builds(Character, positions, positions, positions), duration_s=st.floats(1.0, 3.8))
    def test_any_variation_is_finite_and_at_its_level(self, name: str, character: Character, duration_s: float) -> None:
        event = make_event(name, 0, duration_s=round(duration_s, 3), character=character)
        sound = render_event(event)
        assert len(sound) == round(event.duration_s * SAMPLE_RATE_HZ)
        assert np.isfinite(sound).all()
        assert 20 * np.log10(loudest_rms(sound)) == pytest.approx(event.level_db)

    @pytest.mark.parametrize("name", SOUND_CLASSES)
    def test_variation_is_heard(self, name: str) -> None:
        low, high = (render_event(make_event(name, 0, character=Character(p, p, p))) for p in (0.1, 0.9))
        assert abs(np.corrcoef(low, high)[0, 1]) < 0.9

    @pytest.mark.slow
    def test_classes_can_be_learnt(self) -> None:
        """Nearest centroids of simple spectral statistics, 10 clips a class to learn from, 5 others to recognise."""
        features = np.array([[spectral_statistics(single_clip(name, i)) for i in range(15)] for name in SOUND_CLASSES])
        seen, unseen = features[:, :10], features[:, 10:]
        scale = seen.std(axis=1).mean(axis=0)
        centroids = seen.mean(axis=1) / scale
        distances = ((unseen[:, :, None] / scale - centroids) ** 2).sum(axis=-1)
        assert (distances.argmin(axis=-1) == np.arange(len(SOUND_CLASSES))[:, None]).mean() > 0.9


class TestNoise:
    @pytest.mark.parametrize("condition", ["floor_level_db", "floor_tilt", "gain_db"])
    @pytest.mark.parametrize("system", SYSTEMS)
    def test_recording_conditions_do_not_tell_the_source(self, system: str, condition: str) -> None:
        scenes = draw_many(400)
        natural = [getattr(scene.recording, condition) for scene in scenes]
        synthesized = [getattr(corrupted(s, system, i).recording, condition) for i, s in enumerate(scenes)]
        assert stats.ks_2samp(natural, synthesized).pvalue > 0.01
        assert abs(stats.spearmanr(natural, synthesized).statistic) < 0.15

    def test_the_floor_as_rendered_does_not_tell_the_source(self) -> None:
        scenes = draw_many(80)
        natural = [background_db(scene) for scene in scenes]
        synthesized = [background_db(corrupted(scene, "synth-c", i)) for i, scene in enumerate(scenes)]
        assert stats.ks_2samp(natural, synthesized).pvalue > 0.01

    @pytest.mark.parametrize("tilt", [0.0, 0.5, 1.0])
    def test_floor_has_its_level_and_its_slope(self, tilt: float) -> None:
        noise = noise_floor(Recording(-30.0, tilt, 0.0, seed=2))
        power = np.abs(np.fft.rfft(noise)) ** 2
        octaves = [power[int(low * CLIP_S) : int(2 * low * CLIP_S)].mean() for low in (125, 250, 500, 1000, 2000, 4000)]
        assert 10 * np.log10(np.mean(noise**2)) == pytest.approx(-30)
        assert np.diff(10 * np.log10(octaves)) == pytest.approx(np.full(5, -6.02 * tilt), abs=1.0)


class TestRendering:
    def test_clips_are_whole_within_full_scale_and_not_silent(self) -> None:
        for i, scene in enumerate(draw_many(40)):
            for clip in (render(scene), render(corrupted(scene, "synth-c", i))):
                assert clip.sample_rate_hz == SAMPLE_RATE_HZ
                assert len(clip.samples) == CLIP_S * SAMPLE_RATE_HZ
                assert clip.samples.dtype == np.float32
                assert np.abs(clip.samples).max() <= 0.99
                assert np.sqrt(np.mean(clip.samples**2)) > 0.002

    def test_does_not_depend_on_what_was_rendered_before(self) -> None:
        first, second = draw_many(2)
        alone = render_pcm(second)
        render_pcm(first)
        np.testing.assert_array_equal(render_pcm(second), alone)

    def test_events_are_heard_where_they_should_be_and_nowhere_else(self) -> None:
        for scene in (replace(scene, recording=QUIET) for scene in draw_many(20)):
            clip = render(scene).samples.astype(float)
            assert background_db(scene) < QUIET.floor_level_db + 1
            for event in scene.events:
                start, stop = (round(t * SAMPLE_RATE_HZ) for t in (event.onset_s, event.onset_s + event.duration_s))
                assert 20 * np.log10(loudest_rms(clip[start:stop])) > event.level_db - 6

    def test_an_event_of_which_nothing_is_heard_cannot_be_rendered(self) -> None:
        with pytest.raises(ValueError, match="nothing is heard of 'dog'"):
            render_event(make_event("dog", 0, sound=None))


def single_clip(name: str, i: int) -> np.ndarray:
    """Return a clip of one sound at random time, length, level and character over random noise."""
    stream = RandomStream(i, "single", name)
    duration_s = stream.uniform(1.0, 3.6)
    onset_s = stream.uniform(0.0, CLIP_S - duration_s)
    event = Event(name, name, 0, onset_s, duration_s, stream.uniform(-26.0, -14.0), draw_character(stream), i)
    recording = Recording(-48.0, stream.uniform(0.0, 1.0), stream.uniform(-10.0, 0.0), i)
    return render(Soundscape(name, (event,), 1, recording)).samples


def spectral_statistics(clip: np.ndarray) -> np.ndarray:
    """Return mean, SD and 90th percentile over time of 24 log-spaced bands (dB below the loudest), and their change."""
    frames = np.lib.stride_tricks.sliding_window_view(clip.astype(float), 512)[::256] * np.hanning(512)
    power = np.abs(np.fft.rfft(frames)) ** 2
    edges = np.unique(np.geomspace(2, 257, 25).astype(int))
    bands = 10 * np.log10(np.add.reduceat(power, edges[:-1], axis=1) + 1e-6)
    level = np.maximum(bands - bands.max(), -50)
    change = np.abs(np.diff(level, axis=0)).mean(axis=0)
    return np.concatenate([level.mean(axis=0), level.std(axis=0), np.percentile(level, 90, axis=0), change])


def background_db(scene: Soundscape) -> float:
    """Return the level of a rendered clip where no event sounds."""
    heard = np.zeros(round(CLIP_S * SAMPLE_RATE_HZ), dtype=bool)
    for event in scene.events:
        start, stop = (
            round(t * SAMPLE_RATE_HZ) for t in (event.onset_s - 0.01, event.onset_s + event.duration_s + 0.01)
        )
        heard[max(start, 0) : stop] |= event.sound is not None
    return float(10 * np.log10(np.mean(render(scene).samples[~heard].astype(float) ** 2)))
