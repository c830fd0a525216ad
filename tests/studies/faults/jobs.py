"""The jobs that are killed: ``bench run``, ``bench datasets pull`` and ``finetune train``, as users start them."""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.datasets.adapters import relate_release
from metrics.files import embedding_store
from tests.bench.datasets.fetching.file_server import Served
from tests.finetune.small import write_ratings

ROOT = Path(__file__).parents[3]
TIMES = ("time", "seconds", "finished", "started")


def no_work(name: str) -> bool:
    return name.startswith(".") or "/." in name


@dataclass(frozen=True)
class Job:
    """Something that can be started in a folder, killed, and started again.

    Attributes:
        name: of the command.
        place: for its folders.
        command: that does it in a folder, whether for the first time or again.
        environment: of that command.
        result: where in the folder the result is.
        work_done: a count that must never fall.
        is_work: whether a file, by its name in the result, is work in progress.
    """

    name: str
    place: Path
    command: Callable[[Path], list[str]]
    result: Callable[[Path], Path]
    work_done: Callable[[Path], int]
    is_work: Callable[[str], bool] = no_work

    def environment(self, folder: Path) -> dict[str, str]:
        own = {"CLAP_BENCH_CACHE_DIR": folder / "cache", "CLAP_BENCH_HUMAN_DIR": folder / "human"}
        return {**{name: str(path) for name, path in own.items()}, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "2"}

    def comparable(self, path: Path) -> bytes:
        """Return the content of a file without what may differ between two runs of one command."""
        if path.name in ("manifest.json", "training.json"):
            return json.dumps(_without_circumstances(json.loads(path.read_text()))).encode()
        if path.name in ("report.md", "README.md"):
            kept = [line for line in path.read_text().splitlines() if not line.startswith(("- run:", "- software:"))]
            return "\n".join(kept).encode()
        return path.read_bytes()


def make_jobs(place: Path, server: Served) -> list[Job]:
    """Return the jobs, with data for them in ``place`` and on the server."""
    ratings = write_ratings(place / "data", 60)
    return [_run(place / "run", ratings), _pull(place / "pull", server), _train(place / "train", ratings)]


def _run(place: Path, ratings: Path) -> Job:
    arguments = ["--dataset", str(ratings), "--metrics", "tiny,human:tiny-wsce+mae,loudness", "--resamples", "999"]

    def command(folder: Path) -> list[str]:
        return [sys.executable, "-m", "bench", "run", *arguments, "--batch-size", "2", "--out", str(folder / "run")]

    def stored(folder: Path) -> int:
        path = folder / "cache" / embedding_store().name
        if not path.exists():
            return 0
        with sqlite3.connect(path) as connection:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            return sum(connection.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0] for (name,) in tables)

    return Job("bench run", place, command, lambda folder: folder / "run", stored)


def _pull(place: Path, server: Served) -> Job:
    """Of a release of the same shape: the code between the command and the addresses is what users run."""
    rng = np.random.default_rng(0)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for k in range(400):
            archive.writestr(f"RELATE_wave/audiocaps/test/{k}.wav", rng.bytes(50_000))
    server.files.update({"/scores/REL.csv": rng.bytes(300_000), "/RELATE_wave.zip": stream.getvalue()})
    sha256 = hashlib.sha256(server.files["/scores/REL.csv"]).hexdigest()
    code = (
        "import sys; from pathlib import Path; from bench.datasets.fetching.download import pull_relate; "
        "from bench.datasets.fetching.transfer import RemoteFile; from bench.terminal.console import run_app; "
        "url, root = sys.argv[1:]; run_app(lambda: "
        f"pull_relate(Path(root), rating_files=[RemoteFile(url + '/scores/REL.csv', 'scores/REL.csv', '{sha256}')], "
        "archive=RemoteFile(url + '/RELATE_wave.zip', 'RELATE_wave.zip')))"
    )

    def command(folder: Path) -> list[str]:
        return [sys.executable, "-c", code, server.url, str(folder / "data")]

    def arrived(folder: Path) -> int:
        if (folder / "data" / relate_release.AUDIO_FOLDER).exists():
            return len(server.files["/RELATE_wave.zip"]) + 1
        return max((path.stat().st_size for path in (folder / "data").glob("*RELATE_wave.zip*")), default=0)

    def is_work(name: str) -> bool:
        top = name.split("/")[0]
        return no_work(name) or top.endswith((".part", ".zip")) or name.endswith((".part", ".part.json"))

    return Job("bench datasets pull relate", place, command, lambda folder: folder / "data", arrived, is_work)


def _train(place: Path, ratings: Path) -> Job:
    arguments = ["--base", "tiny", "--dataset", str(ratings), "--name", "x", "--epochs", "3", "--batch-size", "4"]

    def command(folder: Path) -> list[str]:
        again = ["--resume"] if (folder / "out" / ".x.training" / "state.pt").exists() else []
        again = ["--overwrite"] if (folder / "out" / "x").exists() else again
        place_of_work = ["--out", str(folder / "out"), "--cache-dir", str(folder / "cache"), "--save-every", "0"]
        return [sys.executable, "-m", "finetune", "train", *arguments, *place_of_work, "--device", "cpu", *again]

    def saved(folder: Path) -> int:
        import torch

        path = folder / "out" / ".x.training" / "state.pt"
        if (folder / "out" / "x").exists():
            return 10**9
        return int(torch.load(path, weights_only=True)["progress"]["step"]) if path.exists() else 0

    return Job("finetune train", place, command, lambda folder: folder / "out", saved)


def _without_circumstances(value: object) -> object:
    """Drop times, paths, the commit (somebody may be at work) and the command line from a manifest."""
    if isinstance(value, dict):
        dropped = {"argv", "code", "options", "run_id", "outputs", "environment", *TIMES}
        return {name: _without_circumstances(item) for name, item in value.items() if name not in dropped}
    if isinstance(value, list):
        return [_without_circumstances(item) for item in value]
    return value
