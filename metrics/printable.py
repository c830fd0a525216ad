"""Text of others on its way to a terminal: what it could make the terminal do becomes visible, and does nothing."""

from __future__ import annotations

import re
import unicodedata

KEPT = "\t\n\u200c\u200d"
"""Of all control and format characters these stay: line ends, and joiners that scripts and emoji are spelled with."""

HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Categories of Unicode: controls, formats, halves of characters, separators of lines and paragraphs."""

WITHOUT_WIDTH = "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"
"""Letters and marks that nothing is drawn for."""

_NOT_PLAIN = re.compile(r"[^ -~\t\n]")


def printable(text: str) -> str:
    r"""Return ``text`` with what is hidden in it written as JSON writes it, e.g. ``\u001b`` for an escape character.

    That is: controls (C0, C1, DEL), format characters (bidi overrides too) and halves of characters, apart from `KEPT`.
    JSON means the same as before.
    """
    return _NOT_PLAIN.sub(_shown, text)


def _shown(found: re.Match[str]) -> str:
    character = found[0]
    if character in KEPT or (unicodedata.category(character) not in HIDDEN and character not in WITHOUT_WIDTH):
        return character
    units = character.encode("utf-16-be", errors="surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))
