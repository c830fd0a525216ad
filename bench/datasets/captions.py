"""Which captions are one caption: everything that draws, counts, splits or compares captions asks here.

Two captions are the same if they differ only in case, white space, Unicode form (NFKC) or the punctuation around them,
as they do when several systems' exports write one prompt each in its own way. Pairs of one caption are not independent,
so to take its spellings for different captions makes intervals too short. Scorers and files keep the caption verbatim.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable

OUTER = " .,;:!?'\"‘’‚“”„‹›«»`´…。、؟،؛।"
"""Stripped from both ends of a caption. Not all punctuation: “a song in C#” is not “a song in C”."""


def caption_id_of(caption: str) -> str:
    """Return an id that depends on the caption's text alone: 12 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(caption.encode()).hexdigest()[:12]


def caption_key(caption: str) -> str:
    """Return what all spellings of a caption have in common; never empty unless the caption is blank."""
    form = caption
    for _ in range(2):  # what folding case leaves may have another form of its own (Unicode 3.13, D146)
        form = unicodedata.normalize("NFKC", form).casefold()
    spaced = " ".join(unicodedata.normalize("NFKC", form).split())
    return spaced.strip(OUTER) or spaced


def caption_ids(captions: Iterable[str]) -> dict[str, str]:
    """Return an id for each caption, one for all spellings of a caption: `caption_id_of` the first in code point order.

    A caption with one spelling has the id of its own text, whatever other captions there are.
    """
    first: dict[str, str] = {}
    key_of = {caption: caption_key(caption) for caption in captions}
    for caption, key in key_of.items():
        first[key] = min(caption, first.get(key, caption))
    return {caption: caption_id_of(first[key]) for caption, key in key_of.items()}


def merged_captions(named: Iterable[tuple[str, str]]) -> str | None:
    """Say how many captions are counted as one with another spelling; None where no caption has two.

    Args:
        named: caption and caption_id of each pair.
    """
    spellings: dict[tuple[str, str], set[str]] = {}
    for caption, caption_id in set(named):
        spellings.setdefault((caption_id, caption_key(caption)), set()).add(caption)
    merged = [same for same in spellings.values() if len(same) > 1]
    if not merged:
        return None
    return (
        f"{sum(map(len, merged)):,} captions are equal to another but for case, spaces, punctuation around them or "
        f"Unicode form; they are counted as {len(merged):,}"
    )
