"""``bench run``."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import typer

from bench.files.limits import LEAST_MARGIN, MOST_MARGIN
from bench.statistics.agreement import PRIMARY
from bench.terminal.finish import execute, finish
from bench.terminal.finish_votes import execute_votes, finish_votes
from bench.terminal.options import (
    ByOption,
    DataRoot,
    Dimension,
    ModelOptions,
    ResamplingOptions,
    Scale,
    Screening,
    Split,
    edges_of,
    kinds_of,
    passed_and_defaulted,
    takes_options,
)

METRICS_OF_THE_PAPER = "laion,ms,human"


@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """Which rated pairs."""

    panel: ClassVar[str] = "Which rated pairs"
    dataset: Annotated[
        str,
        typer.Option(
            help="A data set of 'bench datasets list', brace:audiocaps or brace:clotho, or a CSV of your own with "
            "audio_path,text,rating (or votes: audio_path,text_a,text_b,choice)."
        ),
    ] = "relate"
    split: Split = None
    screening: Screening = None
    dimension: Dimension = None
    scale: Scale = None
    data_root: DataRoot = None


@dataclass(frozen=True, kw_only=True)
class MetricOptions:
    """Which metrics."""

    panel: ClassVar[str] = "Which metrics"
    metrics: Annotated[
        str | None,
        typer.Option(
            help="Scorers of 'bench metrics', separated by commas.",
            show_default=f"{METRICS_OF_THE_PAPER}; none when only scores are given",
        ),
    ] = None
    scores: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FILE.csv",
            help="Scores computed elsewhere: pair_id,score or audio_path,text,score; may be repeated.",
        ),
    ] = None

    scores_from: Annotated[
        str | None,
        typer.Option(
            metavar="NAME[,NAME]",
            help="Published scores of 'bench scores list', e.g. caf-score: no model is run, no clip is heard.",
        ),
    ] = None

    def chosen(self) -> tuple[str, ...]:
        """Return the scorers to run: the paper's, or none when only ``--scores`` or ``--scores-from`` is given."""
        from metrics.registry import expand_names

        if self.metrics is None:
            return () if self.scores or self.scores_from else tuple(expand_names(METRICS_OF_THE_PAPER))
        return tuple(expand_names(self.metrics))


@takes_options
def run_command(
    context: typer.Context,
    *,
    data: DataOptions,
    chosen: MetricOptions,
    resampling: ResamplingOptions,
    models: ModelOptions,
    sentinels: Annotated[
        Literal["on", "off"],
        typer.Option(
            help="Hold metrics against scores from system, source, loudness, duration and caption length alone."
        ),
    ] = "on",
    margin: Annotated[
        float | None,
        typer.Option(
            min=LEAST_MARGIN,
            max=MOST_MARGIN,
            help=f"Difference in {PRIMARY.name} that would not matter: says which metrics are equivalent within it.",
            show_default="no such test",
            rich_help_panel=ResamplingOptions.panel,
        ),
    ] = None,
    by: ByOption = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder in which the run is written.", show_default="a new one in results/")
    ] = None,
    store: Annotated[bool, typer.Option(help="Keep embeddings on disk, so that no clip is embedded twice.")] = True,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if any pair could not be scored.")] = False,
) -> None:
    """Score every pair with every metric and print stratified correlations with confidence intervals.

    A run that was cut off goes on where it stopped when the same command is given again.
    """
    from bench.datasets.score_archive.load import names_in
    from bench.datasets.voted.catalog import is_voted
    from bench.files.scores import parse_score_files
    from bench.runs.run import RunRequest

    request = RunRequest(
        dataset=data.dataset,
        metrics=chosen.chosen(),
        split=data.split,
        screening=data.screening,
        dimension=data.dimension,
        scale=data.scale,
        data_root=data.data_root,
        score_files=parse_score_files(chosen.scores or []),
        scores_from=names_in(chosen.scores_from),
        resampling=resampling.plan(),
        bands=edges_of(resampling.bands),
        by=kinds_of(by),
        sentinels=sentinels == "on",
        margin=margin,
        scorer_options=models.scorer_options(seed=resampling.seed, store=store),
        out=out,
        options=passed_and_defaulted(context),
        argv=tuple(sys.argv),
    )
    if is_voted(data.dataset):
        finish_votes(execute_votes(request), strict=strict)
        return
    finish(execute(request), strict=strict)
