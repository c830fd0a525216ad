"""``bench datasets``: which data sets there are, fetching them, and a look at them before they are used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.table import Table

from bench.analysis.overlap import label
from bench.datasets.adapters.custom import ANY_SCALE
from bench.datasets.catalog import entries, find_entry, load_dataset
from bench.datasets.entry import DatasetEntry, Presence, resolve
from bench.datasets.pairs_table import pairs_table, voted_pairs_table
from bench.datasets.voted.catalog import VOTED, VotedEntry, find_voted, is_voted, load_voted
from bench.files.records import json_text
from bench.terminal.console import put
from bench.terminal.options import AsJson, BandsOption, DataRoot, Dimension, Output, Scale, Screening, Split, edges_of
from bench.terminal.progress import terminal_progress
from bench.terminal.screen import Screen
from metrics.errors import UnavailableError, UsageError

if TYPE_CHECKING:
    from bench.analysis.audit import Audit
    from bench.analysis.leakage import Leakage
    from bench.analysis.overlap import Overlap
    from bench.analysis.vote_audit import VoteAudit
    from bench.datasets.fetching.download import PullReport
    from bench.datasets.types import RatingScale, Tested

AnyAudit = TypeVar("AnyAudit", "Audit", "VoteAudit")

datasets_app = typer.Typer(no_args_is_help=True, help="List, fetch and audit data sets.")


@datasets_app.command("list")
def list_command(data_root: DataRoot = None, as_json: AsJson = False) -> None:
    """Show every data set, its splits and whether its files are here."""
    found = [(entry, entry.presence(data_root)) for entry in entries()]
    if as_json:
        _print_json([_record_fields(entry, presence) for entry, presence in found] + [_voted_fields(e) for e in VOTED])
    else:
        _print_records(found)


@datasets_app.command("pull")
def pull_command(
    name: Annotated[str, typer.Argument(help="Name of the data set, e.g. relate.")],
    data_root: DataRoot = None,
    audio: Annotated[bool, typer.Option(help="Fetch the clips too (RELATE: about 4 GB).")] = True,
) -> None:
    """Fetch a data set from its publishers; repeat the command to go on after a break."""
    console = _console()
    if is_voted(name):
        raise UnavailableError(
            f"the votes of {name} are here already, so go on with bench run; {find_voted(name).clips}"
        )
    entry = find_entry(name)
    if entry.pull is None:
        folder = entry.presence(data_root).location
        if folder is None:
            console.print(f"{name} is made on the spot or yours: nothing to fetch.")
            return
        raise UnavailableError(f"{name} cannot be fetched from here: {entry.how_to_get} or put its files into {folder}")
    with terminal_progress() as progress:
        report: PullReport = resolve(entry.pull)(data_root, progress, audio=audio)
    for record in report.files:
        console.print(f"{record.sha256}  {record.n_bytes:>13,} bytes  {record.url}", soft_wrap=True)
    clips = "were there already or not asked for" if report.n_clips is None else f"{report.n_clips:,} came"
    console.print(f"ratings in {report.root}; clips: {clips}", soft_wrap=True)
    console.print(f"licence: {entry.licence}", soft_wrap=True)


@datasets_app.command("audit")
def audit_command(
    name: Annotated[str, typer.Argument(help="A data set of 'bench datasets list', or a .csv file.")],
    split: Split = None,
    screening: Screening = None,
    dimension: Dimension = None,
    data_root: DataRoot = None,
    scale: Scale = None,
    bands: BandsOption = None,
    as_json: AsJson = False,
) -> None:
    """Count ratings, listeners and captions, and look for clips that are missing or cannot be used."""
    from bench.analysis.audit import audit
    from bench.terminal.audits import rating_tables

    if is_voted(name):
        _audit_votes(name, data_root, as_json, {"split": split, "screening": screening, "scale": scale, "bands": bands})
        return
    edges = edges_of(bands)
    with terminal_progress() as progress:
        dataset = load_dataset(
            name,
            split=split,
            screening=screening,
            dimension=dimension,
            data_root=data_root,
            scale=scale,
            progress=progress,
        )
        found = audit(dataset, bands=edges, expected_rate_hz=find_entry(name).sample_rate_hz, progress=progress)
    _show_audit(found, rating_tables, as_json)


@datasets_app.command("pairs")
def pairs_command(
    name: Annotated[str, typer.Argument(help="A data set of 'bench datasets list', or a .csv file.")],
    split: Split = None,
    screening: Screening = None,
    data_root: DataRoot = None,
    output: Output = None,
) -> None:
    """Print the pairs as CSV, for those who score them elsewhere; bench run --scores reads pair_id,score.

    Paths are absolute, so that the clips are found from any folder. Ratings are left out.
    """
    from bench.files.csvfile import csv_text, write_csv

    if is_voted(name):
        _refuse_given(name, {"split": split, "screening": screening})
        table = voted_pairs_table(load_voted(name, data_root))
    else:
        with terminal_progress() as progress:
            scale = _whatever_scale(name)
            dataset = load_dataset(
                name, split=split, screening=screening, data_root=data_root, scale=scale, progress=progress
            )
        table = pairs_table(dataset)
    if output is None:
        put(csv_text(table), end="")
    else:
        write_csv(output, table)


@datasets_app.command("overlap")
def overlap_command(
    names: Annotated[list[str], typer.Argument(metavar="NAME…", help="Data sets, as NAME or NAME@SPLIT; two or more.")],
    trained: Annotated[
        list[Path] | None,
        typer.Option(metavar="FOLDER", help="A fine-tuned checkpoint: what of the data sets it was trained on."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Count captions and clips that data sets share, with each other and with what a scorer was trained on."""
    from bench.analysis.leakage import find_leakage, read_training
    from bench.analysis.overlap import clip_hashes, find_overlaps

    if len(names) < 2 and not trained:
        raise UsageError(
            f"{names[0]!r} alone overlaps with nothing; name another data set, or a checkpoint by --trained"
        )
    datasets = [_load_part(name) for name in names]
    with terminal_progress() as progress:
        hashes = [clip_hashes(dataset, progress) for dataset in datasets]
    overlaps = find_overlaps(datasets, hashes)
    leakage: list[tuple[str, Leakage]] = []
    for folder in trained or ():
        training = read_training(folder)
        if training is None:
            raise UsageError(f"{folder} has no training.json; give the folder of a checkpoint that 'finetune' made")
        leakage += [
            (label(tested.name, tested.split), found)
            for tested, known in zip(datasets, hashes, strict=True)
            for found in find_leakage(folder.name, training, tested, known)
        ]
    if as_json:
        _print_json({"overlaps": overlaps, "leakage": [{"tested_on": name, **asdict(one)} for name, one in leakage]})
    else:
        _print_overlaps(overlaps, leakage)


def _audit_votes(name: str, data_root: Path | None, as_json: bool, others: Mapping[str, object]) -> None:
    from bench.analysis.vote_audit import audit_votes
    from bench.terminal.audits import vote_tables

    _refuse_given(name, others)
    with terminal_progress() as progress:
        found = audit_votes(load_voted(name, data_root), progress=progress)
    _show_audit(found, vote_tables, as_json)


def _show_audit(found: AnyAudit, tables: Callable[[AnyAudit], list[Table]], as_json: bool) -> None:
    if as_json:
        _print_json(asdict(found))
        return
    console = _console()
    for table in tables(found):
        console.print(table)
    for note in found.notes:
        console.print(f"note: {note}", soft_wrap=True)


def _refuse_given(name: str, others: Mapping[str, object]) -> None:
    """Refuse options that votes do not have."""
    for option, value in others.items():
        if value is not None:
            raise UsageError(f"--{option} has no meaning for votes ({name}); leave it out")


def _load_part(name: str) -> Tested:
    """Load ``NAME`` or ``NAME@SPLIT``."""
    if is_voted(name):
        return load_voted(name)
    known, _, split = name.partition("@")
    return load_dataset(known, split=split or None, scale=_whatever_scale(known))


def _whatever_scale(name: str) -> RatingScale | None:
    """Return the scale to load a data set with where its ratings play no part."""
    return ANY_SCALE if "scale" in find_entry(name).takes else None


def _print_overlaps(overlaps: Sequence[Overlap], leakage: Sequence[tuple[str, Leakage]]) -> None:
    console = _console()
    table = Table("data sets", title="in common")
    for column in ("captions", "clips", "pairs of the first", "pairs of the second"):
        table.add_column(column, justify="right")
    for one in overlaps:
        clips = "not here" if one.n_clips is None else f"{one.n_clips:,}"
        counts = (f"{one.n_affected_first:,}", f"{one.n_affected_second:,}")
        table.add_row(f"{one.first}\n{one.second}", f"{len(one.captions):,}", clips, *counts)
    if overlaps:
        console.print(table)
    for tested, found in leakage:
        shared = ", ".join(
            f"{item.kind} {'not written down' if item.shared is None else f'{len(item.shared):,} of {item.n_tested:,}'}"
            for item in found.items
        )
        console.print(f"{found.metric}, {found.part} on {found.trained_on}, against {tested}: {shared}", soft_wrap=True)


def _print_json(content: object) -> None:
    put(json_text(content, indent=2))


def _record_fields(entry: DatasetEntry, found: Presence) -> dict[str, object]:
    return {
        "name": entry.name,
        "summary": entry.summary,
        "licence": entry.licence,
        "splits": entry.splits,
        "screenings": entry.screenings,
        "dimensions": entry.dimensions,
        "scale": entry.scale and [entry.scale.low, entry.scale.high],
        "location": None if found.location is None else str(found.location),
        "ratings_present": found.ratings,
        "audio_present": found.audio,
    }


def _voted_fields(entry: VotedEntry) -> dict[str, object]:
    """Return the same of votes, which are in the package; whether clips are anywhere is not known."""
    return {
        "name": entry.name,
        "summary": entry.summary,
        "licence": entry.licence,
        "splits": (),
        "screenings": (),
        "dimensions": ("votes",),
        "scale": None,
        "location": None,
        "ratings_present": True,
        "audio_present": False,
    }


def _console() -> Screen:
    # Names and texts are the user's: brackets and colons in them are no markup.
    return Screen(markup=False, emoji=False, highlight=False)


def _print_records(records: list[tuple[DatasetEntry, Presence]]) -> None:
    table = Table("name", "what listeners rate", "splits", "ratings", "clips")
    for entry, found in records:
        here = ["here" if present else "absent" for present in (found.ratings, found.audio)]
        if entry.suffix:
            here = ["yours", "yours"]
        table.add_row(entry.name, entry.summary, "\n".join(entry.splits) or "-", *here)
    for voted in VOTED:
        table.add_row(voted.name, f"votes: {voted.summary}", "-", "here", "yours")
    console = _console()
    console.print(table)
    for entry, found in records:
        place = "made on the spot" if found.location is None else f"in {found.location}"
        if not entry.suffix:
            console.print(f"{entry.name}: {place}; licence: {entry.licence}{_rated(entry)}", soft_wrap=True)
    for voted in VOTED:
        console.print(f"{voted.name}: in the package; licence: {voted.licence}; {voted.clips}", soft_wrap=True)
    console.print("Fetch one with: bench datasets pull NAME, which says what to do where it cannot")


def _rated(entry: DatasetEntry) -> str:
    """Say what was rated, where there are several things."""
    first, *others = entry.dimensions
    return f"; rated: {first} (default), {', '.join(others)}" if others else ""
