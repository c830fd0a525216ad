"""Fetch AudioEval from the Hugging Face hub, at one commit, and check every file against the hash that the hub lists.

The commit is the newest at the first pull. It is written down with all hashes in ``source.json`` before anything else
is fetched; whoever repeats a pull, or goes on with one that was cut off, gets the same files.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from bench.datasets.adapters.external import set_folder
from bench.datasets.fetching.download import PullReport, pulling_into
from bench.datasets.fetching.hub import INCOMING, Source, asked, fetch_listed, hash_as_listed, listed_hash
from bench.datasets.fetching.transfer import FetchRecord
from metrics.errors import DataError
from metrics.files import read_json, sha256_of_file, write_json
from metrics.types import ProgressCallback, no_progress

REPO = "Hui519/AudioEval"

SOURCE = "source.json"
N_THREADS = 8

_WANTED = re.compile(r"annotations/[\w-]+\.(?:csv|tsv)|data/metadata\.jsonl|data/[\w.-]+\.wav", re.ASCII)


def pull_audioeval(
    root: Path | None = None, progress: ProgressCallback = no_progress, *, audio: bool = True
) -> PullReport:
    """Fetch what is not there, or not as the hub lists it; clips of some 1.3 GB included.

    Args:
        root: where to; None takes the user's data folder.
        progress: told ``("AudioEval", files done, files in all)``.
        audio: whether to fetch the clips too.

    Raises:
        UnavailableError: the hub cannot be reached or does not hand the files out; what came is kept.
        DataError: a file is not the one that the hub lists.
        ClapBenchError: the folder cannot be written, or another process pulls into it.
    """
    folder = set_folder("audioeval", root)
    with pulling_into(folder):
        source = _find_source(folder)
        names = sorted(name for name in source.hashes if audio or not name.endswith(".wav"))
        absent = [name for name in names if hash_as_listed(source, name, folder / name) != source.hashes[name]]
        _fetch_all(source, absent, folder, progress)
    tables = tuple(_record(source, name, folder) for name in names if not name.endswith(".wav"))
    return PullReport(folder, tables, sum(name.endswith(".wav") for name in absent) or None)


def _fetch_all(source: Source, names: Sequence[str], folder: Path, progress: ProgressCallback) -> None:
    from huggingface_hub.utils import disable_progress_bars

    disable_progress_bars()  # one a file
    with ThreadPoolExecutor(N_THREADS) as threads:
        fetched = threads.map(lambda name: fetch_listed(source, name, folder), names)
        for done, _ in enumerate(fetched, start=1):
            progress("AudioEval", done, len(names))
    shutil.rmtree(folder / INCOMING, ignore_errors=True)


def _record(source: Source, name: str, folder: Path) -> FetchRecord:
    url = f"https://huggingface.co/datasets/{source.repo}/resolve/{source.commit}/{name}"
    return FetchRecord(url, sha256_of_file(folder / name), (folder / name).stat().st_size)


def _find_source(folder: Path) -> Source:
    """Return what an earlier pull wrote down, else ask the hub and write it down."""
    path = folder / SOURCE
    if path.is_file():
        try:
            return Source(**read_json(path))
        except (ValueError, TypeError) as error:
            raise DataError(
                f"{path}: expected repo, commit and hashes, as a pull writes them in JSON; delete it and pull again"
            ) from error
    from huggingface_hub import HfApi

    listed = asked(lambda: HfApi().dataset_info(REPO, files_metadata=True), REPO)
    hashes = {file.rfilename: listed_hash(file) for file in listed.siblings or () if _WANTED.fullmatch(file.rfilename)}
    if "annotations/ratings.csv" not in hashes or "data/metadata.jsonl" not in hashes:
        raise DataError(
            f"{REPO} on the hub has no annotations/ratings.csv and data/metadata.jsonl, expected both; its "
            "layout has changed: report it"
        )
    source = Source(REPO, str(listed.sha), hashes)
    write_json(path, asdict(source))
    return source
