"""``bench score``."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import typer

from bench.commands.run import METRICS_OF_THE_PAPER
from bench.files.limits import MOST_SEED
from bench.scoring.engines import ENGINES
from bench.terminal.console import put, say, show_report
from bench.terminal.finish import SOME_PAIRS_FAILED, leave_incomplete
from bench.terminal.options import AsJson, ModelOptions, takes_options
from bench.terminal.progress import terminal_progress

if TYPE_CHECKING:
    from bench.scoring.summary import ScoringSummary


if TYPE_CHECKING:
    EngineName = str
else:  # typer takes the choices from a Literal
    EngineName = Literal[tuple(ENGINES)]


@dataclass(frozen=True, kw_only=True)
class WorkOptions:
    """How the work is shared out."""

    panel: ClassVar[str] = "How the work is shared out"
    shard_size: Annotated[
        int, typer.Option(min=1, help="Number of pairs in one file, which are also saved at once.")
    ] = 4096
    engine: Annotated[
        EngineName,
        typer.Option(help="Who hands out the work: this machine, the launcher of accelerate or torch, or Ray."),
    ] = "local"
    processes: Annotated[
        int, typer.Option(min=1, help="Number of processes that each hold the models; with Ray the most of them.")
    ] = 1


@takes_options
def score_command(
    pairs: Annotated[
        Path, typer.Argument(help="CSV or Parquet file with audio_path,text and, if you like, system,pair_id.")
    ],
    *,
    out: Annotated[
        Path, typer.Option(help="Folder for the scores; a command given again with it goes on where it stopped.")
    ],
    metrics: Annotated[
        str, typer.Option(help="Scorers of 'bench metrics', separated by commas.")
    ] = METRICS_OF_THE_PAPER,
    audio_root: Annotated[
        Path | None, typer.Option(help="Folder that relative audio paths start from.", show_default="that of PAIRS")
    ] = None,
    work: WorkOptions,
    models: ModelOptions,
    seed: Annotated[int, typer.Option(min=0, max=MOST_SEED, help="Seed of scorers that draw random numbers.")] = 0,
    store: Annotated[bool, typer.Option(help="Keep embeddings on disk, so that no clip is embedded twice.")] = False,
    as_json: AsJson = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if any pair could not be scored.")] = False,
) -> None:
    """Score any number of pairs that nobody rated: Parquet shards, and mean scores by system.

    Memory does not grow with the number of pairs. A job that was cut off goes on where it stopped when the same
    command is given again; several at once share the work.
    """
    from bench.scoring.job import ScoringRequest, score_pairs
    from metrics.registry import expand_names

    request = ScoringRequest(
        source=pairs,
        metrics=tuple(expand_names(metrics)),
        out=out,
        audio_root=audio_root,
        shard_size=work.shard_size,
        engine=work.engine,
        processes=work.processes,
        scorer_options=models.scorer_options(seed=seed, store=store, processes=work.processes),
        argv=tuple(sys.argv),
    )
    with terminal_progress() as progress:
        summary = score_pairs(request, progress, say)
    if summary is not None:
        finish(summary, out, as_json=as_json, strict=strict, launched=work.engine == "accelerate")


def finish(summary: ScoringSummary, out: Path, *, as_json: bool, strict: bool, launched: bool) -> None:
    """Print means and where the scores are; leave with status 3 (or 1) if some pairs have no score.

    A launcher takes any status but 0 for a crash and may start everything again: ``launched`` leaves with 0 for 3.
    """
    from bench.files.records import json_text
    from bench.scoring.report import build_report
    from bench.scoring.summary import FAILURES_NAME

    if as_json:
        put(json_text(summary))
    else:
        show_report(build_report(summary))
    say(f"Scores: {out / 'shard-*.parquet'}")
    if summary.n_failures:
        status = 0 if launched else SOME_PAIRS_FAILED
        leave_incomplete(summary.n_failures, out / FAILURES_NAME, strict=strict, status=status)
