"""Where the checkpoint of a training belongs, and where the training keeps its state until it is done.

``NAME`` is trained in ``.NAME.training`` beside it: the checkpoint folder itself appears when it is complete.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from finetune.training.state import STATE_NAME
from metrics.errors import UsageError
from metrics.files import human_folder
from metrics.locks import held
from metrics.models.variants import is_taken
from metrics.registry import expand_names


def checkpoint_folder(name: str, out: Path | None) -> Path:
    """Return where the checkpoint called ``name`` belongs: in ``out``, or where `bench` looks for variants.

    Raises:
        UsageError: the name is no plain file name, or is one of the published or shipped variants.
    """
    if not name or name != Path(name).name or name.startswith("."):
        raise UsageError(f"--name {name!r} is no plain name; it becomes a folder, and human:NAME in 'bench run'")
    _check_metric(name, f"human:{name}" if out is None else f"hf:{out / name}")
    if out is not None:
        return out / name
    if is_taken(name):
        raise UsageError(
            f"--name {name!r} is taken by a published or shipped variant, which human:{name} would still mean; "
            "choose another one"
        )
    return human_folder() / name


def metric_of(folder: Path) -> str:
    """Return what a finished checkpoint is called in ``bench run --metrics``."""
    is_variant = folder.parent == human_folder() and not is_taken(folder.name)
    return f"human:{folder.name}" if is_variant else f"hf:{folder}"


def _check_metric(name: str, metric: str) -> None:
    """Refuse a name under which the finished model could never be scored with."""
    try:
        expanded = expand_names(metric)
    except UsageError:
        expanded = []
    if expanded != [metric]:
        understood = " and ".join(expanded) or "nothing"
        raise UsageError(
            f"--name {name!r} would be the metric {metric!r}, which 'bench run --metrics' understands as "
            f"{understood!r}; choose a name (and --out) without a comma or a space at its end, and not 'all'"
        )


def work_folder(folder: Path) -> Path:
    """Return where the training of a checkpoint keeps its state."""
    return folder.with_name(f".{folder.name}.training")


def is_main_process() -> bool:
    """Say whether this process is the first of those that train together."""
    return os.environ.get("RANK", "0") == "0"


@contextmanager
def occupied(folder: Path, *, resume: bool, overwrite: bool) -> Iterator[Path]:
    """Hold the work folder of a checkpoint for one training, and yield it.

    Raises:
        UsageError: a training was cut off there and may be neither resumed nor overwritten, or there is none to resume.
        ClapBenchError: another process is at work there, or it cannot be written.
    """
    work = work_folder(folder)
    busy = f"another process is training {folder}; wait for it, or choose another --name"
    with held(work.with_suffix(".lock"), busy, "choose another --out", remove=True):
        _check_work(work, resume, overwrite)
        work.mkdir(exist_ok=True)
        try:
            yield work
        finally:
            if not (work / STATE_NAME).is_file():
                shutil.rmtree(work, ignore_errors=True)  # nothing in it to go on from


def _check_work(work: Path, resume: bool, overwrite: bool) -> None:
    unfinished = (work / STATE_NAME).is_file()
    if overwrite:
        shutil.rmtree(work, ignore_errors=True)
    elif unfinished and not resume:
        raise UsageError(f"a training was cut off in {work}; go on with --resume, or start anew with --overwrite")
    elif resume and not unfinished:
        raise UsageError(f"nothing to resume: {work} holds no state; leave --resume out")
