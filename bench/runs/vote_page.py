"""The HTML page and the figures of a run on votes, as files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.reports.figures import NamedFigure
    from bench.runs.vote_folder import VoteRun


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
