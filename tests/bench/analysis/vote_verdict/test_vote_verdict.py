"""Which sentences a verdict on votes has and has not, in runs where one knows what may be said; and how they read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bench.analysis.leakage import KINDS_OF_ITEMS, Leakage, SharedItems
from bench.analysis.strata import ALL
from bench.analysis.vote_results import VoteAnalysis
from bench.analysis.vote_verdict.build import vote_verdict
from bench.analysis.vote_verdict.facts import Facts, VoteFacts
from bench.statistics.intervals import Measured
from bench.statistics.standing import Standing
from bench.statistics.vote_differences import ACCURACY
from bench.statistics.votes import NO_MAJORITY, ONE_SIDED, ONE_VOTE
from tests.bench.analysis.vote_verdict.crafted import (
    HUMANS,
    MACHINES,
    VOTES,
    agreement,
    around,
    compared,
    difference,
    joined,
    listener,
    nobody,
)

THREE = {"p3": 0.75, "p2": 0.68, "p1": 0.6}


def said(analysis: VoteAnalysis, votes: VoteFacts = VOTES, **more: Any) -> dict[str, str]:
    sentences = vote_verdict(Facts(analysis, votes, **more))
    assert all(sentence.test for sentence in sentences)
    found = {sentence.id: sentence.text for sentence in sentences}
    assert len(found) == len(sentences)
    return found


def starting(found: Mapping[str, str], topic: str) -> list[str]:
    return [name for name in found if name.startswith(f"{topic}.")]


def test_one_best_metric() -> None:
    found = said(joined(compared(THREE, best=["p3"])))
    assert starting(found, "best") == ["best.one"]
    assert found["best.one"] == (
        "p3 agrees best with listeners: it prefers the caption that most listeners prefer in 0.750 [0.720, 0.780] of "
        "1,200 comparisons (a coin: 0.5); all 2 others were shown to be worse. It leads the next, p2, by 0.070 [0.030, "
        "0.110], adjusted p ≤ 0.0001."
    )
    assert found["undecided.none"] == "Nothing where all sounds are taken together: all 3 differences were shown."
    assert found["data.complete"] == ("No score is missing: all metrics are compared on the same 1,200 comparisons.")
    assert starting(found, "sources") == []
    assert starting(found, "limits") == ["limits.question"]


def test_a_set_may_be_best() -> None:
    found = said(joined(compared(THREE, best=["p3", "p2"], open_pairs=[("p3", "p2")])))
    assert starting(found, "best") == ["best.set"]
    assert found["best.set"] == (
        "p3 has the highest accuracy: it prefers the caption that most listeners prefer in 0.750 [0.720, 0.780] of "
        "1,200 comparisons (a coin: 0.5); p2 may be as good. The other was shown to be worse than the best."
    )
    assert found["undecided.pairs"] == "Not shown: p3 over p2 (by 0.070 [0.030, 0.110], adjusted p = 0.300)."
    assert found["undecided.detectable"] == "A true difference of 0.056 would have been found with 80 % power."


def test_two_equal_metrics() -> None:
    found = said(joined(compared({"p3": 0.7, "p2": 0.7}, best=["p3", "p2"], open_pairs=[("p3", "p2")])))
    assert found["best.set"].endswith("(a coin: 0.5); p2 may be as good.")
    assert "best.one" not in found
    assert "undecided.none" not in found


def test_a_small_difference_needs_more_clips() -> None:
    found = said(joined(compared({"p3": 0.7, "p2": 0.68}, best=["p3", "p2"], open_pairs=[("p3", "p2")])))
    assert found["undecided.detectable"] == (
        "A true difference of 0.056 would have been found with 80 % power. If p3 is really ahead of p2 by 0.020, about "
        "2,400 clips would show it; here are 300."
    )


def test_one_metric() -> None:
    found = said(joined(compared({"p3": 0.75}), listener("p3", 0.9, 0.74)))
    assert starting(found, "best") == ["best.single"]
    assert found["best.single"] == (
        "p3 is the only metric here: it prefers the caption that most listeners prefer in 0.750 [0.720, 0.780] of "
        "1,200 comparisons (a coin: 0.5)."
    )
    assert found["level.listener"] == (
        "One listener says what most others say in 0.900 [0.870, 0.930] of votes, p3 what the same others say in 0.740 "
        "[0.710, 0.770]: worse than one listener, difference -0.160 [-0.190, -0.130]."
    )
    assert starting(found, "undecided") == []


def test_a_metric_as_good_as_a_listener_and_one_that_is_better() -> None:
    same = said(joined(compared({"p3": 0.75}), listener("p3", 0.75, 0.76)))
    assert same["level.listener"].endswith("not shown to differ from one listener, difference 0.010 [-0.020, 0.040].")
    better = said(joined(compared({"p3": 0.75}), listener("p3", 0.6, 0.76)))
    assert "better than one listener" in better["level.listener"]


def test_all_noise() -> None:
    values = {"a": 0.531, "b": 0.51, "c": 0.48}
    open_pairs = [("a", "b"), ("a", "c"), ("b", "c")]
    kinds = compared(values, ["a", "b", "c"], HUMANS, 0.03, open_pairs)
    found = said(joined(compared(values, ["a", "b", "c"], ALL, 0.03, open_pairs), kinds, listener("a", 0.9, 0.5)))
    assert starting(found, "best") == ["best.noise"]
    assert found["best.noise"] == (
        "None of 3 metrics was shown to prefer the caption that most listeners prefer more often than a coin would: "
        "the highest accuracy 0.531 [0.501, 0.561], of a."
    ), "its own interval leaves 0.5 out, but it is the best of three"
    assert starting(found, "level") == starting(found, "sources") == []
    assert found["undecided.pairs"].endswith("; and 1 more of 3 differences.")
    assert "limits.kinds" not in found


def test_one_metric_that_is_no_better_than_a_coin_and_one_without_an_interval() -> None:
    found = said(joined(compared({"a": 0.51})))
    assert found["best.noise"] == (
        "a was not shown to prefer the caption that most listeners prefer more often than a coin would: accuracy 0.510 "
        "[0.480, 0.540]."
    )
    alone = Measured(0.9, math.nan, math.nan, "no interval: 2 clusters, fewer than 3")
    few = said(joined({"vote_agreements": (agreement("a", alone, n_clusters=2),)}))
    assert few["best.noise"] == (
        "Nothing was shown: the highest accuracy is 0.900, of a, and has no interval (no interval: 2 clusters, fewer "
        "than 3)."
    )
    assert few["limits.few"] == "The intervals are rough and too narrow: they rest on 2 clips."


def test_some_metrics_do_not_beat_a_coin() -> None:
    found = said(joined(compared({"p3": 0.75, "p2": 0.5, "p1": 0.3}, best=["p3"])))
    assert found["best.coin"] == "Not shown to do so more often than a coin would: p2 and p1."
    assert "best.coin" not in said(joined(compared(THREE, best=["p3"])))


def test_nothing_tested() -> None:
    analysis = joined(compared(THREE), {"standings": (Standing("p3", ALL, ACCURACY, True, "", "too few"),)})
    found = said(analysis)
    assert found["best.untested"].endswith(
        "; it leads the next, p2, by 0.070 [0.030, 0.110], adjusted p ≤ 0.0001. Which metrics may be as good was not "
        "tested: too few."
    )


def test_better_in_one_kind_only() -> None:
    found = said(
        joined(
            compared(THREE, best=["p3"]),
            compared({"p3": 0.6, "p2": 0.62, "p1": 0.52}, ["p3", "p2", "p1"], HUMANS, 0.09),
            compared({"p3": 0.85, "p2": 0.7, "p1": 0.6}, ["p3"], MACHINES),
        )
    )
    assert found["sources.best"] == (
        "human-human: p2 is highest, accuracy 0.620 [0.530, 0.710], none shown to be worse than the best; "
        "machine-machine: p3 is best, accuracy 0.850 [0.820, 0.880]."
    )
    assert found["sources.holds"] == "p3 was not shown to be worse than the best on any kind."
    assert found["sources.coin"] == "p3 was not shown to beat a coin on human-human."
    assert found["limits.kinds"].startswith("What is shown of one kind and not of another may still hold of both")


def test_worse_in_one_kind() -> None:
    found = said(
        joined(
            compared(THREE, best=["p3"]),
            compared({"p3": 0.6, "p2": 0.8}, ["p2"], HUMANS),
            compared({"p3": 0.85, "p2": 0.7}, ["p3"], MACHINES),
        )
    )
    assert found["sources.holds"] == "p3 was shown to be worse than the best on human-human."
    assert found["sources.coin"] == "p3 beats a coin on each kind."


def test_the_same_metrics_may_be_best_everywhere() -> None:
    parts = [compared({"p3": 0.75, "p2": 0.6}, ["p3"], stratum) for stratum in (ALL, HUMANS, MACHINES)]
    found = said(joined(*parts))
    assert "limits.kinds" not in found
    assert found["sources.best"].count("p3 is best") == 2


def test_one_voter_and_votes_of_which_none_contradict() -> None:
    single = said(joined(compared({"p3": 0.75}), nobody(ONE_VOTE)), replace(VOTES, most_votes=1))
    assert single["level.unknown"] == (
        "How far p3 is from one listener is not known: no vote has others on the same comparison that prefer one side."
    )
    assert single["limits.one-vote"] == "Each majority is one listener's vote: a perfect metric would not reach 1."
    several = said(joined(compared({"p3": 0.75}), listener("p3", 0.99, 0.7, ONE_SIDED)))
    assert "limits.one-vote" not in several
    assert several["limits.selection"] == (
        "No comparison has votes for both sides: the figures are for comparisons that listeners agree on, and one "
        "listener is near 1 by selection."
    )
    assert "limits.selection" not in said(joined(compared({"p3": 0.75}), listener("p3", 0.9, 0.7)))


def test_what_votes_do_not_say() -> None:
    captions = said(joined(compared(THREE, best=["p3"])))["limits.question"]
    clips = said(joined(compared(THREE, best=["p3"])), replace(VOTES, shared="caption"))
    assert "captions of one clip" in captions
    assert "which ratings of clips would tell" in captions
    assert "clips of one caption" in clips["limits.question"]
    assert "it prefers the clip that most listeners prefer" in clips["best.one"]


def test_ties_of_scores_and_of_votes() -> None:
    found = said(joined(compared(THREE, ["p3"], ties={"p3": 2, "p1": 400})), replace(VOTES, n_equal=30))
    assert found["data.ties"] == "Comparisons scored alike, which count as not agreeing: p1 400."
    assert found["data.equal"] == "30 of 1,200 comparisons have no majority and count for no accuracy."
    none = said(joined(compared(THREE, ["p3"], ties={"p3": 2})))
    assert "data.ties" not in none
    assert "data.equal" not in none


def test_missing_scores() -> None:
    votes = replace(VOTES, n_common=1000, n_missing={"p2": 20, "p1": 190, "gone": 1200}, unscored=("gone",))
    assert said(joined(compared(THREE, best=["p3"])), votes)["data.missing"] == (
        "gone scored no pair and is left out. Comparisons with a side without a score: p1 190 and p2 20. Everything is "
        "on the 1,000 of 1,200 comparisons of which the other metrics all scored both sides."
    )


def test_forty_metrics() -> None:
    values = {f"m{i:02}": 0.75 - 0.001 * i for i in range(40)}
    found = said(joined(compared(values, best=list(values)[:12])))
    assert found["best.set"].endswith(
        "m01, m02, m03, m04 and 7 others may be as good. The other 28 were shown to be worse than the best."
    )
    anything = said(joined(compared(values, best=list(values))))
    assert anything["best.any"].endswith(", but none of 40 metrics was shown to be worse than the best.")


def test_baselines_are_not_compared() -> None:
    analysis = joined(compared({"length": 0.8, "p3": 0.75}, best=["p3"]))
    found = said(analysis, baselines=("length",))
    assert starting(found, "best") == ["best.single"]
    only = said(joined(compared({"length": 0.8})), baselines=("length",))
    assert only["best.none"] == "Only baselines have scores: no metric is compared here."
    assert starting(only, "limits") == []


def test_nothing_to_say_of_accuracy() -> None:
    undefined = agreement("p3", around(math.nan), n_comparisons=0, note=NO_MAJORITY)
    found = said(joined({"vote_agreements": (undefined,)}))
    assert found["best.undefined"] == "No metric has an accuracy: no comparison has a majority."
    assert said(VoteAnalysis())["best.none"] == (
        "No metric has scores of both sides of a comparison: no metric is compared here."
    )


def test_what_was_seen_in_training() -> None:
    items = tuple(SharedItems(kind, 9, ("x",)) for kind in KINDS_OF_ITEMS)
    found = said(joined(compared(THREE, ["p3"])), leakage=[Leakage("p3", "mine", "train", items, 4)])
    assert found["data.leaking"] == (
        "p3 saw tested captions or clips in training: expect less agreement on unseen data."
    )


def test_a_metric_that_prefers_the_other_side() -> None:
    found = said(joined(compared({"p3": 0.75, "p2": 0.5, "p1": 0.3}, best=["p3"])))
    assert found["best.opposite"] == (
        "Shown to prefer the other caption more often than a coin would: p1 (0.300 [0.270, 0.330])."
    )
    alone = said(joined(compared({"p1": 0.3})))
    assert alone["best.opposite"].endswith("p1 (0.300 [0.270, 0.330]).")
    assert "best.noise" in alone
    tied = said(joined(compared({"p1": 0.3}, ties={"p1": 480})))
    assert "best.opposite" not in tied, "ties alone take .4 of the comparisons away"
    for value in (0.48, 0.52):
        assert "best.opposite" not in said(joined(compared({"p1": value})))


def beside(baseline: str, values: Mapping[str, float], p: Mapping[str, float]) -> dict[str, tuple[Any, ...]]:
    """Return a baseline and its differences from metrics."""
    length = agreement(baseline, around(values[baseline]))
    others = [metric for metric in values if metric != baseline]
    found = [difference(metric, baseline, values[metric] - values[baseline], p[metric]) for metric in others]
    return {
        "vote_agreements": (length,),
        "vote_differences": tuple(replace(one, with_baseline=True) for one in found),
    }


def test_more_than_a_baseline() -> None:
    values = {**THREE, "length": 0.62}
    part = beside("length", values, {"p3": 0.001, "p2": 0.2, "p1": 0.5})
    found = said(joined(compared(THREE, best=["p3"]), part), baselines=("length",))
    assert found["hears.baseline"] == (
        "The baseline length has accuracy 0.620 [0.590, 0.650]; shown to do better: p3; not shown: p2 and p1."
    )
    all_better = beside("length", values, dict.fromkeys(THREE, 0.001))
    shown = said(joined(compared(THREE, best=["p3"]), all_better), baselines=("length",))
    assert shown["hears.baseline"].endswith("; shown to do better: p3 and p2; not shown: p1."), (
        "p1 is shown to do worse"
    )
    none = said(
        joined(compared(THREE, best=["p3"]), beside("length", values, dict.fromkeys(THREE, 0.5))), baselines=("length",)
    )
    assert none["hears.baseline"].endswith("; no metric was shown to do better.")
    single = {"p3": 0.75, "length": 0.62}
    one = said(joined(compared({"p3": 0.75}), beside("length", single, {"p3": 0.01})), baselines=("length",))
    assert one["hears.baseline"].endswith("; p3 was shown to do better.")
    assert "hears.baseline" not in said(joined(compared(THREE, best=["p3"])))
