"""Who is told about finished epochs: the terminal, and TensorBoard if the user wants it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.files.records import plain
from bench.terminal.console import say
from bench.terminal.progress import terminal_progress
from metrics.errors import UnavailableError
from metrics.types import ProgressCallback

if TYPE_CHECKING:
    from finetune.training.state import EpochRecord


class TensorBoard:
    """Writes losses, statistics and temperature of each epoch for TensorBoard."""

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise UnavailableError(f"--tensorboard needs tensorboard ({error}); pip install tensorboard") from error
        self._writer: Any = SummaryWriter(str(folder))

    @classmethod
    def at(cls, folder: Path | None) -> TensorBoard | None:
        return None if folder is None else cls(folder)

    def __call__(self, record: EpochRecord) -> None:
        values = {
            "loss/training": record.train_loss,
            "loss/validation": record.validation_loss,
            **{f"training/{name}": value for name, value in record.train_terms.items()},
            **{f"validation/{name}": value for name, value in record.validation_terms.items()},
            **{f"agreement/{name}": value for name, value in record.statistics.items()},
            "temperature": record.temperature,
        }
        for name, value in values.items():
            if not math.isnan(value):
                self._writer.add_scalar(name, value, record.epoch)
        self._writer.flush()


@contextmanager
def observing(board: TensorBoard | None) -> Iterator[tuple[Callable[[EpochRecord], None], ProgressCallback]]:
    """Yield what a training tells about epochs and about steps."""
    from finetune.checkpoints.card import summary_line

    def observe(record: EpochRecord) -> None:
        say(summary_line(plain(record)))
        if board is not None:
            board(record)

    with terminal_progress() as progress:
        yield observe, progress
