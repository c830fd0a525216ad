"""The parts of a data set that correlations are reported for: what they are called, and which pairs they hold.

This is the only place that makes ids of strata, and nothing takes one apart: whoever wants sources or score bands asks
for their kind. An id begins with its kind, so that a system may be called anything, ``all`` and ``a=b,c`` included.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeVar, get_args

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from bench.datasets.events import n_events, n_words, tells_order
from bench.datasets.types import SOURCES, RatingScale
from bench.files.csvfile import quoted
from bench.files.limits import MAX_EDGES
from metrics.errors import UsageError, did_you_mean

Kind = Literal["all", "source", "system", "band", "band in source", "events", "order", "length"]
KINDS: tuple[Kind, ...] = get_args(Kind)
CROSSINGS: tuple[Kind, ...] = ("band in source",)
"""Kinds whose strata are intersections of others: too many for a figure."""
PARTITIONS: tuple[Kind, ...] = ("band",)
"""Kinds of which every pair is in exactly one stratum, beside what the score table has as columns."""

BY_CAPTION: tuple[Kind, ...] = ("events", "order", "length")
"""Kinds that captions alone give, for those who ask by ``--by``; see `bench.datasets.events`."""

MOST_EVENTS = 3
"""Captions of so many events or more are one stratum."""

LENGTHS = (6, 12)
"""Words at which captions are cut by length: about the quartiles of RELATE's captions."""

ALL = "all"
"""The id of the stratum of all pairs."""

SYSTEM_LABELS = {
    "audioldm": "AudioLDM",
    "audioldm2": "AudioLDM 2",
    "tango": "Tango",
    "tango2": "Tango 2",
}
_SHORT_SOURCES = {"natural": "nat.", "synthesized": "syn."}
_BAND_NAMES = {1: ("low", "high"), 2: ("low", "middle", "high")}


@dataclass(frozen=True, slots=True)
class StratumName:
    """What a stratum is called.

    Attributes:
        id: unique in a run; names the stratum in every file.
        kind: what the pairs have in common.
        label: the stratum in words, for tables and figures.
    """

    id: str
    kind: Kind
    label: str


@dataclass(frozen=True, slots=True)
class Stratum(StratumName):
    """A stratum and its pairs."""

    mask: Bool[np.ndarray, " pairs"]

    @property
    def name(self) -> StratumName:
        return StratumName(self.id, self.kind, self.label)


@dataclass(frozen=True, slots=True)
class Bands:
    """Score bands: the rating scale, cut at edges; a rating on an edge belongs to the band below it.

    Attributes:
        edges: rising, on the data set's own scale.
        names: one a band, from the lowest: one more than there are edges.
    """

    edges: tuple[float, ...]
    names: tuple[str, ...]

    @classmethod
    def cut(cls, scale: RatingScale, edges: Sequence[float] | None = None) -> Bands:
        """Cut a scale at ``edges``; None cuts it in the middle: at 5 on the 0-10 scale of the paper's Table III.

        Raises:
            UsageError: the edges do not rise, or one does not lie inside the scale.
        """
        edges = (scale.midpoint,) if edges is None else _rising(tuple(edges))
        for edge in edges:
            if not scale.low < edge < scale.high:
                raise UsageError(
                    f"--bands has an edge at {_plain(edge)}, expected edges between {_plain(scale.low)} and "
                    f"{_plain(scale.high)}, the ends of the rating scale, and not at them; give others"
                )
        ranges = tuple(f"{_plain(a)} to {_plain(b)}" for a, b in pairwise((scale.low, *edges, scale.high)))
        return cls(edges, _BAND_NAMES.get(len(edges), ranges))

    @property
    def labels(self) -> tuple[str, ...]:
        """``rating ≤ 3``, ``3 < rating ≤ 7``, ``rating > 7``."""
        ends = [_plain(edge) for edge in self.edges]
        between = (f"{a} < rating ≤ {b}" for a, b in pairwise(ends))
        return (f"rating ≤ {ends[0]}", *between, f"rating > {ends[-1]}")

    def of(self, ratings: Float[np.ndarray, " pairs"]) -> Int[np.ndarray, " pairs"]:
        """Return the number of each rating's band, 0 for the lowest."""
        return np.searchsorted(self.edges, ratings, side="left")

    def ids_within(self, stratum: str) -> tuple[str, ...]:
        """Return the ids of the bands of a stratum: of all pairs, or of a source."""
        return tuple(_id("band", name) if stratum == ALL else f"{_id('band', name)},{stratum}" for name in self.names)


def parse_edges(text: str) -> tuple[float, ...]:
    """Read ``"3,7"``.

    Raises:
        UsageError: not one to `MAX_EDGES` numbers, each higher than the one before.
    """
    try:
        return _rising(tuple(float(part) for part in text.split(",")))
    except ValueError:
        raise _not_edges(text) from None


def edges_text(edges: Iterable[float]) -> str:
    """Return edges as `parse_edges` reads them."""
    return ",".join(map(_plain, edges))


def parse_by(text: str) -> tuple[Kind, ...]:
    """Read ``"events,length"``, in the order of `BY_CAPTION`.

    Raises:
        UsageError: another kind is among them, or none.
    """
    named = [part.strip() for part in text.split(",")]
    unknown = next((name for name in named if name not in BY_CAPTION), None)
    if unknown is not None:
        known = ", ".join(BY_CAPTION)
        raise UsageError(
            f"--by is {quoted(text)}; give one or more of {known}, with commas between them"
            f"{did_you_mean(unknown, BY_CAPTION)}"
        )
    return tuple(kind for kind in BY_CAPTION if kind in named)


def standard_strata(pairs: pd.DataFrame, bands: Bands, by: Collection[str] = ()) -> tuple[Stratum, ...]:
    """Return every stratum that has at least one pair, in the order of reading: that of the paper's Tables I to III.

    Args:
        pairs: a row a pair; the columns ``source``, ``system`` (None where unknown), ``rating`` and ``caption`` are
            used. Systems of recordings are no strata of their own.
        bands: where the mean ratings are cut.
        by: kinds of `BY_CAPTION`.
    """
    everything = Stratum(ALL, "all", "all", np.ones(len(pairs), dtype=bool))
    sources = {source: np.array(pairs["source"] == source, dtype=bool) for source in SOURCES}
    by_source = {source: Stratum(_id("source", source), "source", source, mask) for source, mask in sources.items()}
    by_band = tuple(_by_band(pairs["rating"].to_numpy(dtype=float), bands, by_source.values()))
    by_caption = tuple(_by_caption(list(pairs["caption"]), by)) if by else ()
    fixed = {stratum.label for stratum in (everything, *by_source.values(), *by_band, *by_caption)}
    by_system = _by_system(pairs, ~sources["natural"], fixed)
    found = (everything, by_source["natural"], *by_system, by_source["synthesized"], *by_band, *by_caption)
    return tuple(stratum for stratum in found if stratum.mask.any())


def system_labels(systems: Collection[str], beside: Collection[str] = ()) -> dict[str, str]:
    """Return each system's name as its authors write it, where known; no two systems have one label.

    Args:
        systems: their names in the data.
        beside: what none of them must be taken for.
    """
    known = {system: SYSTEM_LABELS[system] for system in systems if system in SYSTEM_LABELS}
    others = (*known.values(), *beside)
    return {system: known.get(system) or told_from(others, "system", system) for system in systems}


def told_from(others: Collection[str], kind: str, name: str) -> str:
    """Return ``name``, with its kind in front if it reads like one of ``others`` or like a name with its kind."""
    plain = name.strip().casefold()
    alike = plain in {other.casefold() for other in others} or plain.startswith(f"{kind} ")
    return f"{kind} {name}" if alike else name


_Named = TypeVar("_Named", bound=StratumName)


def of_kind(strata: Iterable[_Named], *kinds: Kind) -> list[_Named]:
    """Return the strata of these kinds in the order of ``strata``."""
    return [stratum for stratum in strata if stratum.kind in kinds]


def labels(strata: Iterable[StratumName]) -> dict[str, str]:
    """Return the label of each id."""
    return {stratum.id: stratum.label for stratum in strata}


def masks(strata: Iterable[Stratum]) -> dict[str, Bool[np.ndarray, " pairs"]]:
    """Return the pairs of each id, by kind: the order of a run's files."""
    return {stratum.id: stratum.mask for stratum in sorted(strata, key=lambda stratum: KINDS.index(stratum.kind))}


def _rising(edges: tuple[float, ...]) -> tuple[float, ...]:
    rises = all(a < b for a, b in pairwise(edges)) and all(map(math.isfinite, edges))
    if not (rises and 1 <= len(edges) <= MAX_EDGES):
        raise _not_edges(edges_text(edges))
    return edges


def _not_edges(text: str) -> UsageError:
    return UsageError(
        f"--bands is {quoted(text)}, expected one to {MAX_EDGES} numbers, each higher than the one before, with commas "
        "between them; write e.g. 5 or 3,7"
    )


def _by_system(pairs: pd.DataFrame, generated: Bool[np.ndarray, " pairs"], taken: set[str]) -> Iterator[Stratum]:
    """Yield the systems of what is not recorded, by name; one that reads like another stratum says that it is one."""
    systems = np.array([system or "" for system in pairs["system"]], dtype=object)
    names = sorted(set(systems[generated]) - {""})
    for name, label in system_labels(names, beside=taken).items():
        yield Stratum(_id("system", name), "system", label, np.array(systems == name, dtype=bool))


def _by_band(ratings: Float[np.ndarray, " pairs"], bands: Bands, sources: Iterable[Stratum]) -> Iterator[Stratum]:
    """Yield each band, from the lowest, followed by its pairs of each source."""
    band_of, sources = bands.of(ratings), list(sources)
    for b, label in enumerate(bands.labels):
        yield Stratum(bands.ids_within(ALL)[b], "band", label, band_of == b)
        for source in sources:
            crossed = f"{label}, {_SHORT_SOURCES[source.label]}"
            yield Stratum(bands.ids_within(source.id)[b], "band in source", crossed, (band_of == b) & source.mask)


def _by_caption(captions: Sequence[str], by: Collection[str]) -> Iterator[Stratum]:
    """Yield the strata of the kinds that are asked for, from few events, untold order and short captions on."""
    if "events" in by:
        counts = np.array([min(n_events(caption), MOST_EVENTS) for caption in captions])
        for n in range(1, MOST_EVENTS + 1):
            label = f"{n} or more events" if n == MOST_EVENTS else f"{n} event{'s' if n > 1 else ''}"
            yield Stratum(_id("events", str(n)), "events", label, counts == n)
    if "order" in by:
        told = np.array([tells_order(caption) for caption in captions], dtype=bool)
        yield Stratum(_id("order", "untold"), "order", "order untold", ~told)
        yield Stratum(_id("order", "told"), "order", "order told", told)
    if "length" in by:
        band = np.searchsorted(LENGTHS, [n_words(caption) for caption in captions], side="left")
        between = [f"{a + 1} to {b} words" for a, b in pairwise(LENGTHS)]
        labels_of = (f"up to {LENGTHS[0]} words", *between, f"{LENGTHS[-1] + 1} words or more")
        for k, label in enumerate(labels_of):
            yield Stratum(_id("length", str(k + 1)), "length", label, band == k)


def _id(kind: Kind, name: str) -> str:
    return f"{kind}={name}"


def _plain(number: float) -> str:
    """Return the shortest text of a number, without losing a digit."""
    short = f"{number:g}"
    return short if float(short) == number else repr(number)
