"""A reference clip a pair: from a user's CSV through checks to the scorers that ask for it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from bench.datasets.catalog import load_dataset
from bench.datasets.probes.dataset import make_probes
from metrics.errors import DataError
from tests.commands import Bench
from tests.metrics.clips import write_tone

SCORER = """
from metrics import audio
from metrics.types import PairScores, ScoreFailure, ScorerSpec
import numpy as np

class Closer:
    spec = ScorerSpec(name="closer")

    def score(self, pairs):
        scores, failures = np.full(len(pairs), np.nan), []
        for i, pair in enumerate(pairs):
            if pair.reference_audio is None:
                failures.append(ScoreFailure(pair.pair_id, "no reference"))
                continue
            a, b = (audio.load(path).waveform for path in (pair.audio_path, pair.reference_audio))
            scores[i] = -abs(a.duration_s - b.duration_s)
        return PairScores(scores, failures=tuple(failures))

def make(argument, options):
    return Closer()
"""
FAST = ("--resamples", "99", "--permutations", "99", "--sentinels", "off")


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """Eight clips; those of odd number have the first clip as a reference, the others one of their own."""
    lines = ["audio_path,text,rating,reference_audio"]
    for folder in ("clips", "references"):
        (tmp_path / folder).mkdir()
    for k in range(8):
        write_tone(tmp_path / f"clips/{k}.wav", 0.2 + 0.05 * k, 16_000, seed=k)
        write_tone(tmp_path / f"references/{k}.wav", 0.3, 16_000, seed=k)
        reference = "clips/0.wav" if k % 2 else f"references/{k}.wav"
        lines.append(f"clips/{k}.wav,a sound number {k},{k + 1},{reference}")
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(lines) + "\n")
    (tmp_path / "closer.py").write_text(SCORER)
    return path


def test_a_scorer_that_asks_for_references_gets_them_and_they_are_noted(bench: Bench, mine: Path) -> None:
    result = bench("run", "--dataset", mine, "--metrics", "closer.py:make", *FAST, "--out", "run")
    assert result.status == 0, result.err
    with Path("run/scores.csv").open(newline="") as stream:
        found = [float(row["closer.py:make"]) for row in csv.DictReader(stream)]
    lengths = [0.2 + 0.05 * k for k in range(8)]
    expected = [-abs(lengths[k] - (lengths[0] if k % 2 else 0.3)) for k in range(8)]
    assert found == pytest.approx(expected, abs=1e-3)
    noted = Path("run/clips.json").read_text()
    assert all(f"references/{k}.wav" in noted for k in range(0, 8, 2))
    assert "references/1.wav" not in noted
    assert json.loads(Path("run/manifest.json").read_text())["clips"]["n_clips"] == 12


def test_a_pair_without_one_is_no_error_of_the_data(bench: Bench, mine: Path) -> None:
    text = mine.read_text().replace(",references/2.wav", ",")
    mine.write_text(text)
    result = bench("run", "--dataset", mine, "--metrics", "closer.py:make", *FAST, "--out", "run")
    assert result.status == 3, result.err
    assert "no reference" in Path("run/failures.csv").read_text()


def test_the_audit_says_which_reference_is_missing(bench: Bench, mine: Path) -> None:
    sound = json.loads(bench("datasets", "audit", mine, "--json").out)["audio"]
    assert (sound["n_clips"], sound["missing"]) == (12, [])
    (mine.parent / "references/4.wav").unlink()
    [missing] = json.loads(bench("datasets", "audit", mine, "--json").out)["audio"]["missing"]
    assert missing["path"].endswith("references/4.wav")


def test_pairs_to_be_scored_elsewhere_have_their_references(bench: Bench, mine: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(bench("datasets", "pairs", mine).out)))
    assert rows[1]["reference_audio"] == str(mine.parent.absolute() / "clips/0.wav")
    plain = mine.parent / "plain.csv"
    plain.write_text("audio_path,text,rating\na.wav,a,1\nb.wav,b,9\n")
    assert "reference_audio" not in bench("datasets", "pairs", plain).out


def test_probes_keep_the_reference(mine: Path) -> None:
    probes = make_probes(load_dataset(str(mine)), ["negated"])
    assert {one.b.reference_audio for one in probes.comparisons} == {
        mine.parent / name for name in ("clips/0.wav", *(f"references/{k}.wav" for k in range(0, 8, 2)))
    }


def test_two_references_of_one_pair_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "two.csv"
    path.write_text("audio_path,text,rating,listener_id,reference_audio\na.wav,a,1,x,r.wav\na.wav,a,9,y,s.wav\n")
    with pytest.raises(DataError, match=r"has reference_audio '.*s\.wav', but '.*r\.wav' on line 2"):
        load_dataset(str(path))
