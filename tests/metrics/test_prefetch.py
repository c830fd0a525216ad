from __future__ import annotations

import threading
import time

import pytest

from metrics.embedding import prefetch as module
from metrics.embedding.prefetch import prefetch


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_results_come_in_order(workers: int) -> None:
    assert list(prefetch(lambda k: k * k, range(50), workers, lambda k: k)) == [k * k for k in range(50)]


@pytest.mark.parametrize("consumer_s", [0.0, 0.003])
def test_what_is_under_way_stays_within_the_memory(monkeypatch: pytest.MonkeyPatch, consumer_s: float) -> None:
    monkeypatch.setattr(module, "MOST_MEMORY", 100)
    sizes = [1, 60, 30, 99, 1, 1, 40, 40, 40, 100, 100, 250, 5, 5, 5, 90] * 3
    lock, held, most, alone = threading.Lock(), 0, 0, True

    def work(k: int) -> int:
        nonlocal held, most, alone
        with lock:
            held += sizes[k]
            most = max(most, held)
            alone &= sizes[k] <= 100 or held == sizes[k]
        time.sleep(0.001)
        return k

    for k in prefetch(work, range(len(sizes)), 4, lambda k: sizes[k]):
        time.sleep(consumer_s)
        with lock:
            held -= sizes[k]
    assert held == 0
    assert alone
    assert most <= 250
    assert max(100, most) == 250


def test_small_items_are_worked_on_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_MEMORY", 100)
    together = threading.Barrier(3, timeout=20)
    assert sum(1 for _ in prefetch(lambda _: together.wait(), range(3), 3, lambda _: 30)) == 3
