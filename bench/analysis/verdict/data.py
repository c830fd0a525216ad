"""Can the numbers be trusted: which scores are missing, and what had trained metrics seen?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from bench.analysis.leakage import Leakage
from bench.analysis.sentence import Sentence
from bench.analysis.verdict.facts import Facts
from bench.analysis.verdict.words import names

TRAINING = "captions, clips and listeners that trainings wrote down"


def data(facts: Facts) -> Iterator[Sentence]:
    """Yield what is missing, and what was seen in training."""
    yield from _missing(facts)
    yield from seen_in_training(facts.leakage)


def _missing(facts: Facts) -> Iterator[Sentence]:
    scores = facts.scores
    if not scores.n_missing:
        text = f"No score is missing: all metrics are compared on the same {scores.n_pairs:,} pairs."
        yield Sentence("data.complete", "data", text, "count of scores")
        return
    sentences = what_is_missing(scores.unscored, scores.n_missing, "clip", "Scores are missing")
    whose = "the other metrics all" if scores.unscored else "all metrics"
    sentences.append(f"Everything is on the {scores.n_common:,} of {scores.n_pairs:,} pairs that {whose} scored.")
    text = " ".join(sentences)
    yield Sentence("data.missing", "data", text, "count of scores", tuple(scores.n_missing))


def what_is_missing(unscored: Sequence[str], n_missing: Mapping[str, int], nothing: str, lacking: str) -> list[str]:
    """Return a sentence on metrics that scored no ``nothing``, and one on those that lack some, where there are any."""
    partly = {metric: n for metric, n in n_missing.items() if metric not in unscored}
    sentences = []
    if unscored:
        are = "is" if len(unscored) == 1 else "are"
        sentences.append(f"{names(unscored)} scored no {nothing} and {are} left out.")
    if partly:
        counts = [f"{metric} {n:,}" for metric, n in sorted(partly.items(), key=lambda item: -item[1])]
        sentences.append(f"{lacking}: {names(counts)}.")
    return sentences


def seen_in_training(leakage: Iterable[Leakage]) -> Iterator[Sentence]:
    """Yield what trained metrics had seen of the tested pairs."""
    found = list(leakage)
    leaking = _metrics(one for one in found if one.n_affected)
    unknown = [metric for metric in _metrics(one for one in found if not one.is_known) if metric not in leaking]
    heard = _metrics(one for one in found if not one.is_clean and not one.n_affected)
    heard = [metric for metric in heard if metric not in leaking]
    if leaking:
        text = f"{names(leaking)} saw tested captions or clips in training: expect less agreement on unseen data."
        yield Sentence("data.leaking", "data", text, TRAINING, tuple(leaking))
    if unknown:
        text = f"Which pairs {names(unknown)} had seen in training is not known: that was not written down."
        yield Sentence("data.unknown", "data", text, TRAINING, tuple(unknown))
    if heard:
        text = f"{names(heard)} learned from some of the same listeners, on other captions and clips."
        yield Sentence("data.listeners", "data", text, TRAINING, tuple(heard))
    if not (leaking or unknown or heard):
        yield _clean(_metrics(found))


def _clean(trained: list[str]) -> Sentence:
    if not trained:
        text = "No metric says that it was trained on rated pairs."
        return Sentence("data.untrained", "data", text, "records of training")
    text = f"No tested caption, clip or listener was used to train {names(trained)}, as far as it was written down."
    return Sentence("data.clean", "data", text, TRAINING, tuple(trained))


def _metrics(leakage: Iterable[Leakage]) -> list[str]:
    return list(dict.fromkeys(one.metric for one in leakage))
