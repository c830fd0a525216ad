"""``bench run`` and ``bench demo``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bench.commands.page import write_page
from bench.statistics.types import DEFAULT_PLAN, IntervalMethod, ResampleUnit, ResamplingPlan
from bench.terminal.console import say, show_report
from bench.terminal.progress import terminal_progress
from metrics.embedding.prefetch import default_workers
from metrics.errors import ClapBenchError
from metrics.folders import embedding_store
from metrics.types import Precision, ScorerOptions, WindowPolicy

if TYPE_CHECKING:
    from bench.runs.run import Run, RunRequest

METRICS_OF_THE_PAPER = "laion,ms,human"
DEMO_METRICS = "tiny,human:tiny-wsce+mae,loudness,caption-length,random"
SOME_PAIRS_FAILED = 3

Device = Literal["auto", "cpu", "cuda", "mps"]

# What `bench run` and `bench score` both ask for.
DeviceOption = Annotated[Device, typer.Option(help="Where models run.")]
BatchSize = Annotated[int | None, typer.Option(min=1, help="Clips in one forward pass. [default: by device]")]
PrecisionOption = Annotated[Precision, typer.Option(help="Of the forward pass.")]
WindowOption = Annotated[WindowPolicy, typer.Option(help="How clips longer than a model's window are heard.")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit with 1 if any pair could not be scored.")]


def run_command(
    context: typer.Context,
    dataset: Annotated[
        str, typer.Option(help="relate, relate:is, relate:os, demo, or your own FILE.csv (audio_path,text,rating).")
    ] = "relate",
    split: Annotated[
        str | None, typer.Option(help="Part of the data set: test (default), train, validation, … ('bench datasets').")
    ] = None,
    screening: Annotated[
        str | None, typer.Option(help="Which listeners count: released (default for relate), anchor-mean, none.")
    ] = None,
    scale: Annotated[str | None, typer.Option(help="Lowest and highest rating of your own CSV, e.g. 1-5.")] = None,
    metrics: Annotated[
        str | None,
        typer.Option(
            help=f"Scorers, separated by commas; see 'bench metrics'. "
            f"[default: {METRICS_OF_THE_PAPER}; none when only --scores is given]"
        ),
    ] = None,
    scores: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FILE.csv", help="Scores computed elsewhere (pair_id,score); may be repeated."),
    ] = None,
    data_root: Annotated[
        Path | None, typer.Option(help="Folder of the data set. [default: $RELATE_ROOT, then where 'pull' put it]")
    ] = None,
    resamples: Annotated[int, typer.Option(min=1, help="Bootstrap resamples.")] = DEFAULT_PLAN.n_resamples,
    ci: Annotated[
        IntervalMethod, typer.Option(help="How intervals are made (docs/statistics.md).")
    ] = DEFAULT_PLAN.ci_method,
    resample_unit: Annotated[
        ResampleUnit, typer.Option(help="What is resampled: captions with all their clips, or single pairs.")
    ] = DEFAULT_PLAN.unit,
    seed: Annotated[int, typer.Option(min=0, help="Of resampling and of metrics that draw numbers.")] = (
        DEFAULT_PLAN.seed
    ),
    device: DeviceOption = "auto",
    batch_size: BatchSize = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Threads that decode audio beside the model; 0 decodes in between. [default: half the cores, to 8]",
        ),
    ] = None,
    precision: PrecisionOption = "fp32",
    window: WindowOption = "cover",
    out: Annotated[Path | None, typer.Option(help="Folder of the run. [default: a new one in results/]")] = None,
    store: Annotated[bool, typer.Option(help="Keep embeddings, so that no clip is embedded twice.")] = True,
    strict: Strict = False,
) -> None:
    """Score every pair with every metric and print stratified correlations with confidence intervals.

    A run that was cut off goes on where it stopped when the same command is given again.
    """
    from bench.files.scores import parse_score_files
    from bench.runs.run import RunRequest

    request = RunRequest(
        dataset=dataset,
        metrics=chosen_metrics(metrics, scores),
        split=split,
        screening=screening,
        scale=scale,
        data_root=data_root,
        score_files=parse_score_files(scores or []),
        resampling=ResamplingPlan(resamples, resample_unit, ci, seed=seed),
        scorer_options=ScorerOptions(
            device,
            batch_size,
            default_workers() if workers is None else workers,
            precision,
            window,
            seed,
            embedding_store() if store else None,
        ),
        out=out,
        options=passed_and_defaulted(context),
        argv=tuple(sys.argv),
    )
    finish(execute(request), strict)


def demo_command(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option(help="Folder of the run. [default: a new one in results/]")] = None,
    resamples: Annotated[int, typer.Option(min=1, help="Bootstrap resamples.")] = DEFAULT_PLAN.n_resamples,
) -> None:
    """Walk through everything offline: synthesise sounds, simulate listeners, score, compare, report."""
    from bench.runs.run import RunRequest

    request = RunRequest(
        dataset="demo",
        metrics=tuple(DEMO_METRICS.split(",")),
        resampling=ResamplingPlan(resamples),
        scorer_options=ScorerOptions(workers=default_workers(), store=embedding_store()),
        out=out,
        options=passed_and_defaulted(context),
        argv=tuple(sys.argv),
    )
    finish(execute(request), strict=False, page=True)


def execute(request: RunRequest) -> Run:
    """Run with progress bars."""
    from bench.runs.run import run_benchmark

    with terminal_progress() as progress:
        return run_benchmark(request, progress)


def finish(run: Run, strict: bool, page: bool = False) -> None:
    """Print tables and the path of the report (and page); leave with status 3 (or 1) if some pairs have no score."""
    from bench.reports.contents import build_report

    report = build_report(run.manifest, run.table, run.analysis, run.leakage)
    show_report(report)
    say(f"\nReport: {run.folder / 'report.md'}")
    if page:
        say(f"Page to look at and listen to: {write_page(run, report)}")
    if run.table.n_failures:
        message = f"{run.table.n_failures:,} scores are missing; reasons in {run.folder / 'failures.csv'}"
        if strict:
            raise ClapBenchError(message)
        say(f"warning: {message}")
        raise typer.Exit(SOME_PAIRS_FAILED)


def chosen_metrics(metrics: str | None, scores: list[str] | None) -> tuple[str, ...]:
    """Return the scorers to run: the paper's, or none when only ``--scores`` is given."""
    from metrics.registry import expand_names

    if metrics is None:
        return () if scores else tuple(expand_names(METRICS_OF_THE_PAPER))
    return tuple(expand_names(metrics))


def passed_and_defaulted(context: typer.Context) -> dict[str, Any]:
    """Return every option with its value, and whether the user passed it or it is the default."""
    from bench.files.manifest import Option

    return {name: Option(_plain(value), _was_passed(context, name)) for name, value in context.params.items()}


def _was_passed(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name != "DEFAULT"


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value
