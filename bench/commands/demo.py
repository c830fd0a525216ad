"""``bench demo``."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.files.manifest import Option
from bench.statistics.types import MOST_RESAMPLES
from bench.terminal.console import say
from bench.terminal.finish import execute, finish
from bench.terminal.finish_votes import execute_votes, finish_votes
from bench.terminal.options import BandsOption, ModelOptions, ResamplingOptions, edges_of, passed_and_defaulted

if TYPE_CHECKING:
    from bench.runs.request import RunRequest

VOTES, SCORES = "brace:audiocaps", "caf-score"
DEMO_METRICS = "tiny,human:tiny-wsce+mae,loudness,caption-length,random"
DEFAULTS = ResamplingOptions()


def demo_command(
    context: typer.Context,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder in which both runs are written, as votes/ and sounds/.", show_default="new ones in results/"
        ),
    ] = None,
    resamples: Annotated[
        int, typer.Option(min=1, max=MOST_RESAMPLES, help="Number of bootstrap resamples.")
    ] = DEFAULTS.resamples,
    bands: BandsOption = None,
) -> None:
    """Walk through everything offline: real votes on published scores, then synthesised sounds that models can hear."""
    from bench.runs.request import RunRequest

    sounds = RunRequest(
        dataset="demo",
        metrics=tuple(DEMO_METRICS.split(",")),
        resampling=ResamplingOptions(resamples=resamples).plan(),
        bands=edges_of(bands),
        scorer_options=ModelOptions().scorer_options(seed=DEFAULTS.seed, store=True),
        out=None if out is None else out / "sounds",
        options=passed_and_defaulted(context),
        argv=tuple(sys.argv),
    )
    _show_votes(sounds, out)
    say("\nII. Synthetic sounds and simulated listeners: no evidence, but models can be run and trained on them\n")
    finish(execute(sounds), strict=False, page=True)


def _show_votes(sounds: RunRequest, out: Path | None) -> None:
    """Run on the votes and scores in the package, with the same resampling."""
    say("I. Real votes: people chose the caption that fits a clip better; the scores are published ones\n")
    votes = replace(
        sounds,
        dataset=VOTES,
        metrics=(),
        scores_from=(SCORES,),
        bands=None,
        sentinels=False,
        out=None if out is None else out / "votes",
        options={**sounds.options, "scores_from": Option(SCORES, passed=True)},
    )
    finish_votes(execute_votes(votes), strict=False, page=True)
