"""A scorer in another process is the same scorer: scores, failures, progress, errors; and it ends with its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from metrics.errors import ClapBenchError, UnavailableError, UsageError
from metrics.isolated.scorer import RemoteScorer, RemoteTraceback
from metrics.registry import availability, make_scorer, requirements_of
from metrics.types import AudioTextPair, PairScores, ScorerOptions
from tests import plugin
from tests.metrics.clips import write_bad_clips, write_tone

if TYPE_CHECKING:  # loads torch
    from tests.metrics.models.upstream import LocalHub

HERE = Path(sys.executable)
"""The environment of these tests: it has the same packages as this process."""


@pytest.fixture
def pairs(tmp_path: Path) -> list[AudioTextPair]:
    texts = ("A dog barks.", "Rain — on a tin roof", "x " * 200)
    good = [
        AudioTextPair(f"{i}/{j}", write_tone(tmp_path / f"{i}.wav", 0.7 * i + 0.5, seed=i), text)
        for i in range(3)
        for j, text in enumerate(texts)
    ]
    bad = [AudioTextPair(name, path, "rain") for name, (path, _) in write_bad_clips(tmp_path).items()]
    return [*good, *bad]


def scorer_file(folder: Path, body: str) -> str:
    path = folder / "mine.py"
    path.write_text(plugin.scoring(body))
    return f"{path}:make"


@pytest.mark.parametrize("name", [pytest.param("tiny", marks=pytest.mark.slow), "loudness", "random", "caption-length"])
def test_scores_equal_those_in_this_process_to_the_bit(name: str, pairs: list[AudioTextPair]) -> None:
    check_equal(name, pairs)


def test_references_reach_the_other_process(tmp_path: Path) -> None:
    body = (
        "return np.array([float(len(pair.reference_audio.name)) if pair.reference_audio else -1.0 for pair in pairs])"
    )
    clip = write_tone(tmp_path / "a.wav", 0.5)
    given = [AudioTextPair("0", clip, "x", tmp_path / "four"), AudioTextPair("1", clip, "x")]
    scores = RemoteScorer(HERE, scorer_file(tmp_path, body), ScorerOptions()).score(given).scores
    assert scores.tolist() == [4.0, -1.0]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "package"), [("ms", "msclap"), ("laion", "laion_clap")])
def test_scores_of_upstream_packages_are_equal_too(
    name: str, package: str, pairs: list[AudioTextPair], local_hub: LocalHub
) -> None:
    if find_spec(package) is None:
        pytest.skip(f"needs the extra [{name}]")
    local_hub(*{"ms": ("gpt2", "ms"), "laion": ("roberta", "laion")}[name])
    check_equal(name, pairs)


def check_equal(name: str, pairs: list[AudioTextPair]) -> None:
    told: list[tuple[str, int, int]] = []
    remote = RemoteScorer(HERE, name, ScorerOptions(progress=lambda *now: told.append(now), seed=3))
    direct = make_scorer(name, ScorerOptions(seed=3))
    theirs, ours = remote.score(pairs), direct.score(pairs)
    assert isinstance(ours, PairScores)
    assert remote.spec == direct.spec
    assert theirs.scores.tobytes() == ours.scores.tobytes()
    assert (theirs.failures, theirs.notes) == (ours.failures, ours.notes)
    if ours.cosines is None:
        assert theirs.cosines is None
    else:
        assert theirs.cosines is not None
        assert theirs.cosines.tobytes() == ours.cosines.tobytes()
        assert told[-1][1] == told[-1][2]
    again = direct.score(pairs[:1])
    assert isinstance(again, PairScores)
    assert remote.score(pairs[:1]).scores.tobytes() == again.scores.tobytes(), "the child goes on"


def test_what_the_scorer_prints_does_not_corrupt_the_pipe(
    tmp_path: Path, pairs: list[AudioTextPair], capfd: pytest.CaptureFixture[str]
) -> None:
    body = (
        "import os, sys, subprocess\n"
        "print('x' * 100_000); sys.stdout.flush(); os.write(1, b'CLPB' * 9)\n"
        "sys.__stdout__.write('more'); subprocess.run(['echo', 'from a child'])\n"
        "assert sys.stdin.read() == ''\n"
        "return np.full(len(pairs), 0.25)"
    )
    remote = RemoteScorer(HERE, scorer_file(tmp_path, body), ScorerOptions())
    assert remote.score(pairs).scores.tolist() == [0.25] * len(pairs)
    assert capfd.readouterr().out == ""


def test_the_signature_is_made_where_the_scorer_runs(tmp_path: Path) -> None:
    """So that versions in it are those of the scorer's environment; here the process's id stands for a version."""
    name = scorer_file(tmp_path, "return np.zeros(len(pairs))")
    path = Path(name.rpartition(":")[0])
    path.write_text(path.read_text().replace('"words"', '"words", packages=(("pid", str(__import__("os").getpid())),)'))
    remote = RemoteScorer(HERE, name, ScorerOptions())
    [pid, provider] = remote.spec.packages
    assert int(pid[1]) != os.getpid()
    assert provider[0] == "mine.py"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return 1 / 0", "failed while scoring: ZeroDivisionError: division by zero"),
        ("return np.zeros(2)", r"returned scores of shape \(2,\)"),
        ("raise SystemExit(4)", "SystemExit: 4"),
    ],
)
def test_errors_come_back_with_their_traceback_and_the_child_goes_on(
    tmp_path: Path, pairs: list[AudioTextPair], body: str, message: str
) -> None:
    name = scorer_file(tmp_path, f"if len(pairs) > 1:\n    {body}\nreturn np.zeros(1)")
    remote = RemoteScorer(HERE, name, ScorerOptions())
    with pytest.raises(ClapBenchError, match=rf"isolated metric '.*mine.py:make'.*{message}") as caught:
        remote.score(pairs)
    assert isinstance(caught.value.__cause__, RemoteTraceback)
    assert "Traceback" in str(caught.value.__cause__)
    assert "Traceback" not in str(caught.value)
    assert remote.score(pairs[:1]).scores.tolist() == [0]


def test_errors_keep_their_class() -> None:
    with pytest.raises(UsageError, match=r"isolated metric 'random:x'.*takes no argument"):
        RemoteScorer(HERE, "random:x", ScorerOptions())
    with pytest.raises(UnavailableError, match="no Human-CLAP variant 'nobody'"):
        RemoteScorer(HERE, "human:nobody", ScorerOptions())


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_the_death_of_the_child_is_noticed(tmp_path: Path, pairs: list[AudioTextPair]) -> None:
    name = scorer_file(tmp_path, "import os, sys\nprint('last words', file=sys.stderr)\nos.kill(os.getpid(), 9)")
    with pytest.raises(ClapBenchError, match=r"killed by SIGKILL, perhaps for memory.*printed: last words"):
        RemoteScorer(HERE, name, ScorerOptions()).score(pairs)
    name = scorer_file(tmp_path, "import os\nos._exit(5)")
    with pytest.raises(ClapBenchError, match=r"exit status 5.*printed: nothing"):
        RemoteScorer(HERE, name, ScorerOptions()).score(pairs)


def test_a_python_that_cannot_start_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="does not start"):
        RemoteScorer(tmp_path / "nowhere" / "python", "random", ScorerOptions())


PARENT = """
import os, sys
from pathlib import Path
from typing import TYPE_CHECKING
from metrics.isolated.scorer import RemoteScorer
from metrics.types import AudioTextPair, ScorerOptions
remote = RemoteScorer(Path(sys.executable), sys.argv[1], ScorerOptions())
remote.score([AudioTextPair("a", Path("a.wav"), "b")])
"""


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_the_child_ends_when_the_parent_is_killed_in_the_middle_of_work(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    name = scorer_file(
        tmp_path,
        f"import os, time, pathlib\npathlib.Path({str(told)!r}).write_text(str(os.getpid()))\ntime.sleep(600)",
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    parent = subprocess.Popen([sys.executable, "-c", PARENT, name], env=environment)
    child = int(wait_for(lambda: told.is_file() and told.read_text()))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    wait_for(lambda: not is_running(child))


def test_the_child_ends_with_its_scorer() -> None:
    remote = RemoteScorer(HERE, "random", ScorerOptions())
    process = remote._child._process
    del remote
    assert process.returncode == 0


def wait_for(condition, timeout_s: float = 60):  # type: ignore[no-untyped-def]
    end = time.monotonic() + timeout_s
    while not (answer := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return answer


def is_running(pid: int) -> bool:
    """A killed parent's child is reaped by init, or stays a zombie where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return Path("/proc/self").exists() is False and _answers(pid)


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_what_cannot_be_isolated_says_why(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'random' needs no environment of its own"):
        requirements_of("random")
    with pytest.raises(UsageError, match="the file declares no requirements; add a '# /// script' block"):
        requirements_of(scorer_file(tmp_path, "return 0"))
    with pytest.raises(UnavailableError, match="names no scorer; write isolated:NAME"):
        make_scorer("isolated", ScorerOptions())
    assert not availability("isolated").available


def test_a_plugin_is_installed_from_where_it_came(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin.install(tmp_path, "good-words", plugin.GOOD)
    monkeypatch.syspath_prepend(tmp_path)
    record = tmp_path / "good_words-1.2.dist-info" / "direct_url.json"
    assert requirements_of("words")[-1] == "good-words==1.2"
    for content, requirement in (
        ('{"url": "file:///src/words", "dir_info": {}}', "good-words @ file:///src/words"),
        ('{"url": "file:///src/words", "dir_info": {"editable": true}}', "--editable=file:///src/words"),
        (
            '{"url": "https://x/y.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}}',
            "good-words @ git+https://x/y.git@abc",
        ),
    ):
        record.write_text(content)
        assert requirements_of("words")[-1] == requirement
    assert availability("isolated:words").downloadable
