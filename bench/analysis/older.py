"""What older versions wrote of an analysis, in the form of this one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from bench.statistics.types import Resampled
from metrics.files import read_json

Rows = Sequence[Mapping[str, Any]]


def plan_of_older(folder: Path) -> dict[str, Any]:
    """Return how intervals of a run were made, for records that do not say it: by percentiles, whatever ``--ci`` said.

    Level, unit, number and seed are those of the run's estimates, which always said so.
    """
    estimates = read_json(folder / "estimates.json")
    if not isinstance(estimates, list) or not estimates or not isinstance(estimates[0], dict):
        return {}
    first = estimates[0]
    return {one.name: first[one.name] for one in fields(Resampled) if one.name in first} | {"ci_method": "percentile"}


def renewed(name: str, kind: Any, rows: Rows, plan: Mapping[str, Any]) -> Rows:
    """Return the records of a file as this version would have written them.

    Args:
        name: of the file, without suffix.
        kind: the class of the records.
        rows: what JSON gave.
        plan: see `plan_of_older`.
    """
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return rows
    if name == "system_means":
        rows = _nested_means(rows)
    return [{**plan, **row} for row in rows] if issubclass(kind, Resampled) else rows


def _nested_means(rows: Rows) -> Rows:
    """Return records of `SystemMeans` also from those of older runs: one for each row and system, the ratings first.

    The ratings were called ``human``, as a metric may be: it is their place that tells them apart.
    """
    systems: dict[str, dict[str, Any]] = {}
    for row in rows:
        if "scored_by" not in row:
            return rows
        if row["system"] in systems:
            systems[row["system"]]["scores"][row["scored_by"]] = row["mean"]
        else:
            facts = {"system": row["system"], "n_pairs": row["n_pairs"]}
            systems[row["system"]] = {**facts, "ratings": row["mean"], "scores": {}}
    return list(systems.values())
