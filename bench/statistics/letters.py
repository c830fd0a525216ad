"""Letters that say which metrics were shown to differ: those that share none (Piepho 2004, J. Comp. Graph. Stat. 13).

"Not shown to differ" is no grouping: A may differ from C while B differs from neither. Ranks cannot say that; letters
can.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import combinations
from string import ascii_letters

MOST_COLUMNS = 500
"""At any time while letters are sought: pairs without any order could ask for exponentially many."""


def letters(ranked: Sequence[str], shown: Collection[frozenset[str]]) -> dict[str, str] | None:
    """Return each metric's letters by insert-and-absorb, which say exactly which pairs were shown to differ.

    None where more letters were needed than there are, a to z and A to Z.

    Args:
        ranked: metrics, the best first: it has the letter a.
        shown: pairs of metrics that were shown to differ.
    """
    columns = [frozenset(ranked)]
    for pair in map(frozenset, combinations(ranked, 2)):  # in this order few columns are needed in between
        if pair in shown:
            split = [column - {metric} for column in columns if pair <= column for metric in pair]
            columns = _absorbed([column for column in columns if not pair <= column] + split)
            if len(columns) > MOST_COLUMNS:
                return None
    if len(columns) > len(ascii_letters):
        return None
    place = {metric: i for i, metric in enumerate(ranked)}
    columns.sort(key=lambda column: sorted(place[metric] for metric in column))
    named = list(zip(ascii_letters, columns, strict=False))
    return {metric: "".join(letter for letter, column in named if metric in column) for metric in ranked}


def _absorbed(columns: Sequence[frozenset[str]]) -> list[frozenset[str]]:
    """Leave out columns that are part of another one: they say nothing more."""
    distinct = list(dict.fromkeys(columns))
    return [column for column in distinct if not any(column < other for other in distinct)]
