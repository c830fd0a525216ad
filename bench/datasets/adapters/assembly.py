"""From rows of single ratings to rated pairs: what every loader ends with."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.datasets.captions import caption_ids
from bench.datasets.types import RatedPair, Rating, Source
from bench.files.csvfile import CsvRow, quoted
from metrics.types import AudioTextPair


@dataclass(frozen=True, slots=True)
class PairFacts:
    """What is true of a pair whoever rates it; every row of one pair must agree on it.

    ``caption_id`` is what the data say; None where they say nothing, and the caption itself tells.
    """

    pair_id: str
    audio_path: Path
    caption: str
    source: Source | None
    system: str | None
    caption_id: str | None
    split: str | None
    reference_audio: Path | None = None


@dataclass(frozen=True, slots=True)
class RatedRow:
    """One rating of one pair and the row it was read from; ``others`` are those in other dimensions, by name."""

    facts: PairFacts
    listener_id: str
    score: float
    row: CsvRow
    others: Mapping[str, float] = field(default_factory=dict)


def assemble(rows: Iterable[RatedRow]) -> tuple[tuple[RatedPair, ...], tuple[Rating, ...]]:
    """Average the ratings of each pair.

    Returns:
        The pairs, sorted by pair_id, and the single ratings in the order of the rows.

    Raises:
        DataError: rows of one pair contradict each other, or one listener rated a pair twice.
    """
    by_pair: dict[str, list[RatedRow]] = {}
    for rated in rows:
        by_pair.setdefault(rated.facts.pair_id, []).append(rated)
    ids = caption_ids(of_pair[0].facts.caption for of_pair in by_pair.values())
    pairs = tuple(_rated_pair(by_pair[pair_id], ids) for pair_id in sorted(by_pair))
    in_file_order = sorted((rated for of_pair in by_pair.values() for rated in of_pair), key=lambda it: it.row.line)
    return pairs, tuple(Rating(it.facts.pair_id, it.listener_id, it.score) for it in in_file_order)


def assemble_means(rows: Iterable[RatedRow], n_ratings: int = 1) -> tuple[RatedPair, ...]:
    """Return the pairs of a source that gives the mean of ``n_ratings`` ratings, one row a pair, sorted by pair_id.

    Raises:
        DataError: a pair has two rows.
    """
    listed = list(rows)
    check_unique(listed)
    return tuple(replace(rated, n_ratings=n_ratings) for rated in assemble(listed)[0])


def check_unique(rows: Iterable[RatedRow]) -> None:
    """Raise `DataError` if a pair has two rows."""
    lines: dict[str, int] = {}
    for rated in rows:
        first = lines.setdefault(rated.facts.pair_id, rated.row.line)
        if first != rated.row.line:
            raise rated.row.error(
                f"pair {quoted(rated.facts.pair_id)} is also on line {first}; remove one of them, "
                "or add a column listener_id if they are ratings by several listeners"
            )


def _rated_pair(rows: list[RatedRow], ids: Mapping[str, str]) -> RatedPair:
    first = rows[0]
    seen: dict[str, RatedRow] = {}
    for rated in rows:
        _check_agreement(first, rated)
        if rated.listener_id in seen:
            raise rated.row.error(
                f"listener {rated.listener_id!r} rates pair {rated.facts.pair_id!r} again (first on line "
                f"{seen[rated.listener_id].row.line}), expected once; remove one of the rows"
            )
        seen[rated.listener_id] = rated
    facts = first.facts
    return RatedPair(
        pair=AudioTextPair(facts.pair_id, facts.audio_path, facts.caption, facts.reference_audio),
        mean_rating=math.fsum(rated.score for rated in rows) / len(rows),
        n_ratings=len(rows),
        source=facts.source,
        system=facts.system,
        caption_id=facts.caption_id or ids[facts.caption],
        split=facts.split,
        others=_other_means(rows),
    )


def _other_means(rows: Sequence[RatedRow]) -> dict[str, float]:
    """Return the mean rating in each other dimension, over the rows that have one."""
    given: dict[str, list[float]] = {}
    for rated in rows:
        for name, score in rated.others.items():
            given.setdefault(name, []).append(score)
    return {name: math.fsum(scores) / len(scores) for name, scores in given.items()}


def _check_agreement(first: RatedRow, other: RatedRow) -> None:
    if other.facts is first.facts:
        return
    for name in PairFacts.__slots__:
        expected, found = getattr(first.facts, name), getattr(other.facts, name)
        if found != expected:
            raise other.row.error(
                f"pair {first.facts.pair_id!r} has {name} {_shown(found)}, but {_shown(expected)} on line "
                f"{first.row.line}; give all rows of a pair the same {name}, or another pair_id"
            )


def _shown(value: object) -> str:
    return "none" if value is None else repr(str(value))
