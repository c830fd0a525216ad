"""Fetch RELATE for the user: the ratings, what listeners said of themselves, and the clips (about 4 GB).

The files come from their publishers, ratings at one commit with known hashes. The archive of the clips has no
published checksum: its SHA-256 is recorded when it comes, in ``RELATE_wave.zip.json``. It is deleted once it is
unpacked. Every step that is done is not done again, so a run that was cut off is simply repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.datasets import release
from bench.datasets.archive import unpack_clips
from bench.datasets.transfer import FetchRecord, RemoteFile, fetch
from metrics.locks import held
from metrics.types import ProgressCallback, no_progress

RATING_FILES = tuple(
    RemoteFile(f"{release.RATINGS_URL}/{name}", name, sha256) for name, sha256 in release.SHA256.items()
)
AUDIO_ARCHIVE = RemoteFile(release.AUDIO_URL, f"{release.AUDIO_FOLDER}.zip")
CLIP_FOLDERS = tuple(f"{system}/{split}" for system in release.SYSTEMS for split in release.AUDIOCAPS_SPLITS)


@dataclass(frozen=True, slots=True)
class PullReport:
    """What ``pull_relate`` did.

    Attributes:
        root: folder of everything that came.
        files: the rating files, and the archive if it was fetched.
        n_clips: clips that were unpacked; None if clips were already there or not asked for.
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
    """Fetch what is not there yet.

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
    folder = release.data_root(root)
    busy = f"another process is pulling into {folder}; wait for it, or name another --data-root"
    with held(folder / ".pull.lock", busy, "name another --data-root"):
        return _pull(folder, progress, rating_files, archive if audio else None)


def _pull(
    folder: Path, progress: ProgressCallback, rating_files: Sequence[RemoteFile], archive: RemoteFile | None
) -> PullReport:
    files = [fetch(file, folder, progress=progress) for file in rating_files]
    if archive is None or release.audio_root(folder).is_dir():
        return PullReport(folder, tuple(files), n_clips=None)
    files.append(fetch(archive, folder, progress=progress))
    packed = folder / archive.name
    n_clips = unpack_clips(packed, folder / release.AUDIO_FOLDER, CLIP_FOLDERS, progress=progress)
    packed.unlink()
    return PullReport(folder, tuple(files), n_clips)
