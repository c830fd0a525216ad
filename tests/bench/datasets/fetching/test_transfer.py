"""A file arrives whole or not at all, whatever the connection and the server do."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.datasets.fetching import transfer
from bench.datasets.fetching.transfer import RemoteFile, fetch
from metrics.errors import ClapBenchError, DataError, UnavailableError
from tests.bench.datasets.fetching.file_server import Served, serve

OLD = bytes(range(256)) * 40
NEW = bytes(reversed(OLD))


@pytest.fixture
def server() -> Iterator[Served]:
    with serve(Served({"/f.bin": OLD})) as served:
        yield served


def get(server: Served, root: Path, sha256: str | None = None) -> bytes:
    record = fetch(RemoteFile(f"{server.url}/f.bin", "sub/f.bin", sha256), root, pause_s=0.001)
    content = (root / "sub/f.bin").read_bytes()
    assert record.sha256 == hashlib.sha256(content).hexdigest()
    assert json.loads((root / "sub/f.bin.json").read_text()) == {
        "url": f"{server.url}/f.bin",
        "sha256": record.sha256,
        "n_bytes": len(content),
    }
    assert sorted(path.name for path in (root / "sub").iterdir()) == ["f.bin", "f.bin.json"]
    return content


def broken_off(server: Served, root: Path, n_bytes: int) -> None:
    """Leave the first ``n_bytes`` of the file behind, as a first run that was cut off does."""
    server.break_after = [n_bytes]
    server.statuses = [200] + [503] * transfer.MAX_FRUITLESS
    with pytest.raises(UnavailableError, match=rf"answers 503 .* {n_bytes:,} bytes are kept: .* run the same command"):
        get(server, root)
    assert not (root / "sub/f.bin").exists()
    assert (root / "sub/f.bin.part").stat().st_size == n_bytes
    server.requests.clear()


@pytest.mark.parametrize("chunked", [False, True])
def test_whole_file_with_progress(server: Served, tmp_path: Path, chunked: bool) -> None:
    server.chunked = chunked
    seen: list[tuple[str, int, int]] = []
    fetch(RemoteFile(f"{server.url}/f.bin", "f.bin"), tmp_path, progress=lambda *step: seen.append(step))
    total = 0 if chunked else len(OLD)
    assert seen[0] == ("f.bin", 0, total)
    assert seen[-1] == ("f.bin", len(OLD), total)
    assert (tmp_path / "f.bin").read_bytes() == OLD


def test_empty_file(server: Served, tmp_path: Path) -> None:
    server.files["/f.bin"] = b""
    assert get(server, tmp_path) == b""


def test_broken_connections_go_on_where_they_stopped(server: Served, tmp_path: Path) -> None:
    server.break_after = [4000, 4000, None]
    assert get(server, tmp_path) == OLD
    assert [asked for _, asked in server.requests] == ["", "bytes=4000-", "bytes=8000-"]


def test_chunks_that_break_off_go_on_too(server: Served, tmp_path: Path) -> None:
    server.chunked = True
    server.break_after = [3000, None]
    assert get(server, tmp_path) == OLD
    assert server.requests[1][1].startswith("bytes=")


def test_a_later_run_goes_on(server: Served, tmp_path: Path) -> None:
    broken_off(server, tmp_path, 4000)
    assert get(server, tmp_path) == OLD
    assert [asked for _, asked in server.requests] == ["bytes=4000-"]


def test_last_modified_vouches_where_the_etag_is_weak(server: Served, tmp_path: Path) -> None:
    server.etag, server.last_modified = 'W/"v1"', "Sat, 01 Mar 2025 00:00:00 GMT"
    broken_off(server, tmp_path, 4000)
    assert get(server, tmp_path) == OLD
    assert [asked for _, asked in server.requests] == ["bytes=4000-"]


@pytest.mark.parametrize("etag", [None, 'W/"v1"'])
def test_starts_again_where_nothing_vouches(server: Served, tmp_path: Path, etag: str | None) -> None:
    server.etag = etag
    broken_off(server, tmp_path, 4000)
    assert get(server, tmp_path) == OLD
    assert [asked for _, asked in server.requests] == [""]


@pytest.mark.parametrize("if_range", [True, False])
@pytest.mark.parametrize("new", [NEW, NEW[:5000], NEW[:3000], NEW + NEW])
def test_a_changed_file_is_never_mixed(server: Served, tmp_path: Path, if_range: bool, new: bytes) -> None:
    broken_off(server, tmp_path, 4000)
    server.files["/f.bin"], server.etag, server.if_range = new, '"v2"', if_range
    assert get(server, tmp_path) == new


def test_a_server_that_knows_no_ranges_starts_again(server: Served, tmp_path: Path) -> None:
    server.ranges = False
    server.break_after = [4000, 6000, None]
    assert get(server, tmp_path) == OLD


@pytest.mark.parametrize("breaks", [[4000], [4000, 3000]])
def test_a_connection_that_always_breaks_ends_with_an_error(
    server: Served, tmp_path: Path, breaks: list[int | None]
) -> None:
    server.ranges = False
    server.break_after = breaks * 100
    with pytest.raises(UnavailableError, match="the connection closed after 4,000 of 10,240 bytes, 4 times without"):
        get(server, tmp_path)
    assert len(server.requests) == 5


def test_killed_between_the_last_byte_and_the_move(server: Served, tmp_path: Path) -> None:
    broken_off(server, tmp_path, 4000)
    (tmp_path / "sub/f.bin.part").write_bytes(OLD)
    assert get(server, tmp_path) == OLD
    assert server.requests == []


def test_a_part_longer_than_the_file_is_thrown_away(server: Served, tmp_path: Path) -> None:
    broken_off(server, tmp_path, 4000)
    (tmp_path / "sub/f.bin.part").write_bytes(OLD + b"more")
    assert get(server, tmp_path) == OLD


@pytest.mark.parametrize("notes", ["", "[]", "{}", '{"url": 1}', "\udcff"])
def test_a_part_without_readable_description_is_thrown_away(server: Served, tmp_path: Path, notes: str) -> None:
    broken_off(server, tmp_path, 4000)
    (tmp_path / "sub/f.bin.part.json").write_bytes(notes.encode("utf-8", "surrogateescape"))
    assert get(server, tmp_path) == OLD


def test_passing_refusals_are_waited_for(server: Served, tmp_path: Path) -> None:
    server.statuses = [503, 429, 500]
    assert get(server, tmp_path) == OLD


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_final_refusals_are_not_repeated(server: Served, tmp_path: Path, status: int) -> None:
    server.statuses = [status]
    with pytest.raises(UnavailableError, match=f"the server answers {status} .* whether it has moved"):
        get(server, tmp_path)
    assert len(server.requests) == 1
    assert not (tmp_path / "sub/f.bin").exists()


def test_no_server(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/f.bin"
        with pytest.raises(UnavailableError, match=r"no answer \(.*refused\), 4 times .* check the connection"):
            fetch(RemoteFile(url, "f.bin"), tmp_path, pause_s=0.001)


def test_wrong_hash_is_thrown_away(server: Served, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"what came has sha256 .*, expected 0+; it was thrown away: try again"):
        get(server, tmp_path, "0" * 64)
    assert not (tmp_path / "sub/f.bin").exists()
    assert not (tmp_path / "sub/f.bin.part").exists()


def test_a_file_that_is_there_is_checked_and_left(server: Served, tmp_path: Path) -> None:
    right = hashlib.sha256(OLD).hexdigest()
    get(server, tmp_path, right)
    assert get(server, tmp_path, right) == OLD
    assert get(server, tmp_path, None) == OLD
    assert len(server.requests) == 1
    (tmp_path / "sub/f.bin").write_bytes(NEW)
    with pytest.raises(DataError, match=r"expected .* as in the release; move it away"):
        get(server, tmp_path, right)


def test_a_file_that_the_user_put_there_is_hashed(server: Served, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/f.bin").write_bytes(NEW)
    assert get(server, tmp_path) == NEW
    assert server.requests == []


def test_folder_that_cannot_be_written(server: Served, tmp_path: Path) -> None:
    (tmp_path / "sub").write_text("a file where the folder should be")
    with pytest.raises(ClapBenchError, match=r"cannot be written .* another --data-root"):
        fetch(RemoteFile(f"{server.url}/f.bin", "sub/f.bin"), tmp_path)


def test_full_disk(server: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 100})()
    monkeypatch.setattr(transfer.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(ClapBenchError, match=r"0\.0 GB free, but 0\.0 GB are still to come; make room"):
        get(server, tmp_path)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    breaks=st.lists(st.none() | st.integers(0, 6000), max_size=6),
    statuses=st.lists(st.sampled_from([200, 200, 503]), max_size=6),
    ranges=st.booleans(),
    if_range=st.booleans(),
    change_at=st.integers(0, 6),
)
def test_any_trouble_gives_one_version_or_a_clear_error(
    tmp_path_factory: pytest.TempPathFactory,
    breaks: list[int | None],
    statuses: list[int],
    ranges: bool,
    if_range: bool,
    change_at: int,
) -> None:
    root = tmp_path_factory.mktemp("trouble")

    def change(*_: object) -> None:
        if len(served.requests) == change_at:
            served.files["/f.bin"], served.etag = NEW, '"v2"'

    with serve(
        Served({"/f.bin": OLD}, break_after=breaks, statuses=statuses, ranges=ranges, if_range=if_range)
    ) as served:
        try:
            fetch(RemoteFile(f"{served.url}/f.bin", "f.bin"), root, progress=change, pause_s=0.0)
        except UnavailableError:
            assert not (root / "f.bin").exists()
            return
    assert (root / "f.bin").read_bytes() in (OLD, NEW)
