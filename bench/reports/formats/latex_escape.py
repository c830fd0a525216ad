r"""Any text as LaTeX that prints it and does nothing else.

The result is ASCII: what plain pdflatex has a symbol for becomes that symbol, accented Latin letters become accents,
and every other character becomes its code point (``U+1F600``), which is ugly, but neither lost nor an error.
Control and direction characters, which a reader could not see, are left out.
"""

from __future__ import annotations

import re
import unicodedata

SPECIALS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "`": r"\textasciigrave{}",
    '"': r"{\char34}",  # active under babel's German and others
    "[": "{[}",  # would be an option of the line break before it
    "]": "{]}",
    "*": "{*}",  # the same
}
SYMBOLS = {
    "↑": r"$\uparrow$", "↓": r"$\downarrow$", "→": r"$\rightarrow$", "←": r"$\leftarrow$", "↔": r"$\leftrightarrow$",
    "≥": r"$\geq$", "≤": r"$\leq$", "≠": r"$\neq$", "≈": r"$\approx$", "∞": r"$\infty$", "√": r"$\surd$",
    "−": "$-$", "±": r"$\pm$", "×": r"$\times$", "·": r"$\cdot$", "÷": r"$\div$", "∈": r"$\in$", "∑": r"$\sum$",
    "–": r"\textendash{}", "—": r"\textemdash{}", "‐": "-", "‑": "-", "…": r"\ldots{}", "•": r"\textbullet{}",
    "“": r"\textquotedblleft{}", "”": r"\textquotedblright{}", "‘": r"\textquoteleft{}", "’": r"\textquoteright{}",
    "†": r"\textdagger{}", "‡": r"\textdaggerdbl{}", "§": r"\S{}", "¶": r"\P{}", "°": r"$^\circ$", "µ": r"$\mu$",
    "²": "$^2$", "³": "$^3$", "¹": "$^1$", "½": "$1/2$", "ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "ø": r"\o{}",
    "Ø": r"\O{}", "œ": r"\oe{}", "Œ": r"\OE{}", "ł": r"\l{}", "Ł": r"\L{}", "ı": r"\i{}",
    "α": r"$\alpha$", "β": r"$\beta$", "γ": r"$\gamma$", "δ": r"$\delta$", "ε": r"$\epsilon$", "η": r"$\eta$",
    "θ": r"$\theta$", "κ": r"$\kappa$", "λ": r"$\lambda$", "μ": r"$\mu$", "π": r"$\pi$", "ρ": r"$\rho$",
    "σ": r"$\sigma$", "τ": r"$\tau$", "φ": r"$\phi$", "χ": r"$\chi$", "ψ": r"$\psi$", "ω": r"$\omega$",
    "Γ": r"$\Gamma$", "Δ": r"$\Delta$", "Θ": r"$\Theta$", "Λ": r"$\Lambda$", "Σ": r"$\Sigma$", "Φ": r"$\Phi$",
    "Ω": r"$\Omega$",
}  # fmt: skip
ACCENTS = {
    "\u0300": r"\`", "\u0301": r"\'", "\u0302": r"\^", "\u0303": r"\~", "\u0304": r"\=", "\u0306": r"\u",
    "\u0307": r"\.", "\u0308": r'\"', "\u030a": r"\r", "\u030b": r"\H", "\u030c": r"\v", "\u0327": r"\c",
}  # fmt: skip
LIGATURES = re.compile(r"([-',!?])(?=[-',`])")
MAX_LENGTH = 500
"""Longer texts end with an ellipsis: TeX has no dimension for a line of thousands of characters."""

BREAKS = re.compile(r"(?<=[/:|=+,.@])(?=\w)|(?<=\w)(?=_)")
"""Where a long name may be broken."""


def escape(text: str, breakable: bool = False) -> str:
    """Return ``text`` as LaTeX, in one line, for a paragraph, a caption or a table's cell.

    Args:
        text: anything.
        breakable: whether LaTeX may break long names after punctuation.
    """
    pieces = BREAKS.split(_visible(text)) if breakable else [_visible(text)]
    return r"\allowbreak{}".join(LIGATURES.sub(r"\1{}", "".join(map(_character, piece))) for piece in pieces)


def _visible(text: str) -> str:
    """Return ``text`` composed and in one line, without characters that cannot be seen."""
    if len(text) > MAX_LENGTH:
        text = f"{text[:MAX_LENGTH]}…"
    composed = unicodedata.normalize("NFC", " ".join(text.split()))
    return "".join(c for c in composed if unicodedata.category(c) not in ("Cc", "Cf"))


def _character(character: str) -> str:
    if character in SPECIALS:
        return SPECIALS[character]
    if character.isascii():
        return character
    return SYMBOLS.get(character) or _accented(character) or f"U+{ord(character):04X}"


def _accented(character: str) -> str | None:
    decomposed = unicodedata.normalize("NFD", character)
    base, marks = decomposed[0], decomposed[1:]
    if len(marks) == 1 and marks[0] in ACCENTS and base.isascii() and base.isalpha():
        return f"{ACCENTS[marks[0]]}{{{base}}}"
    return None
