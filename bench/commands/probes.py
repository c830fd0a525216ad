"""``bench probes``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from bench.files.limits import MOST_SEED
from bench.statistics.types import DEFAULT_PLAN, MOST_RESAMPLES, IntervalMethod, ResamplingPlan
from bench.terminal.console import deliver, say, show_report
from bench.terminal.finish import SOME_PAIRS_FAILED, leave_incomplete
from bench.terminal.options import AsJson, DataRoot, ModelOptions, Scale, Screening, Split, takes_options
from bench.terminal.progress import terminal_progress
from metrics.errors import UsageError

if TYPE_CHECKING:
    from bench.runs.probes import Probed


@dataclass(frozen=True, kw_only=True)
class ProbeOptions:
    """Which captions are altered, and how."""

    panel: ClassVar[str] = "Which captions"
    split: Split = None
    screening: Screening = None
    scale: Scale = None
    data_root: DataRoot = None
    kinds: Annotated[
        str, typer.Option(help="How captions are altered: one or more of these, with commas between them.")
    ] = "swapped,order,removed,negated"
    least_rating: Annotated[
        float | None, typer.Option(help="Leave out clips with a lower mean rating.", show_default="all clips")
    ] = None


@dataclass(frozen=True, kw_only=True)
class ProbeResampling:
    """How uncertainty is estimated."""

    panel: ClassVar[str] = "How uncertainty is estimated"
    resamples: Annotated[int, typer.Option(min=1, max=MOST_RESAMPLES, help="Number of bootstrap resamples.")] = (
        DEFAULT_PLAN.n_resamples
    )
    permutations: Annotated[
        int, typer.Option(min=0, max=MOST_RESAMPLES, help="Number of permutations behind p-values; 0 leaves them out.")
    ] = DEFAULT_PLAN.n_permutations
    ci: Annotated[
        IntervalMethod, typer.Option(help="Method by which confidence intervals are made (docs/statistics.md).")
    ] = DEFAULT_PLAN.ci_method
    seed: Annotated[
        int, typer.Option(min=0, max=MOST_SEED, help="Seed of resampling, of other clips' captions and of scorers.")
    ] = 0

    def plan(self) -> ResamplingPlan:
        """Return the plan that statistics are computed by."""
        return ResamplingPlan(self.resamples, ci_method=self.ci, n_permutations=self.permutations, seed=self.seed)


@takes_options
def probes_command(
    dataset: Annotated[str, typer.Argument(help="A data set of 'bench datasets list', or a .csv file with ratings.")],
    *,
    metrics: Annotated[
        str | None, typer.Option(help="Scorers of 'bench metrics', separated by commas.", show_default="none")
    ] = None,
    scores: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FILE.csv", help="Scores of the pairs of pairs.csv, computed elsewhere."),
    ] = None,
    captions: ProbeOptions,
    resampling: ProbeResampling,
    models: ModelOptions,
    store: Annotated[bool, typer.Option(help="Keep embeddings on disk, so that no clip is embedded twice.")] = True,
    out: Annotated[
        Path | None,
        typer.Option(help="New folder for probes, pairs, scores and report.", show_default="nothing is kept"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Alter captions by rule, and say how often metrics prefer the original: order reversed, an event removed, …

    The preferred side is constructed, not heard (docs/probes.md). Without metrics, --out gets the pairs to be scored.
    """
    from bench.datasets.catalog import load_dataset
    from bench.datasets.probes.dataset import make_probes, parse_kinds
    from bench.datasets.voted.catalog import is_voted
    from bench.files.scores import parse_score_files
    from bench.runs.probes import Probed, probe, refuse_used_folder, write_probed
    from metrics.registry import expand_names

    kinds, plan, files = parse_kinds(captions.kinds), resampling.plan(), parse_score_files(scores or [])
    names = tuple(expand_names(metrics)) if metrics is not None else ()
    if is_voted(dataset):
        raise UsageError(f"{dataset} has votes; probes are made of rated data sets: see 'bench datasets list'")
    if out is not None:
        refuse_used_folder(out)
    elif not (names or files):
        raise UsageError("nothing to do; give --metrics or --scores, or --out to write the pairs to be scored")
    with terminal_progress() as progress:
        rated = load_dataset(
            dataset,
            split=captions.split,
            screening=captions.screening,
            data_root=captions.data_root,
            scale=captions.scale,
            progress=progress,
        )
        made = make_probes(rated, kinds, captions.least_rating, resampling.seed)
        options = models.scorer_options(seed=resampling.seed, store=store)
        found = probe(made, names, files, plan, options, progress, say) if names or files else Probed(made, plan)
    if out is not None:
        write_probed(found, out)
    _tell(found, as_json=as_json)
    _finish(found, out)


def _tell(found: Probed, *, as_json: bool) -> None:
    """Print the report, or everything for programs."""
    from bench.reports.formats import Document

    if not as_json:
        show_report(found.report())
        return
    content = {**found.facts(), "vote_agreements": found.agreements, "vote_differences": found.differences}
    deliver(Document(found.report(), facts=lambda: content), "json", None, "Probes")


def _finish(found: Probed, out: Path | None) -> None:
    """Say where everything is; leave with status 3 if some pairs have no score."""
    if out is not None:
        say(f"Probes: {out}")
    if not found.n_failures:
        return
    if out is not None:
        leave_incomplete(found.n_failures, out / "failures.csv", strict=False)
    say(f"warning: {found.n_failures:,} scores are missing; --out keeps the reasons")
    raise typer.Exit(SOME_PAIRS_FAILED)
