"""Whether the statistics of a run, each read from a file of its own, speak of the same metrics, strata and statistics.

Every file may be well-formed by itself and yet belong to another run. Reports look records up by metric, stratum and
statistic: what they find, and that they find each once, is settled here, once, when a run is read.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from bench.files.csvfile import quoted
from bench.statistics.agreement import BY_ID, PRIMARY
from bench.statistics.reliability import SHARED_STATISTICS
from bench.statistics.sentinels import SENTINELS
from bench.statistics.vote_differences import ACCURACY

KEYS = (
    *("metric", "metric_a", "metric_b", "sentinel", "stratum", "stratum_a", "stratum_b"),
    *("statistic", "method", "system", "screening", "dimension", "id"),
)
"""Fields that tell the records of one file apart, in the files that have them."""


Parts = Mapping[str, Sequence[Any]]
"""Records by the name of their file."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the records of a run may and must speak of.

    Attributes:
        metrics: those that scored a pair.
        strata: their ids.
        statistics: their ids.
        required: values by part and field, of which every combination must have a record.
    """

    metrics: Collection[str]
    strata: Collection[str]
    statistics: Collection[str]
    required: Mapping[str, Mapping[str, Collection[str]]]


def find_conflict(parts: Parts, expected: Expected) -> tuple[str, str] | None:
    """Return the first record that conflicts with the rest of a run.

    Args:
        parts: the fields of the run's statistics.
        expected: of ratings or of votes, see below.

    Returns:
        The name of its part, and what is wrong with it; None where nothing is.
    """
    known = {
        **dict.fromkeys(("metric", "metric_a", "metric_b"), (expected.metrics, "a metric with scores in scores.csv")),
        "sentinel": (SENTINELS, f"one of {', '.join(SENTINELS)}"),
        **dict.fromkeys(("stratum", "stratum_a", "stratum_b"), (expected.strata, "a stratum of the run")),
        "statistic": (expected.statistics, f"one of {', '.join(expected.statistics)}"),
    }
    for name, records in parts.items():
        for problem in (*_unknown(records, known), *_repeated(records), *_unequal_means(records, expected.metrics)):
            return name, problem
    for name, keys in expected.required.items():
        found = {tuple(getattr(one, field) for field in keys) for one in parts[name]}
        missing = next((key for key in product(*keys.values()) if key not in found), None)
        if missing is not None:
            return name, f"there is no record of {_shown(dict(zip(keys, missing, strict=True)))}"
    return None


def expected_of_ratings(parts: Parts, metrics: Collection[str], strata: Collection[str]) -> Expected:
    """Return what the files of `bench.analysis.results.Analysis` must hold; an older run may have fewer statistics."""
    statistics = dict.fromkeys((PRIMARY.id, *(one.statistic for one in parts["estimates"])))
    with_ceiling = [one.stratum for one in parts["reliability"]]
    shared = [statistic.id for statistic in SHARED_STATISTICS]
    overlaps = parts["dimension_overlap"]
    rated, others = (dict.fromkeys(getattr(one, field) for one in overlaps) for field in ("stratum", "dimension"))
    target = [one.target for one in overlaps[:1]]
    compared = dict.fromkeys(one.metric for one in parts["dimension_agreement"])
    required: dict[str, dict[str, Collection[str]]] = {
        "estimates": {"metric": metrics, "stratum": strata, "statistic": statistics},
        "ceiling_shares": {"metric": metrics, "stratum": with_ceiling, "statistic": shared},
        "dimension_overlap": {"stratum": rated, "dimension": others},
        "dimension_agreement": {"metric": compared, "stratum": rated, "dimension": [*target, *others]},
    }
    return Expected(metrics, strata, BY_ID, required)


def expected_of_votes(metrics: Collection[str], strata: Collection[str]) -> Expected:
    """Return what the files of `bench.analysis.vote_results.VoteAnalysis` must hold."""
    each = {"metric": metrics, "stratum": strata}
    required = {"vote_agreements": each, "one_voter": {"stratum": strata}, "beside_voter": each}
    return Expected(metrics, strata, (ACCURACY,), required)


def _unknown(records: Sequence[Any], known: Mapping[str, tuple[Collection[str], str]]) -> Iterator[str]:
    for i, record in enumerate(records):
        for field, value in _keys_of(record).items():
            allowed, expected = known.get(field, ((value,), ""))
            if value not in allowed:
                yield f"[{i}].{field} is {quoted(value)}, expected {expected}"


def _repeated(records: Sequence[Any]) -> Iterator[str]:
    first: dict[tuple[str, ...], int] = {}
    for i, record in enumerate(records):
        keys = _keys_of(record)
        if first.setdefault(tuple(keys.values()), i) != i:
            yield f"[{i}] is of {_shown(keys)}, and so is [{first[tuple(keys.values())]}]; expected one record"


def _unequal_means(records: Sequence[Any], metrics: Collection[str]) -> Iterator[str]:
    """Means stand by metric inside the record of a system."""
    for i, record in enumerate(records):
        if hasattr(record, "scores") and set(record.scores) != set(metrics):
            expected = "one of each metric with scores in scores.csv"
            yield f"[{i}].scores has means of {quoted(', '.join(record.scores))}, expected {expected}"


def _keys_of(record: Any) -> dict[str, str]:
    names = {field.name for field in dataclasses.fields(record)}
    return {key: getattr(record, key) for key in KEYS if key in names}


def _shown(keys: Mapping[str, str]) -> str:
    return ", ".join(f"{field} {quoted(value)}" for field, value in keys.items())
