"""``bench score``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.commands.run import (
    METRICS_OF_THE_PAPER,
    SOME_PAIRS_FAILED,
    BatchSize,
    DeviceOption,
    PrecisionOption,
    Strict,
    WindowOption,
)
from bench.scoring.names import EngineName
from bench.terminal.console import say, show_report
from bench.terminal.progress import terminal_progress
from metrics.embedding.prefetch import default_workers
from metrics.errors import ClapBenchError
from metrics.files import embedding_store
from metrics.types import ScorerOptions

if TYPE_CHECKING:
    from bench.scoring.summary import ScoringSummary


def score_command(
    pairs: Annotated[
        Path, typer.Argument(help="CSV or Parquet file with audio_path,text and, if you like, system,pair_id.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for the scores; the same again goes on where it stopped.")],
    metrics: Annotated[
        str, typer.Option(help="Scorers, separated by commas; see 'bench metrics'.")
    ] = METRICS_OF_THE_PAPER,
    audio_root: Annotated[
        Path | None, typer.Option(help="Where relative audio paths start. [default: the folder of PAIRS]")
    ] = None,
    shard_size: Annotated[int, typer.Option(min=1, help="Pairs in one file, and between two savings.")] = 4096,
    engine: Annotated[
        EngineName, typer.Option(help="Who hands out the work: this machine, accelerate's or torch's launcher, Ray.")
    ] = "local",
    processes: Annotated[
        int, typer.Option(min=1, help="Processes that each hold the models; with Ray the most of them.")
    ] = 1,
    device: DeviceOption = "auto",
    batch_size: BatchSize = None,
    workers: Annotated[
        int | None,
        typer.Option(min=0, help="Threads a process that decode audio. [default: half the cores, to 8, shared out]"),
    ] = None,
    precision: PrecisionOption = "fp32",
    window: WindowOption = "cover",
    seed: Annotated[int, typer.Option(min=0, help="Of metrics that draw numbers.")] = 0,
    store: Annotated[bool, typer.Option(help="Keep embeddings, so that no clip is embedded twice.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    strict: Strict = False,
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
        shard_size=shard_size,
        engine=engine,
        processes=processes,
        scorer_options=ScorerOptions(
            device=device,
            batch_size=batch_size,
            workers=max(1, default_workers() // processes) if workers is None else workers,
            precision=precision,
            window=window,
            seed=seed,
            store=embedding_store() if store else None,
        ),
        argv=tuple(sys.argv),
    )
    with terminal_progress() as progress:
        summary = score_pairs(request, progress)
    if summary is not None:
        finish(summary, out, as_json, strict, launched=engine == "accelerate")


def finish(summary: ScoringSummary, out: Path, as_json: bool, strict: bool, launched: bool) -> None:
    """Print means and where the scores are; leave with status 3 (or 1) if some pairs have no score.

    A launcher takes any status but 0 for a crash and may start everything again: ``launched`` leaves with 0 for 3.
    """
    from bench.files.records import json_text
    from bench.scoring.report import build_report
    from bench.scoring.summary import FAILURES_NAME

    if as_json:
        typer.echo(json_text(summary))
    else:
        show_report(build_report(summary))
    say(f"Scores: {out / 'shard-*.parquet'}")
    if summary.n_failures:
        message = f"{summary.n_failures:,} scores are missing; reasons in {out / FAILURES_NAME}"
        if strict:
            raise ClapBenchError(message)
        say(f"warning: {message}")
        raise typer.Exit(0 if launched else SOME_PAIRS_FAILED)
