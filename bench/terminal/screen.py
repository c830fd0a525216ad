"""The terminal that tables and progress bars are drawn on."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from metrics.printable import printable


class Screen(Console):
    """A rich console on which no name and no text of others can do anything: see `metrics.printable`."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Render markup; what is printed, and every cell of a table, comes through here."""
        return super().render_str(printable(text), **options)
