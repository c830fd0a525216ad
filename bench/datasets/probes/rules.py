"""How a caption is altered: its order reversed, an event taken out, its first event denied. Rules, not a model.

A rule that does not apply to a caption gives None: it makes no probe of it. Where a caption is cut, see
`bench.datasets.events`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from bench.datasets.captions import caption_key
from bench.datasets.events import body_of, is_event, joints, starts_in_order

_FIRST_WORD = re.compile(r"\s*([\w'’-]+)")
_PEOPLE = {
    "someone": "No one",
    "somebody": "Nobody",
    "something": "Nothing",
    "everyone": "No one",
    "people": "No people",
}
_COUNTED = re.compile(
    r"\s*(?:(?:a|an|the|some|several|multiple|many|few|one|two|three|four|five|both|various|numerous)\s+)+(?=\w)",
    re.IGNORECASE,
)
_DENIED = {"no", "nobody", "nothing", "none", "not", "without", "there", "it", "he", "she", "they", "i", "we", "you"}
"""First words that ``no`` cannot stand before, or that deny already."""


def with_order_reversed(caption: str) -> str | None:
    """Return the caption with what its words of order join in reverse: ``a, then b`` becomes ``b, then a``.

    None without such a word, with one at the beginning, and where the parts are equal.
    """
    ordered = [joint for joint in joints(caption) if joint.kind == "order"]
    if not ordered or starts_in_order(caption):
        return None
    body = body_of(caption)
    starts, ends = [0, *(joint.end for joint in ordered)], [*(joint.start for joint in ordered), len(body)]
    told = [body[a:b].strip() for a, b in zip(starts, ends, strict=True)]
    if len({caption_key(part) for part in told}) < len(told):
        return None
    turned = [_lowered(told[0]) if part is told[0] else part for part in reversed(told)]
    between = [body[joint.start : joint.end] for joint in ordered]
    text = turned[0] + "".join(joint + part for joint, part in zip(between, turned[1:], strict=True))
    return _as_sentence(text, caption)


def without_last_event(caption: str) -> str | None:
    """Return the caption up to its last event; None where it tells of one event only."""
    cuts, body = joints(caption), body_of(caption)
    starts = [0, *(joint.end for joint in cuts)]
    ends = [*(joint.start for joint in cuts), len(body)]
    events = [k for k, (a, b) in enumerate(zip(starts, ends, strict=True)) if is_event(body[a:b])]
    if len(events) < 2:
        return None
    return _as_sentence(body[: ends[events[-1] - 1]].strip(), caption)


def with_first_event_denied(caption: str) -> str | None:
    """Return the caption with ``no`` in place of its articles and numbers, or before its first word.

    ``A dog barks`` becomes ``No dog barks``, ``Someone talks`` becomes ``No one talks``. None where the first part only
    says where, and where the first word denies already, is a pronoun, counts some ``of`` more, or begins a clause of
    order.
    """
    body = body_of(caption)
    first = _FIRST_WORD.match(body)
    if first is None or starts_in_order(caption) or not is_event(body):
        return None
    word = first[1].casefold()
    if word in _DENIED:
        return None
    if word in _PEOPLE:
        return _as_sentence(_PEOPLE[word] + body[first.end() :], caption)
    counted = _COUNTED.match(body)
    if counted and body[counted.end() :].casefold().startswith("of "):
        return None
    rest = body[counted.end() :] if counted else _lowered(body.strip())
    return _as_sentence(f"No {rest}", caption)


RULES: dict[str, Callable[[str], str | None]] = {
    "order": with_order_reversed,
    "removed": without_last_event,
    "negated": with_first_event_denied,
}
"""By kind; captions of other clips (``swapped``) need no rule."""


def _lowered(text: str) -> str:
    """Return a text with a small first letter, unless its first word is written in capitals."""
    word = text.split(" ", 1)[0]
    return text if len(word) > 1 and word.isupper() else text[:1].lower() + text[1:]


def _as_sentence(text: str, caption: str) -> str:
    """Return a text that begins and ends as the caption does."""
    stripped = caption.strip()
    start = text[:1].upper() if stripped[:1].isupper() else text[:1].lower()
    return start + text[1:] + stripped[len(body_of(stripped)) :]
