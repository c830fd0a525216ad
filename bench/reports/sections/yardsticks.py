"""What metrics are held against: one human listener, and sentinels that hear nothing of the match."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bench.analysis.numbers import decimal
from bench.analysis.results import Analysis
from bench.analysis.strata import ALL, StratumName, of_kind
from bench.reports.layout import DASH, Cell, Column, Row, Section, Table
from bench.reports.sections.first import ONE_LISTENER, alone
from bench.reports.sections.intervals import intervals_made, measured_cell
from bench.statistics.agreement import PRIMARY
from bench.statistics.alternative import LEVEL as FALSE_DISCOVERIES
from bench.statistics.intervals import Measured
from bench.statistics.sentinels import BeyondSentinel, PartialAgreement, SentinelAgreement
from bench.statistics.yardsticks import AlternativeListener, BesideListener, OneListener


def yardsticks_section(analysis: Analysis) -> Section | None:
    """Return the tables of both yardsticks; None where a run has neither."""
    strata = analysis.strata
    tables = [
        *_listener_tables(analysis.one_listener, analysis.beside_listener, analysis.alternative_listener, strata),
        *_sentinel_tables(analysis.sentinels, strata),
        *_beyond_tables(analysis.beyond_sentinels),
        *_partial_tables(analysis.partial_agreement, strata),
    ]
    return Section("Yardsticks", (), tuple(tables)) if tables else None


def _listener_tables(
    listeners: Sequence[OneListener],
    metrics: Sequence[BesideListener],
    tests: Sequence[AlternativeListener],
    strata: Sequence[StratumName],
) -> Iterable[Table]:
    own = {one.stratum: one for one in listeners if one.statistic == PRIMARY.id}
    if not any(one.n_pairs for one in own.values()):
        return
    shown = [stratum for stratum in strata if stratum.id in own]
    found = {(one.metric, one.stratum): one for one in metrics if one.statistic == PRIMARY.id}
    names = dict.fromkeys(one.metric for one in metrics)
    first = Row(
        ONE_LISTENER, tuple(measured_cell(own[s.id].agreement, own[s.id].note) for s in shown), origin="yardstick"
    )
    rows = [Row(name, tuple(_agreement_cell(found.get((name, s.id))) for s in shown)) for name in names]
    yield Table(
        f"{PRIMARY.name} with the mean of a pair's other listeners",
        "Every rating is held out once; one listener: held-out ratings against the means of the others, over the pairs "
        f"with two ratings or more, pairs counting equally. Metrics are against the same means. "
        f"{intervals_made([*own.values(), *found.values()])}",
        tuple(Column(stratum.label, own[stratum.id].n_pairs) for stratum in shown),
        (*rows, first),
    )
    yield _beside_table([one for one in found.values() if one.stratum == ALL], tests)


def _agreement_cell(one: BesideListener | None) -> Cell:
    return Cell() if one is None else measured_cell(one.agreement, one.note)


def _beside_table(metrics: Sequence[BesideListener], tests: Sequence[AlternativeListener]) -> Table:
    tested = {one.metric: one for one in tests if one.stratum == ALL}
    rows = [
        Row(one.metric, (measured_cell(one.excess, one.note), _worth_cell(one), *_test_cells(tested.get(one.metric))))
        for one in metrics
    ]
    epsilon = next((one.epsilon for one in tested.values()), math.nan)
    return Table(
        "Metrics beside one listener, all pairs",
        f"Difference: {PRIMARY.name} of the metric minus that of one listener, both against the same means. Worth: "
        "number of listeners whose mean would agree as well (Spearman 1910; Brown 1910). Nearer: share of held-out "
        "ratings than which the metric's answer is as near, or nearer, to the others, scores being mapped to answers "
        "with the spread of single ratings on other captions; and the same of the held-out ratings. Winning rate: "
        "share of listeners than whom the metric is shown to be nearer no less often, but for "
        f"ε = {epsilon:g} (Calderon et al. 2025; false discovery rate {FALSE_DISCOVERIES:g}); from 0.5 on it could "
        f"replace a listener. {intervals_made([*metrics, *tested.values()])}",
        tuple(map(Column, ("difference", "worth in listeners", "nearer", "listener nearer", "winning rate"))),
        tuple(rows),
    )


def _worth_cell(one: BesideListener) -> Cell:
    """An infinite number has no place in a cell's numbers, so that this is text."""
    if math.isnan(one.worth.estimate):
        return Cell(note=one.worth.note)
    return Cell(text=" ".join(filter(None, (_number(one.worth.estimate), _range(one.worth)))), note=one.worth.note)


def _range(worth: Measured) -> str:
    return "" if math.isnan(worth.low) else f"[{_number(worth.low)}, {_number(worth.high)}]"


def _number(value: float) -> str:
    return "∞" if math.isinf(value) else decimal(value, 2)


def _test_cells(one: AlternativeListener | None) -> tuple[Cell, Cell, Cell]:
    if one is None:
        return Cell(), Cell(), Cell()
    rate = DASH if math.isnan(one.winning_rate) else f"{decimal(one.winning_rate, 2)} of {one.n_listeners}"
    nearer = measured_cell(one.advantage), measured_cell(one.listeners_advantage)
    return *nearer, Cell(text=rate, note=one.note)


def _sentinel_tables(sentinels: Sequence[SentinelAgreement], strata: Sequence[StratumName]) -> Iterable[Table]:
    found = {(one.sentinel, one.stratum): one for one in sentinels if one.statistic == PRIMARY.id}
    shown = [stratum for stratum in of_kind(strata, "all", "source") if any(s == stratum.id for _, s in found)]
    if not shown:
        return
    rows = []
    for sentinel in dict.fromkeys(name for name, _ in found):
        own = [found[sentinel, stratum.id] for stratum in shown]
        overall = found.get((sentinel, ALL))
        preference = Cell() if overall is None else measured_cell(overall.preference)
        rows.append(Row(alone(sentinel), (*(measured_cell(one.agreement, one.note) for one in own), preference)))
    counts = {one.stratum: one.n_pairs for one in found.values()}
    yield Table(
        "Scores that hear nothing of the match",
        f"{PRIMARY.name} of ratings with what one fact about a pair predicts, fitted on other captions (Perrella et "
        "al. 2024); last, the accuracy of preferring one of two clips of a caption, ties calibrated, whose resamples "
        f"are always of captions. The intervals take the predictions as given. {intervals_made(found.values())}",
        (*(Column(stratum.label, counts[stratum.id]) for stratum in shown), Column("accuracy, all")),
        tuple(rows),
        corner="sentinel",
    )


def _beyond_tables(beyond: Sequence[BeyondSentinel]) -> Iterable[Table]:
    found = {(one.metric, one.sentinel): one for one in beyond if one.stratum == ALL}
    if not found:
        return
    sentinels = list(dict.fromkeys(sentinel for _, sentinel in found))
    rows = [
        Row(metric, tuple(_beyond_cell(found[metric, sentinel]) for sentinel in sentinels))
        for metric in dict.fromkeys(metric for metric, _ in found)
    ]
    yield Table(
        "Metrics minus sentinels, all pairs",
        f"Differences of {PRIMARY.name}; bold: the metric is shown to exceed the sentinel. p is adjusted for the "
        f"{len(found)} comparisons of the table (step-down max-T, Romano & Wolf 2005), the intervals are not. "
        f"{intervals_made(found.values())}",
        tuple(Column(alone(sentinel)) for sentinel in sentinels),
        tuple(rows),
    )


def _beyond_cell(one: BeyondSentinel) -> Cell:
    return replace(measured_cell(one.difference, one.note), p_value=one.p_adjusted, best=one.exceeds)


def _partial_tables(partial: Sequence[PartialAgreement], strata: Sequence[StratumName]) -> Iterable[Table]:
    found = {(one.metric, one.stratum): one for one in partial}
    shown = [stratum for stratum in strata if any(s == stratum.id for _, s in found)]
    if not shown:
        return
    rows = [
        Row(metric, tuple(_partial_cell(found.get((metric, stratum.id))) for stratum in shown))
        for metric in dict.fromkeys(one.metric for one in partial)
    ]
    given = {one.stratum: ", ".join(one.given) for one in partial}
    listed = "; ".join(f"{stratum.label}: {given[stratum.id]}" for stratum in shown)
    yield Table(
        f"Partial {PRIMARY.name}, given the sentinels",
        f"What is left of a metric's {PRIMARY.name} once the ranks that the sentinels predict are taken out of "
        f"scores and ratings. Given: {listed}. {intervals_made(found.values())}",
        tuple(Column(stratum.label) for stratum in shown),
        tuple(rows),
    )


def _partial_cell(one: PartialAgreement | None) -> Cell:
    return Cell() if one is None else measured_cell(one.partial, one.note)
