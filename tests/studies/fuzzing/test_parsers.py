"""Every parser against inputs that were found to break one, and against what hypothesis makes of valid ones."""

from __future__ import annotations

import base64
import functools
from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.studies.fuzzing.targets import LONGEST_BYTES, Target, make_targets, survives

NAMES = (
    *("ratings", "scores", "run table", "single ratings", "xacle", "audioeval", "musiceval", "musiceval raters"),
    "pairs to score",
    *(
        "manifest",
        "training",
        "leakage",
        "estimates",
        "score facts",
        "audio",
        "archive",
        "checkpoint",
        "loss",
        "scale",
        "metrics",
    ),
)
"""Written out, so that whoever only collects tests does not wait for the parsers."""

FOUND = {
    "a zip member without a name": (
        "archive",
        "UEsBAhQDFAAAAAAAMxN3XcHE+sUGzAwOAQAAAAAAAAADPQAAAAAAAIABAAAAAFJFTEFURV93YXZlL3RhbmdvL3Rlc3QvYS53YXZQSwUGAAAAAEEA"
        "AQBKAAAAhgMAAAAA",
    ),
    "a header that promises 160 GB of samples": (
        "audio",
        "ZkxhQwAAACoQABAAAADQAADQAfQA+gAAAngvL0OEAACuKCAAAAByZWZlIGxpYkYJMt0=",
    ),
    "more ratings of a pair than a number of 64 bits can count": (
        "run table",
        "cGFpcl9pZCxhdWRpbyxjYXB0aW9uLGNhcHRpb25faWQsc291cmNlLHN5c3RlbSxzcGxpdCxyYXRpbmcsbl9yYXRpbmdzLG0KYSxhLndhdixkb2cs"
        "ZG9nLCwsLDAuNSwxLDAKLGJiNS53YXYsY2F0LGNhdCwsLCwxLDc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3LAo=",
    ),
    "a pickle that takes from an empty stack": ("checkpoint", "gAIu"),
}


@functools.cache
def targets() -> Mapping[str, Target]:
    return make_targets()


def test_no_parser_is_forgotten() -> None:
    assert tuple(targets()) == NAMES


@pytest.mark.parametrize("found", FOUND.values(), ids=FOUND)
def test_what_broke_a_parser_once_is_refused(found: tuple[str, str]) -> None:
    name, content = found
    assert not survives(targets()[name], base64.b64decode(content))


@pytest.mark.parametrize("name", NAMES)
def test_examples_are_accepted(name: str) -> None:
    assert all(survives(targets()[name], example) for example in targets()[name].examples)


@st.composite
def damaged(draw: st.DrawFn, target: Target) -> bytes:
    """Draw a valid input with something cut, repeated or put in."""
    content = draw(st.sampled_from(target.examples))
    start, end = sorted(draw(st.tuples(*[st.integers(0, len(content))] * 2)))
    words = st.sampled_from([word.encode() for word in target.dictionary] or [b""])
    inserted = draw(
        st.one_of(st.binary(max_size=20), words, st.just(content[start:end]), st.text(max_size=9).map(encoded))
    )
    return (content[:start] + inserted + content[end:])[:LONGEST_BYTES]


def encoded(text: str) -> bytes:
    return text.encode("utf-8", errors="replace")


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_damaged_inputs_are_accepted_or_refused_in_words(name: str, data: st.DataObject) -> None:
    survives(targets()[name], data.draw(damaged(targets()[name])))
