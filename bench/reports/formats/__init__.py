"""The formats that a result can be printed or written in, in one table: a new format is a module and an entry here."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from bench.reports.layout import Report

Source = Literal["report", "facts", "estimates"]
DEFAULT = "markdown"


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Attributes:
        render: ``"module:function"``; the function takes what the source holds and returns the whole text.
        source: what of a `Document` it draws.
    """

    render: str
    source: Source


FORMATS: Mapping[str, Format] = {
    "markdown": Format("bench.reports.formats.markdown:render", "report"),
    "latex": Format("bench.reports.formats.latex:render", "report"),
    "csv": Format("bench.reports.formats.csv_file:render", "estimates"),
    "json": Format("bench.reports.formats.json_file:render", "facts"),
}


@dataclass(frozen=True, slots=True)
class Document:
    """What a command has to tell, before it has a format.

    Attributes:
        report: tables and sentences, for people.
        facts: returns everything for programs, as `bench.files.records.json_text` takes it.
        estimates: returns what `bench.reports.formats.csv_file.render` takes; None where there are no single estimates.
        csv: returns the whole text of the format ``csv`` where it is not made from estimates.
    """

    report: Report
    facts: Callable[[], object]
    estimates: Callable[[], tuple[Any, ...]] | None = None
    csv: Callable[[], str] | None = None

    def content(self, source: Source) -> tuple[Any, ...]:
        """Return what the function of a format with this source takes."""
        if source == "report":
            return (self.report,)
        if source == "facts":
            return (self.facts(),)
        return self.estimates() if self.estimates else ()


def names(*sources: Source) -> list[str]:
    """Return the formats that draw one of these sources."""
    return [name for name, format in FORMATS.items() if format.source in sources]


def render(document: Document, name: str, **settings: Any) -> str:
    """Return the document in a format; ``settings`` go to the format's function."""
    if name == "csv" and document.csv is not None:
        return document.csv()
    format = FORMATS[name]
    module, _, function = format.render.partition(":")
    draw: Callable[..., str] = getattr(importlib.import_module(module), function)
    return draw(*document.content(format.source), **settings)
