"""Every interval of a run is made as ``--ci`` says, says so itself, and the report prints that beneath each table."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.analysis.analyse import analyse
from bench.analysis.context import Settings
from bench.analysis.results import Analysis, read_analysis, write_analysis
from bench.analysis.strata import Bands
from bench.datasets.types import RatingScale
from bench.files.ratings import read_ratings
from bench.reports.contents import build_report
from bench.runs.folder import Run
from bench.statistics.intervals import Measured
from bench.statistics.types import IntervalMethod, ResamplingPlan
from metrics.errors import UsageError
from tests.bench.reports.runs import make_run

METHODS: tuple[IntervalMethod, ...] = ("percentile", "expanded", "bca")
PLAN = ResamplingPlan(n_resamples=1100)
CAPPED = {"evenness", "partial_agreement", "dimension_agreement", "dimension_overlap"}
"""Tables that are made with at most 999 resamples."""
TABLES = {
    "estimates",
    "differences",
    "reliability",
    "ceiling_shares",
    "evenness",
    "system_means",
    "system_agreement",
    "pairwise_accuracies",
    "calibrated_errors",
    "one_listener",
    "beside_listener",
    "alternative_listener",
    "sentinels",
    "beyond_sentinels",
    "partial_agreement",
    "mapped_errors",
    "interactions",
    "dimension_agreement",
    "dimension_overlap",
}
NAMES = {"percentile": "percentile", "expanded": "expanded percentile", "bca": "BCa"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """56 pairs of 14 captions, without sound."""
    systems = [("recorded", "alpha", "beta", "gamma")[i % 4] for i in range(56)]
    names = [f"{i}.wav" for i in range(56)]
    return make_run(
        tmp_path_factory.mktemp("run"), [f"caption {i // 4}" for i in range(56)], names, systems, ["good", "poor"]
    )


@pytest.fixture(scope="module")
def analyses(run: Run) -> dict[str, Analysis]:
    ratings = read_ratings(run.folder, list(run.table.pairs["pair_id"]))
    scale = RatingScale(*run.manifest.dataset.scale)
    bands = Bands.cut(scale)
    plans = {method: replace(PLAN, ci_method=method) for method in METHODS}
    noise = np.random.default_rng(0).normal(size=len(run.table.pairs))
    quality = {"quality": run.table.pairs["rating"].to_numpy(dtype=float) + noise}
    return {
        method: analyse(run.table, ratings, Settings(scale, bands, plan), dimensions=quality)
        for method, plan in plans.items()
    }


def measured_of(record: Any) -> Iterator[tuple[str, Measured]]:
    """Yield every value with an interval of a record."""
    if hasattr(record, "low"):
        value = getattr(record, "estimate", None)
        yield "value", Measured(record.delta if value is None else value, record.low, record.high, record.note)
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if isinstance(value, Measured):
            yield field.name, value


def with_intervals(analysis: Analysis) -> dict[str, tuple[Any, ...]]:
    """Return the tables that hold any value with an interval, by field."""
    parts = {part.name: getattr(analysis, part.name) for part in dataclasses.fields(analysis)}
    return {name: records for name, records in parts.items() if records and any(measured_of(records[0]))}


def test_these_are_all_tables_with_intervals(analyses: dict[str, Analysis]) -> None:
    assert set(with_intervals(analyses["expanded"])) == TABLES


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("table", sorted(TABLES))
def test_records_say_how_their_intervals_were_made(analyses: dict[str, Analysis], table: str, method: str) -> None:
    records = getattr(analyses[method], table)
    assert {record.ci_method for record in records} == {method}
    assert {record.n_resamples for record in records} == {999 if table in CAPPED else 1100}
    assert {(record.confidence_level, record.resample_unit, record.seed) for record in records} == {
        (0.95, "caption", 0)
    }


@pytest.mark.parametrize("table", sorted(TABLES))
def test_expanded_intervals_hold_the_percentile_intervals_and_are_wider(
    analyses: dict[str, Analysis], table: str
) -> None:
    n_wider = 0
    for one, other in zip(getattr(analyses["expanded"], table), getattr(analyses["percentile"], table), strict=True):
        for (name, wide), (_, narrow) in zip(measured_of(one), measured_of(other), strict=True):
            assert wide.estimate == narrow.estimate or np.isnan(wide.estimate)
            assert wide.note == narrow.note, name
            if not np.isnan(wide.low):
                assert wide.low <= narrow.low
                assert wide.high >= narrow.high
                n_wider += wide.high - wide.low > narrow.high - narrow.low
    assert n_wider > 0


@pytest.mark.parametrize("table", sorted(TABLES))
def test_bca_intervals_are_others_or_say_why_there_is_none(analyses: dict[str, Analysis], table: str) -> None:
    n_other = 0
    for one, other in zip(getattr(analyses["bca"], table), getattr(analyses["percentile"], table), strict=True):
        for (name, bca), (_, plain) in zip(measured_of(one), measured_of(other), strict=True):
            if np.isnan(bca.low):
                assert np.isnan(plain.low) or "BCa undefined" in bca.note, (name, bca)
            n_other += (bca.low, bca.high) != (plain.low, plain.high) and not np.isnan(bca.low)
    assert n_other > 0


@pytest.mark.parametrize("method", METHODS)
def test_every_table_with_intervals_says_how_they_were_made(
    run: Run, analyses: dict[str, Analysis], method: IntervalMethod
) -> None:
    manifest = replace(run.manifest, resampling=replace(PLAN, ci_method=method))
    report = build_report(manifest, run.table, analyses[method])
    tables = [(section.heading, table) for section in report.sections for table in section.tables]
    shown = [(heading, t) for heading, t in tables if any(c.interval for row in t.rows for c in row.cells)]
    assert len(shown) >= 12
    for _, table in shown:
        if "for a whole column at once" in table.reading:
            continue  # simultaneous intervals are made in one way, whatever the method
        capped = table.title.startswith(("Partial SRCC", "SRCC with everything", "SRCC of rating with what else"))
        n = "999" if capped else "1,100"
        assert f"Intervals: 95 %, {NAMES[method]}, {n} resamples of captions." in table.reading, table.title
        assert "rest on only" in table.reading, table.title
        assert table.reading.endswith("captions: read with care.") or "read with care. " in table.reading, table.title
    even = [table for heading, table in tables if heading.startswith("Worse on some sounds")]
    assert len(even) == 2
    for table in even:
        assert f"Intervals: 95 %, {NAMES[method]}, 999 resamples of captions." in table.reading, table.title
    assert not any(word in paragraph for paragraph in report.paragraphs for word in (*NAMES.values(), "resamples of "))


def test_clips_of_a_caption_are_compared_within_captions_also_where_pairs_are_resampled(run: Run) -> None:
    ratings = read_ratings(run.folder, list(run.table.pairs["pair_id"]))
    plan = ResamplingPlan(n_resamples=19, unit="pair")
    scale = RatingScale(*run.manifest.dataset.scale)
    found = analyse(run.table, ratings, Settings(scale, Bands.cut(scale), plan))
    units = {name: {record.resample_unit for record in records} for name, records in with_intervals(found).items()}
    assert units.pop("pairwise_accuracies") == {"caption"}
    assert set(map(tuple, units.values())) == {("pair",)}
    report = build_report(run.manifest, run.table, found)
    [section] = [section for section in report.sections if section.heading == "Which of two clips is better?"]
    assert "19 resamples of captions." in section.tables[0].reading
    assert "19 resamples of pairs." in report.sections[0].tables[0].reading


def test_every_interval_is_over_blocks_where_blocks_are_resampled(run: Run) -> None:
    """Captions of two blocks: four neighbours each, so that listeners of one block rate no other."""
    ratings = read_ratings(run.folder, list(run.table.pairs["pair_id"]))
    assert ratings is not None
    block = np.unique(run.table.pairs["caption_id"].to_numpy(), return_inverse=True)[1] // 2
    apart = replace(ratings, listener=ratings.listener + 100 * block[ratings.pair])
    scale = RatingScale(*run.manifest.dataset.scale)
    found = analyse(run.table, apart, Settings(scale, Bands.cut(scale), ResamplingPlan(n_resamples=19, unit="block")))
    for name, records in with_intervals(found).items():
        assert {record.resample_unit for record in records} == {"block"}, name
    assert {one.n_clusters for one in found.estimates if one.stratum == "all"} == {7}
    assert {one.accuracy.n_clusters for one in found.pairwise_accuracies} == {7}
    assert {one.n_blocks for one in found.block_spreads} == {7}
    assert found.crossed_spreads == ()
    with pytest.raises(UsageError, match="draws captions that share listeners together, and these data name no"):
        analyse(run.table, None, Settings(scale, Bands.cut(scale), ResamplingPlan(n_resamples=19, unit="block")))


def test_a_run_read_from_its_files_is_the_same(analyses: dict[str, Analysis], tmp_path: Path) -> None:
    write_analysis(analyses["bca"], tmp_path)
    again = read_analysis(tmp_path)
    assert repr(again) == repr(analyses["bca"])
