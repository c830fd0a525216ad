"""Coverage-guided fuzzing of every parser with atheris: ``nox -s fuzz -- [TARGET …] [--runs 1000000]``.

Each target runs in a process of its own, since libFuzzer ends the process. A crash leaves its input in ``build/fuzz``;
add it to tests/studies/fuzzing/test_parsers.py once it is mended. Counts go to docs/reliability.md.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from pathlib import Path

from tests.tables import RELIABILITY, markdown, write_measured

BUILD = Path("build/fuzz")
MOST_S = 3600


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        return attack(arguments.inside, arguments.runs)
    from tests.studies.fuzzing.targets import make_targets

    rows, crashed = [], False
    for name in arguments.targets or make_targets():
        row, survived = attack_elsewhere(name, arguments.runs)
        print(*row, flush=True)
        rows.append(row)
        crashed |= not survived
    if not arguments.targets:
        write_measured(
            "fuzzing", markdown(("parser", "executions", "branches reached", "time", "crashes"), rows), RELIABILITY
        )
    return int(crashed)


def attack_elsewhere(name: str, runs: int) -> tuple[list[str], bool]:
    """Fuzz one parser in a process of its own; return a row of the table, and whether it survived."""
    began = time.monotonic()
    command = [sys.executable, "-m", "tests.studies.fuzzing.fuzz", "--inside", name, "--runs", str(runs)]
    answer = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=MOST_S)
    survived = answer.returncode == 0
    if not survived:
        print(answer.stderr[-3000:], file=sys.stderr)
    done = re.findall(r"#(\d+)\s+\S+\s+cov: (\d+)", answer.stderr)
    n_runs, coverage = done[-1] if done else ("0", "0")
    seconds = f"{time.monotonic() - began:.0f} s"
    return [name, f"{int(n_runs):,}", coverage, seconds, "0" if survived else "1"], survived


def attack(name: str, runs: int) -> int:
    """Fuzz one parser in this process, which libFuzzer ends."""
    import atheris

    with atheris.instrument_imports(include=["bench", "metrics", "finetune", "csv", "json"]):
        from tests.studies.fuzzing.targets import LONGEST_BYTES, make_targets, survives

        target = make_targets()[name]
    corpus = BUILD / name.replace(" ", "-")
    corpus.mkdir(parents=True, exist_ok=True)
    for k, example in enumerate(target.examples):
        (corpus / f"example-{k}").write_bytes(example)
    words = BUILD / f"{corpus.name}.dict"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.dictionary))
    options = [f"-runs={runs}", f"-max_len={LONGEST_BYTES}", f"-artifact_prefix={BUILD}/{corpus.name}-", "-timeout=20"]
    options += [f"-dict={words}"] if target.dictionary else []
    atheris.Setup([sys.argv[0], *options, str(corpus)], lambda content: survives(target, content))
    atheris.Fuzz()
    return 0


def _escaped(word: str) -> str:
    return "".join(c if c.isalnum() or c in "_./:,+-" else f"\\x{ord(c):02x}" for c in word)


if __name__ == "__main__":
    sys.exit(main())
