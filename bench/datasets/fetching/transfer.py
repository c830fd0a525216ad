"""Fetch one file over HTTP so that it arrives whole or not at all.

Bytes go to ``NAME.part``; what the server said of the file goes to ``NAME.part.json``. A broken transfer goes on where
it stopped (``Range``), also in a later run, but only if the server vouches by ``If-Range`` with a strong ETag or a
date (RFC 9110, section 13.1.5) that the file is still the same: otherwise it starts again. The complete, checked file
is moved into place in one step, and ``NAME.json`` beside it records address, size and SHA-256.
"""

from __future__ import annotations

import http.client
import re
import shutil
import time
import urllib.error
import urllib.request
from contextlib import closing
from dataclasses import asdict, dataclass
from email.message import Message
from http import HTTPStatus
from pathlib import Path

from bench import __version__
from metrics.errors import ClapBenchError, DataError, UnavailableError
from metrics.files import read_json_object, sha256_of_file, write_json
from metrics.types import ProgressCallback, no_progress

CHUNK_BYTES = 1 << 20
TIMEOUT_S = 60.0
MAX_FRUITLESS = 4  # attempts in a row that bring no new byte

_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)", re.ASCII)
_MAY_PASS = (408, 429)  # beside 5xx: statuses of a server that may answer later


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file to fetch: ``name`` is its path under the data root; ``sha256`` is None where nobody published one."""

    url: str
    name: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class FetchRecord:
    """What is kept beside a fetched file, in ``NAME.json``."""

    url: str
    sha256: str
    n_bytes: int


@dataclass(frozen=True, slots=True)
class _Version:
    """What the server said of the file when a transfer began."""

    url: str
    etag: str | None
    last_modified: str | None
    n_bytes: int | None

    @property
    def validator(self) -> str | None:
        """What ``If-Range`` may hold: a weak ETag cannot vouch for bytes."""
        strong = self.etag is not None and not self.etag.startswith("W/")
        return self.etag if strong else self.last_modified


class _Interrupted(Exception):
    """The transfer broke for a reason that may pass."""


class _OtherVersion(_Interrupted):
    """What came before does not belong to what the server has now."""


def fetch(
    file: RemoteFile, root: Path, *, progress: ProgressCallback = no_progress, pause_s: float = 1.0
) -> FetchRecord:
    """Bring ``file`` to ``root / file.name``; if it is already there, check it and leave it.

    Args:
        file: what to fetch.
        root: the folder; made if need be.
        progress: told ``(file.name, bytes done, bytes in all or 0)``.
        pause_s: wait before the second attempt; doubled before each further one.

    Raises:
        UnavailableError: the server cannot be reached or does not have the file; what came is kept for the next try.
        DataError: the file is not the one that was published.
        ClapBenchError: the folder cannot be written, or the disk is full.
    """
    target = root / file.name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            part = _beside(target, ".part")
            _complete(file, part, progress, pause_s)
            _move_into_place(file, part, target)
        return _record(file, target)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ClapBenchError(
            f"{target}: cannot be written ({reason}); make room or name another --data-root"
        ) from error


def _complete(file: RemoteFile, part: Path, progress: ProgressCallback, pause_s: float) -> None:
    fruitless, most = 0, _size(part)
    while True:
        try:
            return _attempt(file, part, progress)
        except _Interrupted as error:
            # Against the most so far: without ranges, breaking off here and there must not go on for ever.
            fruitless = 0 if _size(part) > most else fruitless + 1
            most = max(most, _size(part))
            if fruitless >= MAX_FRUITLESS:
                raise UnavailableError(
                    f"{file.url}: {error}, {fruitless} times without a new byte; {_size(part):,} bytes are kept: "
                    "check the connection and run the same command again to go on"
                ) from error
            time.sleep(pause_s * 2 ** max(fruitless - 1, 0))


def _attempt(file: RemoteFile, part: Path, progress: ProgressCallback) -> None:
    """Go on with ``part``, or begin it, until it is complete.

    Raises:
        _Interrupted: it is not; what came is in ``part``.
    """
    begun = _load_version(part, file.url)
    start = _size(part) if begun and begun.validator else 0
    if begun and start and start == begun.n_bytes:
        return
    try:
        with closing(_open(file.url, start, begun)) as response:
            if response.status == HTTPStatus.PARTIAL_CONTENT:
                version = _resumed(response, start, begun)
            else:
                start, version = 0, _begin(response.headers, file.url, part)
            check_space(part.parent, (version.n_bytes or start) - start, "are still to come")
            _append(response, part, file.name, version.n_bytes or 0, progress)
    except _OtherVersion:
        part.unlink(missing_ok=True)
        raise
    if version.n_bytes is not None and _size(part) != version.n_bytes:
        raise _Interrupted(f"the connection closed after {_size(part):,} of {version.n_bytes:,} bytes")


def _open(url: str, start: int, begun: _Version | None) -> http.client.HTTPResponse:
    # A compressed reply would have other bytes and another length than the file.
    headers = {"User-Agent": f"clap-bench/{__version__}", "Accept-Encoding": "identity"}
    if start and begun and begun.validator:
        headers |= {"Range": f"bytes={start}-", "If-Range": begun.validator}
    request = urllib.request.Request(url, headers=headers)
    try:
        response: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        error.close()
        raise _refusal(url, error) from error
    except (OSError, http.client.HTTPException) as error:
        raise _Interrupted(f"no answer ({getattr(error, 'reason', error)})") from error
    return response


def _refusal(url: str, error: urllib.error.HTTPError) -> Exception:
    answer = f"the server answers {error.code} {error.reason}"
    if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        return _OtherVersion(answer)
    if error.code >= HTTPStatus.INTERNAL_SERVER_ERROR or error.code in _MAY_PASS:
        return _Interrupted(answer)
    return UnavailableError(f"{url}: {answer}, expected the file; see at its publisher's whether it has moved")


def _begin(headers: Message, url: str, part: Path) -> _Version:
    """Forget what came before, and note which version of the file comes now."""
    length = headers.get("Content-Length", "")
    n_bytes = int(length) if length.isdecimal() else None
    version = _Version(url, headers.get("ETag"), headers.get("Last-Modified"), n_bytes)
    # In this order, so that bytes of one version never lie beside the description of another.
    part.unlink(missing_ok=True)
    write_json(_beside(part, ".json"), asdict(version))
    return version


def _resumed(response: http.client.HTTPResponse, start: int, begun: _Version | None) -> _Version:
    """Return ``begun`` if the reply is the rest of it: some servers send the end of a changed file all the same.

    Raises:
        _OtherVersion: it is not.
    """
    match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if begun and match and int(match[1]) == start:
        same_total = match[2] == "*" or begun.n_bytes in (None, int(match[2]))
        same_etag = response.headers.get("ETag", begun.etag) == begun.etag
        if same_total and same_etag:
            return begun
    raise _OtherVersion("the server sent another part of the file than the one asked for")


def _append(response: http.client.HTTPResponse, part: Path, stage: str, total: int, progress: ProgressCallback) -> None:
    with part.open("ab") as stream:
        done = stream.tell()
        progress(stage, done, total)
        while chunk := _read(response):
            stream.write(chunk)
            done += len(chunk)
            progress(stage, done, total)


def _read(response: http.client.HTTPResponse) -> bytes:
    try:
        # read1 hands over what has come, so that nothing is lost when the connection breaks.
        return response.read1(CHUNK_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise _Interrupted(f"the connection broke ({error})") from error


def check_space(folder: Path, n_bytes: int, why: str) -> None:
    """Raise `ClapBenchError` unless the disk of ``folder`` has room for ``n_bytes``, which ``why``."""
    free = shutil.disk_usage(folder).free
    if n_bytes > free:
        raise ClapBenchError(
            f"{folder}: {free / 1e9:.1f} GB free, but {n_bytes / 1e9:.1f} GB {why}; "
            "make room or name another --data-root"
        )


def _move_into_place(file: RemoteFile, part: Path, target: Path) -> None:
    if file.sha256 is not None and (found := sha256_of_file(part)) != file.sha256:
        part.unlink()
        raise DataError(
            f"{file.url}: what came has sha256 {found}, expected {file.sha256}; it was thrown away: try again, "
            "and if it stays so, the published file has changed"
        )
    part.replace(target)
    _beside(part, ".json").unlink(missing_ok=True)


def _record(file: RemoteFile, target: Path) -> FetchRecord:
    """Return what ``NAME.json`` says of a file that nobody published a hash of, or hash the file and write it."""
    path = _beside(target, ".json")
    if file.sha256 is None and (known := _load_record(path)) and known.n_bytes == _size(target):
        return known
    record = FetchRecord(file.url, sha256_of_file(target), _size(target))
    if file.sha256 not in (None, record.sha256):
        raise DataError(
            f"{target}: has sha256 {record.sha256}, expected {file.sha256} as in the release; "
            "move it away and run the same command again"
        )
    write_json(path, asdict(record))
    return record


def _load_version(part: Path, url: str) -> _Version | None:
    try:
        version = _Version(**read_json_object(_beside(part, ".json")))
    except TypeError:  # not the fields of this class: another program's, or none
        return None
    return version if version.url == url else None


def _load_record(path: Path) -> FetchRecord | None:
    try:
        return FetchRecord(**read_json_object(path))
    except TypeError:
        return None


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
