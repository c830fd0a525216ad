"""Whether a run's files are as the run wrote them, and that no command of ours makes them otherwise."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.analysis.leakage import LEAKAGE_NAME
from bench.analysis.results import Analysis
from bench.analysis.vote_results import VoteAnalysis
from bench.files.checksums import SUMS_NAME, Finding, find_altered, read_sums
from bench.files.clips import CLIPS_NAME
from bench.files.dimensions import DIMENSIONS_NAME
from bench.files.manifest import MANIFEST_NAME, RunManifest, read_manifest, write_manifest
from bench.files.ratings import RATINGS_NAME
from bench.files.scores import COSINES_NAME, FAILURES_NAME, SCORES_NAME
from bench.files.screenings import SCREENINGS_NAME
from bench.files.sentinels import SENTINELS_NAME
from metrics.errors import DataError, UsageError
from metrics.files import sha256_of_file

REPORT_NAME = "report.md"
COMPARISONS_NAME = "comparisons.csv"
VOTES_NAME = "votes.csv"
"""Data of a run on votes."""

SOURCES = (
    *(SCORES_NAME, COSINES_NAME, FAILURES_NAME, RATINGS_NAME, SCREENINGS_NAME, DIMENSIONS_NAME),
    *(LEAKAGE_NAME, CLIPS_NAME, SENTINELS_NAME),
    *(COMPARISONS_NAME, VOTES_NAME),
)
"""What reports are made from besides the statistics."""

STATISTICS = tuple(
    dict.fromkeys(f"{part.name}.json" for kind in (Analysis, VoteAnalysis) for part in dataclasses.fields(kind))
)


def altered_files(folder: Path, manifest: RunManifest) -> tuple[Finding, ...]:
    """Return the files of a run that are not as it wrote them."""
    return tuple(find_altered(folder, manifest.outputs, (*SOURCES, *STATISTICS)))


def verify(folder: Path) -> tuple[int, tuple[Finding, ...]]:
    """Return how many files a run or ``bench score`` wrote into a folder, and those that are not as they were written.

    Raises:
        DataError: it holds neither, or one that is not finished.
    """
    if (folder / MANIFEST_NAME).exists():
        manifest = read_manifest(folder)
        return len(manifest.outputs), altered_files(folder, manifest)
    if not any((folder / name).exists() for name in (SUMS_NAME, "plan.json")):
        raise DataError(f"{folder} holds no finished run and no scores; give a folder of 'bench run' or 'bench score'")
    sums = read_sums(folder)
    return len(sums), tuple(find_altered(folder, sums, sorted(path.name for path in folder.glob("shard-*.parquet"))))


def refuse_overwriting(output: Path, remade: str | None = None) -> None:
    """Raise `UsageError` if ``output`` is a file of a finished run, other than the one that is ``remade``."""
    manifest_path = output.parent / MANIFEST_NAME
    if not manifest_path.exists():
        return
    kept = {MANIFEST_NAME, *SOURCES, *STATISTICS, *read_manifest(output.parent).outputs} - {remade}
    if output.name in kept:
        raise UsageError(f"{output} is a file of the run in {output.parent}; choose another --output")


def record_remade(output: Path) -> None:
    """Give the manifest beside ``output`` the hash of what was just written there, if it holds one of that name."""
    folder = output.parent
    if not (folder / MANIFEST_NAME).exists():
        return
    manifest = read_manifest(folder)
    if output.name in manifest.outputs:
        outputs = {**manifest.outputs, output.name: sha256_of_file(output)}
        write_manifest(dataclasses.replace(manifest, outputs=outputs), folder)


def relevant(altered: Sequence[Finding], recomputed: bool) -> Iterator[Finding]:
    """Yield the findings that a report of the run must speak of.

    Its text is made anew, and so are the statistics where ``recomputed``.
    """
    read = SOURCES if recomputed else (*SOURCES, *STATISTICS)
    yield from (one for one in altered if one.name in read)
