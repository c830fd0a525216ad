"""Which metrics are as good as equal?"""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.strata import StratumName
from bench.reports.layout import Cell, Column, Row, Section, Table
from bench.reports.sections.differences import difference_label
from bench.reports.sections.intervals import intervals_made
from bench.statistics.agreement import BY_ID
from bench.statistics.equivalence import Equivalence

READING = (
    "Equivalent: the difference is shown to be smaller than the margin either way (two one-sided tests, Schuirmann "
    "1987: its interval lies inside the margin); each pair of metrics is tested for itself. Different: shown to be "
    "unequal. A difference may be both, real and too small to matter; undecided is neither."
)


def equivalence_section(equivalences: Sequence[Equivalence], strata: Sequence[StratumName]) -> Section | None:
    """Return a verdict for each pair of metrics on all pairs and by source; None where no margin was given."""
    if not equivalences:
        return None
    found = {((e.metric_a, e.metric_b), e.stratum): e for e in equivalences}
    shown = [stratum for stratum in strata if any(e.stratum == stratum.id for e in equivalences)]
    columns = [column for one in shown for column in (Column(one.label), Column(f"{one.label}: verdict"))]
    rows = [
        Row(difference_label(*pair), tuple(cell for one in shown for cell in _cells(found.get((pair, one.id)))))
        for pair in dict.fromkeys((e.metric_a, e.metric_b) for e in equivalences)
    ]
    one = equivalences[0]
    reading = f"First metric minus second in {BY_ID[one.statistic].name}. {intervals_made(equivalences)}"
    table = Table(f"Equivalence within ±{one.margin:g}", reading, tuple(columns), tuple(rows), corner="metrics")
    return Section("As good as equal?", (READING,), (table,))


def _cells(one: Equivalence | None) -> tuple[Cell, Cell]:
    if one is None:
        return Cell(), Cell()
    return Cell(one.delta, one.low, one.high, note=one.note), Cell(text=_verdict(one))


def _verdict(one: Equivalence) -> str:
    if one.equivalent:
        return "different, by less than the margin" if one.different else "equivalent"
    return "different" if one.different else "undecided"
