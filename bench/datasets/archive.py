"""Unpack an archive of clips that nobody vouches for.

The archive's checksum is not published, so nothing in it is trusted: it is unpacked only if no member is absolute,
climbs out with ``..``, is a link or a device, is encrypted, or comes twice, and if it does not swell beyond all reason
(a zip bomb). Only clips in the expected folders are written; other members (notes, what macOS leaves behind) are
passed over. Everything goes to a temporary folder beside the target, which is renamed when it is complete: a run that
is cut off leaves no half folder, and the next one starts afresh.
"""

from __future__ import annotations

import re
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from metrics.errors import ClapBenchError, DataError
from metrics.types import ProgressCallback, no_progress

CHUNK_BYTES = 1 << 20

_CLIP_NAME = re.compile(r"[\w-]+\.wav", re.ASCII)
_DEVICE_NAME = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.ASCII | re.IGNORECASE)  # files on no Windows
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


def unpack_clips(
    archive: Path,
    target: Path,
    folders: Iterable[str],
    *,
    limits: ArchiveLimits = DEFAULT_LIMITS,
    progress: ProgressCallback = no_progress,
) -> int:
    """Unpack ``…/FOLDER/NAME.wav`` to ``target/FOLDER/NAME.wav`` for each of ``folders``.

    Args:
        archive: a zip file.
        target: the folder to make; it must not exist.
        folders: paths such as ``tango2/test``; what the archive has above them is left out.
        limits: what the archive may hold.
        progress: told ``("unpacking NAME", clips done, clips in all)``.

    Returns:
        The number of clips.

    Raises:
        DataError: the archive is damaged, holds what it must not, or holds no clips; nothing of it is written.
        ClapBenchError: the folder cannot be written, or the disk is full.
    """
    partial = target.with_name(target.name + ".unpacking")
    try:
        if partial.exists():
            shutil.rmtree(partial)
        with _damage_reported(archive), zipfile.ZipFile(archive) as opened:
            clips = _find_clips(archive, opened.infolist(), frozenset(folders), limits)
            _check_space(target.parent, sum(member.file_size for member in clips.values()))
            for done, (name, member) in enumerate(clips.items(), start=1):
                _write(opened, member, partial / name)
                progress(f"unpacking {archive.name}", done, len(clips))
        partial.rename(target)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ClapBenchError(
            f"{target}: cannot be written ({reason}); make room or name another --data-root"
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return len(clips)


@contextmanager
def _damage_reported(archive: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        raise DataError(f"{archive}: is damaged ({error}); delete it and run the same command again") from error


def _find_clips(
    archive: Path, members: list[zipfile.ZipInfo], folders: frozenset[str], limits: ArchiveLimits
) -> dict[str, zipfile.ZipInfo]:
    """Return the members to write, by their path under the target, after a look at all of them."""
    if len(members) > limits.members:
        raise _refusal(archive, f"it has {len(members):,} members, expected at most {limits.members:,}")
    clips: dict[str, zipfile.ZipInfo] = {}
    taken: set[str] = set()
    for member in members:
        if problem := _problem(member):
            raise _refusal(archive, f"its member {member.orig_filename!r} {problem}")
        name = _clip_path(member, folders)
        if name is None:
            continue
        if name.casefold() in taken:  # one file on macOS and Windows
            raise _refusal(archive, f"its member {member.orig_filename!r} comes twice")
        taken.add(name.casefold())
        clips[name] = member
    _check_sizes(archive, clips, limits)
    if not clips:
        raise _refusal(archive, f"it has no clips in {', '.join(sorted(folders))}")
    return clips


def _problem(member: zipfile.ZipInfo) -> str | None:
    """Say what is wrong with a member, whether or not it is going to be written."""
    name = member.orig_filename
    path = PurePosixPath(name)
    # The upper half of the external attributes is the Unix mode; 0 where the archive was made elsewhere.
    kind = stat.S_IFMT(member.external_attr >> 16)
    if not member.filename or "\\" in name or not name.isprintable():
        return "has a name that no file should have"
    if path.is_absolute() or ".." in path.parts or PureWindowsPath(name).drive:
        return "leads out of the folder"
    if any(_DEVICE_NAME.fullmatch(part) for part in path.parts):
        return "has the name of a device"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a device"
    if member.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is packed in an unusual way"
    return None


def _clip_path(member: zipfile.ZipInfo, folders: frozenset[str]) -> str | None:
    *above, name = PurePosixPath(member.orig_filename).parts or ("",)
    folder = "/".join(above[-2:])
    if member.is_dir() or folder not in folders or not _CLIP_NAME.fullmatch(name):
        return None
    return f"{folder}/{name}"


def _check_sizes(archive: Path, clips: dict[str, zipfile.ZipInfo], limits: ArchiveLimits) -> None:
    for name, member in clips.items():
        if member.file_size > limits.member_bytes:
            raise _refusal(archive, f"{name} unpacks to {member.file_size:,} bytes, more than {limits.member_bytes:,}")
    unpacked = sum(member.file_size for member in clips.values())
    packed = sum(member.compress_size for member in clips.values())
    if unpacked > limits.total_bytes:
        raise _refusal(archive, f"it unpacks to {unpacked:,} bytes, more than {limits.total_bytes:,}")
    if unpacked > limits.ratio * packed:
        raise _refusal(archive, f"it unpacks to {unpacked:,} bytes from {packed:,}, more than {limits.ratio:g} times")


def _refusal(archive: Path, problem: str) -> DataError:
    return DataError(f"{archive}: not unpacked, because {problem}; delete it and see where it came from")


def _check_space(folder: Path, n_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if n_bytes > free:
        raise ClapBenchError(
            f"{folder}: {free / 1e9:.1f} GB free, but the clips need {n_bytes / 1e9:.1f} GB; "
            "make room or name another --data-root"
        )


def _write(opened: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> None:
    """Write one clip; its length and checksum are those of the archive's table, or zipfile raises."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with opened.open(member) as source, path.open("xb") as out:
        shutil.copyfileobj(source, out, CHUNK_BYTES)
