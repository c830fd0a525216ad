"""The report of a run on votes: sections in the order of reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from bench.analysis.leakage import Leakage
from bench.analysis.vote_results import VoteAnalysis
from bench.analysis.votes import Scores, scored_comparisons, usable
from bench.datasets.votes import VotedDataset
from bench.files.manifest import RunManifest
from bench.files.scores import FAILURES_NAME
from bench.reports.contents import provenance_lines, signature_lines
from bench.reports.layout import Report, Section
from bench.reports.sections.leakage import leakage_section
from bench.reports.sections.verdict import ON_VOTES, verdict_points
from bench.reports.sections.votes import vote_sections
from metrics.types import ScoreFailure

ASKED = {
    "clip": "Votes say which of two captions fits a clip better",
    "caption": "Votes say which of two clips fits a caption better",
}


def build_vote_report(
    manifest: RunManifest,
    dataset: VotedDataset,
    scores: Scores,
    failures: Mapping[str, Sequence[ScoreFailure]],
    analysis: VoteAnalysis,
    leakage: Sequence[Leakage] = (),
    warning: str = "",
) -> Report:
    """Return the report of a run on votes; see `bench.reports.layout.Report` for ``warning``."""
    seen = leakage_section(leakage)
    sections = [
        *vote_sections(analysis),
        *([seen] if seen else []),
        Section("Signatures", tuple(signature_lines(manifest))),
        Section("Data and settings", tuple(provenance_lines(manifest))),
    ]
    return Report(
        f"{dataset.name}: agreement of {len(scores)} metrics with listeners' votes",
        tuple(_summary(manifest, dataset, scores, failures)),
        (sections[0], *(replace(section, appendix=True) for section in sections[1:])),
        warning,
        verdict_points(analysis.verdict, ON_VOTES),
    )


def _summary(
    manifest: RunManifest, dataset: VotedDataset, scores: Scores, failures: Mapping[str, Sequence[ScoreFailure]]
) -> list[str]:
    a, b, ties = dataset.counts()
    n_clusters = len(set(dataset.clusters().tolist()))
    equal = int(np.sum(a == b))
    undecided = f" {equal:,} comparisons have no majority." if equal else ""
    paragraphs = [
        f"{ASKED[dataset.shared]}: {len(dataset.comparisons):,} comparisons of {n_clusters:,} {dataset.shared}s, "
        f"{len(dataset.votes):,} votes, of which {int(ties.sum()):,} are ties.{undecided} They say nothing of how well "
        "either side fits.",
        f"Intervals are by bootstrap, seed {manifest.resampling.seed}; each table says how its own were made. Within a "
        "table every metric is evaluated on the same comparisons and the same resamples.",
    ]
    return [paragraphs[0], *_left_out(dataset, scores, failures), paragraphs[1]]


def _left_out(dataset: VotedDataset, scores: Scores, failures: Mapping[str, Sequence[ScoreFailure]]) -> list[str]:
    kept = scored_comparisons(dataset, scores)
    unscored = [metric for metric in scores if metric not in usable(scores)]
    sentences = []
    if not kept.all():
        without = {metric: int(np.isnan(values).sum()) for metric, values in usable(scores).items()}
        counts = ", ".join(f"{metric} {count:,}" for metric, count in without.items() if count)
        reasons = f" (reasons of failures in {FAILURES_NAME})" if any(failures.values()) else ""
        sentences.append(
            f"Pairs without a score: {counts}{reasons}. All statistics are on the {int(kept.sum()):,} of {len(kept):,} "
            "comparisons of which every metric scored both sides."
        )
    if unscored:
        sentences.append(f"Left out, since they scored no pair: {', '.join(unscored)}.")
    return [" ".join(sentences)] if sentences else []
