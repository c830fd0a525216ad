"""The other end of `metrics.isolated.scorer`: run by a scorer environment's Python as ``python -I child.py``.

What the scorer prints goes to stderr: the pipe that was stdout belongs to the messages, and file descriptor 1 is
turned away from it before anything else is imported.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import queue
import signal
import sys
import threading
import traceback
from io import BufferedIOBase
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from metrics.types import Scorer


def main() -> None:
    """Answer requests until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, whose end ends this process
    requests_stream, replies = _take_pipes()
    _import_metrics()
    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests_stream, requests), daemon=True).start()
    scorer: Scorer | None = None
    while True:
        scorer = _answer(requests.get(), scorer, replies)


def _take_pipes() -> tuple[BufferedIOBase, BufferedIOBase]:
    """Return what stdin and stdout were; from here on stdin is empty, and stdout is stderr."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, replies


def _import_metrics() -> None:
    """Import the package that this file is in, and nothing else of the folder that it is in."""
    folder = Path(__file__).parents[1]
    spec = importlib.util.spec_from_file_location(
        "metrics", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    sys.modules["metrics"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["metrics"])


def _listen(stream: BufferedIOBase, requests: queue.SimpleQueue[dict[str, Any]]) -> None:
    """Take requests in, also while one is worked on, so that the end of the parent is seen at once."""
    from metrics.isolated.pipe import receive

    try:
        while message := receive(stream):
            requests.put(message[0])
    finally:
        os._exit(0)


def _answer(request: dict[str, Any], scorer: Scorer | None, replies: BufferedIOBase) -> Scorer | None:
    """Do what is asked and reply; return the scorer to go on with."""
    from metrics.errors import ClapBenchError
    from metrics.isolated.pipe import send

    try:
        if request["ask"] == "make":
            return _make(request, replies)
        assert scorer is not None
        _score(request, scorer, replies)
    except (Exception, SystemExit) as error:
        ours = isinstance(error, ClapBenchError)
        send(
            replies,
            {
                "reply": "error",
                "class": type(error).__name__ if ours else "",
                "message": str(error) if ours else f"{type(error).__name__}: {error}",
                "traceback": traceback.format_exc(),
            },
        )
    return scorer


def _make(request: dict[str, Any], replies: BufferedIOBase) -> Scorer:
    from metrics.isolated.pipe import send
    from metrics.registry import make_here
    from metrics.types import ScorerOptions

    def progress(stage: str, done: int, total: int) -> None:
        send(replies, {"reply": "progress", "progress": [stage, done, total]})

    options = request["options"]
    store = Path(options["store"]) if options["store"] else None
    scorer = make_here(request["name"], ScorerOptions(**{**options, "store": store, "progress": progress}))
    folder = getattr(scorer, "checkpoint_folder", None)
    spec = dataclasses.asdict(scorer.spec)
    send(replies, {"reply": "made", "spec": spec, "checkpoint_folder": folder and str(folder)})
    return scorer


def _score(request: dict[str, Any], scorer: Scorer, replies: BufferedIOBase) -> None:
    from metrics.isolated.pipe import send
    from metrics.types import AudioTextPair, PairScores

    pairs = [
        AudioTextPair(pair_id, Path(path), caption, *map(Path, reference))
        for pair_id, path, caption, *reference in request["pairs"]
    ]
    answer = scorer.score(pairs)
    outcome = answer if isinstance(answer, PairScores) else PairScores(answer)
    arrays = {"scores": outcome.scores} | ({} if outcome.cosines is None else {"cosines": outcome.cosines})
    failures = [[failure.pair_id, failure.reason] for failure in outcome.failures]
    send(replies, {"reply": "scores", "failures": failures, "notes": outcome.notes}, arrays)


if __name__ == "__main__":
    main()
