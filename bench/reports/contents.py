"""What a report says: sections in the order of reading, from a run's manifest, scores and statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bench.analysis.leakage import Leakage
from bench.analysis.results import Analysis
from bench.files.manifest import ClipsRecord, RunManifest
from bench.files.scores import FAILURES_NAME, ScoreTable
from bench.reports.layout import Report, Section, Table
from bench.reports.published import PublishedFigure, remarks
from bench.reports.sections.agreement import correlation_tables
from bench.reports.sections.best import best_section
from bench.reports.sections.ceilings import agreement_section, ceilings_section
from bench.reports.sections.differences import differences_section
from bench.reports.sections.dimensions import dimensions_section
from bench.reports.sections.equivalence import equivalence_section
from bench.reports.sections.evenness import evenness_section
from bench.reports.sections.first import first_table, in_order
from bench.reports.sections.interactions import interactions_section
from bench.reports.sections.leakage import leakage_section
from bench.reports.sections.screenings import screenings_section
from bench.reports.sections.sensitivity import sensitivity_section
from bench.reports.sections.uses import calibration_section, mapped_error_section, preferences_section, systems_section
from bench.reports.sections.verdict import verdict_points
from bench.reports.sections.yardsticks import yardsticks_section
from metrics.embedding.collapse import WARNING

FOREST = "The figure `forest` shows these with all intervals: `bench report --figures FOLDER`."


def build_report(
    manifest: RunManifest,
    table: ScoreTable,
    analysis: Analysis,
    leakage: Sequence[Leakage] = (),
    published: Sequence[PublishedFigure] = (),
    warning: str = "",
) -> Report:
    """Return the report of a run; ``published`` figures stand beneath ours, with a remark on their pairs.

    See `bench.reports.layout.Report` for ``warning``.
    """
    first, *parts = correlation_tables(analysis.estimates, analysis.strata, analysis.standings, published)
    sections = [
        Section("Agreement with listeners", (), (first_table(first, analysis),)),
        best_section(analysis),
        Section("By source, system and score band", (FOREST,) if parts else (), _in_order(parts, analysis)),
        *map(_in_appendix, _appendix(manifest, analysis, leakage, published)),
    ]
    return Report(
        f"{manifest.dataset.name}: agreement of {len(table.metrics)} metrics with listeners",
        tuple(_summary(manifest, table, analysis)),
        tuple(section for section in sections if section and (section.paragraphs or section.tables)),
        warning,
        verdict_points(analysis.verdict),
    )


def _appendix(
    manifest: RunManifest, analysis: Analysis, leakage: Sequence[Leakage], published: Sequence[PublishedFigure]
) -> list[Section | None]:
    """What the verdict rests on, and where everything comes from."""
    return [
        yardsticks_section(analysis),
        dimensions_section(analysis.dimension_agreement, analysis.dimension_overlap, analysis.strata),
        leakage_section(leakage),
        differences_section(analysis.differences, analysis.strata, analysis.detectable_differences),
        interactions_section(analysis.interactions, analysis.differences, analysis.strata),
        equivalence_section(analysis.equivalences, analysis.strata),
        ceilings_section(analysis.reliability, analysis.ceiling_shares, analysis.strata),
        evenness_section(analysis.evenness, analysis.strata),
        systems_section(analysis.system_means, analysis.system_agreement),
        preferences_section(analysis.pairwise_accuracies),
        calibration_section(analysis.calibrated_errors),
        mapped_error_section(analysis.mapped_errors),
        sensitivity_section(analysis.block_spreads, analysis.crossed_spreads, analysis.strata),
        screenings_section(analysis.screenings),
        agreement_section(analysis.reliability, analysis.strata),
        Section("Published figures", tuple(f"- {remark}" for remark in remarks(published))),
        Section("Signatures", tuple(signature_lines(manifest))),
        Section("Data and settings", tuple(provenance_lines(manifest))),
    ]


def _in_appendix(section: Section | None) -> Section | None:
    return section and replace(section, appendix=True)


def _in_order(tables: Sequence[Table], analysis: Analysis) -> tuple[Table, ...]:
    return tuple(in_order(table, analysis) for table in tables)


def _summary(manifest: RunManifest, table: ScoreTable, analysis: Analysis) -> list[str]:
    """What the tables are about, and every reason to read them with care."""
    data = manifest.dataset
    captions = table.pairs["caption_id"].nunique()
    counts = (
        f"{data.n_pairs:,} pairs, {data.n_ratings:,} ratings, {captions:,} captions; split: {data.split or 'all'}; "
        f"screening of listeners: {data.screening or 'none'}; ratings from {data.scale[0]:g} to {data.scale[1]:g}"
        f"{_rated(analysis)}."
    )
    intervals = (
        f"Intervals are by bootstrap, seed {manifest.resampling.seed}; each table says how its own were made. "
        "Within a table every metric is evaluated on the same resamples."
    )
    warnings = [f"{metric}: {note}" for metric, notes in manifest.notes.items() for note in notes if _warns(note)]
    return [counts, *warnings, *_missing_scores(table), intervals]


def _rated(analysis: Analysis) -> str:
    """Say what was rated, where there are several things."""
    if not analysis.dimension_overlap:
        return ""
    others = dict.fromkeys(one.dimension for one in analysis.dimension_overlap)
    return f"; rated: {analysis.dimension_overlap[0].target} (this report), {', '.join(others)}"


def _warns(note: str) -> bool:
    return note.startswith(WARNING)


def _missing_scores(table: ScoreTable) -> list[str]:
    if not table.n_failures:
        return []
    counts = ", ".join(f"{metric} {len(failed):,}" for metric, failed in table.failures.items() if failed)
    unscored = table.unscored()
    common = int(table.without(unscored).scored_by_all().sum())
    sentences = [
        f"Pairs without a score: {counts} (reasons in {FAILURES_NAME}).",
        f"All statistics are on the {common:,} of {len(table.pairs):,} pairs that every metric scored.",
    ]
    if unscored:
        sentences.append(f"Left out, since they scored no pair: {', '.join(unscored)}.")
    return [" ".join(sentences)]


def signature_lines(manifest: RunManifest) -> list[str]:
    """Return the signatures of a run's metrics and the remarks of scorers."""
    lines = [f"- `{signature}`" for signature in manifest.signatures.values()]
    notes = [f"- {metric}: {note}" for metric, notes in manifest.notes.items() for note in notes if not _warns(note)]
    return ["\n".join(lines + notes)]


def _device(manifest: RunManifest) -> str:
    """Return the device that was asked for and, of a GPU, what it is; runs of older versions do not know."""
    asked, used, gpu, cuda = (manifest.environment.get(key, "?") for key in ("device", "used_device", "gpu", "cuda"))
    return str(asked) if gpu in (None, "?") else f"{asked} ({used}: {gpu}, CUDA {cuda})"


def _clips(clips: ClipsRecord | None) -> list[str]:
    """Say which clips were heard; nothing where no metric heard any."""
    if clips is None or not clips.n_clips:
        return []
    return [f"- clips: {clips.n_clips:,} read, SHA-256 of their contents `{clips.sha256}`"]


def provenance_lines(manifest: RunManifest) -> list[str]:
    """Return which data, software and packages a run was made from."""
    code, clips = manifest.code, manifest.clips
    commit = f"commit {code.commit[:12]}{' with uncommitted changes' if code.dirty else ''}" if code.commit else ""
    facts = [
        f"- data: {manifest.dataset.name}, {manifest.kind} SHA-256 `{manifest.dataset.sha256}`",
        *(f"- data: {note}" for note in manifest.dataset.notes),
        *_clips(clips),
        f"- software: clap-bench {code.version} {commit}".rstrip(),
        f"- run: `{manifest.run_id}`, {manifest.started}, device {_device(manifest)}",
        "- packages: " + ", ".join(f"{name} {version}" for name, version in manifest.packages.items()),
    ]
    return ["\n".join(facts)]
