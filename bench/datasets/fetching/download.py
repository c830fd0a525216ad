"""Fetch RELATE and PAM for the user: the ratings, what listeners said of themselves, and the clips (RELATE: 4 GB).

The files come from their publishers, RELATE's ratings at one commit with known hashes. The archives of clips have no
published checksum: their SHA-256 is recorded when they come, in ``NAME.zip.json``. They are deleted once they are
unpacked. Every step that is done is not done again, so a run that was cut off is simply repeated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.datasets.adapters import relate_release
from bench.datasets.adapters.external import set_folder
from bench.datasets.fetching.archive import Placement, unpack
from bench.datasets.fetching.transfer import FetchRecord, RemoteFile, fetch
from metrics.errors import UsageError
from metrics.locks import held
from metrics.types import ProgressCallback, no_progress

RATING_FILES = tuple(
    RemoteFile(f"{relate_release.RATINGS_URL}/{name}", name, sha256) for name, sha256 in relate_release.SHA256.items()
)
AUDIO_ARCHIVE = RemoteFile(relate_release.AUDIO_URL, f"{relate_release.AUDIO_FOLDER}.zip")
PAM_FOLDER = "human_eval"
PAM_ARCHIVE = RemoteFile(f"https://zenodo.org/records/10737388/files/{PAM_FOLDER}.zip", f"{PAM_FOLDER}.zip")

_RELATE_CLIP = re.compile(
    rf"(?:.*/)?((?:{'|'.join(relate_release.SYSTEMS)})/(?:{'|'.join(relate_release.AUDIOCAPS_SPLITS)})/[\w-]+\.wav)",
    re.ASCII,
)
_PAM_FILE = re.compile(r"(?:.*?/)??((?:audio|music)/(?:scores\.csv|(?:[^/]+/)?[^/.][^/]*\.wav))")


@dataclass(frozen=True, slots=True)
class PullReport:
    """What was fetched.

    Attributes:
        root: folder of everything that came.
        files: those of the ratings, and the archive if it was fetched.
        n_clips: clips that came; None if clips were already there or not asked for.
    """

    root: Path
    files: tuple[FetchRecord, ...]
    n_clips: int | None


def pull_relate(
    root: Path | None = None,
    progress: ProgressCallback = no_progress,
    *,
    audio: bool = True,
    rating_files: Sequence[RemoteFile] = RATING_FILES,
    archive: RemoteFile = AUDIO_ARCHIVE,
) -> PullReport:
    """Fetch what of RELATE is not there yet.

    Args:
        root: where to; None takes ``$RELATE_ROOT`` or the user's data folder.
        progress: told how far the work has come, in bytes or clips.
        audio: whether to fetch the clips too.
        rating_files: what to fetch as it is.
        archive: the zip file of the clips.

    Raises:
        UnavailableError: a server cannot be reached; what came is kept for the next try.
        DataError: a file is not the one that was published, or the archive is damaged or harmful.
        ClapBenchError: the folder cannot be written, another process pulls into it, or the disk is full.
    """
    folder = relate_release.data_root(root)
    with pulling_into(folder):
        files = [fetch(file, folder, progress=progress) for file in rating_files]
        if not audio:
            return PullReport(folder, tuple(files), n_clips=None)
        records, n_clips = _fetch_packed(archive, relate_release.audio_root(folder), relate_clip, progress)
        return PullReport(folder, (*files, *records), n_clips)


def pull_pam(
    root: Path | None = None,
    progress: ProgressCallback = no_progress,
    *,
    audio: bool = True,
    archive: RemoteFile = PAM_ARCHIVE,
) -> PullReport:
    """Fetch both listening tests of PAM, unless they are there; arguments and errors as of `pull_relate`.

    Raises:
        UsageError: without ``audio``: ratings and clips come in one file.
    """
    if not audio:
        raise UsageError("--no-audio was given, but PAM's ratings and clips come in one archive; leave it out")
    folder = set_folder("pam", root)
    with pulling_into(folder):
        return PullReport(folder, *_fetch_packed(archive, folder / PAM_FOLDER, pam_file, progress))


@contextmanager
def pulling_into(folder: Path) -> Iterator[None]:
    """Keep other processes from pulling into a folder.

    Raises:
        ClapBenchError: one is pulling into it, or it cannot be written.
    """
    busy = f"another process is pulling into {folder}; wait for it, or name another --data-root"
    with held(folder / ".pull.lock", busy, "name another --data-root"):
        yield


def relate_clip(member: str) -> str | None:
    """Return ``SYSTEM/SPLIT/NAME.wav`` of a member of RELATE's archive, whatever is above it."""
    match = _RELATE_CLIP.fullmatch(member)
    return match and match[1]


def pam_file(member: str) -> str | None:
    """Return ``PART/scores.csv`` or ``PART/MODEL/NAME.wav`` of a member of PAM's archive, whatever is above it."""
    match = _PAM_FILE.fullmatch(member)
    return match and match[1]


def _fetch_packed(
    archive: RemoteFile, target: Path, placement: Placement, progress: ProgressCallback
) -> tuple[tuple[FetchRecord, ...], int | None]:
    """Fetch an archive into the folder above ``target`` and unpack it there, unless ``target`` is there."""
    if target.is_dir():
        return (), None
    packed = target.parent / archive.name
    record = fetch(archive, target.parent, progress=progress)
    n_clips = unpack(packed, target, placement, progress=progress)
    packed.unlink()
    return (record,), n_clips
