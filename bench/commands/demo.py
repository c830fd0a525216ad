"""``bench demo``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from bench.statistics.types import MOST_RESAMPLES
from bench.terminal.finish import execute, finish
from bench.terminal.options import BandsOption, ModelOptions, ResamplingOptions, edges_of, passed_and_defaulted

DEMO_METRICS = "tiny,human:tiny-wsce+mae,loudness,caption-length,random"
DEFAULTS = ResamplingOptions()


def demo_command(
    context: typer.Context,
    out: Annotated[
        Path | None, typer.Option(help="Folder in which the run is written.", show_default="a new one in results/")
    ] = None,
    resamples: Annotated[
        int, typer.Option(min=1, max=MOST_RESAMPLES, help="Number of bootstrap resamples.")
    ] = DEFAULTS.resamples,
    bands: BandsOption = None,
) -> None:
    """Walk through everything offline: synthesise sounds, simulate listeners, score, compare, report."""
    from bench.runs.run import RunRequest

    request = RunRequest(
        dataset="demo",
        metrics=tuple(DEMO_METRICS.split(",")),
        resampling=ResamplingOptions(resamples=resamples).plan(),
        bands=edges_of(bands),
        scorer_options=ModelOptions().scorer_options(seed=DEFAULTS.seed, store=True),
        out=out,
        options=passed_and_defaulted(context),
        argv=tuple(sys.argv),
    )
    finish(execute(request), strict=False, page=True)
