"""One process at a time in a folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from metrics.errors import ClapBenchError
from metrics.locks import held

HOLDER = """
import sys
from pathlib import Path
from metrics.locks import held
with held(Path(sys.argv[1]), "busy", "elsewhere"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_another_process_is_refused_until_the_holder_ends(tmp_path: Path) -> None:
    lock = tmp_path / "new" / ".lock"
    command = [sys.executable, "-c", HOLDER, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(ClapBenchError, match=r"^busy$"), held(lock, "busy", "elsewhere"):
            pass
        holder.kill()
    with held(lock, "busy", "elsewhere"):
        assert lock.exists()


def test_a_folder_that_cannot_be_made_is_named() -> None:
    # /proc refuses new folders even to root, whom permission bits do not stop.
    with (
        pytest.raises(ClapBenchError, match=r"cannot write to /proc/new .*; elsewhere"),
        held(Path("/proc/new/.lock"), "busy", "elsewhere"),
    ):
        pass
