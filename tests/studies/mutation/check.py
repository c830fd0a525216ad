"""Plant small faults in the numerical core, one at a time, and see that the tests notice each.

Run as ``nox -s mutation [-- FILE … --minutes 60]``; needs ``pip install cosmic-ray``. Writes the table of
docs/reliability.md if every file is checked, and prints the survivors that survivors.csv does not explain.

Each mutant is tested in a process forked off one that has loaded numba and torch: these take longer to load than most
mutants to die, and Cosmic Ray's own runner loads them every time. The fork works on a copy of the repository, runs the
tests named in `SUITES`, and stops at the first failure. Mutants come in random order, so that
those tested within a limit of time are a random sample. Outcomes are kept in build/mutation.json, so that an
interrupted check goes on where it stopped; mutants that survived are tried again, and first.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import gc
import importlib
import json
import math
import multiprocessing
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from tests.studies.mutation.mutants import ROOT, Mutant, mutants_of
from tests.studies.mutation.order import CheapestKillersFirst
from tests.tables import RELIABILITY, markdown, write_measured

OUTCOMES = ROOT / "build" / "mutation.json"
SURVIVORS = Path(__file__).with_name("survivors.csv")
HEAD = ("file", "mutants", "tested", "killed", "survived", "of these explained", "killed of tested")
CPU_LIMIT_S = 60
"""Several times what the longest suite takes: a loop without an end is noticed too."""

OWN = ("bench", "metrics", "finetune", "tests")
LOADED_ONCE = (
    *("numpy", "scipy.stats", "scipy.optimize", "sklearn.isotonic", "pandas", "pingouin", "numba", "torch"),
    *("soundfile", "soxr", "hypothesis", "pytest", "jaxtyping", "beartype"),
)


def _statistics(*names: str) -> list[str]:
    return [f"tests/bench/statistics/test_{name}.py" for name in (*names, "types")]


SUITES = {
    "bench/statistics/agreement.py": _statistics("agreement", "weighted", "bootstrap"),
    "bench/statistics/alternative.py": _statistics("alternative"),
    "bench/statistics/ballots.py": _statistics("votes", "vote_differences"),
    "bench/statistics/blocks.py": _statistics("blocks"),
    "bench/statistics/bootstrap.py": _statistics("bootstrap"),
    "bench/statistics/calibration.py": _statistics("calibration"),
    "bench/statistics/comparison.py": _statistics("comparison"),
    "bench/statistics/contributions.py": _statistics("contributions"),
    "bench/statistics/crossed.py": _statistics("crossed"),
    "bench/statistics/dependent_correlations.py": _statistics("dependent_correlations"),
    "bench/statistics/dimensions.py": _statistics("dimensions"),
    "bench/statistics/equivalence.py": _statistics("equivalence"),
    "bench/statistics/even_metric.py": _statistics("even_metric", "evenness"),
    "bench/statistics/evenness.py": _statistics("evenness"),
    "bench/statistics/facts.py": _statistics("facts"),
    "bench/statistics/folds.py": _statistics("calibration", "pairwise"),
    "bench/statistics/held_out.py": _statistics("yardsticks", "alternative"),
    "bench/statistics/interactions.py": _statistics("interactions"),
    "bench/statistics/intervals.py": _statistics("intervals", "bootstrap"),
    "bench/statistics/kernels.py": _statistics("weighted", "kernels", "resampling", "step_down"),
    "bench/statistics/letters.py": _statistics("standing"),
    "bench/statistics/mapped_error.py": _statistics("mapped_error"),
    "bench/statistics/max_t.py": _statistics("max_t", "step_down", "comparison"),
    "bench/statistics/meta_analysis.py": _statistics("meta_analysis"),
    "bench/statistics/ordinal.py": _statistics("ordinal"),
    "bench/statistics/pairwise.py": _statistics("pairwise"),
    "bench/statistics/partial.py": _statistics("sentinels"),
    "bench/statistics/permutation.py": _statistics("permutation", "comparison"),
    "bench/statistics/power.py": _statistics("power"),
    "bench/statistics/predictions.py": _statistics("sentinels"),
    "bench/statistics/ranks.py": _statistics("ranks"),
    "bench/statistics/reliability.py": _statistics("reliability"),
    "bench/statistics/replicates.py": _statistics("replicates", "bootstrap"),
    "bench/statistics/resampling.py": _statistics("resampling", "bootstrap"),
    "bench/statistics/sample.py": _statistics("bootstrap"),
    "bench/statistics/screening.py": _statistics("screening"),
    "bench/statistics/sentinels.py": _statistics("sentinels"),
    "bench/statistics/standing.py": _statistics("standing"),
    "bench/statistics/step_down.py": _statistics("step_down", "permutation"),
    "bench/statistics/strengths.py": _statistics("strengths"),
    "bench/statistics/system_level.py": _statistics("system_level"),
    "bench/statistics/systems.py": _statistics("systems"),
    "bench/statistics/types.py": _statistics("comparison"),
    "bench/statistics/vote_differences.py": _statistics("vote_differences"),
    "bench/statistics/votes.py": _statistics("votes"),
    "bench/statistics/weighted.py": _statistics("weighted", "bootstrap"),
    "bench/statistics/weighted_sums.py": _statistics("weighted", "permutation"),
    "bench/statistics/yardsticks.py": _statistics("yardsticks"),
    "metrics/clap_score.py": ["tests/metrics/test_clap_score.py"],
    "finetune/training/losses.py": ["tests/finetune/training/test_losses.py"],
}


def main() -> int:
    """Check the files, or all of `SUITES`; fail if a survivor is not explained."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", metavar="FILE", help=f"of {', '.join(SUITES)}")
    parser.add_argument("--minutes", type=float, default=math.inf, help="no mutant is begun after these")
    parser.add_argument("--seed", type=int, default=0, help="of the order of the mutants")
    arguments = parser.parse_args()
    end = time.monotonic() + 60 * arguments.minutes
    mutants = [mutant for file in arguments.files or SUITES for mutant in mutants_of(file)]
    random.Random(arguments.seed).shuffle(mutants)
    outcomes = read_outcomes()
    mutants.sort(key=lambda mutant: outcomes.get(mutant.key) != "survived")
    with _copy_of_repository() as tree:
        _load_once()
        check(mutants, tree, outcomes, end)
    return report(mutants, outcomes, write=not arguments.files)


def check(mutants: Sequence[Mutant], tree: Path, outcomes: dict[str, str], end: float) -> None:
    """Test mutants until the end, a time of `time.monotonic`; put what became of them into ``outcomes``."""
    suites = {mutant.file: SUITES[mutant.file] for mutant in mutants}
    if not survives(tree, list(dict.fromkeys(chain(*suites.values()))), as_it_is=True):
        raise SystemExit(f"the tests fail on the code as it is, see {OUTCOMES.with_suffix('.log')}")
    for mutant in mutants:
        if time.monotonic() < end and outcomes.get(mutant.key) != "killed":
            with _planted(mutant, tree):
                outcomes[mutant.key] = "survived" if survives(tree, suites[mutant.file]) else "killed"
            _keep(outcomes)
            print(f"{outcomes[mutant.key]} {mutant.file}:{mutant.line} {mutant.before} -> {mutant.after}", flush=True)


@contextlib.contextmanager
def _planted(mutant: Mutant, tree: Path) -> Iterator[None]:
    place = tree / mutant.file
    source, times = place.read_text(encoding="utf-8"), place.stat()
    place.write_text(mutant.source, encoding="utf-8")
    yield
    place.write_text(source, encoding="utf-8")
    os.utime(place, ns=(times.st_atime_ns, times.st_mtime_ns))  # as old as its bytecode and compiled kernels


def survives(tree: Path, tests: Sequence[str], as_it_is: bool = False) -> bool:
    """Return whether the tests pass on the tree, for a mutant within `CPU_LIMIT_S`.

    Bytecode of a mutant must not be written: the next one, as long and of the same second, would be taken for it.
    """
    process = multiprocessing.get_context("fork").Process(target=_test, args=(tree, tests, as_it_is))
    process.start()
    process.join()
    return process.exitcode == 0


def _test(tree: Path, tests: Sequence[str], as_it_is: bool) -> None:
    os.chdir(tree)
    log = os.open(OUTCOMES.with_suffix(".log"), os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    for name in [name for name in sys.modules if name.partition(".")[0] in OWN]:
        del sys.modules[name]
    sys.path[:] = [str(tree), *(entry for entry in sys.path if Path(entry or ".").resolve() != ROOT)]
    os.environ["PYTHONPATH"] = str(tree)
    if not as_it_is:
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT_S, CPU_LIMIT_S))
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        sys.dont_write_bytecode = True
    sys.exit(_run_pytest(tests))


def _run_pytest(tests: Sequence[str]) -> int:
    import hypothesis
    import pytest

    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)  # a failure need not be made small
    hypothesis.settings.register_profile("mutation", phases=phases, database=None)
    hypothesis.settings.load_profile("mutation")
    order = CheapestKillersFirst(OUTCOMES.with_name("mutation-killers.json"))
    loaded_before = ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    ordered = ["-p", "no:randomly", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
    options = ["-x", "-q", *ordered, *loaded_before]
    return int(pytest.main([*options, *tests], plugins=[order]))


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


def report(mutants: Sequence[Mutant], outcomes: dict[str, str], write: bool) -> int:
    """Print the table and the survivors that nobody has explained; return 1 if there are any."""
    explained = read_survivors()
    tested = [mutant for mutant in mutants if mutant.key in outcomes]
    survivors = [mutant for mutant in tested if outcomes[mutant.key] == "survived"]
    known = [mutant for mutant in survivors if mutant.name in explained]
    counts = [Counter(mutant.file for mutant in some) for some in (mutants, tested, survivors, known)]
    rows = [(f"`{file}`", *_row(*(count[file] for count in counts))) for file in sorted(counts[0])]
    table = markdown(HEAD, [*rows, ("all", *_row(*(count.total() for count in counts)))])
    print(table)
    if write:
        write_measured("mutation", table, RELIABILITY)
    for mutant in survivors:
        if mutant.name not in explained:
            print(f"unexplained: {mutant.file}:{mutant.line} {mutant.scope}: {mutant.before} -> {mutant.after}")
    return int(len(survivors) > len(known))


def _row(n: int, n_tested: int, n_survivors: int, n_explained: int) -> tuple[str, ...]:
    n_killed = n_tested - n_survivors
    share = f"{n_killed / n_tested:.1%}" if n_tested else ""
    return (*map(str, (n, n_tested, n_killed, n_survivors, n_explained)), share)


if __name__ == "__main__":
    sys.exit(main())
