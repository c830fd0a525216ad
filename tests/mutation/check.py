"""Plant small faults in the numerical core, one at a time, and see that the tests notice each.

Run as ``nox -s mutation [-- FILE … --share 0.4]``; needs ``pip install cosmic-ray``. Writes the table of
docs/reliability.md if every file is checked, and prints the survivors that survivors.csv does not explain.

Each mutant is tested in a process forked off one that has loaded numba and torch: these take longer to load than most
mutants to die, and Cosmic Ray's own runner loads them every time. The fork works on a copy of the repository, runs the
tests named in `SUITES` without the slow ones, and stops at the first failure. Outcomes are kept in build/mutation.json,
so that an interrupted check goes on where it stopped; a mutant that survived is tried again.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import gc
import importlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.mutation.order import CheapestKillersFirst
from tests.mutation.mutants import ROOT, Mutant, mutants_of
from tests.tables import RELIABILITY, markdown, write_measured

OUTCOMES = ROOT / "build" / "mutation.json"
SURVIVORS = Path(__file__).with_name("survivors.csv")
HEAD = ("file", "mutants tested", "killed", "survived", "of these explained", "killed of those that can be")
OWN = ("bench", "metrics", "finetune", "tests")
LOADED_ONCE = (
    *("numpy", "scipy.stats", "scipy.optimize", "sklearn.isotonic", "pandas", "pingouin", "numba", "torch"),
    *("soundfile", "soxr", "hypothesis", "pytest", "jaxtyping", "beartype"),
)


def _statistics(*names: str) -> list[str]:
    return [f"tests/bench/statistics/test_{name}.py" for name in names]


SUITES = {
    "bench/statistics/bands.py": _statistics("bands"),
    "bench/statistics/bootstrap.py": _statistics("bootstrap"),
    "bench/statistics/calibration.py": _statistics("calibration"),
    "bench/statistics/comparison.py": _statistics("comparison"),
    "bench/statistics/correlation.py": _statistics("bootstrap"),
    "bench/statistics/crossed.py": _statistics("crossed"),
    "bench/statistics/dependent_correlations.py": _statistics("dependent_correlations"),
    "bench/statistics/folds.py": _statistics("calibration", "pairwise"),
    "bench/statistics/intervals.py": _statistics("bootstrap"),
    "bench/statistics/kernels.py": _statistics("weighted", "bootstrap"),
    "bench/statistics/pairwise.py": _statistics("pairwise"),
    "bench/statistics/permutation.py": _statistics("comparison"),
    "bench/statistics/power.py": _statistics("power"),
    "bench/statistics/reliability.py": _statistics("reliability"),
    "bench/statistics/resampling.py": _statistics("bootstrap"),
    "bench/statistics/sample.py": _statistics("bootstrap"),
    "bench/statistics/systems.py": _statistics("systems"),
    "bench/statistics/types.py": _statistics("types"),
    "bench/statistics/weighted.py": _statistics("weighted", "bootstrap"),
    "metrics/clap_score.py": ["tests/metrics/test_clap_score.py"],
    "finetune/losses.py": ["tests/finetune/test_losses.py"],
}


def main() -> int:
    """Check the files, or all of `SUITES`; fail if a survivor is not explained."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", metavar="FILE", help=f"of {', '.join(SUITES)}")
    parser.add_argument("--share", type=float, default=1.0, help="of each file's mutants, drawn by chance")
    parser.add_argument("--seed", type=int, default=0, help="of that draw")
    arguments = parser.parse_args()
    explained, outcomes = read_survivors(), read_outcomes()
    with _copy_of_repository() as tree:
        _load_once()
        checked = {
            file: check(file, tree, drawn(mutants_of(file), arguments.share, arguments.seed), outcomes)
            for file in arguments.files or SUITES
        }
    table = _table(checked, explained)
    print(table)
    if not arguments.files:
        write_measured("mutation", table, RELIABILITY)
    return _unexplained(checked, explained)


def drawn(mutants: list[Mutant], share: float, seed: int) -> list[Mutant]:
    """Return a share of the mutants, the same for the same seed."""
    kept = random.Random(seed).sample(range(len(mutants)), round(share * len(mutants)))
    return [mutants[i] for i in sorted(kept)]


def check(file: str, tree: Path, mutants: Sequence[Mutant], outcomes: dict[str, str]) -> list[tuple[Mutant, bool]]:
    """Test each mutant of a file; return it with whether it survived."""
    started = time.monotonic()
    if not survives(tree, SUITES[file], 600, write_bytecode=True):
        raise SystemExit(f"{file}: the tests fail on the code as it is, see {OUTCOMES.with_suffix('.log')}")
    limit = 20 + 5 * (time.monotonic() - started)
    place = tree / file
    source, times = place.read_text(encoding="utf-8"), place.stat()
    for mutant in mutants:
        if outcomes.get(mutant.key) != "killed":
            place.write_text(mutant.source, encoding="utf-8")
            outcomes[mutant.key] = "survived" if survives(tree, SUITES[file], limit) else "killed"
            place.write_text(source, encoding="utf-8")
            os.utime(place, ns=(times.st_atime_ns, times.st_mtime_ns))
            _keep(outcomes)
            print(f"{outcomes[mutant.key]} {file}:{mutant.line} {mutant.before!r} -> {mutant.after!r}", flush=True)
    return [(mutant, outcomes[mutant.key] == "survived") for mutant in mutants]


def survives(tree: Path, tests: Sequence[str], limit_s: float, write_bytecode: bool = False) -> bool:
    """Return whether the tests pass within the limit on the tree as it is.

    Bytecode of a mutant must not be written: the next one, as long and of the same second, would be taken for it.
    """
    process = multiprocessing.get_context("fork").Process(target=_test, args=(tree, tests, write_bytecode))
    process.start()
    process.join(limit_s)
    if process.is_alive() and process.pid:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.join()
    return process.exitcode == 0


def _test(tree: Path, tests: Sequence[str], write_bytecode: bool) -> None:
    os.setsid()
    os.chdir(tree)
    log = os.open(OUTCOMES.with_suffix(".log"), os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
    os.dup2(log, 1)
    os.dup2(log, 2)
    for name in [name for name in sys.modules if name.partition(".")[0] in OWN]:
        del sys.modules[name]
    sys.path[:] = [str(tree), *(entry for entry in sys.path if Path(entry or ".").resolve() != ROOT)]
    os.environ["PYTHONPATH"] = str(tree)
    os.environ["PYTHONDONTWRITEBYTECODE"] = "" if write_bytecode else "1"
    sys.dont_write_bytecode = not write_bytecode
    sys.exit(_run_pytest(tests))


def _run_pytest(tests: Sequence[str]) -> int:
    import hypothesis
    import pytest

    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)  # a failure need not be made small
    hypothesis.settings.register_profile("mutation", phases=phases, database=None)
    hypothesis.settings.load_profile("mutation")
    options = "-x -q -p no:cacheprovider --hypothesis-seed=0 -W ignore::pytest.PytestAssertRewriteWarning".split()
    return int(pytest.main([*options, "-m", "not slow", *tests], plugins=[CheapestKillersFirst(Path("killers.json"))]))


@contextlib.contextmanager
def _copy_of_repository() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for name in (*OWN, "results/published"):
            shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy2(ROOT / "pyproject.toml", tree)
        yield tree


def _load_once() -> None:
    for name in LOADED_ONCE:
        importlib.import_module(name)
    gc.freeze()  # what is shared is no garbage: forks need not look at it


def read_outcomes() -> dict[str, str]:
    """Return what earlier checks found, by `Mutant.key`."""
    OUTCOMES.parent.mkdir(exist_ok=True)
    return json.loads(OUTCOMES.read_text(encoding="utf-8")) if OUTCOMES.exists() else {}


def _keep(outcomes: dict[str, str]) -> None:
    new = OUTCOMES.with_suffix(".new")
    new.write_text(json.dumps(outcomes), encoding="utf-8")
    new.replace(OUTCOMES)


def read_survivors() -> dict[tuple[str, str, str, str], str]:
    """Return why each known survivor is no gap in the tests, by `Mutant.name`."""
    with SURVIVORS.open(encoding="utf-8", newline="") as stream:
        return {(row["file"], row["scope"], row["before"], row["after"]): row["why"] for row in csv.DictReader(stream)}


Checked = dict[str, list[tuple[Mutant, bool]]]


def _table(checked: Checked, explained: dict[tuple[str, str, str, str], str]) -> str:
    counts = {file: _counts(mutants, explained) for file, mutants in checked.items()}
    total = sum(counts.values(), Counter())
    rows = [*((f"`{file}`", *_row(count)) for file, count in counts.items()), ("all", *_row(total))]
    return markdown(HEAD, rows)


def _counts(mutants: list[tuple[Mutant, bool]], explained: dict[tuple[str, str, str, str], str]) -> Counter[str]:
    survivors = [mutant for mutant, survived in mutants if survived]
    known = sum(mutant.name in explained for mutant in survivors)
    return Counter(tested=len(mutants), survived=len(survivors), explained=known)


def _row(count: Counter[str]) -> tuple[str, ...]:
    killed = count["tested"] - count["survived"]
    can_be = count["tested"] - count["explained"]
    numbers = (count["tested"], killed, count["survived"], count["explained"])
    return (*map(str, numbers), f"{killed / can_be:.1%}" if can_be else "")


def _unexplained(checked: Checked, explained: dict[tuple[str, str, str, str], str]) -> int:
    unknown = [m for mutants in checked.values() for m, survived in mutants if survived and m.name not in explained]
    for mutant in unknown:
        print(f"survived, unexplained: {mutant.file}:{mutant.line} {mutant.scope}: {mutant.before} -> {mutant.after}")
    return int(bool(unknown))


if __name__ == "__main__":
    sys.exit(main())
