"""A scorer that runs in an environment of its own: ``isolated:ms``, or a file that declares its requirements.

The environment (`metrics.isolated.environments`) holds the scorer's packages; its Python runs `isolated.child`, which
takes the package `metrics` from here, so both sides are of one version. They talk over the child's stdin and stdout in
messages of `metrics.isolated.pipe`:

    -> {"ask": "make", "name": …, "options": {…}}     <- {"reply": "made", "spec": {…}, "checkpoint_folder": …}
    -> {"ask": "score", "pairs": [[id, path, caption], …]}, a reference's path after the caption
                                  <- {"reply": "scores", "failures": […], "notes": […]}, arrays scores and cosines
    at any time                   <- {"reply": "progress", "progress": [stage, done, total]}
    instead of a reply            <- {"reply": "error", "class": …, "message": …, "traceback": …}

The spec, and so the signature, is made where the scorer runs, of the packages that are installed there. The child ends
when its stdin does, that is when this process ends, however it ends.
"""

from __future__ import annotations

import dataclasses
import signal
import subprocess
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from io import BufferedIOBase
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from metrics import errors
from metrics.errors import ClapBenchError, UnavailableError, UsageError
from metrics.isolated.environments import CORE, ensure_environment, environment_folder, is_built
from metrics.isolated.pipe import ProtocolError, receive, send
from metrics.types import (
    AudioTextPair,
    Availability,
    PairScores,
    ProgressCallback,
    ScoreFailure,
    ScorerOptions,
    ScorerSpec,
)

CHILD = Path(__file__).with_name("child.py")
PATIENCE_S = 5.0
"""How long a child may take to end after its stdin has."""


class RemoteScorer:
    """A `metrics.types.TrainedScorer` whose work is done by a child process.

    Args:
        python: the interpreter of the scorer's environment.
        name: of the scorer, as in ``--metrics``.
        options: passed on; progress comes back.

    Raises:
        ClapBenchError: what the child could not do, of the class that it had there.
    """

    def __init__(self, python: Path, name: str, options: ScorerOptions) -> None:
        self._child = _Child(python, name, options.progress)
        passed_on = {f.name: getattr(options, f.name) for f in dataclasses.fields(options) if f.name != "progress"}
        passed_on["store"] = options.store and str(options.store)
        made, _ = self._child.ask({"ask": "make", "name": name, "options": passed_on})
        self.spec = _spec(made["spec"])
        self.checkpoint_folder = made["checkpoint_folder"] and Path(made["checkpoint_folder"])

    def score(self, pairs: Sequence[AudioTextPair]) -> PairScores:
        """Have pairs scored.

        Raises:
            ClapBenchError: what the child raised, or that it ended.
        """
        listed = [[pair.pair_id, str(pair.audio_path), pair.caption, *_reference_of(pair)] for pair in pairs]
        answer, arrays = self._child.ask({"ask": "score", "pairs": listed})
        failures = tuple(ScoreFailure(*failure) for failure in answer["failures"])
        return PairScores(arrays["scores"], arrays.get("cosines"), failures, tuple(answer["notes"]))


def _reference_of(pair: AudioTextPair) -> list[str]:
    return [] if pair.reference_audio is None else [str(pair.reference_audio)]


class RemoteTraceback(Exception):
    """The traceback of the child, as the cause of the error here: shown with ``--debug``."""


class _Child:
    """The process that a scorer runs in; it ends with this object."""

    def __init__(self, python: Path, name: str, progress: ProgressCallback) -> None:
        self._label = f"isolated metric {name!r}"
        self._progress = progress
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process runs
        try:
            self._process = subprocess.Popen(
                [python, "-I", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._printed
            )
        except OSError as error:
            self._printed.close()
            raise UnavailableError(f"{self._label}: {python} does not start ({error}); delete its folder") from error
        weakref.finalize(self, _stop, self._process, self._printed)

    def ask(self, request: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the reply to a request, passing progress on."""
        try:
            send(cast(BufferedIOBase, self._process.stdin), request)
            while message := receive(cast(BufferedIOBase, self._process.stdout)):
                header, arrays = message
                if header["reply"] == "error":
                    raise self._error(header)
                if header["reply"] != "progress":
                    return header, arrays
                self._progress(*header["progress"])
        except (OSError, ProtocolError) as error:
            raise self._death(str(error)) from error
        raise self._death("")

    def _error(self, header: Mapping[str, Any]) -> ClapBenchError:
        known = getattr(errors, header["class"], ClapBenchError)
        kind = known if known in (UsageError, UnavailableError, errors.DataError) else ClapBenchError
        error: ClapBenchError = kind(f"{self._label}: {header['message']}")
        error.__cause__ = RemoteTraceback(f"\n{header['traceback']}")
        return error

    def _death(self, reason: str) -> ClapBenchError:
        _end(self._process)
        self._printed.seek(0)
        lines = self._printed.read().decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "nothing")
        return ClapBenchError(
            f"{self._label}: its process ended ({_status(self._process.returncode)}) before it answered"
            f"{reason and f' ({reason})'}; see the last that it printed: {last}"
        )


def make_isolated(name: str, requirements: Sequence[str], options: ScorerOptions) -> RemoteScorer:
    """Build a scorer in an environment of its own: first the environment, if it is not there yet; this takes minutes.

    Args:
        name: of the scorer, as in ``--metrics`` without ``isolated:``.
        requirements: what the environment must have beyond `CORE`, as pip takes them.
        options: passed on.
    """
    return RemoteScorer(ensure_environment((*CORE, *requirements), name, options.progress), name, options)


def isolated_status(name: str, requirements: Sequence[str], weights: Availability) -> Availability:
    """Say whether a scorer can run isolated: whether its environment is built, and what is known of its weights."""
    built = is_built(environment_folder((*CORE, *requirements)))
    if built or not (weights.available or weights.downloadable):
        return weights
    return Availability(
        False,
        "its environment is not built yet",
        f"built at first use, or now by 'bench metrics --pull isolated:{name}'",
        downloadable=True,
    )


def _spec(fields: Mapping[str, Any]) -> ScorerSpec:
    pairs = {name: tuple((key, value) for key, value in fields[name]) for name in ("packages", "options")}
    return ScorerSpec(**{**fields, **pairs})


def _stop(process: subprocess.Popen[bytes], printed: IO[bytes]) -> None:
    _end(process)
    printed.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Close the pipes, at which the child ends; kill it if it does not."""
    for stream in filter(None, (process.stdin, process.stdout)):
        with suppress(OSError):  # the child has ended already
            stream.close()
    try:
        process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _status(code: int | None) -> str:
    if code is not None and code < 0:
        return f"killed by {signal.Signals(-code).name}" + (", perhaps for memory" if -code == 9 else "")
    return f"exit status {code}"
