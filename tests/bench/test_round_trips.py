"""Every file that is written and read again gives back what was put in: write -> read over all of Unicode and floats.

``CLAP_BENCH_EXAMPLES=100000`` draws so many examples for each pair of writer and reader.
"""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.analysis.leakage import KINDS_OF_ITEMS, Leakage, SharedItems
from bench.analysis.results import Analysis
from bench.files import workspace
from bench.files.csvfile import read_csv, write_csv
from bench.files.manifest import (
    ClipsRecord,
    CodeRecord,
    DatasetRecord,
    Option,
    RunManifest,
    read_manifest,
    write_manifest,
)
from bench.files.ratings import read_ratings, write_ratings
from bench.files.records import from_plain, json_text, read_records, write_records
from bench.files.scores import PAIR_COLUMNS, ScoreTable, make_pairs_frame, read_table, write_table
from bench.scoring import parquet
from bench.scoring.plan import MetricSignature, begin_job, read_plan
from bench.scoring.shard import _table as shard_table
from bench.scoring.source import Shard, SourceRow
from bench.scoring.summary import ScoringSummary, SystemMean
from bench.statistics.types import ResamplingPlan
from metrics.errors import DataError
from metrics.files import read_json, write_text
from metrics.heard import ClipState
from metrics.types import AudioTextPair, PairScores, ScoreFailure, ScorerOptions, ScorerSpec

# beartype looks at one item of a tuple, at random, when a record is made.
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module")

MEMORY = Path("/dev/shm")
N_EXAMPLES = int(os.environ.get("CLAP_BENCH_EXAMPLES", "200"))
examples = settings(
    max_examples=N_EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck), print_blob=True
)

AWKWARD = (
    "", " ", "NA", "nan", "NaN", "None", "null", "inf", "True", "007", "1e5", "-0.0", "=1+1", "@x", "'", '"', '""', ",",
    "\r", "\n", "\r\n", "a\rb", "\rx", "x\r", '"\r"', "\u2028", "\u2029", "\x85", "\ufeff", "\ufeffpair_id", "\x1b[31m",
    "\x0b\x0c\x1c\x1d\x1e", "\u202e", "e\u0301", "\U0010ffff", "\ufffe", "\\udce9", "\\", "\t", "#",
)  # fmt: skip
texts = st.one_of(
    st.sampled_from(AWKWARD), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
)
# As JSON writes them, also NUL and the bytes of file names that are no UTF-8 (surrogateescape).
json_texts = st.one_of(texts, st.text(st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF) | st.just("\0")))
finite = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(
    [-0.0, 5e-324, 2.2250738585072014e-308, 0.1]
)
scores = finite | st.just(math.nan)
any_floats = st.floats() | scores
metric_names = st.one_of(
    st.sampled_from(["human", "self", "all", "007", "=a", "NA", "nan", 'a"b', "a,b", "'"]),
    st.text(min_size=1, max_size=8).filter(lambda name: name.isprintable() and name == name.strip()),
).filter(lambda name: name not in PAIR_COLUMNS)


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder in memory: every write waits for its disk."""
    with TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as folder:
        yield Path(folder)


def same(first: object, second: object) -> bool:
    """Say whether two values are equal, to the bit where they are floats."""
    if dataclasses.is_dataclass(first) and dataclasses.is_dataclass(second):
        return type(first) is type(second) and same(vars_of(first), vars_of(second))
    if isinstance(first, dict) and isinstance(second, dict):
        return list(first) == list(second) and all(same(first[key], second[key]) for key in first)
    if isinstance(first, (list, tuple)) and isinstance(second, (list, tuple)):
        return len(first) == len(second) and all(map(same, first, second))
    if isinstance(first, float) and isinstance(second, float):
        return first.hex() == second.hex()
    return type(first) is type(second) and first == second


def vars_of(record: Any) -> dict[str, object]:
    return {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}


def built(kind: Any, floats: st.SearchStrategy[float] = any_floats) -> st.SearchStrategy[Any]:
    """Return a strategy for a type of the records: dataclasses, tuples of one kind, literals, scalars, unions."""
    if dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        return st.builds(kind, **{field.name: built(hints[field.name], floats) for field in dataclasses.fields(kind)})
    if get_origin(kind) is Literal:
        return st.sampled_from(get_args(kind))
    if get_origin(kind) is tuple and get_args(kind)[-1] is not Ellipsis:
        return st.tuples(*(built(part, floats) for part in get_args(kind)))
    if get_origin(kind) is tuple:
        return st.lists(built(get_args(kind)[0], floats), max_size=2).map(tuple)
    if get_origin(kind) is Mapping:
        return st.dictionaries(json_texts, built(get_args(kind)[1], floats), max_size=2)
    if get_args(kind):
        return st.one_of(*(built(part, floats) for part in get_args(kind)))
    scalars = {str: json_texts, float: floats, int: st.integers(0, 2**31), bool: st.booleans(), type(None): st.none()}
    return scalars[kind]


@st.composite
def drawn_tables(draw: st.DrawFn) -> tuple[Any, ...]:
    """Draw the fields of a score table, with awkward texts and numbers everywhere."""
    n = draw(st.integers(1, 3))
    columns: dict[str, list[object]] = {name: [draw(texts) for _ in range(n)] for name in PAIR_COLUMNS[:-2]}
    columns["pair_id"] = draw(st.lists(texts, min_size=n, max_size=n, unique=True))
    columns["rating"] = [draw(finite) for _ in range(n)]
    columns["n_ratings"] = [draw(st.integers(0, 10**9)) for _ in range(n)]
    metrics = draw(st.lists(metric_names, min_size=1, max_size=3, unique=True))
    values = st.lists(scores, min_size=n, max_size=n)
    failed = st.sampled_from(columns["pair_id"])
    failures = st.lists(st.builds(ScoreFailure, failed, texts), max_size=2).map(tuple)
    return (
        columns,
        {metric: draw(values) for metric in metrics},
        {metric: draw(values) for metric in metrics if draw(st.booleans())},
        {metric: draw(failures) for metric in metrics},
    )


def table_of(drawn: tuple[Any, ...]) -> ScoreTable:
    columns, scores, cosines, failures = drawn
    as_arrays = [{name: np.array(values) for name, values in part.items()} for part in (scores, cosines)]
    return ScoreTable(make_pairs_frame(columns), *as_arrays, failures)


def arrays(columns: Any) -> dict[str, list[float]]:
    return {name: values.tolist() for name, values in columns.items()}


@examples
@given(columns=st.lists(texts, min_size=1, max_size=4))
def test_any_table(place: Path, columns: list[str]) -> None:
    content = {"a": columns, "b": list(reversed(columns))}
    write_csv(place / "any.csv", content)
    rows = read_csv(place / "any.csv", list(content)).rows
    assert {name: [row[name] for row in rows] for name in content} == content


@examples
@given(drawn=drawn_tables())
def test_scores_cosines_and_failures(place: Path, drawn: tuple[Any, ...]) -> None:
    table = table_of(drawn)
    write_table(table, place)
    found = read_table(place)
    for name in PAIR_COLUMNS:
        assert same(found.pairs[name].tolist(), table.pairs[name].tolist()), name
    assert same(arrays(found.scores), arrays(table.scores))
    assert same(arrays(found.cosines), arrays(table.cosines))
    assert found.failures == table.failures


@examples
@given(rows=st.lists(st.tuples(texts, texts, finite), min_size=1, max_size=4, unique_by=lambda row: row[:2]))
def test_single_ratings(place: Path, rows: list[tuple[str, str, float]]) -> None:
    write_ratings(rows, place)
    pair_ids = list(dict.fromkeys(row[0] for row in rows))
    found = read_ratings(place, pair_ids)
    assert found is not None
    assert [pair_ids[k] for k in found.pair] == [row[0] for row in rows]
    assert same(found.scores.tolist(), [row[2] for row in rows])
    listeners = list(dict.fromkeys(row[1] for row in rows))
    assert [listeners[k] for k in found.listener] == [row[1] for row in rows]


leakages = st.builds(
    Leakage,
    **dict.fromkeys(("metric", "trained_on", "part", "note"), json_texts),
    items=st.tuples(
        *(
            st.builds(SharedItems, st.just(kind), st.integers(0, 99), st.none() | st.just((kind,)))
            for kind in KINDS_OF_ITEMS
        )
    ),
    n_affected=st.none() | st.integers(0, 99),
)
KINDS = {**{name: get_args(hint)[0] for name, hint in get_type_hints(Analysis).items()}, "leakage": Leakage}


@pytest.mark.parametrize("name", KINDS)
@examples
@given(data=st.data())
def test_records_of_every_kind(place: Path, name: str, data: st.DataObject) -> None:
    records = data.draw(st.lists(leakages if name == "leakage" else built(KINDS[name]), max_size=1).map(tuple))
    write_records(place / f"{name}.json", records)
    assert same(read_records(place / f"{name}.json", KINDS[name], ""), records)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | finite | json_texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(json_texts, inner, max_size=2),
    max_leaves=4,
)
named_texts = st.dictionaries(json_texts, json_texts, max_size=2)
manifests = st.builds(
    RunManifest,
    **dict.fromkeys(("run_id", "plan", "started", "finished"), json_texts),
    argv=st.lists(json_texts, max_size=2).map(tuple),
    options=st.dictionaries(json_texts, st.builds(Option, json_values, st.booleans()), max_size=2),
    resampling=st.just(ResamplingPlan()),
    bands=st.lists(st.floats(0.1, 0.9), min_size=1, max_size=3, unique=True).map(sorted).map(tuple),
    external=named_texts,
    clips=st.none() | st.builds(ClipsRecord, st.integers(0, 10**9), json_texts),
    dataset=st.builds(
        DatasetRecord,
        **dict.fromkeys(("name", "sha256", "audio_root"), json_texts),
        **{name: st.none() | json_texts for name in ("split", "screening")},
        scale=st.tuples(st.floats(-1e300, 0.0), st.floats(1.0, 1e300)),
        **{name: st.integers(0, 10**9) for name in ("n_pairs", "n_ratings")},
        notes=st.lists(json_texts, max_size=2).map(tuple),
    ),
    signatures=named_texts,
    notes=st.dictionaries(json_texts, st.lists(json_texts, max_size=2).map(tuple), max_size=1),
    code=st.builds(CodeRecord, json_texts, st.none() | json_texts, st.none() | st.booleans()),
    environment=st.dictionaries(json_texts, json_values, max_size=1),
    **dict.fromkeys(("packages", "outputs"), named_texts),
)


@examples
@given(manifest=manifests)
def test_manifest(place: Path, manifest: RunManifest) -> None:
    write_manifest(manifest, place)
    assert same(read_manifest(place), manifest)


@examples
@given(
    drawn=drawn_tables(),
    signature=json_texts,
    notes=st.lists(json_texts, max_size=2).map(tuple),
    plan=json_texts,
    clips=st.dictionaries(json_texts, built(ClipState), max_size=2),
)
def test_outcome_and_plan_of_a_run_in_progress(
    place: Path,
    drawn: tuple[Any, ...],
    signature: str,
    notes: tuple[str, ...],
    plan: str,
    clips: dict[str, ClipState],
) -> None:
    table = table_of(drawn)
    metric = table.metrics[0]
    outcome = PairScores(table.scores[metric], table.cosines.get(metric), table.failures[metric], notes)
    workspace.save_outcome(place, table.pairs, metric, signature, outcome, clips)
    kept = workspace.saved_outcome(place, metric, signature)
    assert kept is not None
    found, found_clips = kept
    assert found_clips == clips
    assert same(found.scores.tolist(), outcome.scores.tolist())
    assert (found.cosines is None) == (outcome.cosines is None)
    assert found.cosines is None or same(found.cosines.tolist(), outcome.cosines.tolist())
    assert (found.failures, found.notes) == (outcome.failures, outcome.notes)
    with workspace.occupied(place, plan):
        assert workspace._plan_of(place / workspace.PARTIAL / workspace.PLAN_NAME) == plan


class Planned:
    """A scorer that is nothing but its spec."""

    def __init__(self, name: str) -> None:
        self.spec = ScorerSpec(name)

    def score(self, pairs: Any) -> PairScores:
        raise NotImplementedError


@examples
@given(name=json_texts, size=st.integers(1, 3))
def test_plan_of_a_scoring_job(place: Path, name: str, size: int) -> None:
    (place / "pairs.csv").write_text("audio_path,text\na,b\nc,d\n")
    out = place / "job"
    begun = begin_job(place / "pairs.csv", out, place, size, {name: Planned(name)}, ScorerOptions())
    assert same(read_plan(out), begun.plan)
    (out / "plan.json").unlink()


@examples
@given(
    rows=st.lists(
        st.tuples(texts, st.none() | texts.filter(bool), scores, scores, st.none() | texts), min_size=1, max_size=3
    ),
    metric=metric_names,
    facts=st.dictionaries(json_texts, json_values, max_size=2),
)
def test_shards(place: Path, rows: list[Any], metric: str, facts: dict[str, Any]) -> None:
    pairs = [AudioTextPair(f"{k}{row[0]}", Path("a"), "b") for k, row in enumerate(rows)]
    failures = tuple(
        ScoreFailure(pair.pair_id, row[4]) for pair, row in zip(pairs, rows, strict=True) if row[4] is not None
    )
    outcome = PairScores(np.array([row[2] for row in rows]), np.array([row[3] for row in rows]), failures)
    source = [SourceRow("a", "b", row[1], pair.pair_id) for row, pair in zip(rows, pairs, strict=True)]
    written = shard_table(Shard(0, 0, len(rows)), source, pairs, {metric: outcome})
    parquet.write_table(written, place / "shard.parquet", facts)
    facts_found, found = parquet.read_table(place / "shard.parquet")
    assert found.column("pair_id").to_pylist() == [pair.pair_id for pair in pairs]
    assert found.column("system").to_pylist() == [row[1] for row in rows]
    assert found.column(f"failure:{metric}").to_pylist() == [row[4] for row in rows]
    for column, values in ((f"score:{metric}", outcome.scores), (f"cosine:{metric}", outcome.cosines)):
        assert values is not None
        assert same(found.column(column).to_numpy().tolist(), values.tolist())
    assert same(facts_found, facts)


@examples
@given(summary=built(SystemMean, scores), metric=json_texts)
def test_summary_of_a_scoring_job(place: Path, summary: SystemMean, metric: str) -> None:
    whole = ScoringSummary("0", 1, 0, 1, 0.95, (MetricSignature(metric, metric),), (summary,), {"source": metric})
    write_text(place / "summary.json", json_text(whole) + "\n")
    found = read_json(place / "summary.json")
    assert same(from_plain(SystemMean, found["means"][0]), summary)
    assert found["metrics"] == [{"metric": metric, "signature": metric}]
    assert found["provenance"] == {"source": metric}


@pytest.mark.parametrize("text", ["a\0b", "caf\udce9", "\ud83d", "x" * 131_073])
def test_what_no_csv_file_can_hold_is_refused_before_anything_is_scored(text: str) -> None:
    columns: dict[str, list[object]] = {name: ["a"] for name in PAIR_COLUMNS[:-2]}
    with pytest.raises(DataError, match="caption: "):
        make_pairs_frame({**columns, "caption": [text], "rating": [1.0], "n_ratings": [1]})
