"""One sentence of the verdict: what a reader may conclude, from a test that is named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Topic = Literal["best", "level", "hears", "sources", "undecided", "limits", "data"]
"""Which question a sentence answers: which metric; how good; does it hear the clip; on which sounds; what is not
decided; what not to conclude; what is missing or was seen in training."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of the verdict.

    Attributes:
        id: which sentence it is, unique in a verdict.
        topic: the question that it answers.
        text: as printed, in plain words, with its numbers.
        test: the procedure that it rests on, in words.
        metrics: that it names.
    """

    id: str
    topic: Topic
    text: str
    test: str
    metrics: tuple[str, ...] = ()
