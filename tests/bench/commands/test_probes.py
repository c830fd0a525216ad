"""``bench probes``: from a data set to a report that says that nobody was asked."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from bench.reports.probe_report import CONSTRUCTED
from tests.commands import Bench
from tests.metrics.clips import write_tone

RATINGS = "audio_path,text,rating\n" + "\n".join(
    f"{k}.wav,A {animal} {sound} number {k // 2} while rain falls,{k % 11}"
    for k, (animal, sound) in enumerate([("dog", "barks"), ("cat", "meows")] * 12)
)
FAST = ("--resamples", "99", "--permutations", "99")


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.csv"
    path.write_text(RATINGS + "\n")
    return path


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_accuracy_is_the_share_of_originals_with_the_higher_score(bench: Bench, mine: Path) -> None:
    result = bench("probes", mine, "--metrics", "random,caption-length", *FAST, "--out", "out")
    assert result.status == 0, result.err
    assert {path.name for path in Path("out").iterdir()} == {
        "probes.csv", "pairs.csv", "scores.csv", "failures.csv", "vote_agreements.json", "vote_differences.json",
        "report.md", "probes.json",
    }  # fmt: skip
    scores = {row["pair_id"]: row for row in rows(Path("out/scores.csv"))}
    found = {(one["metric"], one["stratum"]): one for one in json.loads(Path("out/vote_agreements.json").read_text())}
    probes = rows(Path("out/probes.csv"))
    for metric in ("random", "caption-length"):
        for kind in ("all", "swapped", "removed", "negated"):
            of_kind = [row for row in probes if kind in ("all", row["kind"])]
            right = [
                float(scores[row["pair_id"]][metric]) > float(scores[row["altered_pair_id"]][metric]) for row in of_kind
            ]
            record = found[metric, "all" if kind == "all" else f"kind:{kind}"]
            assert record["accuracy"]["estimate"] == pytest.approx(sum(right) / len(right))
            assert record["n_comparisons"] == len(of_kind)
    assert found["caption-length", "kind:removed"]["accuracy"]["estimate"] == 1
    assert (found["random", "all"]["resample_unit"], found["random", "all"]["n_clusters"]) == ("clip", 24)
    facts = json.loads(Path("out/probes.json").read_text())
    assert (facts["constructed"], facts["n_pairs"]) == (True, 24)
    assert facts["made"] == {"swapped": 24, "order": 0, "removed": 24, "negated": 24}
    assert facts["not_made"]["order"] == 24


def test_the_report_says_that_nobody_was_asked_and_what_was_found(bench: Bench, mine: Path) -> None:
    out = bench("probes", mine, "--metrics", "random,caption-length", *FAST).out
    assert CONSTRUCTED in out
    assert "listeners' votes" not in out
    assert "agree" not in out.replace("says nothing of agreement with listeners", "")
    assert (
        "**Last event removed?** caption-length prefers the original most often, in 1.000 of 24 probes. Not shown to "
        "do so more often than a coin: random." in out
    )
    assert (
        "**First event negated?** No metric was shown to prefer the original more often than a coin would: the highest "
        "accuracy is that of random, " in out
    )
    assert "| order | order of events reversed | 0 | 24 |" in out
    assert "| removed | last event removed | 24 | 0 |" in out
    assert not list(Path().glob("*/probes.json")), "nothing is kept without --out"
    alone = bench("probes", mine, "--metrics", "caption-length", *FAST, "--kinds", "removed,negated").out
    assert "caption-length prefers the original, in 1.000 of 24 probes." in alone
    assert (
        "caption-length was not shown to prefer the original more often than a coin would: accuracy 0.000 of 24 probes."
        in alone
    )
    assert "Differences between metrics" not in alone


def test_the_same_again_is_equal_to_the_byte(bench: Bench, mine: Path) -> None:
    for out in ("one", "two"):
        assert bench("probes", mine, "--metrics", "random", *FAST, "--out", out).status == 0
    for path in Path("one").iterdir():
        assert path.read_bytes() == Path("two", path.name).read_bytes(), path.name


def test_scores_may_be_computed_elsewhere(bench: Bench, mine: Path) -> None:
    written = bench("probes", mine, "--out", "todo")
    assert written.status == 0, written.err
    assert {path.name for path in Path("todo").iterdir()} == {"probes.csv", "pairs.csv", "probes.json"}
    assert "Original or altered?" not in written.out
    originals = {row["pair_id"] for row in rows(Path("todo/probes.csv"))}
    pairs = rows(Path("todo/pairs.csv"))
    assert all(Path(row["audio_path"]).is_absolute() for row in pairs)
    lines = [f"{row['pair_id']},{1 if row['pair_id'] in originals else 0}" for row in pairs]
    Path("scores.csv").write_text("\n".join(["pair_id,score", *lines]) + "\n")
    found = bench("probes", mine, "--scores", "mine=scores.csv", *FAST, "--kinds", "removed", "--json")
    [one] = [one for one in json.loads(found.out)["vote_agreements"] if one["stratum"] == "all"]
    assert (one["metric"], one["accuracy"]["estimate"]) == ("mine", 1.0)
    Path("scores.csv").write_text("\n".join(["pair_id,score", *lines[:-1]]) + "\n")
    assert bench("probes", mine, "--scores", "mine=scores.csv", *FAST).status == 1


def test_clips_that_cannot_be_heard_are_said(bench: Bench, mine: Path) -> None:
    result = bench("probes", mine, "--metrics", "tiny", *FAST, "--out", "out")
    assert result.status == 1
    assert "has scores for both of its sides; repair what the first failure names: " in result.err
    assert not Path("out").exists()


def test_probes_of_a_clip_that_is_missing_are_left_out(bench: Bench, mine: Path) -> None:
    for k in range(23):
        write_tone(mine.parent / f"{k}.wav", 0.3, 16_000, seed=k)
    result = bench("probes", mine, "--metrics", "tiny,caption-length", *FAST, "--out", "out")
    assert result.status == 3, result.err
    assert "4 scores are missing; reasons in out/failures.csv" in result.err
    assert "Pairs without a score: tiny 4. All figures are on the 69 of 72 probes of which every metric" in result.out
    assert {row["metric"] for row in rows(Path("out/failures.csv"))} == {"tiny"}
    found = json.loads(Path("out/vote_agreements.json").read_text())
    assert {one["n_comparisons"] for one in found if one["stratum"] == "all"} == {69}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), "nothing to do; give --metrics or --scores, or --out"),
        (("--metrics", "random", "--kinds", "loud"), "--kinds is 'loud'; give one or more of swapped"),
        (("--metrics", "random", "--out", "."), "--out . is a file, or not empty; give a new folder"),
        (("--metrics", "rendom"), "rendom"),
        (("--metrics", "random", "--least-rating", "11"), "no clip has a mean rating of 11 or more"),
    ],
)
def test_bad_requests_are_refused_in_words(bench: Bench, mine: Path, arguments: tuple[str, ...], expected: str) -> None:
    result = bench("probes", mine, *arguments)
    assert result.status in (1, 2)
    assert expected in result.err
    assert result.out == ""


def test_votes_make_no_probes(bench: Bench) -> None:
    refused = bench("probes", "brace:audiocaps", "--metrics", "random")
    assert refused.status == 2
    assert "brace:audiocaps has votes; probes are made of rated data sets" in refused.err
