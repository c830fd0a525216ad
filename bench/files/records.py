"""Frozen dataclasses to and from what JSON can hold: NaN becomes null, tuples become lists, and back."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from json.encoder import encode_basestring
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

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
    finite = _without_infinities(plain(content))
    return json.dumps(finite, indent=indent, ensure_ascii=False, allow_nan=False)


def _without_infinities(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_infinities(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_without_infinities(item) for item in value]
    return None if isinstance(value, float) and math.isinf(value) else value


def from_plain(kind: Any, value: Any, where: str = "") -> Any:
    """Return what `plain` was given, checked against its type all the way down.

    Args:
        kind: a dataclass, tuple, mapping by text, literal, union or scalar; ``Any`` takes everything.
        value: what JSON gave.
        where: the place of ``value`` in its file, for the error.

    Raises:
        Mismatch: something has another shape or type, or a field is missing or unknown.
    """
    origin = get_origin(kind)
    if kind is Any:
        return value
    if dataclasses.is_dataclass(kind):
        return _record(kind, value, where)
    if origin is Literal:
        return _expect(value in get_args(kind), value, where, " or ".join(map(repr, get_args(kind))))
    if origin in (Union, UnionType):
        return None if value is None else from_plain(_not_none(kind), value, where)
    if origin is tuple:
        return _tuple(get_args(kind), value, where)
    if origin is Mapping:
        _expect(isinstance(value, dict), value, where, "an object")
        return {
            _text(name, where): from_plain(get_args(kind)[1], item, f"{where}.{name}") for name, item in value.items()
        }
    return _SCALARS[kind](value, where)


class Mismatch(ValueError):
    """JSON of another shape than the type that it is read as; the message names the field."""


def mismatch(where: str, value: Any, expected: str) -> Mismatch:
    """Return an error (to be raised): ``where`` is ``value``, which is not what was ``expected``."""
    shown = repr(value)
    shown = shown if len(shown) <= _LONGEST_QUOTE else shown[:_LONGEST_QUOTE] + "…"
    return Mismatch(f"{where.lstrip('.') or 'the whole'} is {shown}, expected {expected}")


def _expect(condition: bool, value: Any, where: str, expected: str) -> Any:
    if not condition:
        raise mismatch(where, value, expected)
    return value


def _record(kind: Any, value: Any, where: str) -> Any:
    _expect(isinstance(value, dict), value, where, f"an object with the fields of {kind.__name__}")
    hints, fields = _hints(kind), {field.name: field for field in dataclasses.fields(kind)}
    unknown = next((name for name in value if name not in fields), None)
    _expect(unknown is None, unknown, f"{where} (a field's name)", f"one of {', '.join(fields)}")
    for name, field in fields.items():
        optional = field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
        if name not in value and not optional:
            raise Mismatch(f"{f'{where}.{name}'.lstrip('.')} is missing")
    content = {name: from_plain(hints[name], item, f"{where}.{name}") for name, item in value.items()}
    try:
        return kind(**content)
    except ValueError as error:
        raise Mismatch(f"{where.lstrip('.') or kind.__name__}: {error}") from error


def _tuple(kinds: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    _expect(isinstance(value, list), value, where, "a list")
    if kinds[-1] is not Ellipsis:
        _expect(len(value) == len(kinds), value, where, f"{len(kinds)} values")
        return tuple(
            from_plain(kind, item, f"{where}[{i}]") for i, (kind, item) in enumerate(zip(kinds, value, strict=True))
        )
    return tuple(from_plain(kinds[0], item, f"{where}[{i}]") for i, item in enumerate(value))


def _text(value: Any, where: str) -> str:
    _expect(isinstance(value, str), value, where, "text")
    try:
        value.encode("utf-8", "surrogateescape")  # a file's name may have bytes of another encoding
    except UnicodeEncodeError:
        raise mismatch(where, value, "text without halves of characters") from None
    return str(value)


def _whole(value: Any, where: str) -> int:
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST
    return int(_expect(whole, value, where, "a whole number of at most 64 bits"))


def _number(value: Any, where: str) -> float:
    if value is None:
        return math.nan
    if value in _INFINITIES:
        return float(value)
    _expect(isinstance(value, (int, float)) and not isinstance(value, bool), value, where, "a number")
    return value if isinstance(value, float) else float(_whole(value, where))


def _truth(value: Any, where: str) -> bool:
    return bool(_expect(isinstance(value, bool), value, where, "true or false"))


def _nothing(value: Any, where: str) -> None:
    _expect(value is None, value, where, "null")


def _not_none(kind: Any) -> Any:
    """Return the one kind that ``kind | None`` leaves beside None."""
    (other,) = (one for one in get_args(kind) if one is not type(None))
    return other


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


_SCALARS = {str: _text, int: _whole, float: _number, bool: _truth, type(None): _nothing}
_INFINITIES = ("Infinity", "-Infinity")
_LARGEST = 2**63 - 1
_LONGEST_QUOTE = 60  # characters of a value that an error repeats


def write_records(path: Path, records: Iterable[Any]) -> None:
    """Write a list of records as JSON that every parser takes; infinities become the texts ``Infinity``, ``-Infinity``.

    (JSON has no infinite numbers, and `read_records` gives back what was written; so does Protocol Buffers' JSON.)
    """
    write_text(path, _written(list(records), "\n") + "\n")


def _written(value: Any, end: str) -> str:
    """Return what json.dumps with an indent of 1 makes of `plain`, in a third of the time: runs have 100,000 records.

    Args:
        value: as `plain` takes it.
        end: line end and indent of what ``value`` is part of.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return _scalar(value)
    if isinstance(value, (list, tuple)):
        items = [_written(item, end + " ") for item in value]
        return _joined("[", items, "]", end)
    if isinstance(value, Mapping):
        members = [(encode_basestring(name), item) for name, item in value.items()]
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        members = [(shown, getattr(value, name)) for name, shown in _member_names(type(value))]
    else:
        raise TypeError(f"{type(value).__name__} is nothing that JSON holds")
    return _joined("{", [f"{name}: {_written(item, end + ' ')}" for name, item in members], "}", end)


def _scalar(value: str | float | None) -> str:
    """Return a scalar as JSON; NaN as null, infinities as texts."""
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, float):
        if math.isfinite(value):
            return float.__repr__(value)
        return "null" if math.isnan(value) else f'"{_INFINITIES[value < 0]}"'
    return "null" if value is None else _TRUTHS[value] if isinstance(value, bool) else int.__repr__(value)


def _joined(first: str, items: Sequence[str], last: str, end: str) -> str:
    return f"{first}{end} {f',{end} '.join(items)}{end}{last}" if items else first + last


@cache
def _member_names(kind: type) -> tuple[tuple[str, str], ...]:
    """Return the names of a dataclass's fields, and these as JSON has them."""
    return tuple((field.name, encode_basestring(field.name)) for field in dataclasses.fields(kind))


_TRUTHS = {True: "true", False: "false"}


def read_records(path: Path, kind: type, remedy: str) -> tuple[Any, ...]:
    """Read a list of records of one kind.

    Args:
        path: what `write_records` wrote.
        kind: their dataclass.
        remedy: what the user can do about a damaged file.

    Raises:
        DataError: the file is missing or holds something else.
    """
    records: tuple[Any, ...] = read_typed(path, tuple[kind, ...], remedy)  # type: ignore[valid-type]
    return records


def read_typed(path: Path, kind: Any, remedy: str, renew: Callable[[Any], Any] = lambda content: content) -> Any:
    """Read JSON as ``kind`` (see `from_plain`); ``renew`` makes of what an older version wrote what this one would.

    Raises:
        DataError: the file is missing, no JSON, or of another shape; the error names the field.
    """
    try:
        return from_plain(kind, renew(read_json(path)))
    except FileNotFoundError:
        raise DataError(f"{path} is missing; {remedy}") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); {remedy}") from error
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:  # but for ValueError, from renew
        raise DataError(
            f"{path} is damaged: {reason_of(error) if type(error) is not Mismatch else error}; {remedy}"
        ) from error
