"""A local Ray cluster with two workers; ``nox -s ray``.

Where Ray itself, without a line of ours, cannot run two actors, nothing is tested and the reason is said.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bench.scoring.engines import ray_pool
from metrics.errors import UnavailableError
from tests.bench.scoring.engines import assert_equal_scores, assert_whole, begin, begin_long, kill_worker, score_both
from tests.bench.scoring.pairs import write_pairs

OPTIONS = ("--engine", "ray", "--processes", "2", "--device", "cpu")
RAY_ALONE_S = 120
RAY_ALONE = """
import ray
import ray.data

class Double:
    def __call__(self, batch):
        return {"item": batch["item"] * 2}

ray.init(include_dashboard=False, log_to_driver=False, _node_ip_address="127.0.0.1")
actors = ray.data.ActorPoolStrategy(min_size=1, max_size=2, initial_size=2)
doubled = ray.data.from_items(list(range(4)), override_num_blocks=4).map_batches(Double, compute=actors, num_cpus=1)
assert sorted(row["item"] for row in doubled.iter_rows()) == [0, 2, 4, 6]
"""


@pytest.fixture(scope="module")
def _ray_runs() -> None:
    """Skip where Ray is not installed or runs no actors of its own."""
    if importlib.util.find_spec("ray") is None:
        pytest.skip("Ray is not installed: pip install 'clap-bench[ray]'")
    with subprocess.Popen([sys.executable, "-c", RAY_ALONE], stdout=subprocess.DEVNULL) as alone:
        try:
            code = alone.wait(RAY_ALONE_S)
        except subprocess.TimeoutExpired:
            pytest.skip(f"two actors of Ray alone did not answer within {RAY_ALONE_S} s")
        finally:
            _end_children()
    if code:
        pytest.skip(f"Ray alone ended with {code}")


@pytest.fixture
def _nothing_runs_on() -> Iterator[None]:
    """End what a failed test has left running: a cluster keeps all cores busy."""
    yield
    _end_children()


def _end_children() -> None:
    for process in psutil.Process().children(recursive=True):
        process.kill()


needs_ray = pytest.mark.usefixtures("_ray_runs", "_nothing_runs_on")


@pytest.mark.ray
@needs_ray
def test_ray_gives_the_local_scores(tmp_path: Path) -> None:
    assert_equal_scores(*score_both(tmp_path, [sys.executable], *OPTIONS))


@pytest.mark.ray
@needs_ray
def test_a_killed_worker_is_started_again(tmp_path: Path) -> None:
    process, out = begin_long(tmp_path, [sys.executable], *OPTIONS)
    kill_worker(process, out, lambda command: "MapWorker" in command)
    assert process.wait(300) == 0
    assert_whole(out)


@pytest.mark.ray
@needs_ray
def test_what_a_worker_meets_is_one_clear_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = write_pairs(tmp_path / "p.csv", [("x", "a", "1"), ("y", "b", "1")], ("audio_path", "text", "pair_id"))
    assert begin([sys.executable], path, tmp_path / "out", "random", 2, *OPTIONS).wait(120) == 1
    assert "error: pair_id '1' is that of rows 0 and 1" in capfd.readouterr().err


@pytest.mark.ray
@needs_ray
def test_an_address_where_no_cluster_answers_is_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")  # a port that only root may open, and nobody does
    path = write_pairs(tmp_path / "p.csv", [("x.wav", "a", "1")], ("audio_path", "text", "pair_id"))
    assert begin([sys.executable], path, tmp_path / "out", "random", 2, *OPTIONS).wait(240) == 1
    said = capfd.readouterr().err
    assert "error: no Ray cluster answers at RAY_ADDRESS=127.0.0.1:1 (" in said
    assert "unset RAY_ADDRESS" in said
    assert "Traceback" not in said


def test_without_ray_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UnavailableError, match=r"pip install 'clap-bench\[ray\]'"):
        ray_pool.RayEngine(2)
