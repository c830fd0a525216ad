"""The round trips of `test_round_trips` in bulk: ``python -m tests.bench.many_round_trips 100000`` values a pair.

Values are drawn at random, many to a file; the awkward ones come often. Prints how many values of each pair of writer
and reader were compared, and how many differ.
"""

from __future__ import annotations

import dataclasses
import math
import random
import struct
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np

from bench.files import workspace
from bench.files.manifest import DatasetRecord, Option, RunManifest, read_manifest, write_manifest
from bench.files.ratings import read_ratings, write_ratings
from bench.files.records import read_records, write_records
from bench.files.scores import PAIR_COLUMNS, ScoreTable, make_pairs_frame, read_table, write_table
from bench.scoring import parquet
from bench.scoring.shard import _table as shard_table
from bench.scoring.source import Shard, SourceRow
from bench.statistics.types import ResamplingPlan
from finetune.checkpoints.folder import read_record, save_record
from metrics.types import AudioTextPair, PairScores, ScoreFailure
from tests.bench.test_round_trips import AWKWARD, KINDS, MEMORY, same

ROWS = 500
DRAW = random.Random(0)


def text(json: bool = False) -> str:
    if DRAW.random() < 0.3:
        return DRAW.choice(AWKWARD)
    top = DRAW.choice([0x7F, 0x2FF, 0xFFFF, 0x10FFFF])
    points = (DRAW.randint(0 if json else 1, top) for _ in range(DRAW.randint(0, 6)))
    low = "\udc80\udcff" if json and DRAW.random() < 0.1 else ""
    return "".join(chr(point) for point in points if not 0xD800 <= point <= 0xDFFF) + low


def number(kinds: str = "finite") -> float:
    """Draw any bits of a float64; ``kinds`` may add NaN, and infinities too."""
    value: float = struct.unpack("<d", DRAW.randbytes(8))[0]
    if DRAW.random() < 0.3:
        value = DRAW.choice([0.0, -0.0, 5e-324, -5e-324, 0.1, 1e308, 2.0**-1022, math.nan, math.inf, DRAW.random()])
    if math.isnan(value):
        return math.nan if kinds != "finite" else 0.5
    return -0.25 if math.isinf(value) and kinds != "any" else value


def drawn(kind: Any) -> Any:
    if dataclasses.is_dataclass(kind):
        return kind(**{name: drawn(hint) for name, hint in get_type_hints(kind).items()})  # type: ignore[operator]
    if get_origin(kind) is Literal:
        return DRAW.choice(get_args(kind))
    if get_origin(kind) is tuple:
        return tuple(drawn(get_args(kind)[0]) for _ in range(DRAW.randint(0, 2)))
    if get_args(kind):
        return drawn(DRAW.choice(get_args(kind)))
    made: dict[Any, Callable[[], Any]] = {
        str: lambda: text(json=True), float: lambda: number("any"), int: lambda: DRAW.randint(0, 2**53),
        bool: lambda: DRAW.random() < 0.5, type(None): lambda: None,
    }  # fmt: skip
    return made[kind]()


def table() -> ScoreTable:
    columns: dict[str, list[object]] = {name: [text() for _ in range(ROWS)] for name in PAIR_COLUMNS[:-2]}
    columns |= {"rating": [number() for _ in range(ROWS)], "n_ratings": [DRAW.randint(0, 10**9) for _ in range(ROWS)]}
    values = [np.array([number("nan") for _ in range(ROWS)]) for _ in range(2)]
    failures = tuple(ScoreFailure(text(), text()) for _ in range(ROWS))
    return ScoreTable(make_pairs_frame(columns), {"m": values[0]}, {"m": values[1]}, {"m": failures})


def rows_of(found: ScoreTable) -> dict[str, list[Any]]:
    pairs = list(zip(*(found.pairs[name].tolist() for name in PAIR_COLUMNS), found.scores["m"].tolist(), strict=True))
    return {"scores.csv": pairs, "cosines.csv": found.cosines["m"].tolist(), "failures.csv": list(found.failures["m"])}


Pairs = dict[str, tuple[list[Any], list[Any]]]
"""By file: what was written, and what was read."""


def of_tables(place: Path) -> Pairs:
    one = table()
    write_table(one, place)
    written, found = rows_of(one), rows_of(read_table(place))
    return {name: (written[name], found[name]) for name in written}


def of_outcomes(place: Path) -> Pairs:
    one = table()
    notes = tuple(text(json=True) for _ in range(ROWS))
    outcome = PairScores(one.scores["m"], one.cosines["m"], one.failures["m"], notes)
    workspace.save_outcome(place, one.pairs, "m", notes[0], outcome)
    found = workspace.saved_outcome(place, "m", notes[0])
    assert found is not None
    return {
        ".partial: scores": (outcome.scores.tolist(), found.scores.tolist()),
        ".partial: outcome.json": (list(notes), list(found.notes)),
    }


def of_ratings(place: Path) -> Pairs:
    rows = [(text(), text(), number()) for _ in range(ROWS)]
    write_ratings(rows, place)
    pair_ids, listeners = (list(dict.fromkeys(row[k] for row in rows)) for k in (0, 1))
    found = read_ratings(place, pair_ids)
    assert found is not None
    read = zip(found.pair, found.listener, found.scores.tolist(), strict=True)
    return {"ratings.csv": (rows, [(pair_ids[pair], listeners[who], score) for pair, who, score in read])}


def of_records(place: Path) -> Pairs:
    pairs: Pairs = {}
    for name, kind in KINDS.items():
        records = [drawn(kind) for _ in range(ROWS)]
        write_records(place / f"{name}.json", records)
        pairs[f"{name}.json"] = (records, list(read_records(place / f"{name}.json", kind, "")))
    return pairs


def of_manifests(place: Path) -> Pairs:
    names = [f"{k}{text(json=True)}" for k in range(ROWS)]
    texts = {name: text(json=True) for name in names}
    options = {name: Option(DRAW.choice([number(), text(json=True), None, [text()]]), True) for name in names}
    data = DatasetRecord("d", None, text(), "0", (-0.0, 5e-324), 1, 1, text(json=True), tuple(texts))
    plan = dataclasses.asdict(ResamplingPlan())
    one = RunManifest(
        "r", "p", "", "", tuple(names), {**options, "seed": Option(1, False)}, plan, data, texts, {"m": tuple(names)}
    )
    write_manifest(one, place)
    found = read_manifest(place)
    parts = [("argv", list), ("signatures", lambda it: list(it.items())), ("options", lambda it: list(it.items()))]
    return {f"manifest.json: {name}": (part(getattr(one, name)), part(getattr(found, name))) for name, part in parts}


def of_shards(place: Path) -> Pairs:
    pairs = [AudioTextPair(f"{k}{text()}", Path("a"), "b") for k in range(ROWS)]
    scores, cosines = (np.array([number("nan") for _ in range(ROWS)]) for _ in range(2))
    failures = tuple(ScoreFailure(pair.pair_id, text()) for pair in pairs)
    systems = [text() or None for _ in pairs]
    source = [SourceRow("a", "b", system, pair.pair_id) for system, pair in zip(systems, pairs, strict=True)]
    facts = {"notes": {f"{k}{text(json=True)}": [text(json=True)] for k in range(ROWS)}}
    made = shard_table(Shard(0, 0, ROWS), source, pairs, {"m": PairScores(scores, cosines, failures)})
    parquet.write_table(made, place / "shard.parquet", facts)
    found = parquet.read_table(place / "shard.parquet")
    written = (
        systems,
        [pair.pair_id for pair in pairs],
        scores.tolist(),
        cosines.tolist(),
        [f.reason for f in failures],
    )
    names = ("system", "pair_id", "score:m", "cosine:m", "failure:m")
    read = [found.column(name).to_numpy(zero_copy_only=False).tolist() for name in names]
    notes = list(parquet.read_facts(place / "shard.parquet")[0]["notes"].items())
    return {
        "shard-*.parquet": (list(zip(*written, strict=True)), list(zip(*read, strict=True))),
        "shard-*.parquet: notes": (list(facts["notes"].items()), notes),
    }


def of_trainings(place: Path) -> Pairs:
    record = {"data": [{"name": text(json=True), "epoch": number()} for _ in range(ROWS)]}
    save_record(record, place)
    return {"training.json": (record["data"], read_record(place)["data"])}


def main(n_values: int) -> int:
    """Compare ``n_values`` of each pair; return how many differ."""
    n_different = 0
    makers = (of_tables, of_outcomes, of_ratings, of_records, of_manifests, of_shards, of_trainings)
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        for make in makers:
            compared: Counter[str] = Counter()
            different: Counter[str] = Counter()
            for _ in range(0, n_values, ROWS):
                for name, (written, read) in make(Path(folder)).items():
                    compared[name] += len(written)
                    if len(written) != len(read) or not same(written, read):
                        different[name] += sum(not same(*both) for both in zip_longest(written, read))
            for name, count in compared.items():
                print(f"{name}: {count:,} values, {different[name]} differ", flush=True)
            n_different += sum(different.values())
    return n_different


if __name__ == "__main__":
    sys.exit(1 if main(int(sys.argv[1])) else 0)
