"""A score depends on the clip, the caption and the signature: not on batches, order, workers or the process.

Clips of 0.3 to 30 s, mono and stereo, 8 to 48 kHz.
"""

from __future__ import annotations

import importlib.util
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from metrics.registry import make_scorer
from metrics.types import AudioTextPair, PairScores, ScorerOptions
from tests import hub
from tests.metrics.clips import tone
from tests.metrics.models.tiny_clap import FUSED_48K, SMALL_16K, save_tiny_clap

TOLERANCE = 1e-5
N_CLIPS = 60
RATES = (8000, 16_000, 22_050, 32_000, 44_100, 48_000)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> list[AudioTextPair]:
    """Sixty pairs; two thirds of the clips last 0.3 to 5 s, the rest up to 30 s."""
    folder = tmp_path_factory.mktemp("clips")
    durations = np.concatenate([np.linspace(0.3, 5, 44), np.linspace(5, 12, 12), [15.0, 20.2, 25.0, 30.0]])
    words = " ".join(hub.SENTENCES).split()
    made = []
    for i, duration in enumerate(durations):
        path = folder / f"{i}{('.wav', '.flac', '.ogg', '.mp3')[i % 4]}"
        rate = RATES[i % len(RATES)]
        soundfile.write(path, tone(duration, rate, channels=1 + i % 2, seed=i), rate)
        made.append(AudioTextPair(str(i), path, " ".join(words[i : i + 1 + (7 * i) % 23])))
    assert len(made) == N_CLIPS
    return made


def score(name: str, pairs: list[AudioTextPair], **options: object) -> np.ndarray:
    outcome = make_scorer(name, ScorerOptions(**options)).score(pairs)  # type: ignore[arg-type]
    assert isinstance(outcome, PairScores)
    assert not outcome.failures
    assert outcome.cosines is not None
    assert outcome.cosines.std() > 0.005, "scores must differ for their equality to mean anything"
    return outcome.cosines


def score_in_fresh_process(name: str, pairs: list[AudioTextPair]) -> np.ndarray:
    code = """
import json, sys
from pathlib import Path
from metrics.registry import make_scorer
from metrics.types import AudioTextPair, ScorerOptions
name, *pairs = json.load(sys.stdin)
pairs = [AudioTextPair(i, Path(path), caption) for i, path, caption in pairs]
print(json.dumps(make_scorer(name, ScorerOptions(batch_size=1)).score(pairs).cosines.tolist()))
"""
    question = json.dumps([name, *((p.pair_id, str(p.audio_path), p.caption) for p in pairs)])
    command = [sys.executable, "-W", "ignore", "-c", code]
    answer = subprocess.run(command, input=question, capture_output=True, text=True, check=True)
    return np.array(json.loads(answer.stdout.splitlines()[-1]))


def check(name: str, pairs: list[AudioTextPair], store: Path) -> None:
    expected = score(name, pairs, batch_size=7, workers=2, store=store)
    again = score(name, pairs, batch_size=1, store=store)
    assert np.array_equal(again, expected), "a second run is served from the store, to the bit"
    backwards = score(name, pairs[::-1], batch_size=32)[::-1]
    assert np.abs(backwards - expected).max() <= TOLERANCE, "batch size 32, reversed, no workers"
    elsewhere = score_in_fresh_process(name, pairs)
    assert np.abs(elsewhere - expected).max() <= TOLERANCE, "batch size 1, a fresh process, no workers"


@pytest.mark.parametrize(
    "settings", [pytest.param(FUSED_48K, id="fused", marks=pytest.mark.slow), pytest.param(SMALL_16K, id="16 kHz")]
)
def test_a_small_model(settings: dict[str, object], pairs: list[AudioTextPair], tmp_path: Path) -> None:
    name = f"hf:{save_tiny_clap(tmp_path / 'model', settings)}"
    check(name, pairs, tmp_path / "store")
    published = score(name, pairs, window="as-published", batch_size=1)
    shuffled = score(name, pairs[::-1], window="as-published", batch_size=32, workers=2)[::-1]
    assert np.abs(published - shuffled).max() <= TOLERANCE
    reseeded = score(name, pairs, window="as-published", seed=1)
    assert np.abs(published - reseeded).max() > TOLERANCE


@pytest.mark.slow
@pytest.mark.parametrize("name", ["laion", "ms", "human"])
def test_a_published_architecture_at_full_size(
    name: str, pairs: list[AudioTextPair], local_hub: Callable[..., Path], tmp_path: Path
) -> None:
    package = {"laion": "laion_clap", "ms": "msclap"}.get(name)
    if package and importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    local_hub(*{"laion": ("roberta", "laion"), "ms": ("gpt2", "ms"), "human": ("processor", "human")}[name])
    check(name, pairs, tmp_path / "store")


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was(pairs: list[AudioTextPair], tmp_path: Path) -> None:
    """SIGKILL in the middle, then again with the same store: scores equal an unbroken run's."""
    name = f"hf:{save_tiny_clap(tmp_path / 'model', SMALL_16K)}"
    store = tmp_path / "store"
    code = """
import json, os, signal, sys
from pathlib import Path
from metrics.registry import make_scorer
from metrics.types import AudioTextPair, ScorerOptions
name, store, *pairs = json.load(sys.stdin)
def die(stage, done, total):
    if stage.endswith("clips") and done >= total // 2:
        os.kill(os.getpid(), signal.SIGKILL)
options = ScorerOptions(store=Path(store), workers=2, progress=die)
make_scorer(name, options).score([AudioTextPair(i, Path(path), caption) for i, path, caption in pairs])
"""
    pairs = pairs[:30]
    question = json.dumps([name, str(store), *((p.pair_id, str(p.audio_path), p.caption) for p in pairs)])
    killed = subprocess.run([sys.executable, "-W", "ignore", "-c", code], input=question, text=True)
    assert killed.returncode == -signal.SIGKILL
    told: list[tuple[str, int, int]] = []
    resumed = score(name, pairs, store=store, progress=lambda *report: told.append(report))
    embedded = [done for stage, done, _ in told if stage.endswith("clips")]
    assert embedded[0] > len(pairs) // 2, "the first half is not embedded again"
    assert np.abs(resumed - score(name, pairs)).max() <= 1e-6
