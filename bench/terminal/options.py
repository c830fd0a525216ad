"""Options that commands share, in groups: a group is a dataclass whose fields are options of the command line.

A command names the groups it takes as parameters; `takes_options` offers their fields to typer, one panel of the help
a group, and hands over the groups filled in.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, get_args, get_type_hints

import typer

from bench.files.limits import MOST_BATCH, MOST_SEED
from bench.reports.formats import names
from bench.statistics.types import DEFAULT_PLAN, MOST_RESAMPLES, IntervalMethod, ResampleUnit, ResamplingPlan
from metrics.embedding.prefetch import default_workers
from metrics.files import embedding_store
from metrics.types import Precision, ScorerOptions, WindowPolicy

if TYPE_CHECKING:
    from bench.files.manifest import Option

Device = Literal["auto", "cpu", "cuda", "mps"]
DeviceOption = Annotated[Device, typer.Option(help="Device on which models run; auto takes cuda, then mps, then cpu.")]
PrecisionOption = Annotated[Precision, typer.Option(help="Number format of the models' forward pass.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text.")]
BandsOption = Annotated[
    str | None,
    typer.Option(
        metavar="EDGES",
        help="Where mean ratings are cut into score bands, e.g. 3,7; a rating on an edge belongs to the band below.",
        show_default="the middle of the scale, 5 on 0-10",
    ),
]
ByOption = Annotated[
    str | None,
    typer.Option(
        metavar="KINDS",
        help="Report agreement by what captions tell, too: events, order, length, or several with commas between them.",
        show_default="not by captions",
    ),
]
if TYPE_CHECKING:
    TableFormat = str
else:  # typer takes the choices from a Literal
    TableFormat = Literal[tuple(names("report", "facts"))]
FormatOption = Annotated[
    TableFormat | None,
    typer.Option(help="How the result is written.", show_default="tables on a terminal, markdown into a pipe or file"),
]
Output = Annotated[Path | None, typer.Option(help="Write to this file instead of printing.")]
DataRoot = Annotated[
    Path | None,
    typer.Option(
        help="Folder that holds the data set.", show_default="$RELATE_ROOT, then where 'bench datasets pull' put it"
    ),
]
Split = Annotated[str | None, typer.Option(help="Part of the data set.", show_default="test where there is one")]
Screening = Annotated[
    str | None,
    typer.Option(
        help="Rule by which listeners count: released, anchor-mean, none, …", show_default="the data set's own"
    ),
]
Dimension = Annotated[
    str | None,
    typer.Option(
        help="What was rated that metrics shall agree with, where a data set has several: relevance, quality, …",
        show_default="the data set's first",
    ),
]
Scale = Annotated[
    str | None,
    typer.Option(
        help="Lowest and highest possible rating of your own CSV, e.g. 1-5.",
        show_default="0-10, if the ratings fill more than half of it",
    ),
]


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """How models run."""

    panel: ClassVar[str] = "How models run"
    device: DeviceOption = "auto"
    batch_size: Annotated[
        int | None,
        typer.Option(min=1, max=MOST_BATCH, help="Number of clips in one forward pass.", show_default="by device"),
    ] = None
    workers: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Number of threads that decode audio beside the model; 0 decodes in between.",
            show_default="half the cores, at most 8, shared by all processes",
        ),
    ] = None
    precision: PrecisionOption = "fp32"
    window: Annotated[WindowPolicy, typer.Option(help="How a clip longer than the model's window is heard.")] = "cover"

    def scorer_options(self, *, seed: int, store: bool, processes: int = 1) -> ScorerOptions:
        """Return what scorers are made with; the threads for decoding are shared out among the processes."""
        return ScorerOptions(
            device=self.device,
            batch_size=self.batch_size,
            workers=max(1, default_workers() // processes) if self.workers is None else self.workers,
            precision=self.precision,
            window=self.window,
            seed=seed,
            store=embedding_store() if store else None,
        )


@dataclass(frozen=True, kw_only=True)
class ResamplingOptions:
    """How uncertainty is estimated."""

    panel: ClassVar[str] = "How uncertainty is estimated"
    resamples: Annotated[int, typer.Option(min=1, max=MOST_RESAMPLES, help="Number of bootstrap resamples.")] = (
        DEFAULT_PLAN.n_resamples
    )
    permutations: Annotated[
        int,
        typer.Option(
            min=0,
            max=MOST_RESAMPLES,
            help="Number of permutations behind p-values, none of which can be below 1 / (N + 1); 0 leaves them out.",
        ),
    ] = DEFAULT_PLAN.n_permutations
    ci: Annotated[
        IntervalMethod, typer.Option(help="Method by which confidence intervals are made (docs/statistics.md).")
    ] = DEFAULT_PLAN.ci_method
    resample_unit: Annotated[
        ResampleUnit,
        typer.Option(
            help="What is resampled: captions with all their clips, single pairs, or blocks of captions that share "
            "listeners."
        ),
    ] = DEFAULT_PLAN.unit
    bands: BandsOption = None
    seed: Annotated[
        int, typer.Option(min=0, max=MOST_SEED, help="Seed of resampling and of scorers that draw random numbers.")
    ] = 0

    def plan(self) -> ResamplingPlan:
        """Return the plan that statistics are computed by."""
        return ResamplingPlan(
            self.resamples, self.resample_unit, self.ci, n_permutations=self.permutations, seed=self.seed
        )


def edges_of(bands: str | None) -> tuple[float, ...] | None:
    """Return the edges that ``--bands`` names; None where it is not given.

    Raises:
        UsageError: they are no rising numbers.
    """
    from bench.analysis.strata import parse_edges

    return None if bands is None else parse_edges(bands)


def kinds_of(by: str | None) -> tuple[str, ...]:
    """Return the kinds of strata that ``--by`` names; none where it is not given.

    Raises:
        UsageError: it names another.
    """
    from bench.analysis.strata import parse_by

    return () if by is None else parse_by(by)


def takes_options(command: Callable[..., None]) -> Callable[..., None]:
    """Offer the fields of a command's option groups as options; the command gets the groups themselves."""
    hints = get_type_hints(command, include_extras=True)
    signature = inspect.signature(command)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
    parameters = [
        parameter
        for name, own in signature.parameters.items()
        for parameter in (_options_of(groups[name]) if name in groups else [own.replace(annotation=hints[name])])
    ]

    @functools.wraps(command)
    def wrapper(**given: Any) -> None:
        filled = {
            name: group(**{field.name: given.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        command(**given, **filled)

    in_order = sorted(parameters, key=lambda parameter: parameter.default is not inspect.Parameter.empty)
    wrapper.__signature__ = signature.replace(parameters=in_order)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {parameter.name: parameter.annotation for parameter in in_order}
    del wrapper.__wrapped__  # typer would look at the command itself
    return wrapper


def _options_of(group: Any) -> Iterator[inspect.Parameter]:
    """The fields of a group as keyword parameters, in the group's panel of the help."""
    hints = get_type_hints(group, include_extras=True)
    for field in fields(group):
        kind, option = get_args(hints[field.name])
        option.rich_help_panel = getattr(group, "panel", None)
        default = inspect.Parameter.empty if field.default is MISSING else field.default
        yield inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option]
        )


def passed_and_defaulted(context: typer.Context) -> dict[str, Option]:
    """Return every option with its value, and whether the user passed it or it is the default."""
    from bench.files.manifest import Option

    return {name: Option(_plain(value), _was_passed(context, name)) for name, value in context.params.items()}


def _was_passed(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name != "DEFAULT"


def _plain(value: Any) -> Any:
    """Return what JSON holds, without secrets: the manifest that it goes into is shown and passed on."""
    from bench.files.manifest import redact_text

    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return redact_text(str(value)) if isinstance(value, (Path, str)) else value
