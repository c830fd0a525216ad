"""Write and read again 100,000 values of every pair of writer and reader, and count those that differ.

Run as ``nox -s round_trips [-- --values 100000]``; writes the table of docs/reliability.md. Hundreds of values are
drawn into each file, as awkward as can be (`tests.studies.round_trips.draw`). Floats are compared by their bits. Ends
with status 1 if anything differs. `tests/bench/test_round_trips.py` does the same with few values, and finds the
smallest that fails.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from itertools import count, zip_longest
from pathlib import Path

from tests.bench.test_round_trips import MEMORY, same
from tests.studies.round_trips import elsewhere, jobs, runs, votes
from tests.studies.round_trips.draw import Draw
from tests.tables import RELIABILITY, markdown, write_measured

HEAD = ("written and read again", "values", "differ")
CALLS_OF_A_POOL = 10
Trip = Callable[[Draw, Path], runs.Trips]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trips", nargs="*", help="names of functions; all by default")
    parser.add_argument("--values", type=int, default=100_000, help="of each pair of writer and reader")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    trips = (*runs.TRIPS, *votes.TRIPS, *jobs.TRIPS, *elsewhere.TRIPS)
    rows, n_different = [], 0
    for trip in trips:
        if arguments.trips and trip.__name__ not in arguments.trips:
            continue
        compared, different = travel(trip, arguments.values, Draw(arguments.seed))
        n_different += different.total()
        rows += [(name, f"{n:,}", f"{different[name]:,}") for name, n in compared.items()]
        print(markdown(HEAD, rows[-len(compared) :]), flush=True)
    if not arguments.trips:
        write_measured("round trips", markdown(HEAD, rows), RELIABILITY)
    return 1 if n_different else 0


def travel(trip: Trip, n_values: int, draw: Draw) -> tuple[Counter[str], Counter[str]]:
    """Return, by file, how many values were compared, each at least ``n_values``, and how many of them differ."""
    compared: Counter[str] = Counter()
    different: Counter[str] = Counter()
    for n_calls in count(1):
        with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
            for name, written, read in trip(draw, Path(folder)):
                compared[name] += len(written)
                if not same(written, read):
                    different[name] += sum(not same(*both) for both in zip_longest(written, read, fillvalue=...))
        if min(compared.values()) >= n_values:
            break
        if n_calls % CALLS_OF_A_POOL == 0:
            draw.refresh()
    return compared, different


if __name__ == "__main__":
    sys.exit(main())
