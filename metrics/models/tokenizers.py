"""Captions as tokens, cut to the model's length; what is cut is counted.

Nothing here imports transformers before a tokenizer is loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from metrics.encoder import TokenisedCaption
from metrics.errors import DataError, reason_of


def load_tokenizer(folder: Path) -> Any:
    """Load a transformers tokenizer, and no code that lies beside it: transformers 4 would ask whether to run that.

    Raises:
        DataError: there is none, it is damaged, or it needs code of its own.
    """
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # the parser of tokenizer.json raises bare Exceptions
        raise DataError(
            f"{folder} holds no tokenizer that transformers can load ({reason_of(error)}); fetch or save it again"
        ) from error


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
