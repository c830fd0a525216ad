"""What a report says of votes: accuracy by kind of comparison, one listener beside it, differences, systems."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bench.analysis.strata import ALL
from bench.analysis.vote_results import VoteAnalysis, kind_label
from bench.reports.layout import DASH, Cell, Column, Row, Section, Table
from bench.reports.sections.agreement import standing_sentence, standing_texts
from bench.reports.sections.intervals import intervals_made, measured_cell
from bench.reports.sections.vote_differences import vote_differences_section
from bench.statistics.max_t import LEVEL
from bench.statistics.standing import Standing
from bench.statistics.strengths import SystemStrength
from bench.statistics.vote_differences import ACCURACY, VoteDifference
from bench.statistics.votes import BesideVoter, OneVoter, VoteAgreement


def vote_sections(analysis: VoteAnalysis) -> list[Section]:
    """Return the sections of a run on votes, those without content left out."""
    agreement = Section(
        "Agreement with listeners",
        (),
        (
            accuracy_table(analysis.vote_agreements, analysis.vote_differences, analysis.standings),
            other_measures_table(analysis.vote_agreements),
        ),
    )
    found = [
        agreement if analysis.vote_agreements else None,
        one_voter_section(analysis.one_voter, analysis.beside_voter),
        vote_differences_section(analysis.vote_differences, analysis.detectable_differences),
        strengths_section(analysis.system_strengths),
    ]
    return [section for section in found if section]


def accuracy_table(
    agreements: Sequence[VoteAgreement],
    differences: Sequence[VoteDifference] = (),
    standings: Sequence[Standing] = (),
) -> Table:
    """Return accuracy by kind of comparison, the best metric first, and its standing on all comparisons."""
    strata = _strata(agreements)
    found = {(one.metric, one.stratum): one for one in agreements}
    best = {stratum: _shown_best(differences, stratum) for stratum in strata}
    rows = [
        Row(metric, tuple(_accuracy_cell(found[metric, stratum], best[stratum] == metric) for stratum in strata))
        for metric in in_order(agreements)
    ]
    columns = [
        Column(kind_label(stratum), next(o.n_comparisons for o in agreements if o.stratum == stratum))
        for stratum in strata
    ]
    overall = [one for one in standings if one.stratum == ALL]
    sentences = [
        "Share of the comparisons with a majority on which the metric gives the side that more listeners prefer the "
        "higher score; 0.5 is a coin's; a metric that scores both sides alike does not agree. n counts comparisons; "
        f"bold: shown to be higher than all others (adjusted p at or below {LEVEL:g}).{_ties(agreements)}",
        standing_sentence(overall, ACCURACY),
        intervals_made(agreements),
    ]
    table = Table("Accuracy", " ".join(filter(None, sentences)), tuple(columns), tuple(rows))
    texts = standing_texts(overall)
    if not texts:
        return table
    told = tuple(replace(row, cells=(Cell(text=texts.get(row.label, DASH)), *row.cells)) for row in table.rows)
    return replace(table, columns=(Column("standing"), *table.columns), rows=told)


def other_measures_table(agreements: Sequence[VoteAgreement]) -> Table:
    """Return agreement with single votes and the AUC, over all comparisons."""
    overall = {one.metric: one for one in agreements if one.stratum == ALL}
    rows = [
        Row(metric, (measured_cell(overall[metric].with_votes), measured_cell(overall[metric].auc)))
        for metric in in_order(agreements)
    ]
    return Table(
        "Single votes, and how much the difference says",
        "Single votes: share of votes for a side that are for the side with the higher score. AUC: chance that the "
        "preferred side's lead in one comparison exceeds the other side's lead in another; a large lead counts more "
        f"than a small one. {intervals_made(overall.values())}",
        (Column("single votes"), Column("AUC")),
        tuple(rows),
    )


def one_voter_section(voters: Sequence[OneVoter], beside: Sequence[BesideVoter]) -> Section | None:
    """Return one listener as a yardstick, and the metrics beside it; None where no vote has others beside it."""
    usable = [one for one in voters if one.n_votes]
    if not usable:
        return None
    columns = tuple(Column(kind_label(one.stratum), one.n_comparisons) for one in usable)
    alone = Row("one listener", tuple(_near_one(one) for one in usable))
    yardstick = Table(
        "One listener against the others",
        "Each vote is held out in turn: share that says what most others say. A tie does not agree with a preference. "
        f"n counts comparisons. {intervals_made(usable)}",
        columns,
        (alone,),
        corner="",
    )
    found = {(one.metric, one.stratum): one for one in beside}
    metrics = dict.fromkeys(one.metric for one in beside)
    rows = [Row(m, tuple(measured_cell(found[m, one.stratum].excess) for one in usable)) for m in metrics]
    excess = Table(
        "Metrics minus one listener",
        "Agreement of the metric with the others of each held-out vote, minus that of the held-out listener; below 0 "
        f"the listener is better. n counts comparisons. {intervals_made(beside)}",
        columns,
        tuple(rows),
    )
    return Section("One listener as yardstick", (), (yardstick, excess) if rows else (yardstick,))


def strengths_section(strengths: Sequence[SystemStrength]) -> Section | None:
    """Return the Bradley-Terry strengths of systems; None where no systems are known."""
    if not strengths:
        return None
    grouped = len({one.group for one in strengths}) > 1
    rows = [
        Row(
            one.system,
            (
                measured_cell(one.strength, one.note),
                *([Cell(text=str(one.group))] if grouped else []),
                Cell(one.wins / one.n_votes),
                Cell(text=f"{one.n_votes:,}"),
            ),
        )
        for one in strengths
    ]
    columns = [
        Column("strength"),
        *([Column("group")] if grouped else []),
        Column("share of votes won"),
        Column("votes"),
    ]
    reading = (
        "Bradley-Terry strength of what listeners voted between, in log odds; strengths of a group add up to 0. Ties "
        f"are half a vote for each side. {intervals_made(strengths)}"
    )
    table = Table("Strength of systems", reading, tuple(columns), tuple(rows), corner="system")
    return Section("What listeners prefer", (), (table,))


def _ties(agreements: Sequence[VoteAgreement]) -> str:
    """Say how many comparisons with a majority each metric scored alike."""
    counts = {one.metric: one.n_score_ties for one in agreements if one.stratum == ALL}
    if len(counts) > 1 and len(set(counts.values())) == 1 and any(counts.values()):
        return f" Scored alike by every metric: {next(iter(counts.values())):,}."
    listed = ", ".join(f"{metric} {count:,}" for metric, count in counts.items() if count)
    return f" Scored alike: {listed}." if listed else ""


def in_order(agreements: Sequence[VoteAgreement]) -> list[str]:
    """Return the metrics, those with the highest accuracy on all comparisons first."""
    overall = {one.metric: one.accuracy.estimate for one in agreements if one.stratum == ALL}
    return sorted(overall, key=lambda metric: (math.isnan(overall[metric]), -overall[metric], metric))


def _strata(records: Sequence[VoteAgreement] | Sequence[VoteDifference]) -> list[str]:
    return list(dict.fromkeys(one.stratum for one in records))


def _near_one(one: OneVoter) -> Cell:
    """Return a yardstick's cell with a digit more, since one listener agrees with the others nearly always."""
    return replace(measured_cell(one.agreement, one.note), decimals=4)


def _accuracy_cell(one: VoteAgreement, best: bool) -> Cell:
    return replace(measured_cell(one.accuracy, one.note), best=best)


def _shown_best(differences: Iterable[VoteDifference], stratum: str) -> str | None:
    """Return the metric that was shown to be better than all others there; None without such a metric."""
    here = [one for one in differences if one.stratum == stratum]
    beaten: dict[str, bool] = {}
    for one in here:
        shown = one.is_shown
        for metric, lead in ((one.metric_a, one.delta.estimate), (one.metric_b, -one.delta.estimate)):
            beaten[metric] = beaten.get(metric, True) and shown and lead > 0
    return next((metric for metric, all_shown in beaten.items() if all_shown), None)
