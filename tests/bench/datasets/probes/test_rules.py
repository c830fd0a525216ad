"""How captions are altered: on real captions, and on any text."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bench.datasets.captions import caption_key
from bench.datasets.events import n_events
from bench.datasets.probes.rules import RULES, with_first_event_denied, with_order_reversed, without_last_event


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("A bell rings, then a dog barks", "A dog barks, then a bell rings"),
        ("A man speaks followed by a toilet flush.", "A toilet flush followed by a man speaks."),
        ("A hollow clank is followed by rushing water", "Rushing water is followed by a hollow clank"),
        ("A cat cries out, then footsteps echo, and finally a strong wind howls",
         "A strong wind howls, then footsteps echo, and finally a cat cries out"),
        ("a man talks before a door closes while it rains", "a door closes while it rains before a man talks"),
        ("TV noise then a man talks", "A man talks then TV noise"),
        ("A dog barks while rain falls", None),
        ("A dog barks and a cat meows", None),
        ("After a bell rings, a dog barks, then a cat meows", None),
        ("A man talks then a man talks", None),
        ("A man talks, then a dog barks, then a man  talks", None),
        ("Rain", None),
    ],
)  # fmt: skip
def test_order_reversed(caption: str, expected: str | None) -> None:
    assert with_order_reversed(caption) == expected


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("A dog barks while rain falls", "A dog barks"),
        ("A dog barks, then a cat meows and rain falls in the background.", "A dog barks, then a cat meows."),
        ("Snoring occurs and then slight rustling, then an adult male speaks",
         "Snoring occurs and then slight rustling"),
        ("A helicopter flying, in the background", None),
        ("In a quiet room, a clock ticks and a cat purrs, off in the distance", "In a quiet room, a clock ticks"),
        ("In a quiet room, a clock ticks", None),
        ("Men and women talk", None),
    ],
)  # fmt: skip
def test_an_event_removed(caption: str, expected: str | None) -> None:
    assert without_last_event(caption) == expected


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("A dog barks", "No dog barks"),
        ("two men talk, then a dog barks.", "no men talk, then a dog barks."),
        ("Several of the bells ring", None),
        ("a few bells ring", "no bells ring"),
        ("Birds are chirping", "No birds are chirping"),
        ("TV noise", "No TV noise"),
        ("Someone whistles", "No one whistles"),
        ("Something rattles!", "Nothing rattles!"),
        ("No dog barks", None),
        ("There is a dog barking", None),
        ("He speaks", None),
        ("In a quiet room, a clock ticks", None),
        ("After a bell rings, a dog barks", None),
        ("...", None),
    ],
)
def test_the_first_event_denied(caption: str, expected: str | None) -> None:
    assert with_first_event_denied(caption) == expected


@given(
    st.text(max_size=60)
    | st.lists(
        st.sampled_from(
            ["a dog barks", "rain falls", "then", "and", ",", "followed by", "while", "No", "after", ".", "in a room"]
        ),
        max_size=9,
    ).map(" ".join)
)
@example("then")
@example("a then , b")
def test_any_text_is_altered_or_left_out(text: str) -> None:
    for rule in RULES.values():
        altered = rule(text)
        assert altered is None or (altered.strip() and caption_key(altered))
    turned, removed, denied = (RULES[kind](text) for kind in ("order", "removed", "negated"))
    if turned is not None:
        assert sorted(turned.casefold().split()) == sorted(text.casefold().split()) or "," in text or "." in text
    if removed is not None:
        assert n_events(removed) < n_events(text)
        assert len(removed) < len(text)
    if denied is not None:
        assert denied.strip().casefold().startswith("no")
