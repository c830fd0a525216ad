"""What the page of a run on votes holds, as one object for JSON: as that of ratings, with comparisons to list."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.stats import rankdata

from bench.analysis.merit import ADJUSTED, Lead, in_order
from bench.analysis.numbers import p_text
from bench.analysis.vote_results import VoteAnalysis, kind_label
from bench.analysis.vote_verdict.facts import COIN, lead_of
from bench.analysis.votes import Scores
from bench.datasets.votes import Comparison, VotedDataset
from bench.files.manifest import RunManifest
from bench.files.records import plain
from bench.reports.html.clips import NO_CLIPS, EmbeddedClips
from bench.reports.html.columns import numbers, records, texts
from bench.reports.html.content import Figure, section_content
from bench.reports.html.pairs import clip_urls
from bench.reports.layout import Report
from bench.reports.sections.agreement import metric_label, standing_texts
from bench.reports.sections.differences import difference_label
from bench.reports.sections.intervals import intervals_made
from bench.reports.sections.votes import in_order as by_merit
from bench.statistics.max_t import LEVEL
from bench.statistics.vote_differences import ACCURACY

MEASURES = {ACCURACY: "accuracy", "with_votes": "single votes", "auc": "AUC"}
"""Fields of `bench.statistics.votes.VoteAgreement`, and what they are called."""

Lean = Float[np.ndarray, " comparisons"]


def vote_page_content(
    report: Report,
    manifest: RunManifest,
    dataset: VotedDataset,
    scores: Scores,
    analysis: VoteAnalysis,
    page: Path,
    figures: Sequence[Figure] = (),
    clips: EmbeddedClips = NO_CLIPS,
) -> dict[str, Any]:
    """Return everything that the page shows; arguments as in `bench.reports.html.content.page_content`.

    ``clips`` are by row of the data set's pairs; pairs with the same clip play that of the first of them.
    """
    ranked = sorted(by_merit(analysis.vote_agreements), key=lambda metric: metric in manifest.baselines)
    scores = {metric: scores[metric] for metric in dict.fromkeys((*ranked, *scores))}
    return {
        "title": report.title,
        "warning": report.warning,
        "verdict": [dataclasses.asdict(point) for point in report.verdict],
        "paragraphs": list(report.paragraphs),
        "sections": [section_content(section) for section in report.sections],
        "figures": [dataclasses.asdict(figure) for figure in figures],
        "manifest": plain(manifest),
        "metrics": list(scores),
        "labels": list(map(metric_label, scores)),
        "noun": "comparisons",
        "chance": COIN,
        **_agreement(analysis),
        "pairs": _pairs(dataset, scores, page),
        "comparisons": _comparisons(dataset, scores),
        "clips": {str(row): uri for row, uri in clips.uris.items()},
    }


def leans(dataset: VotedDataset, scores: Scores) -> tuple[Lean, dict[str, Lean]]:
    """Return how far listeners and each metric lean to side a (1) or b (-1) of each comparison.

    Listeners: votes for a minus votes for b, of all votes; 0 where there are none. A metric: rank of the size of its
    score difference among all that it scored, divided by their number, with the sign of the difference; NaN where it
    lacks a score.
    """
    counts = dataset.counts()
    total = np.maximum(counts.sum(axis=0), 1)
    a, b = dataset.sides()
    differences = {metric: values[a] - values[b] for metric, values in scores.items()}
    return (counts[0] - counts[1]) / total, {metric: _signed_rank(values) for metric, values in differences.items()}


def most_disputed(dataset: VotedDataset, scores: Scores) -> list[int]:
    """Return the comparisons on which a metric leans furthest from the listeners, the metrics taking turns."""
    listeners, metrics = leans(dataset, scores)
    gaps = [np.abs(values - listeners) for values in metrics.values()]
    queues = [[int(i) for i in np.argsort(-gap, kind="stable") if not np.isnan(gap[i])] for gap in gaps]
    longest = max(map(len, queues), default=0)
    return list(dict.fromkeys(queue[turn] for turn in range(longest) for queue in queues if turn < len(queue)))


def first_rows(dataset: VotedDataset) -> dict[str, int]:
    """Return the first row among the pairs of each clip, by its portable name."""
    rows: dict[str, int] = {}
    for row, pair in enumerate(dataset.pairs):
        rows.setdefault(dataset.portable_name(pair.audio_path), row)
    return rows


def _signed_rank(differences: Lean) -> Lean:
    size = np.abs(differences)
    ranks: np.ndarray = np.sign(differences) * rankdata(size, nan_policy="omit") / max(1, int((~np.isnan(size)).sum()))
    return ranks


def _pairs(dataset: VotedDataset, scores: Scores, page: Path) -> dict[str, Any]:
    names = [dataset.portable_name(pair.audio_path) for pair in dataset.pairs]
    captions = [pair.caption for pair in dataset.pairs]
    return {
        "id": [pair.pair_id for pair in dataset.pairs],
        "caption": texts(captions),
        "title": texts(names if dataset.shared == "clip" else captions),
        "scores": [numbers(values) for values in scores.values()],
        "audio": names,
        "urls": clip_urls(names, dataset.audio_root, page),
    }


def _comparisons(dataset: VotedDataset, scores: Scores) -> dict[str, Any]:
    sides, counts = dataset.sides(), dataset.counts()
    listeners, metrics = leans(dataset, scores)
    first = first_rows(dataset)
    plays = [first[dataset.portable_name(pair.audio_path)] for pair in dataset.pairs]
    return {
        "shared": dataset.shared,
        "id": [one.comparison_id for one in dataset.comparisons],
        **{side: rows.tolist() for side, rows in zip("ab", sides, strict=True)},
        **{f"play_{side}": [plays[row] for row in rows] for side, rows in zip("ab", sides, strict=True)},
        **{name: row.tolist() for name, row in zip(("votes_a", "votes_b", "ties"), counts, strict=True)},
        "kind": texts(one.kind for one in dataset.comparisons),
        "systems": texts(map(_systems, dataset.comparisons)),
        "lean": numbers(listeners),
        "leans": [numbers(values) for values in metrics.values()],
    }


def _systems(one: Comparison) -> str | None:
    """Return both systems in alphabetical order; None where neither is known."""
    known = sorted(filter(None, (one.system_a, one.system_b)))
    return " and ".join(known) or None


def _agreement(analysis: VoteAnalysis) -> dict[str, Any]:
    """All agreements, differences and standings, to switch between kinds and measures."""
    leads = list(_leads(analysis))
    strata = dict.fromkeys(one.stratum for one in analysis.vote_agreements)
    return {
        "strata": [{"id": stratum, "label": kind_label(stratum)} for stratum in strata],
        "statistics": [
            {"id": name, "label": label, "higher_is_better": True, "decimals": 3} for name, label in MEASURES.items()
        ],
        "primary": ACCURACY,
        "intervals": intervals_made(analysis.vote_agreements),
        "differences_reading": f"The better metric first; filled dots: p at or below {LEVEL:g}. {ADJUSTED}",
        "estimates": _estimates(analysis),
        "differences": {
            "name": texts(difference_label(one.better, one.worse) for one in leads),
            "p": texts(p_text(one.p, one.p_is_bound) or None for one in leads),
            "shown": numbers(one.is_shown for one in leads),
            **records(leads, ("stratum", "statistic", "note"), ("delta", "low", "high")),
            "p_value": numbers(one.p for one in leads),
        },
        "standings": _standings(analysis),
    }


def _estimates(analysis: VoteAnalysis) -> dict[str, Any]:
    rows = [(one, name, getattr(one, name)) for one in analysis.vote_agreements for name in MEASURES]
    return {
        "metric": texts(one.metric for one, *_ in rows),
        "stratum": texts(one.stratum for one, *_ in rows),
        "statistic": texts(name for _, name, _ in rows),
        "note": texts(one.note or value.note for one, _, value in rows),
        "estimate": numbers(value.estimate for *_, value in rows),
        "low": numbers(value.low for *_, value in rows),
        "high": numbers(value.high for *_, value in rows),
        "n_pairs": numbers(one.n_comparisons for one, *_ in rows),
    }


def _standings(analysis: VoteAnalysis) -> dict[str, Any]:
    by_stratum: dict[str, list[Any]] = {}
    for one in analysis.standings:
        by_stratum.setdefault(one.stratum, []).append(one)
    said: Mapping[str, Mapping[str, str]] = {stratum: standing_texts(here) for stratum, here in by_stratum.items()}
    return {
        **records(analysis.standings, ("metric", "stratum", "statistic", "note"), ()),
        "text": texts(said[one.stratum].get(one.metric, "") for one in analysis.standings),
    }


def _leads(analysis: VoteAnalysis) -> Iterator[Lead]:
    """Yield all differences, the better metric first, in order of merit by stratum."""
    ranked = by_merit(analysis.vote_agreements)
    for stratum in dict.fromkeys(one.stratum for one in analysis.vote_differences):
        here = [one for one in analysis.vote_differences if one.stratum == stratum]
        yield from in_order({frozenset((one.metric_a, one.metric_b)): lead_of(one) for one in here}, ranked)
