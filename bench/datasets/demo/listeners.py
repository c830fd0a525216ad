"""A simulated listening test, built like RELATE's: batches, anchors, careless listeners, raw ratings.

A batch holds a few captions with several clips each. Every listener rates all pairs of one batch, and three *anchors*:
captions shown with a clip that has nothing to do with them. All versions of a caption are therefore rated by the same
listeners. A listener answers

    round(clip(bias + scale * 10 r + noise_sd * (0.3 + 0.7 r) * z, 0, 10))

where r is the true relevance of the pair and z is standard normal: a complete mismatch is easier to judge than a near
match. A lapse gives any of 0 … 10 alike.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.datasets.soundscapes.randomness import RandomStream

HIGHEST_RATING = 10
LISTENERS_PER_BATCH = (4, 5)
CARELESS_SHARE = 0.18


@dataclass(frozen=True, slots=True)
class Listener:
    """How one listener answers; see the module's formula.

    Attributes:
        listener_id: unique in the data set.
        bias: added to every answer, on the 0-10 scale.
        scale: how much of the scale the listener uses; 1 is all of it.
        noise_sd: standard deviation of the listener's noise about a pair that matches.
        lapse_rate: probability of an answer that has nothing to do with the pair.
    """

    listener_id: str
    bias: float
    scale: float
    noise_sd: float
    lapse_rate: float


@dataclass(frozen=True, slots=True)
class Stimulus:
    """A clip and the caption it is shown with, which is not its own if it serves as an anchor; relevance in [0, 1]."""

    pair_id: str
    caption: str
    relevance: float
    is_anchor: bool = False


@dataclass(frozen=True, slots=True)
class RawRating:
    """One answer, before any screening."""

    stimulus: Stimulus
    listener_id: str
    score: int


def draw_listener(listener_id: str, stream: RandomStream) -> Listener:
    """Draw a listener; a share of `CARELESS_SHARE` mostly answers at random."""
    careless = stream.chance(CARELESS_SHARE)
    return Listener(
        listener_id=listener_id,
        bias=round(1.0 * stream.normal(), 4),
        scale=stream.uniform(0.75, 1.15),
        noise_sd=stream.uniform(3.2, 5.4),
        lapse_rate=stream.uniform(0.6, 1.0) if careless else stream.uniform(0.0, 0.08),
    )


def answer(listener: Listener, relevance: float, stream: RandomStream) -> int:
    """Return the listener's rating of a pair: an integer from 0 to `HIGHEST_RATING`."""
    if stream.chance(listener.lapse_rate):
        return stream.integer(HIGHEST_RATING + 1)
    noise = listener.noise_sd * (0.3 + 0.7 * relevance) * stream.normal()
    opinion = listener.bias + listener.scale * HIGHEST_RATING * relevance + noise
    return math.floor(min(max(opinion, 0.0), float(HIGHEST_RATING)) + 0.5)


def rate_batch(batch: Sequence[Stimulus], batch_name: str, seed: int) -> Iterator[RawRating]:
    """Have four or five new listeners rate every stimulus of a batch, each in an order of their own."""
    stream = RandomStream(seed, "listeners", batch_name)
    for number in range(stream.choose(LISTENERS_PER_BATCH)):
        listener = draw_listener(f"{batch_name}-{number}", stream)
        for stimulus in stream.sample(batch, len(batch)):
            yield RawRating(stimulus, listener.listener_id, answer(listener, stimulus.relevance, stream))
