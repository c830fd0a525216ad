"""A log for machines: one JSON object a line of what a command did (``--log-file``).

Every line has ``time`` (UTC, ISO 8601), ``level``, ``logger`` and ``event``; an error has ``traceback`` too. Other
packages' warnings are logged as well. Access tokens never are.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from time import monotonic
from typing import Any

from bench.files.manifest import redact_text
from metrics.errors import UsageError
from metrics.printable import printable
from metrics.types import ProgressCallback

LOGGER = logging.getLogger("clap_bench")


class JsonLine(logging.Formatter):
    """Formats a record, with the fields that `log` was given, as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return legible(json.dumps(line, ensure_ascii=False, default=str))


def legible_record(*arguments: Any, **named: Any) -> logging.LogRecord:
    """Return a record whose message has no secrets and can be printed, whoever logs it and wherever it goes."""
    record = logging.LogRecord(*arguments, **named)
    with suppress(TypeError, ValueError):  # arguments that do not fit: logging says so where the record is printed
        record.msg, record.args = legible(record.getMessage()), ()
    return record


def legible(text: str) -> str:
    """Return a message as it may be shown: without secrets, and with nothing that a terminal obeys."""
    return redact_text(printable(text))


def open_log(path: Path) -> None:
    """Append to ``path`` what is logged from now on.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        handler = logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--log-file {path} cannot be written ({error.strerror}); give another path") from error
    handler.setFormatter(JsonLine())
    logging.getLogger().addHandler(handler)
    logging.captureWarnings(True)
    LOGGER.setLevel(logging.INFO)


def begin_log(path: Path | None) -> None:
    """Open the log if one was asked for, and log the command."""
    if path is not None:
        open_log(path)
        log("command begins", argv=sys.argv)


def log(event: str, level: int = logging.INFO, *, exc_info: bool = False, **fields: object) -> None:
    """Log an event with fields; without ``--log-file`` nothing happens."""
    if LOGGER.isEnabledFor(logging.INFO) and logging.getLogger().handlers:
        LOGGER.log(level, event, exc_info=exc_info, extra={"fields": fields})


@contextmanager
def logged(progress: ProgressCallback) -> Iterator[ProgressCallback]:
    """Yield a callback that passes progress on, and logs when each stage begins and ends."""
    began: dict[str, float] = {}

    def note(stage: str, done: int, total: int) -> None:
        progress(stage, done, total)
        if stage not in began:
            began[stage] = monotonic()
            log("stage begins", stage=stage, total=total)
        if total and done >= total:
            log("stage ends", stage=stage, total=total, seconds=round(monotonic() - began[stage], 3))

    yield note
