"""Damage a finished run in thousands of ways, and see that every command that reads runs shows or refuses it in words.

    python -m tests.studies.attacks.run_folders [--mutants 2000] [--first 0] [--votes]

Mutants are read in forked processes, `BATCH` in each, which may take `MOST_S` seconds of processor time a command,
`MOST_WAIT_S` by the clock (a busy machine is no hang), and `MOST_BYTES` of memory beyond what the modules take. An
internal error, a hang, or a request for more memory is a crash: it is printed with the places that it came through.
Ends with status 1 if there was one.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from io import TextIOWrapper
from pathlib import Path
from random import Random

from typer.main import get_command

from bench import cli
from bench.analysis.leakage import Leakage, SharedItems
from bench.files.screenings import write_screenings
from bench.runs.folder import Run, read_run, write_run
from bench.runs.vote_folder import read_vote_run, write_vote_run
from bench.terminal.console import told
from metrics.errors import ClapBenchError
from tests.bench.reports.runs import tone
from tests.studies.attacks.mutants import copy_of, damage

MOST_S = 20
MOST_WAIT_S = 120
MOST_BYTES = 1 << 30
BATCH = 50
HANG = f"a hang of more than {MOST_S} s of work, or {MOST_WAIT_S} s"
PAGES_EVERY = 8
FIGURES_EVERY = 16
PAIRS = 36
FREE_METRICS = ("caption-length", "loudness")
"""Two that cost nothing; one of them reads the clips."""


_COMMAND = get_command(cli.app)
BEGUN = "begun"
ENDS = ("shown", "refused", "crashed", "hung", "out of memory")


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
        f"p{i},clips/{i}.wav,caption {i // 3},{(3 * i + 5 * k) % 11},L{k},{source},{system},{(2 * i + k) % 11}"
        for i in range(PAIRS)
        for source, system in [("natural", "") if i % 3 == 0 else ("synthesized", ("alpha", "beta")[i % 2])]
        for k in range(3)
    ]
    for i in range(PAIRS - 1):  # the last clip is missing, so that one score fails
        tone(folder / "data" / "clips" / f"{i}.wav", seconds=0.1 + i / 100)
    ratings = folder / "data" / "ratings.csv"
    header = "pair_id,audio_path,text,rating,listener_id,source,system,rating:quality"
    ratings.write_text("\n".join((header, *rows, "")))
    data = ["--dataset", str(ratings), "--metrics", ",".join(FREE_METRICS)]
    for name, step in (("planted", 7), ("sown", 4)):
        scores = folder / "data" / f"{name}.csv"
        scores.write_text("pair_id,score\n" + "".join(f"p{i},{(step * i % 11) / 11}\n" for i in range(PAIRS)))
        data += ["--scores", f"{name}={scores}"]
    few = ["--resamples", "19", "--permutations", "19", "--margin", "0.1"]
    if end_of(["run", *data, *few, "--out", str(folder / "run")]) != "shown":
        raise RuntimeError("the example cannot be made")
    means = {f"p{i}": float((7 * i) % 10) for i in range(PAIRS)}
    write_screenings({"another rule": means}, folder / "run")
    return write_run(_with_everything(read_run(folder / "run", recompute=True))).folder


def make_vote_example(folder: Path) -> Path:
    """Make a run on votes: named listeners, kinds and systems, ties, cosines, and a clip that is missing."""
    rows = [
        f"clips/{i}.wav,good caption {i},{'other ' * (i % 3)}caption {i},{('a', 'b', 'a', 'tie')[(i + k) % 4]},L{k},"
        f"{('near', 'far')[i % 2]},alpha,{('beta', 'gamma')[i % 2]}"
        for i in range(PAIRS)
        for k in range(3)
    ]
    for i in range(PAIRS - 1):
        tone(folder / "data" / "clips" / f"{i}.wav", seconds=0.1 + i / 100)
    votes = folder / "data" / "votes.csv"
    votes.write_text("\n".join(("audio_path,text_a,text_b,choice,listener_id,kind,system_a,system_b", *rows, "")))
    run = folder / "run"
    few = ["--resamples", "19", "--permutations", "19", "--out", str(run)]
    if end_of(["run", "--dataset", str(votes), "--metrics", f"{','.join(FREE_METRICS)},duration", *few]) != "shown":
        raise RuntimeError("the example cannot be made")
    found = read_vote_run(run, recompute=True)
    (run / ".partial").mkdir()
    cosines = {"duration": found.scores["duration"]}
    return write_vote_run(replace(found, cosines=cosines, leakage=_leakage("duration"))).folder


def _with_everything(run: Run) -> Run:
    """Add what only trained encoders bring."""
    (run.folder / ".partial").mkdir()  # `write_run` ends by removing it
    table = replace(run.table, cosines={"planted": run.table.scores["planted"]})
    return replace(run, table=table, leakage=_leakage("planted"))


def _leakage(metric: str) -> tuple[Leakage, ...]:
    shared: dict[str, tuple[str, ...] | None] = {"captions": ("caption 1",), "clips": None, "listeners": ()}
    items = tuple(SharedItems(kind, 3, found) for kind, found in shared.items())
    return (Leakage(metric, "a set", "train", items, 3, "a note"),)


def commands_on(run: Path, example: Path, scratch: Path, mutant: int) -> dict[str, list[str]]:
    """Return the command lines that read a run; what draws takes seconds, so that a share of the mutants has to do."""
    report, drawn = ["report", str(run)], ["--output", str(scratch / "page.html"), "--embed-audio", "2"]
    lines = {
        "verify": ["verify", str(run)],
        "report": report,
        "report --recompute": [*report, "--recompute"],
        **{f"report {one}": [*report, "--format", one] for one in ("markdown", "latex", "csv", "json")},
        "report standalone": [*report, "--format", "latex", "--standalone"],
        "compare before": ["compare", str(run), str(example)],
        "compare now": ["compare", str(example), str(run), "--format", "json"],
        "reproduce": ["reproduce", str(run), "--out", str(scratch / "again")],
    }
    if mutant % PAGES_EVERY == 0:
        lines["report html"] = [*report, "--format", "html", *drawn]
    if mutant % FIGURES_EVERY == 0:
        lines["report --figures"] = [*report, "--figures", str(scratch / "figures")]
    return lines


def attack(mutants: Sequence[int], example: Path) -> Iterator[Outcome]:
    """Make mutants and read each, in a forked process; another is forked where one hung or died."""
    left = list(mutants)
    while left:
        answers = example.parent / "answers.jsonl"
        answers.write_text("")
        child = os.fork()
        if not child:
            _in_child(left[:BATCH], example, answers)
        _, status = os.waitpid(child, 0)
        outcomes = [Outcome(**json.loads(line)) for line in answers.read_text().splitlines()]
        last = {one.mutant: one for one in outcomes}  # a mutant is written down after each of its commands
        if status:
            hung = os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGPROF, signal.SIGALRM)
            began = [(one, name) for one in last.values() for name, end in one.commands.items() if end == BEGUN]
            if not began:
                raise RuntimeError("the attack itself failed; its traceback is above")
            for outcome, name in began:
                outcome.commands[name] = HANG if hung else f"died ({status})"
        yield from last.values()
        left = left[len(last) :]


def _in_child(mutants: Sequence[int], example: Path, answers: Path) -> None:
    status = 1
    try:
        _limit_memory()
        with answers.open("a") as stream:
            for mutant in mutants:
                for outcome in _attack_one(mutant, example):
                    print(json.dumps(asdict(outcome)), file=stream, flush=True)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def _attack_one(mutant: int, example: Path) -> Iterator[Outcome]:
    scratch = Path(tempfile.mkdtemp(prefix="mutant-", dir=example.parent))
    try:
        run = copy_of(example, scratch / "run")
        said = Outcome(mutant, damage(run, Random(mutant)), {})
        for name, arguments in commands_on(run, example, scratch, mutant).items():
            said.commands[name] = BEGUN
            yield said
            said.commands[name] = end_of(arguments)
        yield said
    finally:
        shutil.rmtree(scratch)


def end_of(arguments: list[str]) -> str:
    """Run one command line as a user does, on a terminal that takes UTF-8; return how it ended."""
    with _screens(arguments):
        _set_alarms(MOST_S, MOST_WAIT_S)
        try:
            _COMMAND.main(arguments, "bench", standalone_mode=False)
        except ClapBenchError:
            return "refused"
        except Exception as error:
            return "refused" if _is_in_words(error) else _crash(error)
        finally:
            _set_alarms(0, 0)
    return "shown"


def _set_alarms(most_s: float, most_wait_s: float) -> None:
    signal.setitimer(signal.ITIMER_PROF, most_s)
    signal.setitimer(signal.ITIMER_REAL, most_wait_s)


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
    """Run every command once on a sound run, so that forks find modules loaded and kernels compiled."""
    with tempfile.TemporaryDirectory(dir=example.parent) as scratch:
        run = copy_of(example, Path(scratch) / "run")
        for name, arguments in commands_on(run, example, Path(scratch), mutant=0).items():
            if (end := end_of(arguments)) != "shown":
                raise RuntimeError(f"{name} of a sound run: {end}")
    gc.freeze()


def tally(outcomes: Iterable[Outcome]) -> Counter[str]:
    """Count how mutants and commands ended, and print each crash."""
    counts: Counter[str] = Counter(dict.fromkeys(("mutants", "commands", *ENDS), 0))
    for outcome in outcomes:
        counts["mutants"] += 1
        counts["commands"] += len(outcome.commands)
        counts.update(map(kind_of, outcome.commands.values()))
        for crash in dict.fromkeys(outcome.crashes.values()):
            names = ", ".join(name for name, end in outcome.crashes.items() if end == crash)
            print(f"mutant {outcome.mutant} ({outcome.damage}), {names}: {crash}", flush=True)
        if counts["mutants"] % 100 == 0:
            print(_shown(counts), flush=True)
    return counts


def kind_of(end: str) -> str:
    """Return which of `ENDS` the end of a command is."""
    if end in ENDS:
        return end
    if "MemoryError" in end:
        return "out of memory"
    return "hung" if end.startswith("a hang") else "crashed"


def _shown(counts: Counter[str]) -> str:
    return ", ".join(f"{count:,} {what}" for what, count in counts.items())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutants", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--votes", action="store_true", help="of a run on votes")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="run-folders-") as folder:
        example = (make_vote_example if arguments.votes else make_example)(Path(folder))
        warm_up(example)
        counts = tally(attack(range(arguments.first, arguments.first + arguments.mutants), example))
    print(_shown(counts))
    return int(any(counts[kind] for kind in ENDS if kind not in ("shown", "refused")))


if __name__ == "__main__":
    sys.exit(main())
