"""What captions of sounds tell of events: how many there are, and whether their order is told; by rules, not a model.

A caption is cut at its **joints**: commas, semicolons, colons, dashes and full stops inside it, words of order
(``then``, ``followed by``, ``before``, ``after``, ``until``, ``finally``, …) and words of company (``and``, ``while``,
``as``, ``with``, ``during``, …). Every part is an event, but for parts that only say where or when: those that begin
with a preposition, such as ``in the background``. Not a joint is

- ``and`` where only one word stands before it in its part, articles and numbers aside, that does not end in -ing:
  ``men and women talk`` is one event, ``a dog barks and growls`` and ``rustling and a man talking`` are two;
- ``and`` between two equal words, and in ``back and forth``, ``up and down``, ``on and off``, ``to and fro``;
- ``as`` in ``such as``, ``as if``, ``as though``; ``with`` before ``each other`` and before a lone noun at the end of a
  part (``knocks with a hammer``); ``next to``; ``after`` before ``another`` and ``each``.

The rules know no grammar: adjectives in a list (``loud, high whistling``) are counted as events, and two verbs of one
animal are two. They were written for captions in English.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

JointKind = Literal["order", "company", "punctuation"]

_ORDER = (
    r"(?:(?:and|but)\s+)?(?:then\s+finally|then|finally|afterwards?|next(?!\s+to\b)|later|eventually|subsequently|"
    r"after\s+which|(?:(?:is|are|was|were)\s+)?(?:\w+ly\s+|soon\s+)?followed(?:\s+\w+ly)?\s+by|before|after(?!\s+(?:another|each)\b)|until)"
)
_COMPANY = (
    r"(?:and\s+)?(?:while|whilst|as\s+well\s+as|as(?!\s+(?:if|though|well)\b)|along\s+with|together\s+with|"
    r"accompanied\s+by|with(?!\s+(?:each\s+other|one\s+another)\b)(?!\s+(?:a|an|the)\s+[\w'-]+\s*(?:[,;.]|$))|"
    r"during|when|plus)|and|but"
)
_JOINT = re.compile(
    rf"(?:\s*[,;:.]\s+|\s+[-–—]\s+|\s+)(?:(?P<order>{_ORDER})\b|(?P<company>{_COMPANY})\b)(?:\s*,)?\s+"
    r"|(?P<punctuation>\s*[,;:.]\s+|\s+[-–—]\s+)",
    re.IGNORECASE,
)
_STARTS_IN_ORDER = re.compile(r"\s*(?:after|before|first|once|when|until)\b", re.IGNORECASE)
_PLACE = re.compile(
    r"(?:off\s+)?(?:in|at|on|from|near|nearby|over|under|outside|inside|through|by|into|to|for|of|across|around|behind|"
    r"within|throughout|indoors|outdoors)\b",
    re.IGNORECASE,
)
_LIGHT = {"a", "an", "the", "some", "several", "multiple", "many", "few", "one", "two", "three", "four", "both", "of"}
_FIXED = {("back", "forth"), ("up", "down"), ("on", "off"), ("to", "fro"), ("in", "out")}
_NOT_SUCH = re.compile(r"\bsuch\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Joint:
    """A place where a caption is cut: ``start`` and ``end`` in it, and what joins the parts beside it."""

    start: int
    end: int
    kind: JointKind


def body_of(caption: str) -> str:
    """Return a caption without the white space and full stop, or the like, at its end."""
    return caption.rstrip(" \t\r\n.!?;,")


def joints(caption: str) -> tuple[Joint, ...]:
    """Return where a caption is cut, from its beginning."""
    body, found = body_of(caption), list[Joint]()
    for match in _JOINT.finditer(body):
        before = body[found[-1].end if found else 0 : match.start()]
        if not re.search(r"\w", before) or _is_no_joint(match, before, body[match.end() :]):
            continue
        kind: JointKind = "order" if match["order"] else "company" if match["company"] else "punctuation"
        found.append(Joint(match.start(), match.end(), kind))
    return tuple(found)


def parts(caption: str) -> tuple[str, ...]:
    """Return the parts of a caption between its joints."""
    ends = joints(caption)
    starts = [0, *(joint.end for joint in ends)]
    body = body_of(caption)
    return tuple(body[a:b] for a, b in zip(starts, [*(joint.start for joint in ends), len(body)], strict=True))


def is_event(part: str) -> bool:
    """Say whether a part of a caption is an event, and does not only say where or when."""
    return bool(re.search(r"\w", part)) and not _PLACE.match(part.strip())


def n_events(caption: str) -> int:
    """Return the number of events that a caption tells of, 1 at least."""
    return max(1, sum(map(is_event, parts(caption))))


def tells_order(caption: str) -> bool:
    """Say whether a caption says in which order its events come."""
    return bool(_STARTS_IN_ORDER.match(caption)) or any(joint.kind == "order" for joint in joints(caption))


def starts_in_order(caption: str) -> bool:
    """Say whether a caption begins with a word of order: ``After …, …``."""
    return bool(_STARTS_IN_ORDER.match(caption))


def n_words(caption: str) -> int:
    """Return the number of words, as white space parts them."""
    return len(caption.split())


def _is_no_joint(match: re.Match[str], before: str, after: str) -> bool:
    word = (match["company"] or "").casefold()
    if word == "as":
        return bool(_NOT_SUCH.search(before))
    if word != "and":
        return False
    left, right = (re.findall(r"[\w'-]+", text.casefold()) for text in (before, after))
    if not left or not right or left[-1] == right[0] or (left[-1], right[0]) in _FIXED:
        return True
    heavy = [one for one in left if one not in _LIGHT and not one.isdigit()]
    return len(heavy) < 2 and not any(one.endswith("ing") for one in heavy)
