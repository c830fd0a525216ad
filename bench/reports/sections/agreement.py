"""The tables of a report: which estimate stands where, and which is best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from bench.analysis.strata import ALL, BY_CAPTION, Kind, StratumName, of_kind, told_from
from bench.reports.layout import DASH, Cell, Column, Row, Table
from bench.reports.published import PublishedFigure
from bench.reports.sections.intervals import intervals_made
from bench.statistics.agreement import BY_ID, PRIMARY, STATISTICS, Statistic
from bench.statistics.bootstrap import CorrelationEstimate
from bench.statistics.max_t import LEVEL
from bench.statistics.standing import Standing

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
    (
        f"Table IV. {PRIMARY.name} by what captions tell",
        "Number of events, whether their order is told, and number of words, by the rules of docs/datasets.md. Compare "
        "metrics within a column, not columns: where ratings spread less, every correlation is lower.",
        BY_CAPTION,
    ),
)
"""Title, reading and kinds of strata of each table that has a stratum a column."""

LISTENERS = "listeners"
BESIDE_METRICS = (LISTENERS, "ratings", "rating", "caption", "source", "system", "disagreement", "order of the data")
"""What stands in one list with metrics in tables and on the page, and is none."""

Place = tuple[str, str]
"""A column of a table: ids of stratum and statistic."""

BOLD = f"Bold: all others of its column, baselines aside, were shown to be worse (adjusted p at or below {LEVEL:g})."

_RANKED: Place = ("all", PRIMARY.id)


def correlation_tables(
    estimates: Sequence[CorrelationEstimate],
    strata: Sequence[StratumName],
    standings: Sequence[Standing] = (),
    published: Sequence[PublishedFigure] = (),
) -> tuple[Table, ...]:
    """Return the paper's Tables I to III from estimates; a table whose strata are all absent is left out.

    Args:
        estimates: of every metric, stratum and statistic, as `bench.analysis.analyse.analyse` gives them.
        strata: what their ids stand for.
        standings: which metrics may be the best; a metric that alone may is bold, and those by the primary statistic on
            all pairs stand beside the metrics in Table I.
        published: figures of papers, added beneath as rows of their own.
    """
    tables = [
        _table(
            "Table I. Agreement with listeners, all pairs",
            f"Each cell: estimate [interval]. {BOLD}",
            [(ALL, statistic.id) for statistic in STATISTICS],
            [statistic.label for statistic in STATISTICS],
            estimates,
            standings,
            published,
        )
    ]
    for title, reading, kinds in BY_STRATUM:
        shown = of_kind(strata, *kinds)
        places: list[Place] = [(stratum.id, PRIMARY.id) for stratum in shown]
        tables.append(_table(title, reading, places, [one.label for one in shown], estimates, standings, published))
    tables[0] = _with_standings(tables[0], [one for one in standings if (one.stratum, one.statistic) == _RANKED])
    return tuple(table for table in tables if table.columns)


def standing_texts(standings: Sequence[Standing]) -> dict[str, str]:
    """Return what stands beside each metric of one stratum and statistic: ``may be best (ab)``.

    ``best`` is the only metric that may be; ``worse`` was shown to be worse than another one. Nothing is said where
    nothing could be shown.
    """
    if any(one.note for one in standings):
        return {}
    word = "best" if sum(one.may_be_best for one in standings) == 1 else "may be best"
    return {
        one.metric: (word if one.may_be_best else "worse") + (f" ({one.letters})" if one.letters else "")
        for one in standings
    }


def standing_sentence(standings: Sequence[Standing], statistic: str = PRIMARY.name) -> str:
    """Return how to read `standing_texts`, or why there are none; empty where no metrics were compared."""
    if len(standings) < 2:
        return ""
    if notes := dict.fromkeys(one.note for one in standings if one.note):
        return f"Standing by {statistic}: {'; '.join(notes)}."
    best = "“best”, alone," if sum(one.may_be_best for one in standings) == 1 else "“may be best”"
    lettered = "metrics that share a letter were not shown to differ"
    if not any(one.letters for one in standings):
        lettered = "letters for those that were not shown to differ would be too many"
    return (
        f"Standing by {statistic}: “worse” was shown to be worse than another metric (adjusted p at or below "
        f"{LEVEL:g}), {best} was not; {lettered}; baselines have none."
    )


def _with_standings(table: Table, standings: Sequence[Standing]) -> Table:
    """Put a column first that says which metrics may be the best."""
    texts = standing_texts(standings)
    table = replace(table, reading=f"{table.reading} {standing_sentence(standings)}".strip())
    if not texts:
        return table
    rows = [
        replace(row, cells=(Cell(text="" if row.published else texts.get(row.label, DASH)), *row.cells))
        for row in table.rows
    ]
    return replace(table, columns=(Column("standing"), *table.columns), rows=tuple(rows))


def metric_label(metric: str) -> str:
    """Return a metric's name where it stands beside listeners or facts about pairs; no two metrics have one label."""
    return told_from(BESIDE_METRICS, "metric", metric)


def _table(
    title: str,
    reading: str,
    places: Sequence[Place],
    headers: Sequence[str],
    estimates: Sequence[CorrelationEstimate],
    standings: Sequence[Standing],
    published: Sequence[PublishedFigure],
) -> Table:
    found = {(e.metric, e.stratum, e.statistic): e for e in estimates}
    metrics = dict.fromkeys(e.metric for e in estimates)
    best = {place: shown_to_be_best(standings, place) for place in places}
    rows = [
        Row(metric, tuple(_cell(found.get((metric, *place)), best[place] == metric) for place in places))
        for metric in metrics
    ]
    n_pairs = {stratum: e.n_pairs for (_, stratum, _), e in found.items()}
    columns = [Column(header, n_pairs.get(stratum)) for (stratum, _), header in zip(places, headers, strict=True)]
    reading = f"{reading} {intervals_made(e for e in estimates if (e.stratum, e.statistic) in places)}"
    return Table(title, reading, tuple(columns), (*rows, *_published_rows(published, places)))


def shown_to_be_best(standings: Sequence[Standing], place: Place) -> str | None:
    """Return the metric that all others were shown to be worse than; None where there is no such metric."""
    here = [one for one in standings if (one.stratum, one.statistic) == place]
    may_be = [one.metric for one in here if one.may_be_best]
    return may_be[0] if len(may_be) == 1 and len(here) > 1 else None


def _cell(estimate: CorrelationEstimate | None, best: bool) -> Cell:
    if estimate is None:
        return Cell()
    return Cell(
        estimate.estimate,
        estimate.low,
        estimate.high,
        best=best,
        note=estimate.note,
        decimals=BY_ID[estimate.statistic].decimals,
    )


def _published_rows(published: Sequence[PublishedFigure], places: Sequence[Place]) -> list[Row]:
    """One row a published model that has a figure in any of the columns."""
    rows = []
    for model in dict.fromkeys(figure.model for figure in published):
        figures = {(f.stratum, f.statistic): f for f in published if f.model == model}
        if any(place in figures for place in places):
            cells = tuple(_published_cell(figures.get(place), BY_ID[place[1]]) for place in places)
            rows.append(Row(model, cells, origin="published"))
    return rows


def _published_cell(figure: PublishedFigure | None, statistic: Statistic) -> Cell:
    return Cell(math.nan if figure is None else figure.value, decimals=min(statistic.decimals, 3))
