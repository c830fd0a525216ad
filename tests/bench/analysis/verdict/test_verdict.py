"""Which sentences a verdict has and has not, in runs where one knows what may be said; and how they read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

import pytest

from bench.analysis.leakage import KINDS_OF_ITEMS, Leakage, SharedItems
from bench.analysis.results import Analysis
from bench.analysis.sentence import Topic
from bench.analysis.strata import ALL
from bench.analysis.verdict.build import verdict
from bench.analysis.verdict.facts import Facts, ScoreFacts
from bench.statistics.equivalence import Equivalence
from bench.statistics.intervals import Measured
from bench.statistics.standing import Standing
from tests.bench.analysis.verdict.crafted import (
    NATURAL,
    PLAN,
    SCORES,
    SYNTHESIZED,
    around,
    compared,
    dimensions,
    evenness,
    interaction,
    joined,
    listeners,
    sentinel,
    systems,
    undefined,
)

THREE = {"p3": 0.549, "p2": 0.480, "p1": 0.382}


def said(analysis: Analysis, scores: ScoreFacts = SCORES, **more: Any) -> dict[str, str]:
    sentences = verdict(Facts(analysis, scores, **more))
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
        "p3 agrees best with listeners, SRCC 0.549 [0.519, 0.579]; all 2 others were shown to be worse. "
        "It leads the next, p2, by 0.069 [0.029, 0.109], adjusted p ≤ 0.0001."
    )
    assert found["undecided.none"] == "Nothing where all sounds are taken together: all 3 differences were shown."
    assert found["data.complete"] == "No score is missing: all metrics are compared on the same 2,598 pairs."
    assert found["data.untrained"] == "No metric says that it was trained on rated pairs."


def test_a_set_may_be_best() -> None:
    found = said(joined(compared(THREE, best=["p3", "p2"], open_pairs=[("p3", "p2")])))
    assert starting(found, "best") == ["best.set"]
    assert found["best.set"] == (
        "p3 has the highest SRCC, 0.549 [0.519, 0.579]; p2 may be as good. The other was shown to be worse than the "
        "best."
    )
    assert found["undecided.pairs"] == ("Not shown: p3 over p2 (by 0.069 [0.029, 0.109], adjusted p = 0.300).")
    assert found["undecided.detectable"] == "A true difference of 0.056 would have been found with 80 % power."


def test_one_metric() -> None:
    found = said(joined(compared({"p3": 0.549}), listeners("p3", 0.516, 0.486)))
    assert starting(found, "best") == ["best.single"]
    assert found["best.single"] == (
        "p3 is the only metric here and agrees with listeners at SRCC 0.549 [0.519, 0.579]."
    )
    assert starting(found, "undecided") == []
    assert starting(found, "hears") == []


def test_one_metric_that_agrees_with_nobody() -> None:
    found = said(joined(compared({"p3": 0.01}), listeners("p3", 0.516, 0.0), systems("p3", 0.0)))
    assert found["best.noise"] == "p3 was not shown to agree with listeners at all: SRCC 0.010 [-0.020, 0.040]."
    assert starting(found, "level") == starting(found, "hears") == starting(found, "sources") == []


def test_all_noise() -> None:
    values = {"a": 0.031, "b": 0.010, "c": -0.02}
    open_pairs = [("a", "b"), ("a", "c"), ("b", "c")]
    found = said(joined(compared(values, best=["a", "b", "c"], open_pairs=open_pairs), listeners("a", 0.5, 0.03)))
    assert starting(found, "best") == ["best.noise"]
    assert found["best.noise"] == (
        "None of 3 metrics was shown to agree with listeners at all: the highest SRCC is 0.031 [0.001, 0.061], of a."
    ), "its own interval leaves 0 out, but it is the best of three"
    assert starting(found, "level") == starting(found, "sources") == []
    assert found["undecided.pairs"].endswith("; and 1 more of 3 differences.")


def test_two_equal() -> None:
    found = said(joined(compared({"p3": 0.549, "p2": 0.549}, best=["p3", "p2"], open_pairs=[("p3", "p2")])))
    assert found["best.set"] == "p3 has the highest SRCC, 0.549 [0.519, 0.579]; p2 may be as good."
    assert found["undecided.detectable"] == "A true difference of 0.056 would have been found with 80 % power."
    assert "best.one" not in found
    assert "undecided.none" not in found


def test_what_would_decide_a_small_difference() -> None:
    found = said(joined(compared({"p3": 0.549, "p2": 0.539}, best=["p3", "p2"], open_pairs=[("p3", "p2")])))
    assert found["undecided.detectable"] == (
        "A true difference of 0.056 would have been found with 80 % power. If p3 is really ahead of p2 by 0.010, about "
        "27,000 captions would show it; here are 858."
    )


def test_what_no_data_would_decide() -> None:
    found = said(joined(compared({"p3": 0.549, "p2": 0.548}, best=["p3", "p2"], open_pairs=[("p3", "p2")])))
    assert found["undecided.detectable"].endswith(
        " If p3 is really ahead of p2 by 0.001, no data set of a likely size would show it."
    )


def test_equal_within_a_margin() -> None:
    same = Equivalence(
        "p3", "p2", ALL, "srcc", 858, 0.03, 0.001, -0.01, 0.012, equivalent=True, different=False, **PLAN
    )
    analysis = joined(compared(THREE, best=["p3", "p2"], open_pairs=[("p3", "p2")]), {"equivalences": (same,)})
    assert said(analysis)["undecided.equivalent"] == "As good as equal, within ±0.030: p3 and p2."
    other = replace(same, equivalent=False)
    assert "undecided.equivalent" not in said(replace(analysis, equivalences=(other,)))


def test_forty_metrics() -> None:
    values = {f"m{i:02}": 0.6 - 0.01 * i for i in range(40)}
    near = [(f"m{i:02}", f"m{i + 1:02}") for i in range(39)]
    found = said(joined(compared(values, best=[f"m{i:02}" for i in range(9)], open_pairs=near)))
    assert found["best.set"] == (
        "m00 has the highest SRCC, 0.600 [0.570, 0.630]; m01, m02, m03, m04 and 4 others may be as good. The other "
        "31 were "
        "shown to be worse than the best."
    )
    assert found["undecided.pairs"].endswith("; and 37 more of 780 differences.")
    assert max(map(len, found.values())) < 330


def test_forty_metrics_of_noise() -> None:
    values = {f"m{i:02}": 0.045 - 0.002 * i for i in range(40)}
    found = said(joined(compared(values, best=list(values))))
    assert starting(found, "best") == ["best.noise"]


def test_baselines_only() -> None:
    values = {"random": 0.01, "loudness": 0.3}
    found = said(joined(compared(values), sentinel(0.3, {})), baselines=["random", "loudness"])
    assert found["best.none"] == "Only baselines have scores: no metric is compared here."
    assert set(found) == {"best.none", "data.complete", "data.untrained"}


def test_baselines_take_no_part() -> None:
    found = said(joined(compared({"loudness": 0.6, **THREE}, best=["p3"])), baselines=["loudness"])
    assert found["best.one"].startswith("p3 agrees best with listeners")
    assert "all 2 others" in found["best.one"]
    assert not any("loudness" in text for text in found.values())


def test_no_estimate() -> None:
    found = said(joined(undefined("p3", "the scores are constant")))
    assert found["best.undefined"] == "No metric has an SRCC on all pairs: the scores are constant."
    assert starting(found, "level") == []


def test_nothing_was_tested() -> None:
    analysis = joined(compared(THREE, best=["p3"]))
    note = "5 clusters, fewer than 6"
    silent = tuple(Standing(m, ALL, "srcc", True, "", note) for m in THREE)
    found = said(replace(analysis, standings=silent))
    assert found["best.untested"].endswith(f"Which metrics may be as good was not tested: {note}.")
    assert "best.untested" in said(replace(analysis, standings=()))


@pytest.mark.parametrize(
    ("metric_value", "relation"),
    [
        (0.486, "not shown to differ from one listener"),
        (0.4, "worse than one listener"),
        (0.6, "better than one listener"),
    ],
)
def test_beside_one_listener(metric_value: float, relation: str) -> None:
    found = said(joined(compared(THREE, best=["p3"]), listeners("p3", 0.51, metric_value)))
    assert f": {relation}, difference" in found["level.listener"]
    assert "level.unknown" not in found


def test_level_reads() -> None:
    found = said(joined(compared(THREE, best=["p3"]), listeners("p3", 0.516, 0.446)))
    assert found["level.listener"] == (
        "One listener agrees with the others at SRCC 0.516 [0.486, 0.546], p3 with the same others at 0.446 [0.416, "
        "0.476]: "
        "worse than one listener, difference -0.070 [-0.100, -0.040]; worth the mean of 0.9 [0.8, 1.0] listeners."
    )
    assert found["level.ceiling"] == (
        "The ratings are so noisy that a perfect metric would reach about 0.79; p3 reaches 70 % [67 %, 73 %] of that."
    )


def test_no_listener_data() -> None:
    found = said(joined(compared(THREE, best=["p3"])))
    assert starting(found, "level") == ["level.unknown"]
    assert found["level.unknown"] == (
        "How far p3 is from a listener and from perfect is not known: the data give mean ratings only."
    )


def test_a_metric_worth_more_than_any_number_of_listeners() -> None:
    analysis = joined(compared(THREE, best=["p3"]), listeners("p3", 0.516, 0.7))
    endless = replace(analysis.beside_listener[0], worth=Measured(math.inf, 5, math.inf))
    found = said(replace(analysis, beside_listener=(endless,)))
    assert found["level.listener"].endswith("; no number of listeners would agree better.")


def test_beyond_sentinels() -> None:
    exceeds = {"p3": True, "p2": True, "p1": False}
    found = said(
        joined(compared(THREE, best=["p3"]), sentinel(0.386, exceeds), sentinel(0.1, {"p1": True}, "loudness"))
    )
    assert found["hears.beyond"] == (
        "Knowing nothing but which system made the clip gives SRCC 0.386 [0.356, 0.416]; shown to agree better: p3 "
        "and p2; "
        "not shown: p1."
    )
    assert (
        "all metrics were" in said(joined(compared(THREE), sentinel(0.1, dict.fromkeys(THREE, True))))["hears.beyond"]
    )
    assert "no metric was" in said(joined(compared(THREE), sentinel(0.7, dict.fromkeys(THREE, False))))["hears.beyond"]
    assert "hears.beyond" not in said(joined(compared(THREE)))


def test_within_systems() -> None:
    found = said(joined(compared(THREE, best=["p3"]), systems("p3", 0.495)))
    assert found["hears.within"] == (
        "Within one system p3 still ranks clips: SRCC 0.495 [0.465, 0.525], the mean over 4 systems."
    )
    found = said(joined(compared(THREE, best=["p3"]), systems("p3", 0.02)))
    assert found["hears.within"].startswith("Within one system p3 was not shown to rank clips")


def test_what_is_left_given_what_else_was_rated() -> None:
    two = compared({"human": 0.55, "laion": 0.4}, best=["human"])
    found = said(joined(two, dimensions({"human": 0.31, "laion": 0.2})))
    assert found["hears.dimensions"] == (
        "Given how listeners rated quality, human still agrees with relevance: partial SRCC 0.310 [0.280, 0.340]; "
        "nothing would be left if those mean ratings had a reliability of 0.400 [0.370, 0.430] or less."
    )
    safe = said(joined(two, dimensions({"human": 0.31}, gone_at=-0.1)))["hears.dimensions"]
    assert safe.endswith("partial SRCC 0.310 [0.280, 0.340], however noisy those ratings are.")
    unknown = said(joined(two, dimensions({"human": 0.31}, others=("ease", "joy"), gone_at=math.nan)))
    assert unknown["hears.dimensions"].endswith(
        "[0.280, 0.340]; what the noise of those ratings hides of ease and joy is not taken out."
    )
    assert "limits.dimensions" not in found
    nothing = said(joined(two, dimensions({"human": 0.01, "laion": 0.2}, others=("quality", "enjoyment"))))
    assert nothing["hears.dimensions"] == (
        "Beyond how listeners rated quality and enjoyment, human was not shown to agree with relevance: partial SRCC "
        "0.010 [-0.020, 0.040]."
    )
    undefined = joined(two, dimensions({"human": math.nan, "laion": 0.2}))
    assert "hears.dimensions" not in said(undefined)
    noise = compared({"human": 0.01}, best=["human"])
    assert "hears.dimensions" not in said(joined(noise, dimensions({"human": 0.31})))


def test_dimensions_that_are_nearly_one() -> None:
    two = compared({"human": 0.55, "laion": 0.4}, best=["human"])
    assert said(joined(two, dimensions({"human": 0.31}, shared=0.625)))["limits.dimensions"] == (
        "In these ratings relevance is nearly one with quality: SRCC 0.791 [0.761, 0.821], and so 62 % [60 %, 66 %] of "
        "the rank variance of relevance is explained by it. Which of them a metric agrees with is hard to tell."
    )
    three = dimensions({"human": 0.31}, shared=0.7, others=("quality", "enjoyment"))
    assert said(joined(two, three))["limits.dimensions"] == (
        "In these ratings relevance is nearly one with quality and enjoyment: 70 % [67 %, 73 %] of the rank variance "
        "of relevance is explained by them. Which of them a metric agrees with is hard to tell."
    )
    assert "limits.dimensions" not in said(joined(two, dimensions({"human": 0.31}, shared=0.5)))


def test_one_system() -> None:
    found = said(joined(compared(THREE, best=["p3"])), replace(SCORES, systems=("alpha",)))
    assert (
        found["limits.systems"] == "How metrics rank systems is not known: all clips with a known system are of alpha."
    )
    assert "hears.within" not in found
    found = said(joined(compared(THREE, best=["p3"])), replace(SCORES, systems=()))
    assert found["limits.systems"] == "How metrics rank systems is not known: the data name no systems."
    assert "limits.systems" not in said(joined(compared(THREE, best=["p3"])))


def by_source(natural: Mapping[str, float], synthesized: Mapping[str, float], best: Sequence[str]) -> list[Any]:
    return [compared(natural, best, NATURAL), compared(synthesized, best, SYNTHESIZED)]


def test_better_on_natural_only() -> None:
    two = {"p3": 0.549, "p2": 0.480}
    natural = compared({"p3": 0.6, "p2": 0.4}, ["p3"], NATURAL)
    synthesized = compared({"p3": 0.51, "p2": 0.5}, ["p3", "p2"], SYNTHESIZED, open_pairs=[("p3", "p2")])
    found = said(joined(compared(two, ["p3"]), natural, synthesized, interaction("p3", "p2", 0.19, 0.002)))
    assert found["sources.best"] == (
        "Natural clips: p3 is best, SRCC 0.600 [0.570, 0.630]; synthesized clips: p3 is highest, SRCC 0.510 [0.480, "
        "0.540], "
        "none shown to be worse than the best."
    )
    assert found["sources.differ"] == (
        "p3 does better against p2 on natural than on synthesized clips, by 0.190 [0.140, 0.240], adjusted p = "
        "0.002: on "
        "natural clips p3 is ahead by 0.200 [0.160, 0.240], adjusted p ≤ 0.0001; on synthesized clips no difference "
        "was shown."
    )
    assert "sources.alike" not in found
    turned = said(joined(compared(two, ["p3"]), natural, synthesized, interaction("p2", "p3", -0.19, 0.002)))
    assert turned["sources.differ"].startswith(
        "p2 does better against p3 on synthesized than on natural clips, by 0.190 [0.140"
    )


def test_no_interaction_was_shown() -> None:
    parts = by_source(THREE, THREE, ["p3"])
    found = said(joined(compared(THREE, ["p3"]), *parts, interaction("p3", "p2", 0.1, 0.2)))
    assert (
        found["sources.alike"] == "No lead of one metric over another was shown to depend on the source of the clips."
    )
    assert "sources.differ" not in found
    untested = said(joined(compared(THREE, ["p3"]), *parts, interaction("p3", "p2", 0.1, math.nan)))
    assert "sources.alike" not in untested


def test_nothing_agrees_on_natural_clips() -> None:
    parts = by_source({"p3": 0.02, "p2": -0.01}, {"p3": 0.5, "p2": 0.4}, ["p3"])
    found = said(joined(compared(THREE, ["p3"]), *parts))
    assert found["sources.best"].startswith(
        "Natural clips: no metric was shown to agree with listeners, the highest SRCC 0.020"
    )


def test_an_uneven_metric() -> None:
    uneven = evenness("p3", {NATURAL: (0.30, 0.38), SYNTHESIZED: (0.55, 0.56)})
    found = said(joined(compared(THREE, ["p3"]), *by_source(THREE, THREE, ["p3"]), uneven))
    assert found["sources.uneven"] == (
        "p3 is not even: worse on natural clips, 0.300 where an evenly good metric shows 0.380."
    )
    assert found["limits.spread"] == (
        "Columns of Tables II and III do not compare sounds: ratings spread differently, so that an equally good "
        "metric "
        "would show 0.380 (natural) to 0.560 (synthesized)."
    )


def test_an_even_metric() -> None:
    even = evenness("p3", {NATURAL: (0.37, 0.38), SYNTHESIZED: (0.39, 0.39)})
    found = said(joined(compared(THREE, ["p3"]), *by_source(THREE, THREE, ["p3"]), even))
    assert found["sources.even"] == (
        "p3 was not shown to be uneven: on natural clips 0.370 where an evenly good metric shows 0.380; on synthesized "
        "clips 0.390 where an evenly good metric shows 0.390."
    )


def test_evenly_good_metrics_of_two_kinds_are_a_range() -> None:
    """A metric is uneven where both kinds say so, and the sentence names both."""
    found = evenness("p3", {NATURAL: (0.30, 0.38), SYNTHESIZED: (0.55, 0.56)})["evenness"]
    first = replace(found[0], predicted_on_ratings=0.41, excess_on_ratings=around(0.02))
    data = joined(compared(THREE, ["p3"]), *by_source(THREE, THREE, ["p3"]), {"evenness": (first, found[1])})
    assert "on natural clips 0.300 where an evenly good metric shows 0.380 to 0.410" in said(data)["sources.even"]
    assert "limits.spread" not in found
    assert "sources.uneven" not in found


def test_few_captions() -> None:
    few = joined(compared(THREE, ["p3"]))
    few = replace(few, estimates=tuple(replace(e, n_clusters=12) for e in few.estimates))
    assert said(few)["limits.few"] == "The intervals are rough and too narrow: they rest on 12 captions."
    assert "limits.few" not in said(joined(compared(THREE, ["p3"])))


def test_failures() -> None:
    scores = ScoreFacts(600, 580, {"p2": 15, "p1": 600, "p3": 5}, unscored=("p1",), systems=("alpha", "beta"))
    found = said(joined(compared({"p3": 0.549, "p2": 0.480}, ["p3"])), scores)
    assert found["data.missing"] == (
        "p1 scored no clip and is left out. Scores are missing: p2 15 and p3 5. Everything is on the 580 of 600 "
        "pairs that "
        "the other metrics all scored."
    )
    assert "data.complete" not in found


def test_scores_off_the_scale() -> None:
    found = said(joined(compared(THREE, ["p3"])), replace(SCORES, off_scale=("p1", "elsewhere")))
    assert found["limits.units"] == "The MSE of p1 says nothing: the scores leave [0, 1], the scale of the ratings."


def leakage(metric: str, n_affected: int | None, shared: tuple[str, ...] | None = ()) -> Leakage:
    items = tuple(SharedItems(kind, 10, shared if kind == "listeners" else ()) for kind in KINDS_OF_ITEMS)
    return Leakage(metric, "somewhere", "train", items, n_affected)


def test_leakage() -> None:
    analysis = joined(compared(THREE, ["p3"]))
    found = said(analysis, leakage=[leakage("p3", 40), leakage("p2", None), leakage("p1", 0, ("L1",))])
    assert found["data.leaking"] == "p3 saw tested captions or clips in training: expect less agreement on unseen data."
    assert found["data.unknown"] == "Which pairs p2 had seen in training is not known: that was not written down."
    assert found["data.listeners"] == "p1 learned from some of the same listeners, on other captions and clips."
    clean = said(analysis, leakage=[leakage("p3", 0)])
    assert clean["data.clean"] == (
        "No tested caption, clip or listener was used to train p3, as far as it was written down."
    )


def test_every_topic_can_be_spoken_of() -> None:
    everything = joined(
        compared(THREE, ["p3"], open_pairs=[("p2", "p1")]),
        *by_source(THREE, THREE, ["p3"]),
        listeners("p3", 0.516, 0.486),
        sentinel(0.386, dict.fromkeys(THREE, True)),
        systems("p3", 0.4),
    )
    sentences = verdict(Facts(everything, replace(SCORES, off_scale=("p1",))))
    topics = list(dict.fromkeys(sentence.topic for sentence in sentences))
    assert topics == list(get_args(Topic))
