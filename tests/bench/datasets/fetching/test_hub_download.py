"""Fetching AudioEval, from a hub on this machine, as a command of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.datasets.catalog import load_dataset
from tests.bench.datasets.adapters.external_sets import write_audioeval
from tests.hub_server import COMMIT, Hub, environment_of, serve_hub


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    published = write_audioeval(tmp_path / "published")
    with serve_hub() as hub:
        hub.content = {
            path.relative_to(published).as_posix(): path.read_bytes() for path in published.rglob("*") if path.is_file()
        }
        clips = [json.loads(line)["file_name"] for line in hub.content["data/metadata.jsonl"].splitlines()]
        hub.content |= {f"data/{name}": name.encode() for name in clips}
        hub.content |= {"README.md": b"# AudioEval", "../evil.wav": b"x", "data/deeper/evil.wav": b"x"}
        yield hub


def pull(hub: Hub, root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench", "datasets", "pull", "audioeval", "--data-root", str(root), *options]
    environment = environment_of(hub.url, root.parent / "home")
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


def files_of(root: Path) -> set[str]:
    paths = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix() for path in paths if not path.name.startswith(".")}


def test_what_is_pulled_can_be_loaded_and_is_not_pulled_again(hub: Hub, tmp_path: Path) -> None:
    root = tmp_path / "root"
    first = pull(hub, root)
    assert (first.returncode, first.stderr) == (0, "")
    assert f"/resolve/{COMMIT}/annotations/ratings.csv" in first.stdout
    assert "clips: 6 came" in first.stdout
    wanted = {name for name in hub.content if name.startswith(("data/", "annotations/")) and "evil" not in name}
    assert files_of(root) == {*wanted, "source.json"}
    assert not (root / ".incoming").exists()
    dataset = load_dataset("audioeval", data_root=root)
    assert dataset.pairs[0].pair.audio_path.read_bytes() == b"alpha_0.wav"
    (root / "annotations" / "ratings.csv").write_text("changed")
    assert "clips: were there already" in pull(hub, root).stdout
    assert (root / "annotations" / "ratings.csv").read_bytes() == hub.content["annotations/ratings.csv"]
    hub.requests.clear()
    again = pull(hub, root)
    assert "clips: were there already or not asked for" in again.stdout
    assert hub.requests == []


def test_ratings_alone_then_the_clips_of_the_same_commit(hub: Hub, tmp_path: Path) -> None:
    root = tmp_path / "root"
    assert "not asked for" in pull(hub, root, "--no-audio").stdout
    assert not list(root.rglob("*.wav"))
    source = (root / "source.json").read_text()
    hub.content["data/new.wav"] = b"of a later commit"
    assert "clips: 6 came" in pull(hub, root).stdout
    assert (root / "source.json").read_text() == source


@pytest.mark.slow
@pytest.mark.parametrize("name", ["data/beta_1.wav", "annotations/ratings.csv"])
def test_other_bytes_than_the_hub_lists_are_thrown_away(hub: Hub, tmp_path: Path, name: str) -> None:
    root = tmp_path / "root"
    hub.listed = {name: b"what was published"}
    answer = pull(hub, root)
    assert answer.returncode == 1
    assert f"error: {name} of Hui519/AudioEval: what came has the hash" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not (root / name).exists()
    (root / "source.json").unlink()
    hub.listed = {}
    assert pull(hub, root).returncode == 0
    assert len(load_dataset("audioeval", data_root=root).pairs) == 6


@pytest.mark.slow
def test_a_pull_that_broke_goes_on(hub: Hub, tmp_path: Path) -> None:
    lost = hub.content.pop("data/beta_2.wav")
    hub.listed = {"data/beta_2.wav": lost}
    broken = pull(hub, tmp_path / "root")
    assert broken.returncode == 1
    assert "data/beta_2.wav cannot be fetched from the Hugging Face hub" in broken.stderr
    assert "run the same command again to go on" in broken.stderr
    hub.content["data/beta_2.wav"] = lost
    hub.requests.clear()
    assert pull(hub, tmp_path / "root").returncode == 0
    assert any(request.endswith("data/beta_2.wav") for request in hub.requests)


def test_a_data_set_whose_layout_has_changed(hub: Hub, tmp_path: Path) -> None:
    hub.content["annotations/all.csv"] = hub.content.pop("annotations/ratings.csv")
    answer = pull(hub, tmp_path / "root")
    assert answer.returncode == 1
    assert "has no annotations/ratings.csv and data/metadata.jsonl, expected both" in answer.stderr


def test_no_hub(tmp_path: Path) -> None:
    answer = pull(Hub(url="http://127.0.0.1:9"), tmp_path / "root")
    assert answer.returncode == 1
    assert "Hui519/AudioEval cannot be fetched from the Hugging Face hub" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


def test_a_broken_source_file(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "source.json").write_text("[]")
    answer = pull(hub, tmp_path / "root")
    assert answer.returncode == 1
    assert "expected repo, commit and hashes" in answer.stderr
