"""Unpack an archive of clips that nobody vouches for.

The archive's checksum is not published, so nothing in it is trusted: it is unpacked only if no member is absolute,
climbs out with ``..``, is a link or a device, is encrypted, or comes twice, and if it does not swell beyond all reason
(a zip bomb). Only the members that the data set needs are written; others (notes, what macOS leaves behind) are
passed over. Everything goes to a temporary folder beside the target, which is renamed when it is complete: a run that
is cut off leaves no half folder, and the next one starts afresh.
"""

from __future__ import annotations

import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.datasets.fetching.transfer import check_space
from bench.files.paths import path_problem
from metrics.errors import ClapBenchError, DataError
from metrics.files import replacing_folder
from metrics.types import ProgressCallback, no_progress

CHUNK_BYTES = 1 << 20

Placement = Callable[[str], str | None]
"""Where a member goes, by its path in the archive: a path under the target, or None for one that is passed over."""

_ENCRYPTED = 0x1  # flag bit 0 of a member (APPNOTE.TXT, section 4.4.4)
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError, struct.error)


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """What an archive may hold. RELATE's has about 9,000 clips of 0.3 MB each.

    Attributes:
        members: at most so many.
        member_bytes: of one unpacked clip.
        total_bytes: of all unpacked clips.
        ratio: of unpacked to packed bytes, over all clips.
    """

    members: int = 100_000
    member_bytes: int = 100_000_000
    total_bytes: int = 20_000_000_000
    ratio: float = 100.0


DEFAULT_LIMITS = ArchiveLimits()


def unpack(
    archive: Path,
    target: Path,
    placement: Placement,
    *,
    limits: ArchiveLimits = DEFAULT_LIMITS,
    progress: ProgressCallback = no_progress,
) -> int:
    """Unpack what is wanted of an archive.

    Args:
        archive: a zip file.
        target: the folder to make; it must not exist.
        placement: what is wanted, and its path under ``target``.
        limits: what the archive may hold.
        progress: told ``("unpacking NAME", files done, files in all)``.

    Returns:
        The number of clips, that is of files ``….wav``.

    Raises:
        DataError: the archive is damaged, holds what it must not, or nothing wanted; nothing of it is written.
        ClapBenchError: the folder cannot be written, or the disk is full.
    """
    try:
        with replacing_folder(target) as partial, _damage_reported(archive), zipfile.ZipFile(archive) as opened:
            wanted = _find_wanted(archive, opened.infolist(), placement, limits)
            needed = sum(member.file_size for member in wanted.values())
            check_space(target.parent, needed, "are to be unpacked")
            for done, (name, member) in enumerate(wanted.items(), start=1):
                _write(opened, member, partial / name)
                progress(f"unpacking {archive.name}", done, len(wanted))
    except OSError as error:
        reason = error.strerror or str(error)
        raise ClapBenchError(
            f"{target}: cannot be written ({reason}); make room or name another --data-root"
        ) from error
    return sum(name.endswith(".wav") for name in wanted)


@contextmanager
def _damage_reported(archive: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        raise DataError(f"{archive}: is damaged ({error}); delete it and run the same command again") from error


def _find_wanted(
    archive: Path, members: list[zipfile.ZipInfo], placement: Placement, limits: ArchiveLimits
) -> dict[str, zipfile.ZipInfo]:
    """Return the members to write, by their path under the target, after a look at all of them."""
    if len(members) > limits.members:
        raise _refusal(archive, f"it has {len(members):,} members, expected at most {limits.members:,}")
    wanted: dict[str, zipfile.ZipInfo] = {}
    taken: set[str] = set()
    for member in members:
        if problem := _problem(member):
            raise _refusal(archive, f"its member {member.orig_filename!r} {problem}")
        name = None if member.is_dir() else placement(member.orig_filename)
        if name is None:
            continue
        if name.casefold() in taken:  # one file on macOS and Windows
            raise _refusal(archive, f"its member {member.orig_filename!r} comes twice")
        taken.add(name.casefold())
        wanted[name] = member
    _check_sizes(archive, wanted, limits)
    if not wanted:
        raise _refusal(archive, "it holds nothing of the data set")
    return wanted


def _problem(member: zipfile.ZipInfo) -> str | None:
    """Say what is wrong with a member, whether or not it is going to be written."""
    name = member.orig_filename
    # The upper half of the external attributes is the Unix mode; 0 where the archive was made elsewhere.
    kind = stat.S_IFMT(member.external_attr >> 16)
    if problem := path_problem(name if member.filename else ""):
        return problem
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a device"
    if member.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is packed in an unusual way"
    return None


def _check_sizes(archive: Path, wanted: dict[str, zipfile.ZipInfo], limits: ArchiveLimits) -> None:
    for name, member in wanted.items():
        if member.file_size > limits.member_bytes:
            raise _refusal(archive, f"{name} unpacks to {member.file_size:,} bytes, more than {limits.member_bytes:,}")
    unpacked = sum(member.file_size for member in wanted.values())
    packed = sum(member.compress_size for member in wanted.values())
    if unpacked > limits.total_bytes:
        raise _refusal(archive, f"it unpacks to {unpacked:,} bytes, more than {limits.total_bytes:,}")
    if unpacked > limits.ratio * packed:
        raise _refusal(archive, f"it unpacks to {unpacked:,} bytes from {packed:,}, more than {limits.ratio:g} times")


def _refusal(archive: Path, problem: str) -> DataError:
    return DataError(f"{archive}: not unpacked, because {problem}; delete it and see where it came from")


def _write(opened: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> None:
    """Write one file; its length and checksum are those of the archive's table, or zipfile raises."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with opened.open(member) as source, path.open("xb") as out:
        shutil.copyfileobj(source, out, CHUNK_BYTES)
