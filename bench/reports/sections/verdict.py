"""The verdict: one point a question, with the sentences that answer it and the tests that they rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.analysis.sentence import Sentence, Topic
from bench.reports.layout import Point

QUESTIONS: Mapping[Topic, str] = {
    "best": "Which metric?",
    "level": "How good is it?",
    "hears": "Does it hear the clip?",
    "sources": "On which sounds?",
    "undecided": "What is undecided?",
    "limits": "What not to conclude?",
    "data": "Can it be trusted?",
}
"""What each topic is called, in the order of reading."""


ON_VOTES: Mapping[Topic, str] = {
    **QUESTIONS,
    "hears": "More than a baseline?",
    "sources": "On which comparisons?",
}


def verdict_points(sentences: Sequence[Sentence], questions: Mapping[Topic, str] = QUESTIONS) -> tuple[Point, ...]:
    """Return a point for every question that has an answer."""
    by_topic = {topic: [s for s in sentences if s.topic == topic] for topic in questions}
    return tuple(
        Point(
            questions[topic],
            " ".join(sentence.text for sentence in answers),
            "; ".join(dict.fromkeys(sentence.test for sentence in answers)),
        )
        for topic, answers in by_topic.items()
        if answers
    )
