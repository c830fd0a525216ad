"""What metrics are used for: ranking systems, preferring one of two clips, predicting a rating."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.strata import ALL, system_labels
from bench.reports.layout import Cell, Column, Row, Section, Table
from bench.reports.sections.agreement import LISTENERS, metric_label
from bench.reports.sections.intervals import intervals_made, measured_cell
from bench.statistics.agreement import KTAU, LCC, SRCC
from bench.statistics.calibration import CalibratedError
from bench.statistics.mapped_error import MappedError
from bench.statistics.pairwise import PairwiseAccuracy
from bench.statistics.systems import SystemAgreement, SystemMeans

_OF_MEANS = (SRCC, LCC, KTAU)
_FITTED = {"training data": "fitted on training data", "cross-fitted by caption": "cross-fitted by caption"}


def systems_section(means: Sequence[SystemMeans], agreement: Sequence[SystemAgreement]) -> Section | None:
    """Return means by system, and whether metrics order systems as listeners do; None with fewer than two systems."""
    if not means:
        return None
    return Section(
        "Systems as wholes", (), (_means_table(means), _agreement_table(agreement), _within_table(agreement))
    )


def preferences_section(accuracies: Sequence[PairwiseAccuracy]) -> Section | None:
    """Return the accuracy of preferring one of two clips for the same caption."""
    overall = [accuracy for accuracy in accuracies if accuracy.stratum == ALL]
    if not overall:
        return None
    rows = [
        Row(
            one.metric,
            (measured_cell(one.accuracy, one.note), measured_cell(one.accuracy_uncalibrated), Cell(one.epsilon)),
        )
        for one in overall
    ]
    table = Table(
        "Clips for the same caption, pair by pair",
        f"{overall[0].n_comparisons:,} comparisons within {overall[0].n_captions:,} captions. Accuracy: share in which "
        "metric and listeners prefer the same clip, or both see a tie (Deutsch et al. 2023); score differences up to "
        f"ε count as ties; ε from {overall[0].calibration}. {intervals_made(overall)}",
        (Column("accuracy"), Column("without tie calibration"), Column("ε")),
        tuple(rows),
    )
    return Section("Which of two clips is better?", (), (table,))


def calibration_section(errors: Sequence[CalibratedError]) -> Section | None:
    """Return the MSE before and after a metric's scale is mapped to that of the ratings."""
    overall = [error for error in errors if error.stratum == ALL]
    if not overall:
        return None
    rows = [
        Row(error.metric, (measured_cell(error.raw, error.note), measured_cell(error.isotonic))) for error in overall
    ]
    table = Table(
        "Mean squared error after calibration",
        "The raw error mixes how well a metric ranks with where its scale happens to lie. After the best rising map "
        "(isotonic regression, interpolated linearly between the fitted scores) the order of the scores is left. "
        f"The map is {_FITTED[overall[0].calibration]}; the intervals take it as given. {intervals_made(overall)}",
        (Column("raw"), Column("isotonic")),
        tuple(rows),
    )
    return Section("Error after calibration", (), (table,))


def mapped_error_section(errors: Sequence[MappedError]) -> Section | None:
    """Return errors on the rating scale after a monotone cubic map."""
    overall = [error for error in errors if error.stratum == ALL]
    if not overall:
        return None
    rows = [
        Row(
            error.metric,
            (
                measured_cell(error.rmse, error.note),
                measured_cell(error.rmse_star),
                measured_cell(error.outlier_ratio),
            ),
        )
        for error in overall
    ]
    table = Table(
        "Error in units of the rating scale (ITU-T P.1401)",
        "After the best rising cubic map, fitted on the same pairs. RMSE: a score that says nothing has the standard "
        "deviation of the mean ratings. RMSE*: counts only by how much an error exceeds half the 95 % confidence "
        "interval of the pair's mean rating; outlier ratio: share of pairs whose error exceeds it. The intervals below "
        f"take map and ratings' intervals as given. {intervals_made(overall)}",
        (Column("RMSE"), Column("RMSE*"), Column("outlier ratio")),
        tuple(rows),
    )
    return Section("Error on the rating scale", (), (table,))


def _means_table(means: Sequence[SystemMeans]) -> Table:
    labels = system_labels([one.system for one in means])
    columns = [Column(labels[one.system], one.n_pairs) for one in means]
    listeners = Row(LISTENERS, tuple(measured_cell(one.ratings) for one in means))
    metrics = [Row(metric_label(m), tuple(measured_cell(one.scores[m]) for one in means)) for m in means[0].scores]
    return Table(
        "Means by system",
        "Ratings are rescaled to [0, 1]; only the order and the gaps within a row can be compared between rows. "
        f"{intervals_made(means)}",
        tuple(columns),
        (listeners, *metrics),
        corner="scored by",
    )


def _agreement_table(agreement: Sequence[SystemAgreement]) -> Table:
    rows = [
        Row(
            one.metric,
            (
                measured_cell(one.pairwise_accuracy, one.note),
                Cell(one.p_chance),
                Cell(one.soft_accuracy),
                measured_cell(one.srcc),
                measured_cell(one.lcc),
                measured_cell(one.ktau),
            ),
        )
        for one in agreement
    ]
    counts = f"{agreement[0].n_system_pairs} pairs of {agreement[0].n_systems} systems" if agreement else ""
    headers = ("pairwise accuracy", "by chance", "soft accuracy", *(f"{one.name} of means" for one in _OF_MEANS))
    return Table(
        "Agreement on the order of systems",
        f"Pairwise accuracy: share of the {counts} that metric means and mean ratings order alike; by chance: "
        "probability that systems in random order do as well or better. Soft accuracy: the same share with both sides' "
        f"confidence in each order instead of the order (Thompson et al. 2024). {intervals_made(agreement)}",
        tuple(map(Column, headers)),
        tuple(rows),
    )


def _within_table(agreement: Sequence[SystemAgreement]) -> Table:
    rows = [Row(one.metric, (measured_cell(one.macro_srcc), measured_cell(one.pooled_srcc))) for one in agreement]
    return Table(
        "Agreement within systems",
        f"Macro: mean of the {SRCC.name} within each system; pooled {SRCC.name} also rewards telling systems apart. "
        f"{intervals_made(agreement)}",
        (Column(f"{SRCC.name}, macro"), Column(f"{SRCC.name}, pooled")),
        tuple(rows),
    )
