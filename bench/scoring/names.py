"""Names that the command line offers; nothing is imported."""

from __future__ import annotations

from typing import Literal

EngineName = Literal["local", "accelerate", "ray"]
