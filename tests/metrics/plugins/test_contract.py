"""Scorers that other people wrote, from the command line: what works, and whose fault it is when it does not."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from metrics.errors import PluginError
from metrics.plugins.contract import checked_scores
from metrics.registry import availability, make_scorer
from metrics.types import AudioTextPair, PairScores, ScorerOptions, ScorerSpec
from tests import plugin
from tests.commands import Bench

Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install plugin packages into a folder of this test's import path; afterwards they are not loaded any more."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    yield lambda *arguments: plugin.install(folder, *arguments)
    for module in folder.glob("*.py"):
        sys.modules.pop(module.stem, None)


def listed(bench: Bench) -> dict[str, dict[str, object]]:
    return {record["name"]: record for record in json.loads(bench("metrics", "--json").out)}


def run(bench: Bench, ratings: Path, metrics: str, out: str = "o") -> tuple[int, str]:
    outcome = bench("run", "--dataset", ratings, "--metrics", metrics, "--resamples", "9", "--out", out)
    return outcome.status, outcome.err


def signatures(out: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((Path(out) / "manifest.json").read_text())["signatures"]
    return found


def test_a_plugin_is_listed_and_runs(bench: Bench, install: Install, ratings_csv: Path) -> None:
    install("good-words", plugin.GOOD)
    assert listed(bench)["words"] == {
        "name": "words", "summary": "plugin from good-words 1.2", "available": True, "reason": "ready", "remedy": ""
    }  # fmt: skip
    assert run(bench, ratings_csv, "words,random")[0] == 0
    assert signatures("o")["words"] == "words|good-words:1.2", "the package's version is part of the signature"


NOT_LOADED = {
    "needs a package": ("import no_such_package", "importing 'bad_words': ModuleNotFoundError: No module named"),
    "syntax": ("def make(:", "importing 'bad_words': SyntaxError"),
    "raises": ("1 / 0", "ZeroDivisionError: division by zero ("),
    "leaves": ("import sys; sys.exit(3)", "SystemExit: 3"),
    "no function": ("def built(a, o): pass", "has no function 'make' (functions found: built)"),
    "no callable": ("make = 3", "has no function 'make' (functions found: none)"),
}


@pytest.mark.parametrize("case", NOT_LOADED)
def test_a_plugin_that_does_not_load_says_why(install: Install, case: str) -> None:
    source, reason = NOT_LOADED[case]
    install("bad-words", source)
    state = availability("words")
    assert not state.available
    assert state.reason.startswith("metric 'words' (package bad-words 1.2) ")
    assert reason in state.reason
    assert state.remedy.startswith("ask the author of bad-words, or uninstall it")
    with pytest.raises(PluginError, match=re.escape(reason)):
        make_scorer("words", ScorerOptions())


def test_built_in_scorers_go_on_working_beside_a_broken_plugin(
    bench: Bench, install: Install, ratings_csv: Path
) -> None:
    install("bad-words", "import no_such_package")
    names = listed(bench)
    assert names["random"]["available"]
    assert not names["words"]["available"]
    assert "No module named 'no_such_package'" in str(names["words"]["reason"])
    assert run(bench, ratings_csv, "random,caption-length")[0] == 0
    status, error = run(bench, ratings_csv, "random,words", out="o2")
    assert status == 1
    assert "words: metric 'words' (package bad-words 1.2) failed while importing 'bad_words'" in error
    assert "ask the author of bad-words" in error
    assert error.count("\n") == 1
    assert not Path("o2").exists(), "what cannot run is refused before anything else runs"


def test_what_a_plugin_prints_does_not_get_into_the_results(bench: Bench, install: Install) -> None:
    install("loud-words", "print('hello from the plugin')\n" + plugin.GOOD)
    outcome = bench("metrics", "--json")
    assert json.loads(outcome.out)
    assert "hello from the plugin" in outcome.err


NOT_BUILT = {
    "raises": ("def make(a, o): raise ValueError('no licence key')", "building the scorer: ValueError: no licence key"),
    "wrong signature": ("def make(): pass", "TypeError: make() takes 0 positional arguments"),
    "nothing": ("def make(a, o): pass", "built a NoneType with a spec of type NoneType, expected an object"),
    "no spec": (plugin.GOOD.replace("spec =", "other ="), "built a Words with a spec of type NoneType"),
    "an encoder": (
        plugin.GOOD.replace("def score", "def embed_audio"), "return metrics.clap_score.ClapScorer(encoder, options)"
    ),
}  # fmt: skip

NOT_SCORED = {
    "raises": ("return pairs[99999]", "failed while scoring: IndexError: list index out of range ("),
    "a list": ("return [0.5] * len(pairs)", "returned a list as scores, expected a numpy array of floats of shape"),
    "too few": ("return np.zeros(len(pairs) - 1)", "returned scores of shape (59,) and dtype float64, expected"),
    "a matrix": ("return np.zeros((len(pairs), 1))", "scores of shape (60, 1)"),
    "integers": ("return np.zeros(len(pairs), dtype=int)", "dtype int64, expected a numpy array of floats"),
    "objects": ("return np.array([None] * len(pairs))", "dtype object"),
    "few cosines": (
        "from metrics.types import PairScores; found = PairScores(np.zeros(60))\n"
        "object.__setattr__(found, 'cosines', np.zeros(3))  # past the check of shapes that tests have\n"
        "return found",
        "returned cosines of shape (3,)",
    ),
}  # fmt: skip


PAIRS = [AudioTextPair(str(i), Path("a.wav"), "a dog barks") for i in range(60)]


@pytest.mark.parametrize("case", NOT_BUILT)
def test_a_plugin_that_builds_no_scorer_is_named(install: Install, case: str) -> None:
    source, reason = NOT_BUILT[case]
    install("bad-words", source)
    with pytest.raises(PluginError) as caught:
        make_scorer("words", ScorerOptions())
    check_message(caught.value, reason)


@pytest.mark.parametrize("case", NOT_SCORED)
def test_a_plugin_whose_answer_breaks_the_contract_is_named(install: Install, case: str) -> None:
    body, reason = NOT_SCORED[case]
    install("bad-words", plugin.scoring(body))
    scorer = make_scorer("words", ScorerOptions())
    with pytest.raises(PluginError) as caught:
        scorer.score(PAIRS)
    check_message(caught.value, reason)


HALF_BAD = (
    "found = np.full(60, 0.5); found[:3] = [np.nan, np.inf, -np.inf]\n"
    "from metrics.types import PairScores, ScoreFailure\n"
)
SAID = ["words returned nan instead", "words returned inf instead", "words returned -inf instead"]
ONE_PAIR = {
    "a bare array": ("return found", SAID),
    "PairScores": ("return PairScores(found)", SAID),
    "its own words": ("return PairScores(found, failures=(ScoreFailure('0', 'too quiet'),))", ["too quiet", *SAID[1:]]),
    "a number for a failure": (
        "found[:3] = 0.5; return PairScores(found, failures=tuple(ScoreFailure(str(i), 'cut off') for i in range(3)))",
        ["cut off"] * 3,
    ),
}


@pytest.mark.parametrize("case", ONE_PAIR)
@pytest.mark.parametrize("road", ["plugin", "direct"])
def test_what_is_wrong_with_one_pair_is_a_failure_of_that_pair(install: Install, case: str, road: str) -> None:
    """Whether the scorer is a plugin or was handed over in Python: one promise, one verdict."""
    body, said = ONE_PAIR[case]
    install("good-words", plugin.scoring(HALF_BAD + body))
    scorer = make_scorer("words", ScorerOptions())
    answer = scorer.score(PAIRS) if road == "plugin" else scorer._scorer.score(PAIRS)  # type: ignore[attr-defined]
    outcome = checked_scores("words", answer, PAIRS)
    assert np.isnan(outcome.scores[:3]).all()
    assert (outcome.scores[3:] == 0.5).all()
    assert sorted(failure.pair_id for failure in outcome.failures) == ["0", "1", "2"]
    reasons = {failure.pair_id: failure.reason for failure in outcome.failures}
    assert all(reasons[str(i)].startswith(words) for i, words in enumerate(said))


def test_an_answer_does_not_depend_on_which_pairs_are_asked_together(install: Install) -> None:
    """A shard may hold nothing but pairs that fail."""
    install("good-words", plugin.scoring("return np.array([np.nan if p.pair_id == '1' else 0.5 for p in pairs])"))
    scorer = make_scorer("words", ScorerOptions())
    together, alone = scorer.score(PAIRS), scorer.score(PAIRS[1:2])
    assert isinstance(together, PairScores)
    assert isinstance(alone, PairScores)
    assert together.failures == alone.failures != ()


@pytest.mark.parametrize("answer", [np.zeros(3), np.zeros((60, 1)), np.zeros(60, int), [0.5] * 60, np.float64(1.0)])
def test_a_wrong_answer_of_a_scorer_that_was_handed_over_names_it(answer: object) -> None:
    with pytest.raises(
        PluginError, match=r"^metric 'mine' returned .* expected a numpy array of floats of shape \(60,\)"
    ):
        checked_scores("mine", answer, PAIRS)


def check_message(error: PluginError, reason: str) -> None:
    assert str(error).startswith("metric 'words' (package bad-words 1.2) ")
    assert reason in error.reason
    assert error.remedy.startswith("ask the author of bad-words, or uninstall it")


def test_a_plugin_that_fails_is_one_line_and_status_1(bench: Bench, install: Install, ratings_csv: Path) -> None:
    install("bad-words", plugin.scoring("return np.zeros(7)"))
    status, error = run(bench, ratings_csv, "words")
    assert status == 1
    assert error.startswith("error: metric 'words' (package bad-words 1.2) returned scores of shape (7,)")
    assert error.count("\n") == 1


def test_doctor_examines_the_others_too(bench: Bench, install: Install) -> None:
    install("bad-words", plugin.scoring("return np.zeros(7)"))
    outcome = bench("doctor", "--metrics", "words,caption-length", "--json")
    assert outcome.status == 1
    assert {finding["metric"] for finding in json.loads(outcome.out)} == {"caption-length"}
    assert "error: metric 'words' (package bad-words 1.2) returned scores of shape (7,)" in outcome.err
    assert outcome.err.endswith("error: plugins that fail, see above: words\n")


def test_debug_shows_the_plugin_s_own_traceback(bench: Bench, install: Install, ratings_csv: Path) -> None:
    install("bad-words", "def make(a, o): return 1 / 0")
    with pytest.raises(Exception, match=r"package bad-words 1\.2") as caught:
        bench("--debug", "run", "--dataset", ratings_csv, "--metrics", "words", "--out", "o")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_some_nan_in_a_bare_array_are_failures(bench: Bench, install: Install, ratings_csv: Path) -> None:
    install("holey-words", plugin.scoring("return np.where(np.arange(len(pairs)) == 1, np.nan, 0.5)"))
    assert run(bench, ratings_csv, "words")[0] == 3
    assert "words returned nan instead of a finite score" in Path("o/failures.csv").read_text()


def test_an_infinite_score_is_a_failure_in_words_and_the_run_goes_on(
    bench: Bench, install: Install, ratings_csv: Path
) -> None:
    install("holey-words", plugin.scoring("return np.where(np.arange(len(pairs)) == 1, np.inf, 0.5)"))
    assert run(bench, ratings_csv, "words")[0] == 3
    assert "words returned inf instead of a finite score" in Path("o/failures.csv").read_text()


@pytest.mark.parametrize("taken", ["random", "isolated"])
def test_a_plugin_cannot_take_a_built_in_name(bench: Bench, install: Install, ratings_csv: Path, taken: str) -> None:
    install("pushy", plugin.GOOD, [taken])
    record = listed(bench)[f"{taken} (pushy)"]
    assert record["reason"] == f"the name {taken!r} is that of a built-in metric"
    assert run(bench, ratings_csv, "random")[0] == 0
    assert signatures("o")["random"] == "random|seed:0"


def test_of_two_plugins_with_one_name_neither_is_taken(bench: Bench, install: Install, ratings_csv: Path) -> None:
    install("first", plugin.GOOD)
    install("second", plugin.GOOD)
    names = listed(bench)
    assert "words" not in names
    for package in ("first", "second"):
        assert not names[f"words ({package})"]["available"]
        assert "offered by" in str(names[f"words ({package})"]["reason"])
    status, error = run(bench, ratings_csv, "words")
    assert status == 2
    assert "the name 'words' is offered by" in error


def test_a_name_that_metrics_would_split_is_a_clash(bench: Bench, install: Install) -> None:
    install("odd", plugin.GOOD, ["a,b"])
    assert "colon or comma" in str(listed(bench)["a,b (odd)"]["reason"])


def test_a_new_version_of_a_plugin_has_embeddings_of_its_own() -> None:
    spec = ScorerSpec("words", packages=(("good-words", "1.1"), ("numpy", "2")))
    assert spec.with_provider(("good-words", "1.2")).signature() == "words|numpy:2|good-words:1.2"
    assert spec.with_provider(("good-words", "1.1")) == spec
    assert spec.with_provider(None) == spec
