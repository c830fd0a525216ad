"""Does a metric fail on bad (or good) sounds, or is the range of ratings merely restricted there?"""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.strata import StratumName, of_kind
from bench.reports.layout import Cell, Column, Row, Section, Table
from bench.reports.sections.intervals import intervals_made, measured_cell
from bench.statistics.agreement import PRIMARY
from bench.statistics.bands import BandEstimate

METHODS = ("observed", "cross-fitted")
READING = (
    "Cutting pairs by a noisy mean rating lowers every correlation. “Predicted” is what a metric of the same overall "
    f"{PRIMARY.name} shows in the band if it is equally good everywhere; only a shown value clearly below it speaks "
    "against the metric. “Observed” bands are cut by the ratings that scores are correlated with (Table III), "
    "“cross-fitted” ones by one random half of each pair's listeners while the other half is correlated with."
)


def bands_section(bands: Sequence[BandEstimate], strata: Sequence[StratumName]) -> Section | None:
    """Return one table a band: what each metric shows beside what range restriction predicts."""
    found = [b for b in bands if b.statistic == PRIMARY.id]
    tables = [_table(band, [b for b in found if b.stratum == band.id]) for band in of_kind(strata, "band")]
    kept = tuple(table for table in tables if table.rows)
    return Section("Score bands without selection on noise", (READING,), kept) if kept else None


def _table(band: StratumName, bands: Sequence[BandEstimate]) -> Table:
    by_place = {(b.metric, b.method): b for b in bands}
    first = {b.method: b for b in reversed(bands)}
    methods = [method for method in METHODS if method in first]
    columns = [
        column
        for method in methods
        for column in (
            Column(f"{method}: shown", round(first[method].n_pairs)),
            Column("predicted"),
            Column("difference"),
        )
    ]
    rows = [
        Row(metric, tuple(cell for method in methods for cell in _cells(by_place.get((metric, method)))))
        for metric in dict.fromkeys(b.metric for b in bands)
    ]
    spread = ", ".join(f"{first[method].band_sd:.2f} {method}" for method in methods)
    reading = f"{PRIMARY.name}. SD of the ratings in the band: {spread}. {intervals_made(bands)}"
    return Table(f"Pairs with {band.label}", reading, tuple(columns), tuple(rows))


def _cells(band: BandEstimate | None) -> tuple[Cell, Cell, Cell]:
    if band is None:
        return Cell(), Cell(), Cell()
    return measured_cell(band.estimate, band.note), Cell(band.predicted), measured_cell(band.excess)
