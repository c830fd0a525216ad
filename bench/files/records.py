"""Frozen dataclasses to and from what JSON can hold: NaN becomes null, tuples become lists, and back."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from bench.files.limits import check_count
from metrics.errors import DataError, reason_of
from metrics.files import read_json, write_text


def plain(record: Any) -> Any:
    """Return a dataclass, or a value inside one, as dicts, lists, strings, numbers and None."""
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        return {field.name: plain(getattr(record, field.name)) for field in dataclasses.fields(record)}
    if isinstance(record, Mapping):
        return {name: plain(value) for name, value in record.items()}
    if isinstance(record, (list, tuple)):
        return [plain(item) for item in record]
    if isinstance(record, float) and math.isnan(record):
        return None
    return record


def json_text(content: Any, indent: int = 1) -> str:
    """Return ``content`` (see `plain`) as JSON that every parser takes: infinities become null too, as NaN does."""
    return json.dumps(_finite(plain(content)), indent=indent, ensure_ascii=False, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and math.isinf(value) else value


def from_plain(kind: Any, value: Any, name: str = "value") -> Any:
    """Return what `plain` was given: a dataclass of scalars, dataclasses, and tuples or mappings of one kind of these.

    Raises:
        TypeError: a field is missing, unknown, or an object where there should be none.
        ValueError: a count is no whole number, or beyond all bounds.
    """
    if dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{name: from_plain(hints.get(name), item, name) for name, item in value.items()})  # type: ignore[operator]
    if isinstance(value, list) and get_origin(kind) is tuple:
        return tuple(from_plain(get_args(kind)[0], item, name) for item in value)
    if get_origin(kind) is Mapping:
        return {key: from_plain(get_args(kind)[1], item, name) for key, item in value.items()}
    if kind is int:
        return check_count(name, value)
    if kind is float:
        return math.nan if value is None else float(value)
    return tuple(value) if isinstance(value, list) else value


def write_records(path: Path, records: Iterable[Any]) -> None:
    """Write a list of records as JSON."""
    write_text(path, json.dumps([plain(record) for record in records], indent=1, ensure_ascii=False) + "\n")


def read_records(
    path: Path, kind: type, remedy: str, renew: Callable[[Sequence[Any]], Iterable[Any]] = list
) -> tuple[Any, ...]:
    """Read a list of records of one kind.

    Args:
        path: what `write_records` wrote.
        kind: their dataclass.
        remedy: what the user can do about a damaged file.
        renew: turns rows that an older version wrote into what this one writes.

    Raises:
        DataError: the file is missing or holds something else.
    """
    try:
        rows: list[Mapping[str, Any]] = read_json(path)
        return tuple(from_plain(kind, row) for row in renew(rows))
    except (OSError, ValueError, TypeError, AttributeError, KeyError, OverflowError) as error:
        raise DataError(
            f"{path} is damaged: it does not hold {kind.__name__} records ({reason_of(error)}); {remedy}"
        ) from error
