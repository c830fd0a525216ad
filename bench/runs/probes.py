"""Probes: captions against altered ones for the same clip, scored by metrics; what ``bench probes`` does.

The folder has ``probes.csv`` (a row a comparison), ``pairs.csv`` (what there is to score, for those who score
elsewhere), ``scores.csv``, ``failures.csv``, ``vote_agreements.json`` and ``vote_differences.json`` (the statistics of
votes, on comparisons of which the preferred side is constructed), ``report.md``, and ``probes.json``: where everything
comes from. It is no run: there are no ratings and no votes in it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float

from bench.analysis.votes import analyse_votes
from bench.datasets.probes.dataset import Probes
from bench.files.csvfile import write_csv
from bench.files.manifest import describe_code
from bench.files.metric_names import check_metric_names
from bench.files.records import json_text, write_records
from bench.reports.formats.markdown import render
from bench.reports.layout import Report
from bench.reports.probe_report import build_probe_report
from bench.runs.external import load_external
from bench.runs.request import refuse_unavailable
from bench.statistics.types import ResamplingPlan
from bench.statistics.vote_differences import VoteDifference
from bench.statistics.votes import VoteAgreement
from metrics.errors import DataError, UsageError
from metrics.files import write_text
from metrics.plugins.contract import checked_scores
from metrics.registry import make_scorers
from metrics.types import ProgressCallback, RemarkCallback, ScoreFailure, ScorerOptions, no_progress, no_remark

FACTS_NAME = "probes.json"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class Probed:
    """What metrics make of probes.

    Attributes:
        scores: by metric, one for each of the probes' pairs; NaN where there is none.
        signatures: by metric.
        failures: by metric, why a score is missing.
        agreements, differences: as of votes.
    """

    probes: Probes
    plan: ResamplingPlan
    scores: Mapping[str, Float[np.ndarray, " pairs"]] = field(default_factory=dict)
    signatures: Mapping[str, str] = field(default_factory=dict)
    failures: Mapping[str, tuple[ScoreFailure, ...]] = field(default_factory=dict)
    agreements: tuple[VoteAgreement, ...] = ()
    differences: tuple[VoteDifference, ...] = ()

    @property
    def n_failures(self) -> int:
        return sum(map(len, self.failures.values()))

    def report(self) -> Report:
        """Return what there is to tell."""
        return build_probe_report(
            self.probes, self.plan, self.signatures, self.scores, self.agreements, self.differences
        )

    def facts(self) -> dict[str, object]:
        """Return where everything comes from, and how it was made."""
        probes = self.probes
        made = [one.kind for one in probes.comparisons]
        return {
            "format": FORMAT_VERSION,
            "constructed": True,
            "data": probes.name,
            "sha256": probes.source_sha256,
            "n_pairs": probes.n_pairs,
            "made": {kind: made.count(kind) for kind in probes.not_made},
            "not_made": probes.not_made,
            "resampling": dataclasses.asdict(self.plan),
            "signatures": self.signatures,
            "n_failures": {metric: len(failed) for metric, failed in self.failures.items()},
            "software": describe_code(),
        }


def probe(
    probes: Probes,
    metrics: tuple[str, ...],
    score_files: Mapping[str, Path],
    plan: ResamplingPlan,
    options: ScorerOptions,
    progress: ProgressCallback = no_progress,
    remark: RemarkCallback = no_remark,
) -> Probed:
    """Score both sides of every probe and compare.

    Args:
        probes: see `bench.datasets.probes.dataset.make_probes`.
        metrics: names of scorers, expanded.
        score_files: scores computed elsewhere for the pairs of ``pairs.csv``, by the name they shall have.
        plan: of intervals and tests.
        options: device, window and so on.
        progress: told how far the work has come.
        remark: told which rows of score files were not used.

    Raises:
        ClapBenchError: metrics are not available, or a file of scores is broken or lacks a pair.
        DataError: no probe has scores of all metrics for both of its sides.
    """
    check_metric_names((*metrics, *score_files))
    refuse_unavailable(metrics)
    frame = pd.DataFrame(pairs_of(probes), dtype=object)
    given = load_external(score_files, (), probes, frame, remark)
    scores, signatures = {name: one.scores for name, one in given.outcomes.items()}, dict(given.signatures)
    failures: dict[str, tuple[ScoreFailure, ...]] = {}
    for metric, scorer in make_scorers(metrics, options, progress).items():
        answer = checked_scores(metric, scorer.score(probes.pairs), probes.pairs)
        scores[metric], signatures[metric] = answer.scores, scorer.spec.signature()
        failures[metric] = answer.failures
    found = analyse_votes(probes, scores, plan)
    if not found.vote_agreements:
        reason = next((one.reason for failed in failures.values() for one in failed), "no metric scored anything")
        raise DataError(
            f"no probe of {probes.name} has scores for both of its sides; repair what the first failure names: {reason}"
        )
    return Probed(probes, plan, scores, signatures, failures, found.vote_agreements, found.vote_differences)


def pairs_of(probes: Probes) -> dict[str, list[str]]:
    """Return every clip and caption that a metric has to score, as the columns of a frame or of ``scores.csv``."""
    return {
        "pair_id": [pair.pair_id for pair in probes.pairs],
        "audio": [probes.portable_name(pair.audio_path) for pair in probes.pairs],
        "caption": [pair.caption for pair in probes.pairs],
    }


def refuse_used_folder(folder: Path) -> None:
    """Raise `UsageError` if ``folder`` holds anything: results are not mixed."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"--out {folder} is a file, or not empty; give a new folder")


def write_probed(found: Probed, folder: Path) -> None:
    """Write everything, the facts last; without scores, only the probes and their pairs."""
    probes = found.probes
    write_csv(
        folder / "probes.csv",
        {
            "probe_id": [one.comparison_id for one in probes.comparisons],
            "kind": [one.kind for one in probes.comparisons],
            "audio": [probes.portable_name(one.a.audio_path) for one in probes.comparisons],
            "text": [one.a.caption for one in probes.comparisons],
            "altered": [one.b.caption for one in probes.comparisons],
            "pair_id": [one.a.pair_id for one in probes.comparisons],
            "altered_pair_id": [one.b.pair_id for one in probes.comparisons],
        },
    )
    write_csv(
        folder / "pairs.csv",
        {
            "pair_id": [pair.pair_id for pair in probes.pairs],
            "audio_path": [str(pair.audio_path.absolute()) for pair in probes.pairs],
            "text": [pair.caption for pair in probes.pairs],
        },
    )
    if found.scores:
        write_csv(folder / "scores.csv", {**pairs_of(probes), **found.scores})
        failed = [(one.pair_id, metric, one.reason) for metric, every in found.failures.items() for one in every]
        columns = list(zip(*failed, strict=True)) or [(), (), ()]
        write_csv(folder / "failures.csv", dict(zip(("pair_id", "metric", "reason"), columns, strict=True)))
        write_records(folder / "vote_agreements.json", found.agreements)
        write_records(folder / "vote_differences.json", found.differences)
        write_text(folder / "report.md", render(found.report()))
    write_text(folder / FACTS_NAME, json_text(found.facts(), indent=2) + "\n")
