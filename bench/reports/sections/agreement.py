"""The tables of a report: which estimate stands where, and which is best."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bench.reports.layout import Cell, Column, Row, Table
from bench.reports.published import PublishedFigure
from bench.reports.sections.intervals import intervals_made
from bench.statistics.agreement import BY_ID, PRIMARY, STATISTICS
from bench.statistics.bootstrap import CorrelationEstimate
from bench.statistics.comparison import RankCluster

SYSTEM_LABELS = {
    "audioldm": "AudioLDM",
    "audioldm2": "AudioLDM 2",
    "tango": "Tango",
    "tango2": "Tango 2",
}

Place = tuple[str, str]
"""A column of a table: ids of stratum and statistic."""

_RANKED: Place = ("all", PRIMARY.id)


def correlation_tables(
    estimates: Sequence[CorrelationEstimate],
    ranks: Sequence[RankCluster] = (),
    published: Sequence[PublishedFigure] = (),
) -> tuple[Table, ...]:
    """Return the paper's Tables I to III from estimates; a table whose strata are all absent is left out.

    Args:
        estimates: of every metric, stratum and statistic, as `bench.analysis.analyse.analyse` gives them.
        ranks: rank clusters; those by the primary statistic on all pairs stand beside the metrics in Table I.
        published: figures of papers, added beneath as rows of their own.
    """
    strata = list(dict.fromkeys(estimate.stratum for estimate in estimates))
    tables = [
        _table(
            "Table I. Agreement with listeners, all pairs",
            "Each cell: estimate [interval]; bold: best of its column among this run's metrics.",
            [("all", statistic.id) for statistic in STATISTICS],
            [statistic.label for statistic in STATISTICS],
            estimates,
            published,
        ),
        _table(
            f"Table II. {PRIMARY.name} by source and system",
            "A metric that ranks generated clips well may still be blind to what differs among recordings.",
            [(stratum, PRIMARY.id) for stratum in source_strata(strata)],
            [stratum_label(stratum) for stratum in source_strata(strata)],
            estimates,
            published,
        ),
        _table(
            f"Table III. {PRIMARY.name} by score band",
            "Bands cut at the middle of the rating scale; cutting on the observed mean lowers every correlation, "
            "even that of a perfect metric.",
            [(stratum, PRIMARY.id) for stratum in _band_strata(strata)],
            [stratum_label(stratum) for stratum in _band_strata(strata)],
            estimates,
            published,
        ),
    ]
    tables[0] = _with_ranks(tables[0], ranks)
    return tuple(table for table in tables if table.columns)


def _with_ranks(table: Table, ranks: Sequence[RankCluster]) -> Table:
    """Put a column of rank clusters first; metrics of one rank were not shown to differ."""
    cluster = {rank.metric: str(rank.cluster) for rank in ranks if (rank.stratum, rank.statistic) == _RANKED}
    if not cluster:
        return table
    rows = [
        replace(row, cells=(Cell(text="" if row.published else cluster.get(row.label, "")), *row.cells))
        for row in table.rows
    ]
    reading = f"{table.reading} Rank: by {PRIMARY.name}; no difference was shown between metrics of one rank."
    return replace(table, reading=reading, columns=(Column("rank"), *table.columns), rows=tuple(rows))


def stratum_label(stratum: str) -> str:
    """Return a stratum id in words: ``source=natural`` is ``natural``, ``band=low,source=natural`` is ``low, nat.``."""
    key, _, system = stratum.partition("=")
    if key == "system":  # whatever characters its name has: systems are not crossed with anything
        return SYSTEM_LABELS.get(system, system)
    label = ", ".join(part.rpartition("=")[2] for part in stratum.split(","))
    return label.replace(", natural", ", nat.").replace(", synthesized", ", syn.")


def source_strata(strata: Iterable[str]) -> list[str]:
    """Natural first, then the systems, then all synthesized clips: the order of the paper's Table II."""
    order = {"source=natural": 0, "source=synthesized": 2}
    kept = [stratum for stratum in strata if stratum.startswith(("source=", "system="))]
    return sorted(kept, key=lambda stratum: order.get(stratum, 1))


def _band_strata(strata: Iterable[str]) -> list[str]:
    """The low band and its crossings, then the high band and its crossings."""
    kept = [stratum for stratum in strata if stratum.startswith("band=")]
    return sorted(kept, key=lambda stratum: not stratum.startswith("band=low"))


def _table(
    title: str,
    reading: str,
    places: Sequence[Place],
    headers: Sequence[str],
    estimates: Sequence[CorrelationEstimate],
    published: Sequence[PublishedFigure],
) -> Table:
    found = {(e.metric, e.stratum, e.statistic): e for e in estimates}
    metrics = dict.fromkeys(e.metric for e in estimates)
    best = {place: _best((e for e in estimates if (e.stratum, e.statistic) == place), place[1]) for place in places}
    rows = [
        Row(metric, tuple(_cell(found.get((metric, *place)), best[place]) for place in places)) for metric in metrics
    ]
    n_pairs = {stratum: e.n_pairs for (_, stratum, _), e in found.items()}
    columns = [Column(header, n_pairs.get(stratum)) for (stratum, _), header in zip(places, headers, strict=True)]
    reading = f"{reading} {intervals_made(e for e in estimates if (e.stratum, e.statistic) in places)}"
    return Table(title, reading, tuple(columns), (*rows, *_published_rows(published, places)))


def _best(estimates: Iterable[CorrelationEstimate], statistic: str) -> float:
    values = [e.estimate for e in estimates if not math.isnan(e.estimate) and not e.note]
    if len(values) < 2:
        return math.nan
    return BY_ID[statistic].best(values)


def _cell(estimate: CorrelationEstimate | None, best: float) -> Cell:
    if estimate is None:
        return Cell()
    return Cell(estimate.estimate, estimate.low, estimate.high, best=estimate.estimate == best, note=estimate.note)


def _published_rows(published: Sequence[PublishedFigure], places: Sequence[Place]) -> list[Row]:
    """One row a published model that has a figure in any of the columns."""
    rows = []
    for model in dict.fromkeys(figure.model for figure in published):
        figures = {(f.stratum, f.statistic): f for f in published if f.model == model}
        if any(place in figures for place in places):
            cells = tuple(Cell(figures[place].value if place in figures else math.nan) for place in places)
            rows.append(Row(model, cells, published=True))
    return rows
