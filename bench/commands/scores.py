"""``bench scores``: published scores that anybody re-analyses without a model: listed, fetched, shared and checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from bench.files.records import json_text, plain
from bench.terminal.console import put, say
from bench.terminal.options import AsJson, DataRoot, Scale, Screening, Split
from bench.terminal.progress import terminal_progress
from bench.terminal.screen import Screen
from metrics.errors import DataError

if TYPE_CHECKING:
    from bench.datasets.score_archive.entries import Entry

NOT_STATED = "not stated"
PROBLEMS_SHOWN = 20

Name = Annotated[str, typer.Argument(help="Name of the scores, as 'bench scores list' shows it.")]

scores_app = typer.Typer(no_args_is_help=True, help="List, fetch, share and check published scores.")


@scores_app.command("list")
def list_command(as_json: AsJson = False) -> None:
    """Show the scores that 'bench run --scores-from NAME' takes: those of the package, and those that you brought."""
    from bench.datasets.score_archive.entries import entry_names, find_entry

    found: list[Entry] = []
    damaged: dict[str, str] = {}
    for name in entry_names():
        try:
            found.append(find_entry(name))
        except DataError as error:
            damaged[name] = str(error)
    if as_json:
        put(
            json_text([*map(_fields, found), *({"name": name, "problem": damaged[name]} for name in damaged)], indent=2)
        )
        return
    _print_entries(found)
    for name, problem in damaged.items():
        say(f"warning: scores {name!r} cannot be used: {problem}")


@scores_app.command("pull")
def pull_command(
    address: Annotated[
        str,
        typer.Argument(
            metavar="OWNER/REPO[@REVISION]|NAME",
            help="Data set repository on the Hugging Face hub, or scores that were pulled before, to fetch the newest.",
        ),
    ],
    name: Annotated[
        str | None, typer.Option(help="What to call them here.", show_default="the repository's name")
    ] = None,
) -> None:
    """Fetch scores from the Hugging Face hub.

    Nothing is kept unless every file is the one that the hub and scores.json name, and holds pairs and numbers alone.
    """
    from bench.datasets.score_archive.hub import pull

    with terminal_progress() as progress:
        entry = pull(address, name, progress)
    _tell(entry)


@scores_app.command("push")
def push_command(
    name: Name,
    to: Annotated[str, typer.Option("--to", metavar="OWNER/REPO", help="Data set repository on the Hugging Face hub.")],
) -> None:
    """Upload scores to the Hugging Face hub, to a private repository if it is new; 'hf auth login' comes first.

    Uploaded is what scores.json names. Other scores that the repository held are removed from its newest version.
    """
    from bench.datasets.score_archive.hub import push

    pushed = push(name, to)
    for file in pushed.files:
        put(file)
    say(f"pushed to {pushed.url}; others fetch it: bench scores pull {to}")


@scores_app.command("add")
def add_command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run, on ratings or votes.")],
    name: Annotated[
        str | None,
        typer.Option(
            help="What to call them; scores added before get another data set.", show_default="the folder's name"
        ),
    ] = None,
    metrics: Annotated[
        str | None, typer.Option(help="Metrics of the run, separated by commas.", show_default="all but baselines")
    ] = None,
    summary: Annotated[
        str | None, typer.Option(help="What they are, in one line.", show_default="the metrics and the data set")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Where they were published.", show_default="the run, and this version")
    ] = None,
    licence: Annotated[
        str | None, typer.Option(help="Licence of the scores, e.g. CC-BY-4.0.", show_default=NOT_STATED)
    ] = None,
    note: Annotated[
        str | None, typer.Option(help="A remark for every table made from them.", show_default="none")
    ] = None,
) -> None:
    """Keep the scores of a run, so that other runs take them in, and 'bench scores push' can share them.

    Kept are names of pairs, scores and signatures. Ratings, votes, captions and clips are left out.
    """
    from bench.datasets.score_archive.load import names_in
    from bench.datasets.score_archive.write import About, add_run

    about = About(summary=summary, source=source, licence=licence, note=note)
    _tell(add_run(run, name, about, None if metrics is None else names_in(metrics), say))


@scores_app.command("check")
def check_command(
    path: Annotated[
        Path, typer.Argument(metavar="FILE|FOLDER", help="A file for --scores, or a folder with scores.json.")
    ],
    dataset: Annotated[
        str | None,
        typer.Option(
            help="Data set whose pairs it has to score, as in 'bench run'.", show_default="pairs are not looked for"
        ),
    ] = None,
    split: Split = None,
    screening: Screening = None,
    scale: Scale = None,
    data_root: DataRoot = None,
) -> None:
    """Say what is wrong with a file of scores, or with a folder of the archive.

    Ends with status 1 if something is.
    """
    from bench.datasets.score_archive.check import problems_of_file, problems_of_folder, problems_on_dataset
    from bench.datasets.score_archive.pairs import load_pairs

    found = list(problems_of_folder(path) if path.is_dir() else problems_of_file(path))
    if not found and dataset is not None:
        pairs = load_pairs(dataset, split=split, screening=screening, scale=scale, data_root=data_root)
        found = list(problems_on_dataset(path, pairs, say))
    for problem in _first(found):
        put(problem)
    if found:
        raise typer.Exit(1)
    put(f"{path}: nothing wrong")


def _first(problems: list[str]) -> Iterator[str]:
    yield from problems[:PROBLEMS_SHOWN]
    if len(problems) > PROBLEMS_SHOWN:
        yield f"… and {len(problems) - PROBLEMS_SHOWN:,} more"


def _tell(entry: Entry) -> None:
    """Say what an entry holds and how it is used."""
    for dataset in entry.facts.datasets:
        metrics = ", ".join(one.metric for one in dataset.metrics)
        n_pairs = max(one.n_pairs for one in dataset.metrics)
        split = "" if dataset.split is None else f" --split {dataset.split}"
        put(f"{dataset.label}: {metrics}; {n_pairs:,} pairs")
        say(f"use them: bench run --dataset {dataset.name}{split} --scores-from {entry.name}")
    put(f"in {entry.folder}, from {entry.place}; licence: {entry.facts.licence or NOT_STATED}")


def _fields(entry: Entry) -> dict[str, object]:
    origin = entry.origin and {"repo": entry.origin.repo, "commit": entry.origin.commit}
    kind = "package" if entry.is_packaged else "pulled" if origin else "added"
    return {"name": entry.name, "kind": kind, "folder": str(entry.folder), "origin": origin, **plain(entry.facts)}


def _print_entries(entries: Sequence[Entry]) -> None:
    screen = Screen(markup=False, emoji=False, highlight=False)  # names and texts are others'
    table = Table()
    for column in ("name", "data sets", "metrics", "licence"):
        table.add_column(column, overflow="fold")
    for entry in entries:
        facts = entry.facts
        datasets = "\n".join(dict.fromkeys(one.label for one in facts.datasets))
        table.add_row(entry.name, datasets, "\n".join(facts.metrics), facts.licence or NOT_STATED)
    screen.print(table)
    for entry in entries:
        facts = entry.facts
        where = f"from {entry.place}, in {entry.folder}"
        screen.print(f"{entry.name}: {facts.summary}; source: {facts.source}; {where}", soft_wrap=True)
    screen.print("Use some with: bench run --dataset NAME --scores-from NAME", soft_wrap=True)
