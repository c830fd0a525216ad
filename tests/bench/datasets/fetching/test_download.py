"""Fetching RELATE, from a server on this machine."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from bench.datasets.adapters import relate_release
from bench.datasets.adapters.relate import load_relate
from bench.datasets.catalog import load_dataset
from bench.datasets.fetching.download import (
    AUDIO_ARCHIVE,
    PAM_ARCHIVE,
    RATING_FILES,
    PullReport,
    pam_file,
    pull_pam,
    pull_relate,
)
from bench.datasets.fetching.transfer import RemoteFile
from metrics.errors import ClapBenchError, DataError, UsageError
from metrics.types import ProgressCallback, no_progress
from tests.bench.datasets.adapters.external_sets import write_pam
from tests.bench.datasets.adapters.synthetic_relate import write_relate, zipped_clips
from tests.bench.datasets.fetching.file_server import Served, serve


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    ratings = (write_relate(tmp_path / "published") / "scores/REL.csv").read_bytes()
    archive = zipped_clips("RELATE_wave/audiocaps/test/3.wav", "RELATE_wave/tango2/train/1.wav")
    with serve(Served({"/scores/REL.csv": ratings, "/RELATE_wave.zip": archive})) as served:
        yield served


def pull(server: Served, root: Path, audio: bool = True, progress: ProgressCallback = no_progress) -> PullReport:
    sha256 = hashlib.sha256(server.files["/scores/REL.csv"]).hexdigest()
    ratings = RemoteFile(f"{server.url}/scores/REL.csv", "scores/REL.csv", sha256)
    archive = RemoteFile(f"{server.url}/RELATE_wave.zip", "RELATE_wave.zip")
    return pull_relate(root, rating_files=[ratings], archive=archive, audio=audio, progress=progress)


def test_what_is_pulled_can_be_loaded(server: Served, tmp_path: Path) -> None:
    report = pull(server, tmp_path / "root")
    assert (report.root, report.n_clips, len(report.files)) == (tmp_path / "root", 2, 2)
    pairs = {rated.pair.pair_id: rated.pair for rated in load_relate(report.root).pairs}
    assert pairs["audiocaps/test/3"].audio_path.read_bytes() == b"RELATE_wave/audiocaps/test/3.wav"
    visible = sorted(path.name for path in report.root.iterdir() if not path.name.startswith("."))
    assert visible == ["RELATE_wave", "RELATE_wave.zip.json", "scores"]
    record = json.loads((report.root / "RELATE_wave.zip.json").read_text())
    assert record["sha256"] == hashlib.sha256(server.files["/RELATE_wave.zip"]).hexdigest()


def test_what_is_there_is_not_pulled_again(server: Served, tmp_path: Path) -> None:
    pull(server, tmp_path / "root")
    server.requests.clear()
    assert pull(server, tmp_path / "root").n_clips is None
    assert server.requests == []


def test_two_pulls_into_one_folder_do_not_mix(server: Served, tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    with FileLock(tmp_path / "root" / ".pull.lock"), pytest.raises(ClapBenchError, match="another process is pulling"):
        pull(server, tmp_path / "root")
    assert server.requests == []


def test_ratings_alone(server: Served, tmp_path: Path) -> None:
    assert pull(server, tmp_path / "root", audio=False).n_clips is None
    assert [path for path, _ in server.requests] == ["/scores/REL.csv"]


def test_a_harmful_archive_leaves_no_zipped_clips(server: Served, tmp_path: Path) -> None:
    server.files["/RELATE_wave.zip"] = zipped_clips("RELATE_wave/audiocaps/test/3.wav", "../../evil.wav")
    with pytest.raises(DataError, match="leads out of the folder"):
        pull(server, tmp_path / "root")
    assert not (tmp_path / "root/RELATE_wave").exists()
    assert not list(tmp_path.rglob("evil*"))


def test_a_damaged_archive_can_be_deleted_and_pulled_again(server: Served, tmp_path: Path) -> None:
    whole = server.files["/RELATE_wave.zip"]
    server.files["/RELATE_wave.zip"] = whole[:-30]
    with pytest.raises(DataError, match=r"is damaged .* delete it and run the same command again"):
        pull(server, tmp_path / "root")
    server.files["/RELATE_wave.zip"] = whole
    (tmp_path / "root/RELATE_wave.zip").unlink()
    assert pull(server, tmp_path / "root").n_clips == 2
    assert json.loads((tmp_path / "root/RELATE_wave.zip.json").read_text())["n_bytes"] == len(whole)


def test_progress_names_every_stage(server: Served, tmp_path: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    pull(server, tmp_path / "root", progress=lambda *step: steps.append(step))
    assert list(dict.fromkeys(stage for stage, _, _ in steps)) == [
        "scores/REL.csv",
        "RELATE_wave.zip",
        "unpacking RELATE_wave.zip",
    ]
    assert steps[-1] == ("unpacking RELATE_wave.zip", 2, 2)
    assert all(0 <= done <= total for _, done, total in steps)


def test_addresses_are_pinned() -> None:
    assert all(f"/{relate_release.COMMIT}/" in file.url and file.sha256 for file in RATING_FILES)
    assert all(file.url.startswith("https://") for file in (*RATING_FILES, AUDIO_ARCHIVE, PAM_ARCHIVE))


def test_pam_comes_in_one_archive(tmp_path: Path) -> None:
    published = write_pam(write_pam(tmp_path / "published"), "music")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path in published.rglob("*.csv"):
            archive.write(path, path.relative_to(published))
        archive.writestr("human_eval/audio/real/0.wav", b"recorded")
        archive.writestr("__MACOSX/human_eval/audio/real/._0.wav", b"x")
    with serve(Served({"/human_eval.zip": stream.getvalue()})) as server:
        packed = RemoteFile(f"{server.url}/human_eval.zip", "human_eval.zip")
        report = pull_pam(tmp_path / "root", archive=packed)
        assert pull_pam(tmp_path / "root", archive=packed).n_clips is None
    assert (report.n_clips, len(report.files)) == (1, 1)
    for part in ("audio", "music"):
        pairs = {rated.pair.pair_id: rated.pair for rated in load_dataset(f"pam:{part}", data_root=report.root).pairs}
        assert pairs["real/0"].audio_path.exists() == (part == "audio")
    assert not (tmp_path / "root" / "human_eval.zip").exists()
    with pytest.raises(UsageError, match="leave it out"):
        pull_pam(tmp_path / "root", audio=False)


@pytest.mark.parametrize(
    ("member", "place"),
    [
        ("human_eval/audio/scores.csv", "audio/scores.csv"),
        ("music/scores.csv", "music/scores.csv"),
        ("a/b/human_eval/music/MusicGen large/a clip, 2.wav", "music/MusicGen large/a clip, 2.wav"),
        ("human_eval/music/audio/3.wav", "music/audio/3.wav"),
        ("human_eval/audio/3.wav", "audio/3.wav"),
        ("__MACOSX/human_eval/audio/real/._3.wav", None),
        ("human_eval/audio/real/3.txt", None),
        ("human_eval/speech/real/3.wav", None),
    ],
)
def test_where_members_of_pams_archive_go(member: str, place: str | None) -> None:
    assert pam_file(member) == place
