"""Archives that would harm, and those that are merely untidy."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.datasets.fetching import archive as module
from bench.datasets.fetching.archive import ArchiveLimits
from bench.datasets.fetching.download import relate_clip
from metrics.errors import ClapBenchError, DataError

CLIPS = {"RELATE_wave/audiocaps/train/1.wav": b"one" * 9, "RELATE_wave/tango2/test/2.wav": b"two" * 9}

Members = dict[str | zipfile.ZipInfo, bytes]


def packed(members: Members, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as opened:
        for member, content in members.items():
            opened.writestr(member, content)
    return buffer.getvalue()


def unpack(folder: Path, content: bytes, limits: ArchiveLimits = module.DEFAULT_LIMITS) -> dict[str, bytes]:
    (folder / "a.zip").write_bytes(content)
    n_clips = module.unpack(folder / "a.zip", folder / "out", relate_clip, limits=limits)
    found = {
        path.relative_to(folder / "out").as_posix(): path.read_bytes()
        for path in (folder / "out").rglob("*")
        if path.is_file()
    }
    assert n_clips == len(found)
    return found


def refused(folder: Path, content: bytes, limits: ArchiveLimits = module.DEFAULT_LIMITS) -> str:
    with pytest.raises(DataError) as caught:
        unpack(folder, content, limits)
    assert [path.name for path in folder.iterdir()] == ["a.zip"]
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message


def special(name: str, mode: int) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.external_attr = mode << 16
    return member


@pytest.mark.parametrize("above", ["", "RELATE_wave/", "data/RELATE_wave/"])
@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_clips_come_out_whatever_is_above_them(tmp_path: Path, above: str, compression: int) -> None:
    content = packed({f"{above}audiocaps/train/1.wav": b"1", f"{above}tango2/test/2.wav": b"2"}, compression)
    assert unpack(tmp_path, content) == {"audiocaps/train/1.wav": b"1", "tango2/test/2.wav": b"2"}


def test_other_members_are_passed_over(tmp_path: Path) -> None:
    others: Members = {
        "RELATE_wave/": b"",
        "RELATE_wave/audiocaps/train/": b"",
        "RELATE_wave/.DS_Store": b"x",
        "__MACOSX/RELATE_wave/audiocaps/train/._1.wav": b"x",
        "RELATE_wave/audiocaps/train/notes.txt": b"x",
        "RELATE_wave/elsewhere/train/3.wav": b"x",
        "3.wav": b"x",
    }
    assert set(unpack(tmp_path, packed({**CLIPS, **others}))) == {"audiocaps/train/1.wav", "tango2/test/2.wav"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../evil.wav", "leads out of the folder"),
        ("audiocaps/train/../../../evil.wav", "leads out of the folder"),
        ("../audiocaps/train/9.wav", "leads out of the folder"),
        ("/etc/audiocaps/train/9.wav", "leads out of the folder"),
        ("C:/audiocaps/train/9.wav", "leads out of the folder"),
        ("//host/share/audiocaps/train/9.wav", "leads out of the folder"),
        ("audiocaps\\train\\..\\9.wav", "has a name that no file should have"),
        ("audiocaps/train/9\n.wav", "has a name that no file should have"),
        ("audiocaps/train/nul.wav", "has the name of a device"),
        ("audiocaps/train/COM1", "has the name of a device"),
        (special("audiocaps/train/9.wav", stat.S_IFLNK | 0o777), "is a link or a device"),
        (special("readme", stat.S_IFLNK | 0o777), "is a link or a device"),
        (special("audiocaps/train/9.wav", stat.S_IFIFO), "is a link or a device"),
        (special("audiocaps/train/9.wav", stat.S_IFCHR), "is a link or a device"),
        ("data/audiocaps/train/1.wav", "comes twice"),
        ("data/tango2/test/2.WAV", None),
    ],
)
def test_harmful_members_refuse_the_whole_archive(
    tmp_path: Path, name: str | zipfile.ZipInfo, expected: str | None
) -> None:
    content = packed({**CLIPS, name: b"evil"})
    if expected is None:
        assert len(unpack(tmp_path, content)) == 2
    else:
        assert expected in refused(tmp_path, content)


def test_names_that_differ_in_case_alone_come_twice(tmp_path: Path) -> None:
    content = packed({"audiocaps/train/a.wav": b"1", "audiocaps/train/A.wav": b"2"})
    assert "comes twice" in refused(tmp_path, content)


def test_nul_in_a_name(tmp_path: Path) -> None:
    content = packed({**CLIPS, "audiocaps/train/9X.wav": b"1"}).replace(b"9X.wav", b"9\0.wav")
    assert "has a name that no file should have" in refused(tmp_path, content)


def test_encrypted_and_unusual_packing(tmp_path: Path) -> None:
    content = bytearray(packed(CLIPS))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert "is encrypted" in refused(tmp_path, bytes(content))
    assert "is packed in an unusual way" in refused(tmp_path, packed(CLIPS, zipfile.ZIP_BZIP2))


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (ArchiveLimits(members=1), "it has 2 members, expected at most 1"),
        (ArchiveLimits(member_bytes=26), "audiocaps/train/1.wav unpacks to 27 bytes, more than 26"),
        (ArchiveLimits(total_bytes=53), "it unpacks to 54 bytes, more than 53"),
        (ArchiveLimits(ratio=1.5), "more than 1.5 times"),
    ],
)
def test_bombs(tmp_path: Path, limits: ArchiveLimits, expected: str) -> None:
    assert expected in refused(tmp_path, packed(CLIPS), limits)


def test_a_real_bomb(tmp_path: Path) -> None:
    content = packed({"audiocaps/train/1.wav": bytes(50_000_000)})
    assert "it unpacks to 50,000,000 bytes from" in refused(tmp_path, content)


def test_a_member_that_is_longer_than_it_says(tmp_path: Path) -> None:
    content = packed({"audiocaps/train/1.wav": bytes(1000)})
    assert "is damaged" in refused(tmp_path, content.replace((1000).to_bytes(4, "little"), (10).to_bytes(4, "little")))


@pytest.mark.parametrize("n_bytes", [0, 10, 100, 250, -1])
def test_cut_off_archives(tmp_path: Path, n_bytes: int) -> None:
    assert "is damaged" in refused(tmp_path, packed(CLIPS)[:n_bytes])


def test_wrong_checksum(tmp_path: Path) -> None:
    content = packed(CLIPS, zipfile.ZIP_STORED).replace(b"twotwo", b"owtowt")
    assert "is damaged (Bad CRC-32" in refused(tmp_path, content)


def test_no_clips_at_all(tmp_path: Path) -> None:
    assert "it holds nothing of the data set" in refused(tmp_path, packed({"readme": b"hello"}))


def test_a_killed_run_can_be_repeated(tmp_path: Path) -> None:
    left = tmp_path / ".out.part" / "audiocaps" / "train"
    left.mkdir(parents=True)
    (left / "old.wav").write_bytes(b"half")
    assert set(unpack(tmp_path, packed(CLIPS))) == {"audiocaps/train/1.wav", "tango2/test/2.wav"}
    assert not (tmp_path / ".out.part").exists()


def test_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    def interrupt(stage: str, done: int, total: int) -> None:
        assert (stage, done, total) == ("unpacking a.zip", 1, 2)
        raise KeyboardInterrupt

    (tmp_path / "a.zip").write_bytes(packed(CLIPS))
    with pytest.raises(KeyboardInterrupt):
        module.unpack(tmp_path / "a.zip", tmp_path / "out", relate_clip, progress=interrupt)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_full_disk_and_taken_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("keep")
    with pytest.raises(ClapBenchError, match="out: cannot be written"):
        unpack(tmp_path, packed(CLIPS))
    assert (tmp_path / "out" / "mine").read_text() == "keep"
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1})())
    with pytest.raises(ClapBenchError, match=r"GB free, but .* GB are to be unpacked"):
        unpack(tmp_path, packed(CLIPS))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    edits=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=4), cut=st.integers(0, 400)
)
def test_any_damage_gives_clips_or_a_clear_error(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, int]], cut: int
) -> None:
    folder = tmp_path_factory.mktemp("damage")
    content = bytearray(packed(CLIPS))
    for position, value in edits:
        content[position % len(content)] = value
    try:
        found = unpack(folder, bytes(content[cut if cut < 20 else 0 :]))
    except ClapBenchError:
        assert [path.name for path in folder.iterdir()] == ["a.zip"]
        return
    assert set(found.values()) <= set(CLIPS.values())
