"""Captions as tokens, cut to the model's length; what is cut is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class TokenisedCaption:
    """Token ids as the text tower gets them, and how many tokens of the caption did not fit."""

    token_ids: tuple[int, ...]
    n_cut: int = 0


def tokenise(tokenizer: Any, captions: Sequence[str], max_tokens: int) -> list[TokenisedCaption]:
    """Tokenise captions with the special tokens of a transformers tokenizer.

    Args:
        tokenizer: a transformers tokenizer.
        captions: texts, verbatim.
        max_tokens: longest sequence, special tokens included; longer captions are cut at the end.
    """
    whole = tokenizer(list(captions), verbose=False)["input_ids"]
    cut = tokenizer(list(captions), truncation=True, max_length=max_tokens)["input_ids"]
    return [TokenisedCaption(tuple(ids), len(all_ids) - len(ids)) for ids, all_ids in zip(cut, whole, strict=True)]
