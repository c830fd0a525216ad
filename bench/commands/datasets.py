"""``bench datasets``: which data sets there are, fetching them, and a look at them before they are used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from bench.analysis.overlap import label
from bench.datasets.adapters.custom import ANY_SCALE
from bench.datasets.catalog import entries, find_entry, load_dataset
from bench.datasets.entry import DatasetEntry, Presence, resolve
from bench.datasets.pairs_table import pairs_table
from bench.files.records import json_text
from bench.terminal.console import put
from bench.terminal.options import AsJson, BandsOption, DataRoot, Dimension, Output, Scale, Screening, Split, edges_of
from bench.terminal.progress import terminal_progress
from bench.terminal.screen import Screen
from metrics.errors import UnavailableError, UsageError

if TYPE_CHECKING:
    from bench.analysis.audit import Audit, ClipProblem, GroupSummary
    from bench.analysis.audit_dimensions import DimensionSummary
    from bench.analysis.leakage import Leakage
    from bench.analysis.overlap import Overlap
    from bench.datasets.fetching.download import PullReport
    from bench.datasets.types import RatedDataset, RatingScale

EXAMPLES_SHOWN = 3

datasets_app = typer.Typer(no_args_is_help=True, help="List, fetch and audit data sets.")


@datasets_app.command("list")
def list_command(data_root: DataRoot = None, as_json: AsJson = False) -> None:
    """Show every data set, its splits and whether its files are here."""
    found = [(entry, entry.presence(data_root)) for entry in entries()]
    if as_json:
        _print_json([_record_fields(entry, presence) for entry, presence in found])
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
    if as_json:
        _print_json(asdict(found))
    else:
        _print_audit(found)


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

    with terminal_progress() as progress:
        scale = _whatever_scale(name)
        dataset = load_dataset(
            name, split=split, screening=screening, data_root=data_root, scale=scale, progress=progress
        )
    if output is None:
        put(csv_text(pairs_table(dataset)), end="")
    else:
        write_csv(output, pairs_table(dataset))


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


def _load_part(name: str) -> RatedDataset:
    """Load ``NAME`` or ``NAME@SPLIT``."""
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
    console = _console()
    console.print(table)
    for entry, found in records:
        place = "made on the spot" if found.location is None else f"in {found.location}"
        if not entry.suffix:
            console.print(f"{entry.name}: {place}; licence: {entry.licence}{_rated(entry)}", soft_wrap=True)
    console.print("Fetch one with: bench datasets pull NAME, which says what to do where it cannot")


def _rated(entry: DatasetEntry) -> str:
    """Say what was rated, where there are several things."""
    first, *others = entry.dimensions
    return f"; rated: {first} (default), {', '.join(others)}" if others else ""


def _print_audit(found: Audit) -> None:
    console = _console()
    console.print(_overview(found))
    console.print(_groups(found.groups))
    if len(found.dimensions) > 1:
        console.print(_dimensions(found.dimensions))
    console.print(_histogram("ratings per pair", "pairs", found.ratings_per_pair))
    console.print(_histogram("pairs per caption", "captions", found.pairs_per_caption))
    console.print(_clips(found))
    for note in found.notes:
        console.print(f"note: {note}", soft_wrap=True)


def _overview(found: Audit) -> Table:
    table = Table(title=f"{found.name}, split {found.split or 'all'}, screening {found.screening or 'none'}")
    table.add_column("what")
    table.add_column("value", justify="right")
    table.add_row("pairs", f"{found.n_pairs:,}")
    table.add_row("ratings", f"{found.n_ratings:,}")
    table.add_row("listeners", f"{found.n_listeners:,}" if found.n_listeners else "not named")
    table.add_row("captions", f"{found.n_captions:,}")
    if found.single_rating_share is not None:
        table.add_row("pairs with one rating only", f"{found.single_rating_share:.1%}")
    table.add_row("pairs with the clip and caption of another", f"{sum(map(len, found.duplicates)):,}")
    for name, value in (found.reliability or {}).items():
        table.add_row(name, f"{value:.3f}" if isinstance(value, float) else str(value))
    table.add_row("sha256 of the ratings", found.source_sha256[:16] + "…")
    return table


def _groups(groups: tuple[GroupSummary, ...]) -> Table:
    table = Table("stratum", title="mean ratings of the pairs")
    for name in ("pairs", "ratings", "mean", "SD"):
        table.add_column(name, justify="right")
    for group in groups:
        sd = "-" if group.sd is None else f"{group.sd:.2f}"
        table.add_row(group.label, f"{group.n_pairs:,}", f"{group.n_ratings:,}", f"{group.mean:.2f}", sd)
    return table


def _dimensions(dimensions: Sequence[DimensionSummary]) -> Table:
    table = Table("dimension", title="what was rated, the target first")
    for name in ("pairs", "mean", "SD", "SRCC with the target"):
        table.add_column(name, justify="right")
    for one in dimensions:
        sd, srcc = ("-" if value is None else f"{value:.2f}" for value in (one.sd, one.srcc))
        table.add_row(one.dimension, f"{one.n_pairs:,}", f"{one.mean:.2f}", sd, srcc)
    return table


def _histogram(value: str, counted: str, counts: Mapping[int, int]) -> Table:
    table = Table(value, *map(str, counts))
    table.add_row(counted, *(f"{count:,}" for count in counts.values()))
    return table


def _clips(found: Audit) -> Table:
    audio = found.audio
    table = Table("what", "clips", "for example", title="clips")
    table.add_row("named by the pairs", f"{audio.n_clips:,}", "")
    table.add_row("missing", *_examples(audio.missing))
    table.add_row("unreadable", *_examples(audio.unreadable))
    table.add_row("too short", *_examples(audio.too_short))
    table.add_row(f"not at {audio.expected_rate_hz or '?'} Hz", *_examples(audio.wrong_rate))
    if audio.durations_s is not None:
        shortest, middle, longest = audio.durations_s
        table.add_row("seconds: least, median, most", "", f"{shortest:.2f}, {middle:.2f}, {longest:.2f}")
    table.add_row("by channels", "", ", ".join(f"{n}: {count:,}" for n, count in audio.channels.items()) or "-")
    return table


def _examples(problems: tuple[ClipProblem, ...]) -> tuple[str, str]:
    shown = [f"{problem.pair_id} {problem.found}" for problem in problems[:EXAMPLES_SHOWN]]
    return f"{len(problems):,}", "\n".join(shown)
