"""Estimates as one tidy CSV: one row a metric, stratum and statistic, for R, pandas and spreadsheets.

Numbers have the fewest digits that give the same float64 back; what is unknown is an empty cell. A text that a
spreadsheet would run as a formula gets an apostrophe in front, and so does one that begins with an apostrophe: taking
one apostrophe off gives every text back.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Mapping, Sequence

from bench.files.csvfile import csv_writer
from bench.reports.published import PublishedFigure
from bench.statistics.bootstrap import CorrelationEstimate
from bench.statistics.votes import VoteAgreement

COLUMNS = (
    "origin",
    "metric",
    "stratum",
    "statistic",
    "estimate",
    "low",
    "high",
    "n_pairs",
    "n_captions",
    "confidence_level",
    "ci_method",
    "resample_unit",
    "n_resamples",
    "seed",
    "note",
    "signature",
)
VOTE_COLUMNS = (
    "metric",
    "stratum",
    "statistic",
    "estimate",
    "low",
    "high",
    "n_comparisons",
    "n_clusters",
    "n_votes",
    "n_score_ties",
    "confidence_level",
    "ci_method",
    "resample_unit",
    "n_resamples",
    "seed",
    "note",
    "signature",
)
MEASURES = ("accuracy", "with_votes", "auc")
"""Fields of `bench.statistics.votes.VoteAgreement`."""

GUARDED = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'")

Value = str | int | float | None


def render(
    estimates: Iterable[CorrelationEstimate],
    signatures: Mapping[str, str],
    published: Sequence[PublishedFigure] = (),
    warning: str = "",
) -> str:
    """Return the CSV: the run's estimates (origin ``run``), then published ones (origin: the publication).

    A warning (see `bench.reports.layout.Report`) stands in the note of each estimate of the run.
    """
    rows = [_estimate_row(estimate, signatures.get(estimate.metric), warning) for estimate in estimates]
    return _text(COLUMNS, [*rows, *map(_published_row, published)])


def render_votes(agreements: Iterable[VoteAgreement], signatures: Mapping[str, str], warning: str = "") -> str:
    """Return the CSV of a run on votes: one row a metric, kind of comparison and measure; a warning as in `render`."""
    rows = [
        {
            **{name: getattr(one, name) for name in VOTE_COLUMNS if hasattr(one, name)},
            "statistic": name,
            **{end: getattr(getattr(one, name), end) for end in ("estimate", "low", "high")},
            "note": " ".join(filter(None, (warning, one.note, getattr(one, name).note))),
            "signature": signatures.get(one.metric),
        }
        for one in agreements
        for name in MEASURES
    ]
    return _text(VOTE_COLUMNS, rows)


def _text(columns: Sequence[str], rows: Iterable[Mapping[str, Value]]) -> str:
    stream = io.StringIO()
    writer = csv_writer(stream)
    writer.writerow(columns)
    writer.writerows([_cell(row.get(name)) for name in columns] for row in rows)
    return stream.getvalue()


def _estimate_row(estimate: CorrelationEstimate, signature: str | None, warning: str) -> dict[str, Value]:
    fields: dict[str, Value] = {name: getattr(estimate, name) for name in COLUMNS if hasattr(estimate, name)}
    captions = estimate.n_clusters if estimate.resample_unit == "caption" else None
    note = " ".join(filter(None, (warning, estimate.note)))
    return {**fields, "note": note, "origin": "run", "n_captions": captions, "signature": signature}


def _published_row(figure: PublishedFigure) -> dict[str, Value]:
    return {
        "origin": figure.publication,
        "metric": figure.model,
        "stratum": figure.stratum,
        "statistic": figure.statistic,
        "estimate": figure.value,
        "n_pairs": figure.n_pairs,
    }


def _cell(value: Value) -> Value:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(GUARDED) else value
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else value
