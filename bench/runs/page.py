"""The HTML page and the figures of a run, as files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.reports.figures import NamedFigure
    from bench.reports.layout import Report
    from bench.runs.folder import Run

N_EMBEDDED = 12
"""Clips in a page unless told otherwise: enough to hear what is disputed wherever the page is sent; about 1 MB."""


def write_page(
    run: Run, report: Report, output: Path | None = None, n_embedded: int | None = None
) -> tuple[Path, tuple[str, ...]]:
    """Write the page; return its path, and for each clip that could not be put into it the reason.

    Args:
        run: what the page shows.
        report: its tables.
        output: where the page goes; None takes ``report.html`` in the run's folder.
        n_embedded: how many of the most disputed clips go into the page; None takes `N_EMBEDDED`, and of these only
            what the run heard: a stranger's run may name any file of this machine.
    """
    from bench.files.ratings import read_ratings
    from bench.reports.figures import svg_text
    from bench.reports.html.clips import NO_CLIPS, embed_clips
    from bench.reports.html.content import Figure, page_content
    from bench.reports.html.page import PAGE_NAME, render_page
    from bench.runs.integrity import refuse_overwriting
    from metrics.files import write_text

    page = output or run.folder / PAGE_NAME
    refuse_overwriting(page)
    root = Path(run.manifest.dataset.audio_root)
    if n_embedded is None:
        clips = embed_clips(run.table, root, N_EMBEDDED, run.clips) if run.clips else NO_CLIPS
    else:
        clips = embed_clips(run.table, root, n_embedded)
    figures = [Figure(one.name, one.caption, svg_text(one.figure)) for one in figures_of_run(run)]
    ratings = read_ratings(run.folder, list(run.table.pairs["pair_id"]), run.manifest.dataset.scale)
    content = page_content(report, run.manifest, run.table, run.analysis, ratings, page, figures, clips)
    write_text(page, render_page(content))
    return page, tuple(clips.problems)


def write_figures(run: Run, folder: Path) -> list[Path]:
    """Draw the figures of a run into a folder; return the files."""
    from bench.reports.figures import save_figures

    return save_figures(figures_of_run(run), folder)


def figures_of_run(run: Run) -> Iterator[NamedFigure]:
    """Draw the figures of a run."""
    from bench.datasets.types import RatingScale
    from bench.reports.figures import figures_of, mark

    for one in figures_of(run.table, run.analysis, RatingScale(*run.manifest.dataset.scale)):
        if run.altered:
            mark(one.figure, "from files that are not as the run wrote them")
        yield one
