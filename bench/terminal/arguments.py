"""What is refused of a command line before any command sees it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from metrics.errors import UsageError

PATH_VARIABLES = ("CLAP_BENCH_CACHE_DIR", "CLAP_BENCH_HUMAN_DIR", "CLAP_BENCH_SCORES_DIR", "RELATE_ROOT")
TEXT_OPTIONS = ("--summary", "--source", "--licence", "--note")
"""What follows them is a text, of 'bench scores add': the source of scores often is an address."""

URL = re.compile(r"(?:^|[=,:])[A-Za-z][A-Za-z0-9+.-]+://")
"""``s3://…`` on its own, in ``--out=s3://…``, in ``NAME=https://…`` and in ``hf:https://…``; ``C:`` is a drive."""


def refuse_urls(words: Sequence[str], environment: Mapping[str, str]) -> None:
    """Refuse addresses wherever a path or a name can stand: as a path, ``s3://a`` is a folder called ``s3:``.

    Raises:
        UsageError: a word of the command line, or a variable that names a folder, holds one.
    """
    variables = [f"{name}={environment[name]}" for name in PATH_VARIABLES if name in environment]
    others = [word for before, word in pairwise(("", *words)) if not _is_text(before, word)]
    for word in (*others, *variables):
        if URL.search(word):
            raise UsageError(f"{word}: no URLs yet; give a local path")


def _is_text(before: str, word: str) -> bool:
    return before in TEXT_OPTIONS or word.partition("=")[0] in TEXT_OPTIONS
