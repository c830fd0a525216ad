"""By how much does the best metric lead each of the others?"""

from __future__ import annotations

import math

from bench.analysis.merit import ADJUSTED, Lead, by_merit, leads
from bench.analysis.results import Analysis
from bench.analysis.strata import ALL, of_kind
from bench.reports.layout import Cell, Column, Row, Section, Table
from bench.reports.sections.differences import difference_label, simultaneous_intervals
from bench.statistics.agreement import PRIMARY
from bench.statistics.max_t import LEVEL


def best_section(analysis: Analysis) -> Section | None:
    """Return the differences to the metric with the highest agreement, in order, baselines aside.

    None where nothing is compared.
    """
    differences = [d for d in analysis.differences if not d.with_baseline]
    found = leads(differences)
    ranked = [e.metric for e in by_merit(analysis.estimates) if not math.isnan(e.estimate)]
    ranked = [metric for metric in ranked if any(metric in pair for pair in found)]
    if len(ranked) < 2:
        return None
    best, *others = ranked
    strata = of_kind(analysis.strata, "all", "source")
    by_stratum = {stratum.id: leads(differences, stratum.id) for stratum in strata}
    rows = [
        Row(
            difference_label(best, other),
            tuple(_cell(by_stratum[stratum.id].get(frozenset((best, other))), best) for stratum in strata),
        )
        for other in others
    ]
    n_pairs = {d.stratum: d.n_pairs for d in differences}
    columns = tuple(
        Column(f"Δ{PRIMARY.name}" if s.id == ALL else f"Δ{PRIMARY.name}, {s.label}", n_pairs.get(s.id)) for s in strata
    )
    shown = (d for d in differences if d.statistic == PRIMARY.id and best in (d.metric_a, d.metric_b))
    made = " ".join(dict.fromkeys(map(simultaneous_intervals, shown)))
    table = Table(
        f"{PRIMARY.name} of {best} minus that of each other metric",
        f"The best metric first; bold: p at or below {LEVEL:g}. {ADJUSTED} {made}",
        columns,
        tuple(rows),
        corner="metrics",
    )
    return Section("Differences to the best", (), (table,))


def _cell(lead: Lead | None, best: str) -> Cell:
    """The best metric overall may be behind in a part: then the difference is below 0."""
    if lead is None:
        return Cell()
    ahead = lead.better == best
    ends = (lead.low, lead.high) if ahead else (-lead.high, -lead.low)
    return Cell(
        lead.delta if ahead else -lead.delta,
        *ends,
        p_value=lead.p,
        p_is_bound=lead.p_is_bound,
        best=lead.is_shown,
        note=lead.note,
    )
