"""The HTML page and the figures of a run on votes, as files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bench.runs.page import N_EMBEDDED

if TYPE_CHECKING:
    from bench.reports.figures import NamedFigure
    from bench.reports.html.clips import EmbeddedClips
    from bench.reports.layout import Report
    from bench.runs.vote_folder import VoteRun


def write_vote_page(
    run: VoteRun, report: Report, output: Path | None = None, n_embedded: int | None = None
) -> tuple[Path, tuple[str, ...]]:
    """Write the page; return its path, and for each clip that could not be put into it the reason.

    Args:
        run: what the page shows.
        report: its tables.
        output, n_embedded: see `bench.runs.page.write_page`.
    """
    from bench.reports.figures import svg_text
    from bench.reports.html.content import Figure
    from bench.reports.html.page import PAGE_NAME, render_page
    from bench.reports.html.vote_content import vote_page_content
    from bench.runs.integrity import refuse_overwriting
    from metrics.files import write_text

    page = output or run.folder / PAGE_NAME
    refuse_overwriting(page)
    clips = _embedded(run, n_embedded)
    figures = [Figure(one.name, one.caption, svg_text(one.figure)) for one in figures_of_vote_run(run)]
    content = vote_page_content(report, run.manifest, run.dataset, run.scores, run.analysis, page, figures, clips)
    write_text(page, render_page(content))
    return page, tuple(clips.problems)


def _embedded(run: VoteRun, n_embedded: int | None) -> EmbeddedClips:
    """Code the clips of the most disputed comparisons."""
    from bench.reports.html.clips import NO_CLIPS, embed_files
    from bench.reports.html.vote_content import first_rows, most_disputed

    if n_embedded is None and not run.clips:
        return NO_CLIPS
    rows, dataset = first_rows(run.dataset), run.dataset
    disputed = [dataset.comparisons[i] for i in most_disputed(dataset, run.scores)]
    names = dict.fromkeys(dataset.portable_name(side.audio_path) for one in disputed for side in (one.a, one.b))
    chosen = [(rows[name], name) for name in names][: N_EMBEDDED if n_embedded is None else n_embedded]
    return embed_files(chosen, dataset.audio_root, run.clips if n_embedded is None else None)


def write_vote_figures(run: VoteRun, folder: Path) -> list[Path]:
    """Draw the figures of a run into a folder; return the files."""
    from bench.reports.figures import save_figures

    return save_figures(figures_of_vote_run(run), folder)


def figures_of_vote_run(run: VoteRun) -> Iterator[NamedFigure]:
    """Draw the figures of a run."""
    from bench.analysis.votes import ballots_of
    from bench.reports.figures import mark, vote_figures_of

    samples = ballots_of(run.dataset, run.scores, run.manifest.resampling)
    for one in vote_figures_of(samples[0] if samples else None, run.analysis):
        if run.altered:
            mark(one.figure, "from files that are not as the run wrote them")
        yield one
