"""Start-up: ``bench --help`` against importing what any data tool imports, in one run.

Run as ``python -m tests.studies.performance.startup``; fails above `LIMIT`.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

LIMIT = 2.5
PEER = ["-c", "import typer, rich, pandas"]
RUNS = 15


def seconds(arguments: list[str]) -> float:
    """Return the wall time of one Python process."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> int:
    """Time both in turn, so that a machine that slows down slows both, and print the median ratio."""
    ratios, ours, peers = [], [], []
    for run in range(RUNS + 1):
        peer, own = seconds(PEER), seconds(["-m", "bench", "--help"])
        if run:  # the first one fills caches
            ratios.append(own / peer)
            ours.append(own)
            peers.append(peer)
    ratio = statistics.median(ratios)
    print(
        f"bench --help: {statistics.median(ours):.3f} s; import typer, rich, pandas: {statistics.median(peers):.3f} s"
    )
    print(f"ratio: median {ratio:.2f}, {min(ratios):.2f} to {max(ratios):.2f} over {RUNS} runs (limit {LIMIT})")
    return int(ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
