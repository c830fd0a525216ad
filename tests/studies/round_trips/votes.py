"""The files of a run on votes."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from pathlib import Path
from typing import get_args, get_type_hints

from bench.analysis.vote_results import VoteAnalysis
from bench.datasets.votes import CHOICES, Comparison, Vote, VotedDataset
from bench.files.manifest import read_manifest, write_manifest
from bench.files.records import write_records
from bench.runs import vote_folder
from bench.runs.vote_folder import VoteRun
from metrics.types import AudioTextPair, ScoreFailure
from tests.studies.round_trips.draw import Draw
from tests.studies.round_trips.runs import ROWS, Trips, small_manifest


def voted(draw: Draw, n: int) -> VotedDataset:
    """Draw two captions for each of ``n`` clips, which one listener voted on."""
    root = Path("/clips")
    ids, names, captions = draw.unique(3 * n), draw.file_names(n, bytes_=False), draw.texts(2 * n)
    sides = [AudioTextPair(ids[k], root / names[k // 2], captions[k]) for k in range(2 * n)]
    facts = zip(*([text or None for text in draw.texts(n)] for _ in range(3)), strict=True)
    comparisons = tuple(
        Comparison(ids[2 * n + k], sides[2 * k], sides[2 * k + 1], *about) for k, about in enumerate(facts)
    )
    choices = draw.rng.choice(CHOICES, n).tolist()
    voters = draw.texts(n)
    votes = tuple(map(Vote, (one.comparison_id for one in comparisons), voters, choices))
    name, *notes = draw.texts(3, bytes_=True)
    return VotedDataset(name, "clip", comparisons, votes, "0", root, tuple(notes), bool(draw.rng.integers(2)))


def votes(draw: Draw, place: Path) -> Trips:
    data, (metric,) = voted(draw, ROWS), draw.metric_names(1)
    n = len(data.pairs)
    scores, cosines = ({metric: draw.floats(n, nan=True)} for _ in range(2))
    failures = {metric: tuple(map(ScoreFailure, (pair.pair_id for pair in data.pairs), draw.texts(n)))}
    manifest = small_manifest(draw)
    record = replace(
        manifest.dataset,
        name=data.name, audio_root=str(data.audio_root), notes=data.notes, names_listeners=data.names_listeners,
    )  # fmt: skip
    manifest = replace(manifest, dataset=record, kind="votes")
    vote_folder._write_data(VoteRun(place, manifest, data, scores, cosines, failures, VoteAnalysis()))
    write_manifest(manifest, place)
    found, found_scores = vote_folder._read_data(place, read_manifest(place))
    rest = [replace(one, comparisons=(), votes=()) for one in (data, found)]
    yield "votes: comparisons.csv", [rest[0], *data.comparisons], [rest[1], *found.comparisons]
    yield "votes: votes.csv", list(data.votes), list(found.votes)
    yield "votes: scores.csv", scores[metric].tolist(), found_scores[metric].tolist()
    found_cosines = vote_folder._read_cosines(place, [pair.pair_id for pair in data.pairs], scores)
    yield "votes: cosines.csv", cosines[metric].tolist(), found_cosines[metric].tolist()
    yield "votes: failures.csv", list(failures[metric]), list(vote_folder._read_failures(place, scores)[metric])


def vote_analyses(draw: Draw, place: Path) -> Trips:
    kinds = {name: get_args(hint)[0] for name, hint in get_type_hints(VoteAnalysis).items()}
    names = [field.name for field in dataclasses.fields(VoteAnalysis)]
    one = VoteAnalysis(**{name: tuple(draw.values(kinds[name], ROWS)) for name in names})
    for name in names:
        write_records(place / f"{name}.json", getattr(one, name))
    found = vote_folder._read_analysis(place)
    for name in names:
        yield f"votes: {name}.json", list(getattr(one, name)), list(getattr(found, name))


TRIPS = (votes, vote_analyses)
