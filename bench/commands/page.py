"""The HTML page of a run, written where ``bench report --format html`` and ``bench demo`` want it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench.commands.console import say

if TYPE_CHECKING:
    from bench.reports.html.content import Figure
    from bench.reports.layout import Report
    from bench.run import Run


def write_page(
    run: Run, report: Report, output: Path | None = None, n_embedded: int = 0, figures: Sequence[Figure] = ()
) -> Path:
    """Write the page and return its path; say which clips could not be embedded.

    Args:
        run: what the page shows.
        report: its tables.
        output: where the page goes; None takes ``report.html`` in the run's folder.
        n_embedded: how many of the most disputed clips go into the page.
        figures: drawings to show.
    """
    from bench.ratings import read_ratings
    from bench.reports.html.clips import NO_CLIPS, embed_clips
    from bench.reports.html.page import PAGE_NAME, render_page
    from metrics.files import write_text

    page = output or run.folder / PAGE_NAME
    clips = embed_clips(run.table, Path(run.manifest.dataset.audio_root), n_embedded) if n_embedded else NO_CLIPS
    ratings = read_ratings(run.folder, list(run.table.pairs["pair_id"]))
    write_text(page, render_page(report, run.manifest, run.table, run.analysis, ratings, page, figures, clips))
    if clips.problems:
        say(f"warning: {len(clips.problems):,} clips could not be embedded; the first: {clips.problems[0]}")
    return page
