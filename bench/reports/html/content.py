"""What the page holds, as one object for JSON: the report's cells, all estimates, the manifest, the pairs."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.analysis.merit import ADJUSTED, Lead, by_merit, in_order, leads
from bench.analysis.numbers import p_text
from bench.analysis.results import Analysis
from bench.files.manifest import RunManifest
from bench.files.ratings import RatingTable
from bench.files.records import plain
from bench.files.scores import ScoreTable
from bench.reports.html.clips import NO_CLIPS, EmbeddedClips
from bench.reports.html.columns import number, numbers, records, texts
from bench.reports.html.pairs import FILTERS, pair_columns
from bench.reports.layout import Cell, Report, Row, Section, Table
from bench.reports.sections.agreement import metric_label, standing_texts
from bench.reports.sections.differences import difference_label
from bench.reports.sections.intervals import intervals_made
from bench.statistics.agreement import PRIMARY, STATISTICS
from bench.statistics.max_t import LEVEL
from bench.statistics.standing import Standing

PLACE = ("stratum", "statistic")
INTERVAL = ("low", "high", "n_pairs")


@dataclasses.dataclass(frozen=True, slots=True)
class Figure:
    """A drawing for the page: an SVG document, shown as an image, in which nothing can run."""

    name: str
    caption: str
    svg: str


def page_content(
    report: Report,
    manifest: RunManifest,
    table: ScoreTable,
    analysis: Analysis,
    ratings: RatingTable | None,
    page: Path,
    figures: Sequence[Figure] = (),
    clips: EmbeddedClips = NO_CLIPS,
) -> dict[str, Any]:
    """Return everything that the page shows.

    Args:
        report: title, sections and tables, as in every other format.
        manifest, table, analysis: of the run.
        ratings: single ratings; None where the data give only means.
        page: the file that it will be written to; clips are found relative to its folder.
        figures: drawings to show.
        clips: clips inside the page; the others are played from their files.
    """
    return {
        "title": report.title,
        "warning": report.warning,
        "verdict": [dataclasses.asdict(point) for point in report.verdict],
        "paragraphs": list(report.paragraphs),
        "sections": [section_content(section) for section in report.sections],
        "figures": [dataclasses.asdict(figure) for figure in figures],
        "manifest": plain(manifest),
        "metrics": table.metrics,
        "labels": list(map(metric_label, table.metrics)),
        "scale": list(manifest.dataset.scale),
        "noun": "pairs",
        "chance": 0,
        **_agreement(analysis),
        "filters": list(FILTERS),
        "pairs": pair_columns(table, ratings, manifest, page),
        "clips": {str(row): uri for row, uri in clips.uris.items()},
    }


def _agreement(analysis: Analysis) -> dict[str, Any]:
    """All estimates, differences and standings, to switch between strata and statistics."""
    differences = _leads(analysis)
    return {
        "strata": [{"id": stratum.id, "label": stratum.label} for stratum in analysis.strata],
        "statistics": [
            {
                "id": statistic.id,
                "label": statistic.label,
                "higher_is_better": statistic.higher_is_better,
                "decimals": statistic.decimals,
            }
            for statistic in STATISTICS
        ],
        "primary": PRIMARY.id,
        "intervals": intervals_made(analysis.estimates),
        "differences_reading": f"The better metric first; filled dots: p at or below {LEVEL:g}. {ADJUSTED}",
        "estimates": records(analysis.estimates, ("metric", *PLACE, "note"), ("estimate", *INTERVAL)),
        "differences": {
            "name": texts(difference_label(one.better, one.worse) for one in differences),
            "p": texts(p_text(one.p, one.p_is_bound) or None for one in differences),
            "shown": numbers(one.is_shown for one in differences),
            **records(differences, (*PLACE, "note"), ("delta", "low", "high")),
            "p_value": numbers(one.p for one in differences),
        },
        "standings": _standings(analysis.standings),
    }


def _standings(standings: Sequence[Standing]) -> dict[str, Any]:
    """What stands beside each metric, and why nothing does."""
    by_place = dict[tuple[str, str], list[Standing]]()
    for one in standings:
        by_place.setdefault((one.stratum, one.statistic), []).append(one)
    said = {place: standing_texts(here) for place, here in by_place.items()}
    return {
        **records(standings, ("metric", *PLACE, "note"), ()),
        "text": texts(said[one.stratum, one.statistic].get(one.metric, "") for one in standings),
    }


def _leads(analysis: Analysis) -> list[Lead]:
    """Return all differences, the better metric first, in order of merit by stratum and statistic."""
    places = dict.fromkeys((d.stratum, d.statistic) for d in analysis.differences)
    found = []
    for place in places:
        ranked = [estimate.metric for estimate in by_merit(analysis.estimates, *place)]
        found += in_order(leads(analysis.differences, *place), ranked)
    return found


def section_content(section: Section) -> dict[str, Any]:
    """Return a section of the report as the page holds it."""
    return {
        "heading": section.heading,
        "appendix": section.appendix,
        "paragraphs": list(section.paragraphs),
        "tables": [_table(table) for table in section.tables],
    }


def _table(table: Table) -> dict[str, Any]:
    return {
        "title": table.title,
        "reading": table.reading,
        "corner": table.corner,
        "columns": [{"header": column.header, "n_pairs": column.n_pairs} for column in table.columns],
        "rows": [_row(row) for row in table.rows],
        "notes": table.notes(),
    }


def _row(row: Row) -> dict[str, Any]:
    return {"label": row.marked_label, "origin": row.origin, "cells": [_cell(cell) for cell in row.cells]}


def _cell(cell: Cell) -> dict[str, Any]:
    """The texts are those of the other formats; the numbers are for sorting and drawing."""
    content = {
        "text": cell.value,
        "interval": cell.interval,
        "p": cell.p_text,
        "best": cell.best,
        "estimate": number(cell.estimate),
        "low": number(cell.low),
        "high": number(cell.high),
    }
    return {name: value for name, value in content.items() if value not in (None, "", False)}
