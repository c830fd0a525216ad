"""Which ratings of RELATE belong to a split, and which listeners are trusted.

A row is one answer of one listener. Each listener's attention was tested with three anchors: clips beside the caption
of another clip, which should be rated near 0. Anchors are always dropped after that, also the 14 of REL that the
release does not mark as excluded.

Screenings
    ``released``: what the release's README counts. For REL this is the column ``in RELATE dataset``. It keeps exactly
    the listeners whose mean over their own anchors is below 2 (AudioCaps train) or below 1 (AudioCaps test). IS and OS
    have no such column and get the same rule; for IS it gives exactly the README's counts. For OS the README's test
    counts follow if the anchors of IS are taken (the same listeners, clips and captions) and only captions with
    *followed*, *then*, *before* or *after* are kept, so this is done; its train counts (1,281 pairs, 4,017 ratings,
    714 listeners) followed from no rule that was tried.
    ``anchor-mean``: listeners whose mean over their own anchors exceeds 2 are removed (Human-CLAP, section II.B).
    ``none``: all listeners.

Splits
    ``train`` and ``test`` follow AudioCaps; ``test`` is the README's Test. ``csv-validation`` (alias ``validation``)
    and ``csv-test`` are its halves in the column ``in RELATE dataset``: they exist for REL as released only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bench.datasets.adapters.relate_release import AUDIOCAPS_SPLITS, Kind
from bench.files.csvfile import CsvRow, quoted
from metrics.errors import UsageError, did_you_mean

SCREENINGS = ("released", "anchor-mean", "none")
SPLITS = ("train", "test", "csv-validation", "csv-test")
SPLIT_ALIASES = {"validation": "csv-validation"}

ANCHOR_COLUMN = "anchor label"
AUDIOCAPS_COLUMN = "in AudioCaps"
RELEASED_COLUMN = "in RELATE dataset"
_RELEASED_VALUES = ("train", "validation", "test", "excluded")
_RELEASED_PARTS = {
    "train": ("train",),
    "test": ("validation", "test"),
    "csv-validation": ("validation",),
    "csv-test": ("test",),
}

PAPER_LIMIT = 2.0  # highest anchor mean of a trusted listener (Human-CLAP, section II.B)
RELEASED_LIMITS = {"train": 2.0, "test": 1.0}  # anchor means must stay below
ORDER_WORDS = ("followed", "then", "before", "after")
_ORDER_WORD = re.compile(rf"\b({'|'.join(ORDER_WORDS)})\b")


@dataclass(frozen=True, slots=True)
class Selection:
    """A part of RELATE: which question, which split, which listeners."""

    kind: Kind
    split: str
    screening: str

    @property
    def needs_anchors_of_is(self) -> bool:
        return self.kind == "os" and self.screening == "released"

    @property
    def uses_released_column(self) -> bool:
        return self.kind == "rel" and self.screening == "released"

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be said under every table: how ``released`` was read where the release does not say it."""
        if self.screening != "released" or self.kind == "rel":
            return ()
        rule = f"mean of each listener's own anchors below {RELEASED_LIMITS[self.split]:g}"
        if self.kind == "is":
            return (f"screening: {rule}, which gives the counts of RELATE's README",)
        agreement = "gives" if self.split == "test" else "does not give"
        return (
            f"screening: {rule} in the IS test, and captions with {', '.join(ORDER_WORDS)}, "
            f"which {agreement} the counts of RELATE's README",
        )


def make_selection(kind: Kind, split: str, screening: str) -> Selection:
    """Check the names and resolve aliases.

    Raises:
        UsageError: unknown split or screening, or a combination that does not exist.
    """
    if screening not in SCREENINGS:
        hint = did_you_mean(screening, SCREENINGS)
        raise UsageError(f"unknown screening {screening!r}{hint} (known: {', '.join(SCREENINGS)})")
    selection = Selection(kind, SPLIT_ALIASES.get(split, split), screening)
    if selection.split not in SPLITS:
        raise UsageError(f"unknown split {split!r}{did_you_mean(split, SPLITS)} (known: {', '.join(SPLITS)})")
    if selection.split not in AUDIOCAPS_SPLITS and not selection.uses_released_column:
        raise UsageError(f"split {split!r} exists only for relate with --screening released; use train or test")
    return selection


def select(rows: Sequence[CsvRow], anchors_of: Sequence[CsvRow], selection: Selection) -> list[CsvRow]:
    """Return the rows that belong to ``selection``, without anchors.

    Args:
        rows: of the score file.
        anchors_of: the rows whose anchors test the listeners: the same, or those of IS (``needs_anchors_of_is``).
        selection: which rows to keep.

    Raises:
        DataError: a column holds an unknown value, or a listener has no anchors to be screened by.
    """
    _check_values(rows, ANCHOR_COLUMN, ("True", "False"))
    rated = [row for row in rows if row.fields[ANCHOR_COLUMN] == "False"]
    if selection.uses_released_column:
        _check_values(rated, RELEASED_COLUMN, _RELEASED_VALUES)
        return [row for row in rated if row.fields[RELEASED_COLUMN] in _RELEASED_PARTS[selection.split]]
    _check_values(rated, AUDIOCAPS_COLUMN, AUDIOCAPS_SPLITS)
    in_split = [row for row in rated if row.fields[AUDIOCAPS_COLUMN] == selection.split]
    if selection.screening == "none":
        return in_split
    trusted = _trusted(anchor_means(anchors_of), selection)
    screened = [row for row in in_split if _passes(row, trusted)]
    if selection.needs_anchors_of_is:
        return [row for row in screened if _ORDER_WORD.search(row["text"])]
    return screened


def anchor_means(rows: Sequence[CsvRow]) -> dict[str, float]:
    """Return each listener's mean rating over their own anchors.

    Raises:
        DataError: an anchor's rating is not a number.
    """
    scores: dict[str, list[float]] = {}
    for row in rows:
        if row.fields[ANCHOR_COLUMN] == "True":
            scores.setdefault(row["listener_id"], []).append(row.number("score"))
    return {listener: sum(given) / len(given) for listener, given in scores.items()}


def _trusted(means: dict[str, float], selection: Selection) -> dict[str, bool]:
    if selection.screening == "anchor-mean":
        return {listener: mean <= PAPER_LIMIT for listener, mean in means.items()}
    return {listener: mean < RELEASED_LIMITS[selection.split] for listener, mean in means.items()}


def _passes(row: CsvRow, trusted: dict[str, bool]) -> bool:
    listener = row["listener_id"]
    if listener not in trusted:
        raise row.error(f"listener {quoted(listener)} rates no anchor to be screened by; use --screening none")
    return trusted[listener]


def _check_values(rows: Sequence[CsvRow], column: str, known: Sequence[str]) -> None:
    for row in rows:
        if row.fields[column] not in known:
            expected = " or ".join(known)
            raise row.error(f"{column!r} is {quoted(row[column])}, expected {expected}; fetch the file again")
