"""What metrics are used for: ranking systems, preferring one of two clips, predicting a rating."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bench.analysis.strata import ALL, system_labels
from bench.reports.layout import Cell, Column, Row, Section, Table
from bench.reports.sections.agreement import LISTENERS, metric_label
from bench.statistics.types import CalibratedError, Measured, PairwiseAccuracy, SystemAgreement, SystemMeans


def systems_section(means: Sequence[SystemMeans], agreement: Sequence[SystemAgreement]) -> Section | None:
    """Return means by system, and whether metrics order systems as listeners do; None with fewer than two systems."""
    if not means:
        return None
    return Section("Systems as wholes", (), (_means_table(means), _agreement_table(agreement)))


def preferences_section(accuracies: Sequence[PairwiseAccuracy]) -> Section | None:
    """Return the accuracy of preferring one of two clips for the same caption."""
    overall = [accuracy for accuracy in accuracies if accuracy.stratum == ALL]
    if not overall:
        return None
    rows = [
        Row(one.metric, (_cell(one.accuracy, one.note), _cell(one.accuracy_uncalibrated), Cell(one.epsilon)))
        for one in overall
    ]
    table = Table(
        "Clips for the same caption, pair by pair",
        f"{overall[0].n_comparisons:,} comparisons within {overall[0].n_captions:,} captions. Accuracy: share in which "
        "metric and listeners prefer the same clip, or both see a tie (Deutsch et al. 2023); score differences up to "
        f"ε count as ties; ε from {overall[0].calibration}.",
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
        Row(error.metric, (_cell(error.raw, error.note), _cell(error.affine), _cell(error.isotonic)))
        for error in overall
    ]
    table = Table(
        "Mean squared error after calibration",
        "The raw error mixes how well a metric ranks with where its scale happens to lie; after a line or a rising "
        f"step function ranking alone is left. Maps fitted on: {overall[0].calibration}.",
        (Column("raw"), Column("affine"), Column("isotonic")),
        tuple(rows),
    )
    return Section("Error after calibration", (), (table,))


def _means_table(means: Sequence[SystemMeans]) -> Table:
    labels = system_labels([one.system for one in means])
    columns = [Column(labels[one.system], one.n_pairs) for one in means]
    listeners = Row(LISTENERS, tuple(_cell(one.ratings) for one in means))
    metrics = [Row(metric_label(m), tuple(_cell(one.scores[m]) for one in means)) for m in means[0].scores]
    return Table(
        "Means by system",
        "Ratings are rescaled to [0, 1]; only the order and the gaps within a row can be compared between rows.",
        tuple(columns),
        (listeners, *metrics),
        corner="scored by",
    )


def _agreement_table(agreement: Sequence[SystemAgreement]) -> Table:
    rows = [
        Row(
            one.metric,
            (_cell(one.pairwise_accuracy, one.note), _cell(one.macro_srcc), _cell(one.pooled_srcc)),
        )
        for one in agreement
    ]
    counts = f"{agreement[0].n_system_pairs} pairs of {agreement[0].n_systems} systems" if agreement else ""
    return Table(
        "Agreement by system",
        f"Pairwise accuracy: share of the {counts} that metric means and mean ratings order alike. Macro: mean of the "
        "SRCC within each system; pooled SRCC also rewards telling systems apart.",
        (Column("pairwise accuracy"), Column("SRCC, macro"), Column("SRCC, pooled")),
        tuple(rows),
    )


def _cell(value: Measured, note: str = "") -> Cell:
    return Cell(value.estimate, value.low, value.high, note=note if math.isnan(value.estimate) else "")
