"""Damage a finished run in thousands of ways, and see that every command that reads runs shows or refuses it in words.

    python -m tests.studies.attacks.run_folders [--mutants 2000] [--first 0] [--figures-every 5]

Each mutant is read in a process of its own, which may take `MOST_S` seconds a command and `MOST_BYTES` of memory beyond
what the modules take. An internal error, a hang, or a request for more memory is a crash; its traceback is printed.
Ends with status 1 if there was one.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import TextIOWrapper
from pathlib import Path
from random import Random
from typing import Any

from bench import cli
from bench.analysis.leakage import Leakage, SharedItems
from bench.runs.folder import Run, read_run, write_run
from bench.terminal.console import told
from metrics.errors import ClapBenchError
from tests.bench.reports.runs import tone
from tests.studies.attacks.mutants import copy_of, damage

MOST_S = 20
MOST_BYTES = 1 << 30
PAIRS = 18
FREE_METRICS = ("random", "caption-length", "loudness")


@dataclass(frozen=True)
class Outcome:
    """What became of one mutant: by command ``shown``, ``refused`` or a crash with its traceback."""

    mutant: int
    damage: str
    commands: dict[str, str]

    @property
    def crashes(self) -> dict[str, str]:
        return {name: end for name, end in self.commands.items() if end not in ("shown", "refused")}


def make_example(folder: Path) -> Path:
    """Make a run with every file that a run can have: single ratings, cosines, a failure, and what models have seen."""
    rows = [
        f"p{i},clips/{i}.wav,caption {i // 3},{(3 * i + 5 * k) % 11},L{k},{source},{system}"
        for i in range(PAIRS)
        for source, system in [("natural", "") if i % 3 == 0 else ("synthesized", ("alpha", "beta")[i % 2])]
        for k in range(3)
    ]
    for i in range(PAIRS - 1):  # the last clip is missing, so that one score fails
        tone(folder / "data" / "clips" / f"{i}.wav", seconds=0.1 + i / 100)
    ratings, planted = folder / "data" / "ratings.csv", folder / "data" / "planted.csv"
    ratings.write_text("pair_id,audio_path,text,rating,listener_id,source,system\n" + "\n".join(rows) + "\n")
    planted.write_text("pair_id,score\n" + "".join(f"p{i},{(7 * i % 11) / 11}\n" for i in range(PAIRS)))
    data = ["--dataset", str(ratings), "--metrics", ",".join(FREE_METRICS), "--scores", f"planted={planted}"]
    if end_of(["run", *data, "--resamples", "19", "--out", str(folder / "run")]) != "shown":
        raise RuntimeError("the example cannot be made")
    return write_run(_with_everything(read_run(folder / "run"))).folder


def _with_everything(run: Run) -> Run:
    """Add what only trained encoders bring."""
    (run.folder / ".partial").mkdir()  # `write_run` ends by removing it
    shared: dict[str, tuple[str, ...] | None] = {"captions": ("caption 1",), "clips": None, "listeners": ()}
    items = tuple(SharedItems(kind, 3, found) for kind, found in shared.items())
    table = replace(run.table, cosines={"planted": run.table.scores["planted"]})
    return replace(run, table=table, leakage=(Leakage("planted", "a set", "train", items, 3, "a note"),))


def commands_on(run: Path, example: Path, scratch: Path, figures: bool) -> dict[str, list[str]]:
    """Return the command lines that read a run."""
    report = ["report", str(run)]
    lines = {
        "report": report,
        "report --recompute": [*report, "--recompute"],
        **{f"report {one}": [*report, "--format", one] for one in ("markdown", "latex", "csv", "json")},
        "report standalone": [*report, "--format", "latex", "--standalone"],
        "compare before": ["compare", str(run), str(example)],
        "compare now": ["compare", str(example), str(run), "--format", "json"],
        "reproduce": ["reproduce", str(run), "--out", str(scratch / "again")],
    }
    if figures:
        page, drawn = str(scratch / "page.html"), str(scratch / "figures")
        lines["report html"] = [*report, "--format", "html", "--output", page, "--embed-audio", "2"]
        lines["report --figures"] = [*report, "--figures", drawn]
    if any(command.name == "verify" for command in cli.app.registered_commands):
        lines["verify"] = ["verify", str(run)]
    return lines


def attack(mutant: int, example: Path, figures: bool) -> Outcome:
    """Make one mutant and read it, in a process that is forked for it."""
    scratch = Path(tempfile.mkdtemp(prefix="mutant-", dir=example.parent))
    answer = scratch / "answer.json"
    child = os.fork()
    if not child:
        _in_child(mutant, example, scratch, answer, figures)
    _, status = os.waitpid(child, 0)
    try:
        said = json.loads(answer.read_text()) if answer.exists() else {"damage": "?", "commands": {}}
        if status:
            began = said.pop("began", "?")
            hung = status == signal.SIGALRM
            said["commands"][began] = f"a hang of more than {MOST_S} s" if hung else f"died ({status})"
        return Outcome(mutant, said["damage"], said["commands"])
    finally:
        shutil.rmtree(scratch)


def _in_child(mutant: int, example: Path, scratch: Path, answer: Path, figures: bool) -> None:
    said: dict[str, Any] = {"damage": "?", "commands": {}}
    try:
        run = copy_of(example, scratch / "run")
        said["damage"] = damage(run, Random(mutant))
        _limit_memory()
        for name, arguments in commands_on(run, example, scratch, figures).items():
            answer.write_text(json.dumps({**said, "began": name}))
            said["commands"][name] = end_of(arguments)
        answer.write_text(json.dumps(said))
    except BaseException:
        said["commands"]["the attack itself"] = traceback.format_exc()
        answer.write_text(json.dumps(said))
    os._exit(0)


def end_of(arguments: list[str]) -> str:
    """Run one command line as a user does, on a terminal that takes UTF-8; return how it ended."""
    with _screens(arguments):
        signal.alarm(MOST_S)
        try:
            cli.app(standalone_mode=False)
        except ClapBenchError:
            return "refused"
        except Exception as error:
            return "refused" if _is_in_words(error) else _crash(error)
        finally:
            signal.alarm(0)
    return "shown"


def _is_in_words(error: Exception) -> bool:
    return not isinstance(error, MemoryError) and "internal error" not in str(told(error))


def _crash(error: Exception) -> str:
    """Return the error and where in this project it arose, innermost last."""
    root = str(Path(cli.__file__).parents[1])
    frames = [f"{Path(f.filename).relative_to(root)}:{f.lineno}" for f in traceback.extract_tb(error.__traceback__)
              if f.filename.startswith(root)]  # fmt: skip
    return f"{type(error).__name__}: {str(error)[:200]} at {' > '.join(frames[-4:])}"


class _Terminal(TextIOWrapper):
    def isatty(self) -> bool:
        return True


@contextmanager
def _screens(arguments: list[str]) -> Iterator[None]:
    kept = sys.argv, sys.stdout, sys.stderr
    screens = [_Terminal(Path(os.devnull).open("wb"), encoding="utf-8") for _ in range(2)]  # noqa: SIM115
    sys.argv, sys.stdout, sys.stderr = ["bench", *arguments], *screens
    try:
        yield
    finally:
        sys.argv, sys.stdout, sys.stderr = kept
        for screen in screens:
            screen.close()


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MOST_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def warm_up(example: Path) -> None:
    """Run every command once on the sound run, so that forks find modules loaded and kernels compiled."""
    with tempfile.TemporaryDirectory(dir=example.parent) as scratch:
        for name, arguments in commands_on(example, example, Path(scratch), figures=True).items():
            if (end := end_of(arguments)) != "shown" and "compare" not in name:
                raise RuntimeError(f"{name} of a sound run: {end}")


def attack_all(mutants: range, example: Path, figures_every: int, see: Callable[[Outcome], None]) -> None:
    for mutant in mutants:
        see(attack(mutant, example, figures=mutant % figures_every == 0))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutants", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--figures-every", type=int, default=5, metavar="N", help="draw every N-th: it takes seconds")
    arguments = parser.parse_args()
    counts: Counter[str] = Counter()

    def see(outcome: Outcome) -> None:
        ends = set(outcome.commands.values())
        counts["mutants"] += 1
        counts["commands"] += len(outcome.commands)
        counts["crashed"] += bool(outcome.crashes)
        counts["shown by every command"] += ends == {"shown"}
        counts["refused by every command"] += ends == {"refused"}
        for crash in dict.fromkeys(outcome.crashes.values()):
            names = ", ".join(name for name, end in outcome.crashes.items() if end == crash)
            print(f"mutant {outcome.mutant} ({outcome.damage}), {names}: {crash}", flush=True)

    with tempfile.TemporaryDirectory(prefix="run-folders-") as folder:
        example = make_example(Path(folder))
        warm_up(example)
        attack_all(range(arguments.first, arguments.first + arguments.mutants), example, arguments.figures_every, see)
    print(", ".join(f"{count:,} {what}" for what, count in counts.items()))
    return int(counts["crashed"] > 0)


if __name__ == "__main__":
    sys.exit(main())
