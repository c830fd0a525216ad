"""The tables of a report: which estimate stands where, and which is best."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bench.analysis.strata import ALL, Kind, StratumName, of_kind, told_from
from bench.reports.layout import Cell, Column, Row, Table
from bench.reports.published import PublishedFigure
from bench.reports.sections.intervals import intervals_made
from bench.statistics.agreement import BY_ID, PRIMARY, STATISTICS
from bench.statistics.bootstrap import CorrelationEstimate
from bench.statistics.comparison import RankCluster

BY_STRATUM: tuple[tuple[str, str, tuple[Kind, ...]], ...] = (
    (
        f"Table II. {PRIMARY.name} by source and system",
        "Compare metrics within a column, not columns: where ratings spread less, every correlation is lower.",
        ("source", "system"),
    ),
    (
        f"Table III. {PRIMARY.name} by score band",
        "Bands by mean rating; cutting on the observed mean lowers every correlation, even that of a perfect metric.",
        ("band", "band in source"),
    ),
)
"""Title, reading and kinds of strata of each table that has a stratum a column."""

LISTENERS = "listeners"
BESIDE_METRICS = (LISTENERS, "ratings", "rating", "caption", "source", "system", "disagreement", "order of the data")
"""What stands in one list with metrics in tables and on the page, and is none."""

Place = tuple[str, str]
"""A column of a table: ids of stratum and statistic."""

_RANKED: Place = ("all", PRIMARY.id)


def correlation_tables(
    estimates: Sequence[CorrelationEstimate],
    strata: Sequence[StratumName],
    ranks: Sequence[RankCluster] = (),
    published: Sequence[PublishedFigure] = (),
) -> tuple[Table, ...]:
    """Return the paper's Tables I to III from estimates; a table whose strata are all absent is left out.

    Args:
        estimates: of every metric, stratum and statistic, as `bench.analysis.analyse.analyse` gives them.
        strata: what their ids stand for.
        ranks: rank clusters; those by the primary statistic on all pairs stand beside the metrics in Table I.
        published: figures of papers, added beneath as rows of their own.
    """
    tables = [
        _table(
            "Table I. Agreement with listeners, all pairs",
            "Each cell: estimate [interval]; bold: best of its column among this run's metrics.",
            [(ALL, statistic.id) for statistic in STATISTICS],
            [statistic.label for statistic in STATISTICS],
            estimates,
            published,
        )
    ]
    for title, reading, kinds in BY_STRATUM:
        shown = of_kind(strata, *kinds)
        places: list[Place] = [(stratum.id, PRIMARY.id) for stratum in shown]
        tables.append(_table(title, reading, places, [one.label for one in shown], estimates, published))
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


def metric_label(metric: str) -> str:
    """Return a metric's name where it stands beside listeners or facts about pairs; no two metrics have one label."""
    return told_from(BESIDE_METRICS, "metric", metric)


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
