"""What a hostile checkpoint contains."""

from __future__ import annotations

import os
from pathlib import Path


class Malice:
    """A pickle that would run a command when opened."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.marker}",)
