"""Scorers in one file: names, content hash, declared requirements, and what goes wrong."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

import numpy as np
import pytest

from metrics.errors import PluginError, UnavailableError, UsageError
from metrics.families import ONE_FILE
from metrics.plugins import one_file
from metrics.registry import availability, expand_names, make_scorer, split_name
from metrics.types import AudioTextPair, PairScores, ScorerOptions
from tests import plugin
from tests.metrics.clips import write_tone

ENCODER = """
import numpy as np
from metrics.encoder import TokenisedCaption
from metrics.clap_score import ClapScorer
from metrics.types import ScorerSpec

class Encoder:
    spec = ScorerSpec("levels")
    def batch_size(self): return 4
    def prepare_clip(self, clip): return [clip.waveform.samples]
    def embed_audio(self, inputs): return np.array([[1.0, x.std(), ANGLE] for x in inputs])
    def prepare_captions(self, captions): return [TokenisedCaption((len(c),)) for c in captions]
    def embed_captions(self, captions): return np.array([[1.0, 0.1 * len(c.token_ids), 0.0] for c in captions])

def make(argument, options):
    return ClapScorer(Encoder(), options)
"""


def score(name: str, pairs: list[AudioTextPair], **options: object) -> PairScores:
    outcome = make_scorer(name, ScorerOptions(**options)).score(pairs)  # type: ignore[arg-type]
    assert isinstance(outcome, PairScores)
    return outcome


@pytest.fixture
def pairs(tmp_path: Path) -> list[AudioTextPair]:
    return [AudioTextPair("a", write_tone(tmp_path / "a.wav"), "one two three")]


def test_a_file_is_a_metric(tmp_path: Path, pairs: list[AudioTextPair]) -> None:
    path = tmp_path / "mine.py"
    path.write_text(plugin.GOOD)
    name = f"{path}:make"
    assert expand_names(f"{name},random") == [name, "random"]
    assert availability(name).available
    assert score(name, pairs).scores.tolist() == [0.03]


def test_the_argument_stands_behind_a_second_colon(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(plugin.GOOD.replace("return Words()", "w = Words(); w.got = argument; return w"))
    assert one_file.read(f"{path}:make:x:y=1").argument == "x:y=1"
    assert one_file.read(f"{path}:make").argument is None


@pytest.mark.parametrize("name", ["random", "hf:./folder.py", "isolated:mine.py:make", "human:x.py"])
def test_names_of_families_stay_theirs(name: str) -> None:
    assert split_name(name)[0] is not ONE_FILE


@pytest.mark.parametrize(
    "name", ["mine.py:make", "./a b/mine.py:make:arg", r"C:\scorers\mine.py:make", "random.py:make"]
)
def test_names_of_files(name: str) -> None:
    assert split_name(name) == (ONE_FILE, name)


def test_an_edited_file_makes_new_embeddings(tmp_path: Path, pairs: list[AudioTextPair]) -> None:
    """At once, also within the resolution of file times, and not from a stale byte code cache."""
    path, store = tmp_path / "mine.py", tmp_path / "store.sqlite"
    found = []
    for angle in ("0.0", "5.0", "0.0"):
        path.write_text(ENCODER.replace("ANGLE", angle))
        scorer = make_scorer(f"{path}:make", ScorerOptions(store=store))
        outcome = scorer.score(pairs)
        assert isinstance(outcome, PairScores)
        found.append((scorer.spec.signature(), outcome.scores[0]))
    assert found[0] == found[2]
    assert found[0][0] != found[1][0]
    assert found[0][1] > 0.9 > found[1][1]
    with sqlite3.connect(store) as connection:
        stored = {row[0] for row in connection.execute("SELECT signature FROM signatures")}
    connection.close()
    assert stored == {found[0][0], found[1][0]}


def test_embeddings_with_a_missing_row_are_refused(tmp_path: Path, pairs: list[AudioTextPair]) -> None:
    path = tmp_path / "mine.py"
    path.write_text(ENCODER.replace("ANGLE", "0.0").replace("for x in inputs]", "for x in inputs][:-1]"))
    with pytest.raises(PluginError, match=r"one-file scorer.*embeddings of shape \(0,\).*expected .*\(1, dim\)"):
        score(f"{path}:make", pairs)


def test_modules_beside_the_file_are_not_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They would be code that the hash does not cover."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    (tmp_path / "helper_of_mine.py").write_text("x = 1\n")
    (tmp_path / "mine.py").write_text("import helper_of_mine\n" + plugin.GOOD)
    state = availability("mine.py:make")
    assert not state.available
    assert "No module named 'helper_of_mine'" in state.reason
    assert "mine.py:1)" in state.reason
    assert state.remedy.startswith("correct mine.py")


def test_what_is_wrong_with_a_name(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(plugin.GOOD)
    with pytest.raises(UsageError, match=r"names no function of the file; write .*mine\.py:make"):
        make_scorer(str(path), ScorerOptions())
    with pytest.raises(UnavailableError, match=r"cannot be read .No such file"):
        make_scorer(f"{tmp_path / 'other.py'}:make", ScorerOptions())
    with pytest.raises(PluginError, match=r"has no function 'mak' \(functions found: Words, make\)"):
        make_scorer(f"{path}:mak", ScorerOptions())


BLOCK = '# /// script\n# requires-python = ">=3.8"\n# dependencies = [\n#   "six>=1.16", "numpy<3",\n# ]\n# ///\n'


def declared(tmp_path: Path, text: str) -> tuple[str, ...] | None:
    path = tmp_path / "mine.py"
    path.write_text(text)
    return one_file.requirements(one_file.read(f"{path}:make"))


def test_requirements_are_read_from_inline_metadata(tmp_path: Path) -> None:
    assert declared(tmp_path, plugin.GOOD) is None
    assert declared(tmp_path, BLOCK + plugin.GOOD) == ("six>=1.16", "numpy<3")
    assert declared(tmp_path, (BLOCK + plugin.GOOD).replace("\n", "\r\n")) == ("six>=1.16", "numpy<3")
    assert declared(tmp_path, "# /// script\n# ///\n") is None, "the standard's pattern wants a line in between"
    assert declared(tmp_path, "# /// script\n#\n# ///\n") == ()


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (BLOCK.replace("]", ""), "TOMLDecodeError"),
        (BLOCK.replace("six>=1.16", "six >>> 1"), "InvalidRequirement"),
        (BLOCK.replace('">=3.8"', '">=4"'), "requires-python is '>=4', and this is Python 3"),
        (BLOCK + "\n" + BLOCK, "2 script blocks, expected one"),
        ("# /// script\n# dependencies = 3\n# ///\n", "dependencies is 3, expected a list"),
    ],
)
def test_bad_metadata_is_the_file_s_fault(tmp_path: Path, block: str, reason: str) -> None:
    with pytest.raises(PluginError, match=r"one-file scorer.*reading its '# /// script' block") as caught:
        declared(tmp_path, block)
    assert reason in caught.value.reason


def test_nothing_of_a_file_with_requirements_runs_here(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(BLOCK + "raise SystemExit('ran')\n" + plugin.GOOD)
    state = availability(f"{path}:make")
    assert (state.available, state.downloadable) == (False, True)
    assert state.reason == "its environment is not built yet"


def test_scores_of_the_example() -> None:
    path = Path(__file__).parents[3] / "examples" / "one_file.py"
    module: dict[str, object] = {"__name__": "one_file"}
    exec(path.read_text(), module)
    roll_off_khz = module["roll_off_khz"]
    time = np.arange(16_000) / 16_000
    assert roll_off_khz(np.sin(2 * np.pi * 440 * time), 16_000) == pytest.approx(0.44)  # type: ignore[operator]
    noise = np.random.default_rng(0).normal(size=16_000)
    assert roll_off_khz(noise, 16_000) == pytest.approx(0.95 * 8, abs=0.1)  # type: ignore[operator]
