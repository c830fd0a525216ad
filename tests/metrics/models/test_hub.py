"""Looking weights up, and fetching them from a hub on this machine."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from metrics import registry
from metrics.errors import UnavailableError
from metrics.models import hub as module
from metrics.models.hub import HubFiles
from metrics.registry import availability, known_families
from tests.hub_server import COMMIT, Hub, environment_of, serve_hub

FILES = HubFiles("org/model", (("config.json",), ("model.safetensors", "pytorch_model.bin")), ("extra.json",), COMMIT)
WEIGHTS = {
    "laion": "lukewys/laion_clap/630k-audioset-best.pt (1,864 MB)",
    "ms": "microsoft/msclap/CLAP_weights_2023.pth (690 MB)",
    "human": "sarulab-speech/human-clap-wsce-mae/model.safetensors (614 MB)",
}
INSTALLED = ["human", *(name for name, package in (("laion", "laion_clap"), ("ms", "msclap")) if find_spec(package))]


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serve_hub() as hub:
        yield hub


def fetch_elsewhere(endpoint: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Fetch `FILES` in a process of its own: huggingface_hub reads its environment on import."""
    code = "from metrics.models import hub; from tests.metrics.models.test_hub import FILES; print(hub.fetch(FILES))"
    command = [sys.executable, "-W", "ignore", "-c", code]
    return subprocess.run(
        command, env=environment_of(endpoint, home) | environment, capture_output=True, text=True, timeout=120
    )


def test_files_come_from_the_hub_at_the_pinned_commit_and_then_from_the_cache(hub: Hub, tmp_path: Path) -> None:
    hub.content = {"config.json": b"{}", "pytorch_model.bin": b"weights"}
    fetched = fetch_elsewhere(hub.url, tmp_path)
    assert fetched.returncode == 0, fetched.stderr
    snapshot = Path(fetched.stdout.strip())
    assert snapshot == tmp_path / "hub" / "models--org--model" / "snapshots" / COMMIT
    assert (snapshot / "pytorch_model.bin").read_bytes() == b"weights"
    asked = [request for request in hub.requests if request != "GET /api/agent-harnesses"]  # huggingface_hub 2
    assert asked
    assert all(f"/resolve/{COMMIT}/" in request for request in asked)
    hub.requests.clear()
    assert fetch_elsewhere(hub.url, tmp_path, HF_HUB_OFFLINE="1").stdout == fetched.stdout
    assert hub.requests == []


@pytest.mark.slow
def test_a_hub_that_does_not_answer_is_one_clear_error(tmp_path: Path) -> None:
    fetched = fetch_elsewhere("http://127.0.0.1:9", tmp_path)
    assert "UnavailableError: org/model/model.safetensors is not here and cannot be fetched" in fetched.stderr


def test_a_repository_without_the_file_is_one_clear_error(hub: Hub, tmp_path: Path) -> None:
    hub.content = {"config.json": b"{}"}
    fetched = fetch_elsewhere(hub.url, tmp_path)
    assert "UnavailableError: org/model has no model.safetensors or pytorch_model.bin" in fetched.stderr


def make_snapshot(home: Path, commit: str, *names: str) -> Path:
    snapshot = home / "hub" / "models--org--model" / "snapshots" / commit
    snapshot.mkdir(parents=True)
    for name in names:
        (snapshot / name).write_text("{}")
    return snapshot


def test_the_pinned_revision_comes_before_main_and_main_before_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    assert module.locate(FILES) is None
    other = make_snapshot(tmp_path, "3" * 40, "config.json", "model.safetensors")
    assert module.locate(FILES) == other
    main = make_snapshot(tmp_path, "4" * 40, "config.json", "model.safetensors")
    (tmp_path / "hub" / "models--org--model" / "refs").mkdir()
    (tmp_path / "hub" / "models--org--model" / "refs" / "main").write_text("4" * 40)
    assert module.locate(FILES) == main
    pinned = make_snapshot(tmp_path, COMMIT, "config.json")
    assert module.locate(FILES) == main, "a snapshot without the weights does not count"
    (pinned / "pytorch_model.bin").write_text("w")
    assert module.locate(FILES) == pinned


@pytest.mark.parametrize(("offline", "downloadable"), [("1", False), ("", True)])
def test_what_is_missing_is_named_with_its_size_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offline: str, downloadable: bool
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", offline)
    for name in INSTALLED:
        state = availability(name)
        assert not state.available
        assert state.downloadable == downloadable
        assert WEIGHTS[name] in state.reason
        assert "--pull" in state.remedy


def test_no_hub_and_no_cache_is_an_error_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    for name in INSTALLED:
        with pytest.raises(UnavailableError, match="HF_HUB_OFFLINE is set"):
            registry.make_scorer(name, registry.ScorerOptions())


def test_listing_what_can_run_loads_no_model_code() -> None:
    code = """
import sys
from metrics.registry import availability, known_families
for name in known_families():
    availability(name)
loaded = {"torch", "transformers", "huggingface_hub", "laion_clap", "msclap"} & set(sys.modules)
assert not loaded, loaded
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert {"laion", "laion-hf", "ms", "human", "hf", "random"} <= known_families().keys()


def test_hashes_are_remembered_until_a_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "UNSETTLED_NS", -1)
    path = tmp_path / "weights.pt"
    path.write_bytes(b"first")
    first = module.sha256_of(path)
    assert first == hashlib.sha256(b"first").hexdigest()
    monkeypatch.setattr(module, "sha256_of_file", lambda _: pytest.fail("hashed again"))
    assert module.sha256_of(path) == first
    monkeypatch.undo()
    path.write_bytes(b"second!")
    assert module.sha256_of(path) == hashlib.sha256(b"second!").hexdigest()


@pytest.mark.parametrize("how", ["written over", "put in its place"])
@pytest.mark.parametrize("unsettled_ns", [-1, module.UNSETTLED_NS])
def test_another_file_of_the_same_size_and_time_has_its_own_hash(
    how: str, unsettled_ns: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "UNSETTLED_NS", unsettled_ns)
    path, other = tmp_path / "weights.pt", tmp_path / "other.pt"
    path.write_bytes(b"first!!")
    os.utime(path, ns=(1_600_000_000_000_000_000,) * 2)
    assert module.sha256_of(path) == hashlib.sha256(b"first!!").hexdigest()
    time.sleep(0.02)  # the clock of a file system ticks every 1 to 10 ms
    if how == "written over":
        path.write_bytes(b"second!")
    else:
        other.write_bytes(b"second!")
        other.replace(path)
    os.utime(path, ns=(1_600_000_000_000_000_000,) * 2)
    assert module.sha256_of(path) == hashlib.sha256(b"second!").hexdigest()


def test_a_file_that_changed_a_moment_ago_is_not_remembered(tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    for content in (b"first!!", b"second!", b"third!!"):
        path.write_bytes(content)
        os.utime(path, ns=(1_600_000_000_000_000_000,) * 2)
        assert module.sha256_of(path) == hashlib.sha256(content).hexdigest()
