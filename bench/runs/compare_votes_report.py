"""Two runs on votes beside each other, as a report."""

from __future__ import annotations

from collections.abc import Mapping

from bench.analysis.strata import ALL
from bench.analysis.vote_results import kind_label
from bench.reports.layout import Cell, Column, Report, Row, Section, Table
from bench.reports.sections.differences import simultaneous_intervals
from bench.reports.sections.intervals import intervals_made, measured_cell
from bench.reports.sections.vote_differences import vote_difference_cell
from bench.runs.compare_report import changes_table, scores_table
from bench.runs.compare_votes import VoteRunComparison
from bench.statistics.max_t import LEVEL
from bench.statistics.vote_differences import VoteDifference


def build_vote_comparison(found: VoteRunComparison) -> Report:
    """Return what changed, what it did to scores, and what it did to agreement with votes."""
    scores = scores_table(found.score_differences, found.n_common)
    sections = [
        Section("What changed", found.remarks, (changes_table(found.changes),) if found.changes else ()),
        Section("Scores", (), (scores,) if found.n_common else ()),
        Section("Agreement with listeners", (), (_agreements(found),)),
        Section("Paired differences", (), (_differences(found),) if found.differences else ()),
    ]
    return Report(
        f"{found.before.folder.name} and {found.now.folder.name}",
        (f"Before: {found.before.folder}. Now: {found.now.folder}. {found.n_common:,} comparisons in common.",),
        tuple(section for section in sections if section.paragraphs or section.tables),
        found.warning,
    )


def _agreements(found: VoteRunComparison) -> Table:
    """All comparisons of each run, whether in common or not."""
    runs = (("before", found.before), ("now", found.now))
    by_run = {when: [a for a in run.analysis.vote_agreements if a.stratum == ALL] for when, run in runs}
    every = [one for agreements in by_run.values() for one in agreements]
    rows = [
        Row(
            f"{metric}, {when}",
            tuple(measured_cell(value, one.note) for value in (one.accuracy, one.with_votes, one.auc)),
        )
        for metric in dict.fromkeys(one.metric for one in every)
        for when, agreements in by_run.items()
        for one in agreements
        if one.metric == metric
    ]
    columns = tuple(Column(header) for header in ("accuracy", "single votes", "AUC"))
    reading = f"As each run's own report has them. {intervals_made(every)}"
    return Table("All comparisons of each run", reading, columns, tuple(rows))


def _differences(found: VoteRunComparison) -> Table:
    ones = {(one.metric_a, one.stratum): one for one in found.differences}
    n_comparisons: dict[str, set[int]] = {}
    for one in found.differences:
        n_comparisons.setdefault(one.stratum, set()).add(one.n_comparisons)
    rows = [
        Row(metric, tuple(_cell(ones, metric, stratum) for stratum in n_comparisons))
        for metric in dict.fromkeys(one.metric_a for one in found.differences)
    ]
    columns = [
        Column(kind_label(stratum), next(iter(sizes)) if len(sizes) == 1 else None)
        for stratum, sizes in n_comparisons.items()
    ]
    reading = (
        "Accuracy, on the same comparisons and resamples; within each column p is adjusted by Holm and intervals by "
        f"Bonferroni; bold: p at or below {LEVEL:g}. "
        f"{' '.join(dict.fromkeys(map(simultaneous_intervals, found.differences)))}"
    )
    return Table("Now minus before", reading, tuple(columns), tuple(rows))


def _cell(ones: Mapping[tuple[str, str], VoteDifference], metric: str, stratum: str) -> Cell:
    one = ones.get((metric, stratum))
    return Cell() if one is None else vote_difference_cell(one)
