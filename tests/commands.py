"""Runs ``finetune`` and ``bench`` as a user does, in this process or in one of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Outcome:
    """What a command left: exit status, stdout, stderr."""

    status: int
    out: str
    err: str


Run = Callable[..., Outcome]
Bench = Callable[..., Outcome]
"""``bench ARGUMENTS``, as the fixture ``bench`` runs it."""


def make_runner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs ``run("finetune", "train", …)`` in this process."""
    import bench.cli
    import finetune.cli

    mains = {"bench": bench.cli.main, "finetune": finetune.cli.main}

    def run(command: str, *arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", [command, *map(str, arguments)])
        capsys.readouterr()
        try:
            mains[command]()
            status = 0
        except SystemExit as leaving:
            status = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
        captured = capsys.readouterr()
        return Outcome(status, captured.out, captured.err)

    return run


def environment() -> dict[str, str]:
    """Return the environment for a process of its own, with as many threads as this one (sums depend on it)."""
    import torch

    return {**os.environ, "PYTHONPATH": str(Path.cwd()), "OMP_NUM_THREADS": str(torch.get_num_threads())}
