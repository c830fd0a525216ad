"""Folders of runs: choosing one, keeping two runs out of each other's way, going on after a crash.

A run in progress keeps one finished metric after another under ``.partial``, with the content of the clips that it
was computed from, beside ``plan.json``, which holds the hash of everything else that determines the scores. A finished
run has a ``manifest.json`` and no ``.partial``.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pandas as pd

from bench.files.clips import plain_states, states_from
from bench.files.manifest import MANIFEST_NAME, read_manifest
from bench.files.scores import ScoreTable, read_table, write_table
from metrics.errors import DataError, UsageError
from metrics.files import read_json, write_text
from metrics.heard import ClipState
from metrics.locks import held
from metrics.types import PairScores

RESULTS = Path("results")
PARTIAL = ".partial"
PLAN_NAME = "plan.json"
OUTCOME_NAME = "outcome.json"
HEARD_NAME = "heard.json"


def newest_run(results: Path = RESULTS, remark: Callable[[str], None] = lambda _: None) -> Path:
    """Return the folder of the run that finished last; ``remark`` is told of runs that are passed over as damaged.

    Raises:
        UsageError: there is none.
    """
    finished: dict[Path, str] = {}
    for path in sorted(results.glob(f"*/{MANIFEST_NAME}")):
        try:
            finished[path.parent] = read_manifest(path.parent).finished
        except DataError as error:
            remark(f"warning: passed over: {error}")
    if not finished:
        raise UsageError(f"no finished run in {results}/; give a run's folder, or make one: bench run --dataset demo")
    return max(finished, key=lambda folder: (finished[folder], folder.name))


def choose_folder(out: Path | None, plan: str, started: datetime) -> Path:
    """Return the folder that a run with this plan belongs in: one that was cut off under the same plan, or a new one.

    Raises:
        UsageError: ``out`` holds something else.
    """
    if out is not None:
        _refuse_foreign(out, plan)
        return out
    unfinished = [path.parent.parent for path in RESULTS.glob(f"*/{PARTIAL}/{PLAN_NAME}") if _is_of(path, plan)]
    return max(unfinished, default=RESULTS / f"{started:%Y%m%d-%H%M%S}-{plan[:8]}")


@contextmanager
def occupied(folder: Path, plan: str) -> Iterator[None]:
    """Hold ``folder`` for one run: it exists, it can be written, and nobody else writes to it meanwhile.

    Raises:
        ClapBenchError: the folder cannot be written, or another run holds it.
    """
    busy = f"another run is writing to {folder}; wait for it, or choose another --out"
    with held(folder / ".lock", busy, "choose another --out"):
        write_text(folder / PARTIAL / PLAN_NAME, json.dumps({"plan": plan}) + "\n")
        yield


def save_outcome(
    folder: Path,
    pairs: pd.DataFrame,
    metric: str,
    signature: str,
    outcome: PairScores,
    clips: Mapping[str, ClipState],
) -> None:
    """Keep what one metric gave, and the clips that it read by their names, until the run is finished."""
    place = _place(folder, metric)
    cosines = {} if outcome.cosines is None else {metric: outcome.cosines}
    write_table(ScoreTable(pairs, {metric: outcome.scores}, cosines, {metric: outcome.failures}), place)
    write_text(place / HEARD_NAME, json.dumps(plain_states(clips)) + "\n")
    write_text(place / OUTCOME_NAME, json.dumps({"signature": signature, "notes": outcome.notes}) + "\n")


def saved_outcome(
    folder: Path, metric: str, signature: str
) -> tuple[PairScores, Mapping[str, ClipState] | None] | None:
    """Return what `save_outcome` kept for the same metric and signature, or None.

    Instead of its clips there is None in what older versions kept.
    """
    place = _place(folder, metric)
    if not (place / OUTCOME_NAME).is_file():
        return None
    kept = read_json(place / OUTCOME_NAME)
    if kept["signature"] != signature:
        return None
    table = read_table(place)
    scores = PairScores(table.scores[metric], table.cosines.get(metric), table.failures[metric], tuple(kept["notes"]))
    noted = place / HEARD_NAME
    return scores, dict(states_from(read_json(noted))) if noted.is_file() else None


def discard_partial(folder: Path) -> None:
    """Remove what was kept for going on; called when the manifest is in place."""
    shutil.rmtree(folder / PARTIAL)


def _refuse_foreign(out: Path, plan: str) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise UsageError(f"--out {out} is a file; give a folder")
    found = _plan_of(out / PARTIAL / PLAN_NAME) or (read_manifest(out).plan if (out / MANIFEST_NAME).exists() else None)
    if found not in (None, plan):
        raise UsageError(f"{out} holds a run with other data, metrics or settings; choose another --out")
    if found is None and any(path.name != ".lock" for path in out.iterdir()):
        raise UsageError(f"{out} is not empty and holds no run; choose another --out")


def _is_of(path: Path, plan: str) -> bool:
    """Say whether an unfinished run has this plan; one that is damaged is somebody else's affair."""
    try:
        return _plan_of(path) == plan
    except DataError:
        return False


def _plan_of(path: Path) -> str | None:
    try:
        return str(read_json(path)["plan"])
    except FileNotFoundError:
        return None
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} is damaged ({type(error).__name__}); remove {path.parent} and run again") from error


def _place(folder: Path, metric: str) -> Path:
    readable = re.sub(r"[^\w.+-]", "_", metric)[:40]
    return folder / PARTIAL / f"{readable}-{hashlib.sha256(metric.encode()).hexdigest()[:8]}"
