"""Standard streams that take whatever is printed: closed ones, and those of an encoding with few characters.

A pipe of Windows has cp1252, ``LC_ALL=C`` has ASCII: what such a stream cannot take is written as ``->`` for an arrow,
and so on, and anything without an equivalent as JSON writes it (``\\u3042``), so that JSON stays JSON.
"""

from __future__ import annotations

import codecs
import os
import sys
import unicodedata
from io import TextIOWrapper
from typing import TextIO

EQUIVALENTS = {
    "↑": "^",
    "↓": "v",
    "→": "->",
    "←": "<-",
    "–": "-",
    "—": "-",
    "−": "-",
    "…": "...",
    "·": ".",
    "•": "*",
    "×": "x",
    "±": "+-",
    "≥": ">=",
    "≤": "<=",
    "≈": "~",
    "Δ": "d",
    "θ": "theta",
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
    "\N{NO-BREAK SPACE}": " ",
}
HANDLER = "clap-bench-equivalents"


def prepare_streams() -> None:
    """Make standard output and error writable; called once, before anything is printed."""
    _open_missing()
    codecs.register_error(HANDLER, _equivalents)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=HANDLER)


def _open_missing() -> None:
    """Give closed streams (``>&-``) to the null device, before another file takes their number and is printed into."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    sys.stdout = sys.stdout or _null(1)
    sys.stderr = sys.stderr or _null(2)


def _null(number: int) -> TextIO:
    return open(number, "w", encoding="utf-8", closefd=False)


def _equivalents(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_equivalent, error.object[error.start : error.end])), error.end


def _equivalent(character: str) -> str:
    plain = EQUIVALENTS.get(character) or unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return plain or _escaped(character)


def _escaped(character: str) -> str:
    if ord(character) < 0x10000:
        return f"\\u{ord(character):04x}"
    pair = character.encode("utf-16-be")
    return f"\\u{pair[:2].hex()}\\u{pair[2:].hex()}"
