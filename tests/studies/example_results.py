"""The worked example in results/brace: ``nox -s results`` makes it, ``-- --check`` makes it again and compares.

Everything in it comes from the package: votes, scores, statistics. The same versions of Python, numpy and matplotlib
make the same files to the byte, but for the time and the commit, which the manifest, the report and the page tell.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.names import ROOT

RESULTS = ROOT / "results" / "brace"
PARTS = ("audiocaps", "clotho")
SCORES = {"": "caf-score", "-cosines": "recovered-clap"}
RUNS = {part + suffix: (part, scores) for part in PARTS for suffix, scores in SCORES.items()}
OF_THIS_TIME = re.compile(
    rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00"
    rb"|- packages: [^\n]*"
    rb"| commit [0-9a-f]{12}( with uncommitted changes)?"
    rb'|"commit": ?"[0-9a-f]{40}",\s*"dirty": ?(true|false)'
    rb'|"audio_root": ?"[^"]*"'
)
"""When a file was made, by which commit and versions, and the temporary folder that it was made in."""
ACROSS = "cosines.md"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; fail if a file would be another one")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="clap-bench-") as place:
        made = make(Path(place))
        if arguments.check:
            different = [str(path) for path in differences(made, RESULTS)]
            print("\n".join(different) or "every file is the same")
            return int(bool(different))
        shutil.rmtree(RESULTS, ignore_errors=True)
        shutil.copytree(made, RESULTS, ignore=shutil.ignore_patterns(".lock"))
    return 0


def make(place: Path) -> Path:
    """Make all runs and what they say together, as a user does; return the folder."""
    folder = place / "brace"
    folder.mkdir()
    for name, (part, scores) in RUNS.items():
        bench(folder, "run", "--dataset", f"brace:{part}", "--scores-from", scores, "--out", name)
        bench(folder, "report", name, "--format", "html")
    bench(folder, "across", *(f"{part}-cosines" for part in PARTS), "--output", ACROSS)
    return folder


def bench(folder: Path, *arguments: str) -> None:
    """Run a command in a folder, so that the manifest names no path of the machine but a temporary one."""
    code = "import sys; sys.argv[0] = 'bench'; from bench.cli import main; main()"
    subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        stdout=subprocess.DEVNULL,
    )


def differences(made: Path, kept: Path) -> Iterator[Path]:
    """Yield every file that is there once only, or has another content."""
    names = {path.relative_to(folder) for folder in (made, kept) for path in folder.rglob("*") if path.is_file()}
    for name in sorted(names):
        if name.name != ".lock" and content(made / name) != content(kept / name):
            yield name


def content(path: Path) -> bytes | None:
    """Return what a file says, but for when it was made; None where there is none.

    Of the manifest, not the hash of report.md, which says when it was made.
    """
    if not path.is_file():
        return None
    text = OF_THIS_TIME.sub(b"", path.read_bytes())
    return re.sub(rb'"report.md": ?"[0-9a-f]{64}"', b"", text)


if __name__ == "__main__":
    sys.exit(main())
