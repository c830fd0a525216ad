"""Letters that say which metrics were shown to differ: those that share none (Piepho 2004, J. Comp. Graph. Stat. 13).

"Not shown to differ" is no grouping: A may differ from C while B differs from neither. Ranks cannot say that; letters
can.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from string import ascii_letters


def letters(ranked: Sequence[str], shown: Collection[frozenset[str]]) -> dict[str, str]:
    """Return each metric's letters by insert-and-absorb: as few as say exactly which pairs were shown to differ.

    Args:
        ranked: metrics, the best first: it has the letter a.
        shown: pairs of metrics that were shown to differ.
    """
    columns = [frozenset(ranked)]
    for pair in shown:
        split = [column - {metric} for column in columns if pair <= column for metric in pair]
        columns = _absorbed([column for column in columns if not pair <= column] + split)
    place = {metric: i for i, metric in enumerate(ranked)}
    columns.sort(key=lambda column: sorted(place[metric] for metric in column))
    return {metric: "".join(_letter(i) for i, column in enumerate(columns) if metric in column) for metric in ranked}


def _absorbed(columns: Sequence[frozenset[str]]) -> list[frozenset[str]]:
    """Leave out columns that are part of another one: they say nothing more."""
    distinct = list(dict.fromkeys(columns))
    return [column for column in distinct if not any(column < other for other in distinct)]


def _letter(i: int) -> str:
    """Return a to z, A to Z, then a1 to Z1, a2 …"""
    round_number, place = divmod(i, len(ascii_letters))
    return ascii_letters[place] + (str(round_number) if round_number else "")
