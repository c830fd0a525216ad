"""Events and their order by the rules, on captions of RELATE, of the demo, and made to break them."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bench.datasets.events import body_of, is_event, joints, n_events, n_words, parts, tells_order

CAPTIONS = {
    "Flying insects are buzzing": (1, False),
    "Waves are crashing, water is splashing, and thumps and crackling occur": (3, False),
    "Two men communicating with each other followed by plastic clacking then a power tool drilling as wind softly "
    "blows into a microphone": (4, True),
    "Someone whistles and then talks": (2, True),
    "Men and women laughing then man speaking and laughter follows": (3, True),
    "A group of infants crying as a man and a woman talk": (2, False),
    "An engine chugging with muffled speech": (2, False),
    "In a quiet environment, water flows from a faucet and splashes on a surface, then a thump occurs and water "
    "gurgles and drains": (5, True),
    "Rustling and rubbing followed by male speech": (3, True),
    "A man speaks before a toilet flushes": (2, True),
    "A helicopter flying, in the background": (1, False),
    "A cat cries out, then footsteps echo, and finally a strong wind howls": (3, True),
    "Birds tweet; rain falls - thunder rolls. A dog barks!": (4, False),
    "After a bell rings, a door closes": (2, True),
    "A carpenter knocks with a hammer": (1, False),
    "Sounds such as bells": (1, False),
    "Sounds as if bells rang": (1, False),
    "A train comes next to a platform": (1, False),
    "Cars pass one after another": (1, False),
    "A swing goes back and forth": (1, False),
    "It gets louder and louder": (1, False),
    "Grandmas, bands and thousands": (2, False),
    "A siren, immediately followed by shouting": (2, True),
    "A phone rings until someone picks up": (2, True),
}


@pytest.mark.parametrize("caption", CAPTIONS)
def test_events_and_order(caption: str) -> None:
    assert (n_events(caption), tells_order(caption)) == CAPTIONS[caption]


@pytest.mark.parametrize("caption", CAPTIONS)
def test_case_and_the_end_make_no_difference(caption: str) -> None:
    for other in (caption.upper(), caption.lower(), f"{caption}.", f"  {caption} ! "):
        assert (n_events(other), tells_order(other)) == CAPTIONS[caption]


def test_parts_and_joints_are_the_caption() -> None:
    for caption in CAPTIONS:
        found, pieces = joints(caption), parts(caption)
        joined = pieces[0] + "".join(
            caption[joint.start : joint.end] + part for joint, part in zip(found, pieces[1:], strict=True)
        )
        assert joined == body_of(caption)


def test_a_place_is_no_event() -> None:
    assert [is_event(part) for part in ("off in the distance", "In a room", "a dog", "inside of it", "…")] == [
        False, False, True, False, False,
    ]  # fmt: skip


def test_words_are_what_white_space_parts() -> None:
    assert n_words(" a high-pitched  beep ") == 3


@given(st.text(max_size=80))
@example("then then then , and , and .")
@example("and")
@example("")
def test_any_text_is_cut_without_loss(text: str) -> None:
    found, pieces = joints(text), parts(text)
    assert 1 <= n_events(text) <= len(pieces) == len(found) + 1
    assert [joint.start for joint in found] == sorted(joint.start for joint in found)
    assert all(re.search(r"\w", piece) for piece in pieces[:-1])
