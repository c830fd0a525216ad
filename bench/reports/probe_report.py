"""The report on probes: which altered captions a metric tells from the originals. Nobody was asked which is better."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float
from scipy.special import ndtri

from bench.analysis.numbers import decimal
from bench.analysis.strata import ALL
from bench.analysis.verdict.words import names
from bench.datasets.probes.dataset import Probes
from bench.reports.layout import Cell, Column, Point, Report, Row, Section, Table
from bench.reports.sections.differences import difference_label
from bench.reports.sections.intervals import intervals_made, measured_cell
from bench.statistics.max_t import LEVEL
from bench.statistics.types import ResamplingPlan
from bench.statistics.vote_differences import VoteDifference
from bench.statistics.votes import VoteAgreement

COIN = 0.5
ALTERED = {
    "swapped": "caption of another clip",
    "order": "order of events reversed",
    "removed": "last event removed",
    "negated": "first event negated",
}
"""What was done to a caption, by kind."""

CONSTRUCTED = (
    "Made by rule, not heard: each clip's own caption stands against one that a rule altered, and counts as the better "
    "one though nobody was asked. Where a clip does not match its own caption, or the altered one as well, the rule is "
    "wrong. This says nothing of agreement with listeners."
)


def build_probe_report(
    probes: Probes,
    plan: ResamplingPlan,
    signatures: Mapping[str, str],
    scores: Mapping[str, Float[np.ndarray, " pairs"]],
    agreements: Sequence[VoteAgreement],
    differences: Sequence[VoteDifference],
) -> Report:
    """Return the report; without ``agreements`` only which probes were made."""
    sections = [
        Section("Original or altered?", (), (_accuracy(agreements, differences),)) if agreements else None,
        _differences(differences),
        Section("Probes", (), (_counts(probes),), appendix=True),
        Section("Signatures", ("\n".join(f"- `{one}`" for one in signatures.values()),), appendix=True)
        if signatures
        else None,
        Section("Data and settings", tuple(_provenance(probes, plan)), appendix=True),
    ]
    return Report(
        f"{probes.name}: do {len(scores)} metrics tell captions from altered ones?"
        if scores
        else f"{probes.name}: probes",
        (CONSTRUCTED, *_missing(probes, scores, agreements), _drawn(probes)),
        tuple(section for section in sections if section),
        "",
        tuple(_points(agreements)),
    )


def _points(agreements: Sequence[VoteAgreement]) -> Iterable[Point]:
    """Yield for each kind of probe which metric is highest, and which are not shown to do better than a coin.

    The lower halves of intervals are widened as normal quantiles are by Bonferroni's adjustment for all that are read.
    """
    kinds = [stratum for stratum in _strata(agreements) if stratum != ALL]
    read = [one for one in agreements if one.stratum in kinds and not math.isnan(one.accuracy.estimate)]
    for stratum in kinds:
        found = _of(read, stratum)
        if found:
            test = f"bootstrap interval above {COIN:g}, widened for {len(read):,} intervals"
            yield Point(f"{ALTERED[_kind(stratum)].capitalize()}?", _sentence(found, len(read)), test)


def _sentence(found: Sequence[VoteAgreement], n_read: int) -> str:
    first = max(found, key=lambda one: one.accuracy.estimate)
    coin = [one.metric for one in found if not beats_a_coin(one, n_read)]
    share = f"{decimal(first.accuracy.estimate)} of {first.n_comparisons:,} probes"
    if len(coin) == len(found):
        none = "No metric was" if len(found) > 1 else f"{first.metric} was not"
        highest = f"the highest accuracy is that of {first.metric}, " if len(found) > 1 else "accuracy "
        return f"{none} shown to prefer the original more often than a coin would: {highest}{share}."
    most = " most often" if len(found) > 1 else ""
    text = f"{first.metric} prefers the original{most}, in {share}."
    return text + (f" Not shown to do so more often than a coin: {names(coin)}." if coin else "")


def beats_a_coin(one: VoteAgreement, n_read: int) -> bool:
    """Whether an accuracy is shown to be above one half, as one of ``n_read`` that are read together."""
    half = (1 - one.confidence_level) / 2
    wider = float(ndtri(1 - half / n_read) / ndtri(1 - half))
    value = one.accuracy
    return value.estimate - wider * (value.estimate - value.low) > COIN


def _accuracy(agreements: Sequence[VoteAgreement], differences: Sequence[VoteDifference]) -> Table:
    strata = _strata(agreements)
    found = {(one.metric, one.stratum): one for one in agreements}
    rows = [
        Row(metric, tuple(_cell(found[metric, stratum], differences) for stratum in strata))
        for metric in dict.fromkeys(one.metric for one in agreements)
    ]
    ties = {one.metric: one.n_score_ties for one in agreements if one.stratum == ALL and one.n_score_ties}
    alike = f" Scored alike, which counts as wrong: {', '.join(f'{m} {n:,}' for m, n in ties.items())}." if ties else ""
    return Table(
        "Accuracy",
        "Share of probes on which the metric gives the clip's own caption a higher score than the altered one; 0.5 is "
        f"a coin's. n counts probes. Bold: shown to be higher than all others (adjusted p at or below {LEVEL:g})."
        f"{alike} {intervals_made(agreements)}",
        tuple(Column(_label(stratum), _of(agreements, stratum)[0].n_comparisons) for stratum in strata),
        tuple(rows),
    )


def _cell(one: VoteAgreement, differences: Sequence[VoteDifference]) -> Cell:
    others = [
        (d.is_shown, d.delta.estimate if d.metric_a == one.metric else -d.delta.estimate)
        for d in differences
        if d.stratum == one.stratum and one.metric in (d.metric_a, d.metric_b)
    ]
    best = bool(others) and all(shown and lead > 0 for shown, lead in others)
    return replace(measured_cell(one.accuracy, one.note), best=best)


def _differences(differences: Sequence[VoteDifference]) -> Section | None:
    if not differences:
        return None
    strata = list(dict.fromkeys(one.stratum for one in differences))
    found = {((one.metric_a, one.metric_b), one.stratum): one for one in differences}
    rows = [
        Row(difference_label(*pair), tuple(_difference_cell(found[pair, stratum]) for stratum in strata))
        for pair in dict.fromkeys(pair for pair, _ in found)
    ]
    n = {one.stratum: one.n_comparisons for one in differences}
    first = differences[0]
    table = Table(
        "Differences in accuracy",
        f"First metric minus second. p: two-sided, {first.n_permutations:,} permutations {first.resample_unit} by "
        f"{first.resample_unit}, adjusted for all pairs of metrics of a column (step-down max-T); intervals are not "
        f"adjusted. Bold: p at or below {LEVEL:g}. n counts probes. {intervals_made(differences)}",
        tuple(Column(_label(stratum), n[stratum]) for stratum in strata),
        tuple(rows),
        corner="metrics",
    )
    return Section("Differences between metrics", (), (table,))


def _difference_cell(one: VoteDifference) -> Cell:
    cell = measured_cell(one.delta, one.note)
    return replace(cell, p_value=one.p_adjusted, p_is_bound=one.at_resolution, best=one.is_shown)


def _counts(probes: Probes) -> Table:
    made = [one.kind for one in probes.comparisons]
    rows = [
        Row(
            kind,
            (Cell(text=ALTERED[kind]), Cell(text=f"{made.count(kind):,}"), Cell(text=f"{not_made:,}")),
        )
        for kind, not_made in probes.not_made.items()
    ]
    return Table(
        "How the captions were altered",
        "By the rules of docs/probes.md. A caption to which a rule does not apply makes no probe: of a single event "
        "none can be removed.",
        tuple(map(Column, ("altered caption", "probes", "rule does not apply"))),
        tuple(rows),
        corner="kind",
    )


def _drawn(probes: Probes) -> str:
    n_groups = len(set(probes.groups))
    return (
        f"{len(probes.comparisons):,} probes of {probes.n_pairs:,} clips with captions. Probes that share a clip or an "
        f"original caption are drawn together: {n_groups:,} groups."
    )


def _missing(
    probes: Probes, scores: Mapping[str, Float[np.ndarray, " pairs"]], agreements: Sequence[VoteAgreement]
) -> list[str]:
    without = {metric: int(np.isnan(values).sum()) for metric, values in scores.items()}
    counts = ", ".join(f"{metric} {count:,}" for metric, count in without.items() if count)
    if not counts:
        return []
    used = next((one.n_comparisons for one in agreements if one.stratum == ALL), 0)
    return [
        f"Pairs without a score: {counts}. All figures are on the {used:,} of {len(probes.comparisons):,} probes of "
        "which every metric that scored any pair scored both sides."
    ]


def _provenance(probes: Probes, plan: ResamplingPlan) -> list[str]:
    lines = [
        f"- data: {probes.name}, SHA-256 of its ratings `{probes.source_sha256}`",
        *(f"- data: {note}" for note in probes.notes),
        f"- seed {plan.seed}",
    ]
    return ["\n".join(lines)]


def _strata(agreements: Sequence[VoteAgreement]) -> list[str]:
    return list(dict.fromkeys(one.stratum for one in agreements))


def _of(agreements: Sequence[VoteAgreement], stratum: str) -> list[VoteAgreement]:
    return [one for one in agreements if one.stratum == stratum]


def _kind(stratum: str) -> str:
    return stratum.rpartition(":")[2]


def _label(stratum: str) -> str:
    return stratum if stratum == ALL else _kind(stratum)
