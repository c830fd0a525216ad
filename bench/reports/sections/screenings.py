"""Would another screening of listeners change the answer?"""

from __future__ import annotations

from collections.abc import Sequence

from bench.reports.layout import Cell, Column, Row, Section, Table
from bench.reports.sections.differences import difference_label
from bench.reports.sections.intervals import intervals_made, measured_cell
from bench.statistics.agreement import BY_ID
from bench.statistics.screening import ScreeningDifference


def screenings_section(differences: Sequence[ScreeningDifference]) -> Section | None:
    """Return the best metric against every other, a column a screening; None where there is one screening."""
    if not differences:
        return None
    found = {(one.metric_b, one.screening): one for one in differences}
    n_pairs = {one.screening: one.n_pairs for one in differences}
    rows = [
        Row(difference_label(differences[0].metric_a, metric), tuple(_cell(found[metric, s]) for s in n_pairs))
        for metric in dict.fromkeys(one.metric_b for one in differences)
    ]
    own, *others = n_pairs
    table = Table(
        "The best metric against the others, by screening of listeners",
        f"First metric minus second in {BY_ID[differences[0].statistic].name}, all pairs of this run that have ratings "
        f"left. The scores are the same under “{own}”, which this report is made with, and under "
        f"{' and '.join(f'“{other}”' for other in others)}; the listeners that count are not. "
        f"{intervals_made(differences)} They are not adjusted for the number of comparisons.",
        tuple(Column(screening, n) for screening, n in n_pairs.items()),
        tuple(rows),
        corner="metrics",
    )
    return Section("Had listeners been screened otherwise", (), (table,))


def _cell(one: ScreeningDifference) -> Cell:
    return measured_cell(one.difference, one.note)
