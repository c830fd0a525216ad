"""The files of a run: finished, and in progress."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.analysis.leakage import KINDS_OF_ITEMS, Leakage, SharedItems, read_leakage, write_leakage
from bench.analysis.results import Analysis, read_analysis, write_analysis
from bench.files import workspace
from bench.files.clips import read_clips, write_clips
from bench.files.csvfile import check_text, read_csv, write_csv
from bench.files.dimensions import read_dimensions, write_dimensions
from bench.files.limits import MAX_EDGES
from bench.files.manifest import ClipsRecord, DatasetRecord, Option, RunManifest, read_manifest, write_manifest
from bench.files.metric_names import PAIR_COLUMNS
from bench.files.ratings import read_ratings, write_ratings
from bench.files.scores import ScoreTable, make_pairs_frame, read_table, write_table
from bench.files.screenings import read_screenings, write_screenings
from bench.files.sentinels import ClipFacts, read_facts, write_facts
from bench.statistics.types import ResamplingPlan
from metrics.errors import DataError
from metrics.heard import ClipState
from metrics.types import PairScores, ScoreFailure
from tests.bench.test_round_trips import KINDS
from tests.studies.round_trips.draw import Draw

ROWS = 500
METRICS = 500
SHARED = tuple[tuple[int, int, int], tuple[tuple[str, ...] | None, tuple[str, ...] | None, tuple[str, ...] | None]]
"""Counts and names of `SharedItems`, one of each of `KINDS_OF_ITEMS`."""

Trips = Iterator[tuple[str, list[Any], list[Any]]]
"""What is written and read, what was written, and what was read."""


def table_of(draw: Draw, n: int, metrics: list[str]) -> ScoreTable:
    columns: dict[str, list[object]] = {name: [*draw.texts(n)] for name in PAIR_COLUMNS[:-2]}
    columns |= {"pair_id": [*draw.unique(n)], "rating": draw.floats(n).tolist()}
    columns["n_ratings"] = draw.rng.integers(10**9, size=n, endpoint=True).tolist()
    scores, cosines = ({metric: draw.floats(n, nan=True) for metric in metrics} for _ in range(2))
    pairs = make_pairs_frame(columns)
    failures = {metric: tuple(map(ScoreFailure, pairs["pair_id"], draw.texts(n))) for metric in metrics}
    return ScoreTable(pairs, scores, cosines, failures)


def tables(draw: Draw, place: Path) -> Trips:
    one = table_of(draw, ROWS, ["m"])
    write_table(one, place)
    found = read_table(place)
    rows = [list(zip(*(it.pairs[c].tolist() for c in PAIR_COLUMNS), strict=True)) for it in (one, found)]
    yield "scores.csv: pairs", *rows
    yield "scores.csv: scores", one.scores["m"].tolist(), found.scores["m"].tolist()
    yield "cosines.csv", one.cosines["m"].tolist(), found.cosines["m"].tolist()
    yield "failures.csv", list(one.failures["m"]), list(found.failures["m"])


def names_of_metrics(draw: Draw, place: Path) -> Trips:
    one = table_of(draw, 2, draw.metric_names(METRICS))
    write_table(one, place)
    found = read_table(place)
    for name, kind in (("scores.csv", "scores"), ("cosines.csv", "cosines"), ("failures.csv", "failures")):
        yield f"{name}: names of metrics", list(getattr(one, kind)), list(getattr(found, kind))


def any_csv(draw: Draw, place: Path) -> Trips:
    written = {"a": draw.texts(ROWS), "b": draw.texts(ROWS)}
    write_csv(place / "any.csv", written)
    rows = read_csv(place / "any.csv", list(written)).rows
    yield "any CSV", list(zip(*written.values(), strict=True)), [(row["a"], row["b"]) for row in rows]


def refusals(draw: Draw, _: Path) -> Trips:
    refused = []
    for text, bad in zip(draw.texts(ROWS), draw.rng.choice([0, 0xD800, 0xDBFF, 0xDC00, 0xDFFF], ROWS), strict=True):
        try:
            check_text("caption", [text + chr(bad)])
            refused.append(False)
        except DataError:
            refused.append(True)
    yield "texts that no CSV file holds: refused", [True] * ROWS, refused


def single_ratings(draw: Draw, place: Path) -> Trips:
    rows = list(zip(draw.texts(ROWS), draw.unique(ROWS), draw.floats(ROWS).tolist(), strict=True))
    write_ratings(rows, place)
    pair_ids, listeners = (list(dict.fromkeys(row[k] for row in rows)) for k in (0, 1))
    found = read_ratings(place, pair_ids)
    assert found is not None
    read = zip(found.pair, found.listener, found.scores.tolist(), strict=True)
    yield "ratings.csv", rows, [(pair_ids[pair], listeners[who], score) for pair, who, score in read]


def analyses(draw: Draw, place: Path) -> Trips:
    names = [field.name for field in dataclasses.fields(Analysis)]
    one = Analysis(**{name: tuple(draw.values(KINDS[name], ROWS)) for name in names})
    write_analysis(one, place)
    found = read_analysis(place)
    for name in names:
        yield f"{name}.json", list(getattr(one, name)), list(getattr(found, name))


def leakages(draw: Draw, place: Path) -> Trips:
    texts, shared = draw.values(tuple[str, str, str], ROWS), draw.values(SHARED, ROWS)
    affected, notes = draw.values(int | None, ROWS), draw.texts(ROWS, bytes_=True)
    items = [tuple(map(SharedItems, KINDS_OF_ITEMS, numbers, names)) for numbers, names in shared]
    written = [Leakage(*row) for row in zip(*zip(*texts, strict=True), items, affected, notes, strict=True)]
    write_leakage(written, place)
    yield "leakage.json", written, list(read_leakage(place))


def manifests(draw: Draw, place: Path) -> Trips:
    names = draw.unique(ROWS, bytes_=True)
    texts = dict(zip(names, draw.texts(ROWS, bytes_=True), strict=True))
    values = [*draw.values(str | int | bool | None, ROWS // 2), *draw.floats(ROWS - ROWS // 2).tolist()]
    anything = dict(zip(names, values, strict=True))
    notes = dict(zip(names, draw.values(tuple[str, ...], ROWS), strict=True))
    one = replace(
        small_manifest(draw), argv=tuple(texts.values()),
        options={name: Option(anything[name], True) for name in names}, signatures=texts, external=texts, notes=notes,
        clips=ClipsRecord(1, names[4]), baselines=tuple(names),
        environment={**anything, "lists": list(anything.values())}, packages=texts, outputs=texts,
    )  # fmt: skip
    one = replace(one, dataset=replace(one.dataset, notes=tuple(names)))
    write_manifest(one, place)
    found = read_manifest(place)
    for name in ("argv", "baselines"):
        yield f"manifest.json: {name}", list(getattr(one, name)), list(getattr(found, name))
    yield "manifest.json: dataset.notes", list(one.dataset.notes), list(found.dataset.notes)
    for name in ("options", "signatures", "external", "notes", "environment", "packages", "outputs"):
        yield f"manifest.json: {name}", list(getattr(one, name).items()), list(getattr(found, name).items())


def edges_of_bands(draw: Draw, place: Path) -> Trips:
    one = small_manifest(draw)
    write_manifest(one, place)
    yield "manifest.json: bands", list(one.bands), list(read_manifest(place).bands)


def means(draw: Draw, place: Path) -> Trips:
    pairs, names = draw.unique(ROWS), draw.unique(3)
    written = {name: dict(zip(pairs, draw.floats(ROWS).tolist(), strict=True)) for name in names}
    for file, write, read in (
        ("screenings.csv", write_screenings, read_screenings),
        ("dimensions.csv", write_dimensions, read_dimensions),
    ):
        write(written, place)
        found = read(place, pairs, (-math.inf, math.inf))
        items = [(name, ratings.tolist()) for name, ratings in found.items()]
        yield (
            file,
            [(name, value) for name in names for value in written[name].values()],
            [(name, value) for name, values in items for value in values],
        )


def facts_of_clips(draw: Draw, place: Path) -> Trips:
    pairs = draw.unique(ROWS)
    written = ClipFacts(draw.floats(ROWS, nan=True), draw.floats(ROWS, nan=True), tuple(draw.texts(ROWS)))
    write_facts(written, pairs, place)
    found = read_facts(place, pairs)
    assert found is not None
    columns = [[one.loudness_dbfs.tolist(), one.duration_s.tolist(), one.reasons] for one in (written, found)]
    yield "sentinels.csv", *(list(zip(*column, strict=True)) for column in columns)


def small_manifest(draw: Draw) -> RunManifest:
    """Draw a manifest whose scale and bands are any numbers that rise."""
    low, *edges, high = sorted(set(draw.floats(8 * MAX_EDGES).tolist()))[: MAX_EDGES + 2]
    name, split, folder, *words = draw.texts(7, bytes_=True)
    data = DatasetRecord(name, None, split, "0", (low, high), 1, 1, folder)
    return RunManifest(*words, (), {}, ResamplingPlan(), data, tuple(edges), {})


def clips(draw: Draw, place: Path) -> Trips:
    names, hashes = draw.unique(ROWS, bytes_=True), draw.values(str | None, ROWS)
    written = dict(zip(names, hashes, strict=True))
    write_clips(written, place)
    yield "clips.json", list(written.items()), list(read_clips(place).items())


def outcomes(draw: Draw, place: Path) -> Trips:
    (metric,), (signature,) = draw.metric_names(1), draw.texts(1, bytes_=True)
    one = table_of(draw, ROWS, [metric])
    notes = tuple(draw.texts(ROWS, bytes_=True))
    outcome = PairScores(one.scores[metric], one.cosines[metric], one.failures[metric], notes)
    states = map(ClipState, draw.values(str | None, ROWS), draw.values(tuple[int, ...] | None, ROWS))
    heard = dict(zip(draw.unique(ROWS, bytes_=True), states, strict=True))
    workspace.save_outcome(place, one.pairs, metric, signature, outcome, heard)
    kept = workspace.saved_outcome(place, metric, signature)
    assert kept is not None
    found, clip_states = kept
    assert found.cosines is not None
    assert clip_states is not None
    yield ".partial: scores.csv", outcome.scores.tolist(), found.scores.tolist()
    yield ".partial: cosines.csv", one.cosines[metric].tolist(), found.cosines.tolist()
    yield ".partial: failures.csv", list(outcome.failures), list(found.failures)
    yield ".partial: outcome.json", list(notes), list(found.notes)
    yield ".partial: heard.json", list(heard.items()), list(clip_states.items())


def plans_of_runs(draw: Draw, place: Path) -> Trips:
    read, written = [], draw.texts(ROWS, bytes_=True)
    for plan in written:
        with workspace.occupied(place, plan):
            read.append(workspace._plan_of(place / workspace.PARTIAL / workspace.PLAN_NAME))
    yield ".partial: plan.json", written, read


TRIPS = (
    tables, names_of_metrics, any_csv, refusals, single_ratings, analyses, leakages, manifests, edges_of_bands, clips,
    means, facts_of_clips, outcomes, plans_of_runs,
)  # fmt: skip
