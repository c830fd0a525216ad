"""Texts, numbers and records that are hard to write: drawn by the hundred, the awkward ones often."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np

from bench.files.metric_names import name_problem
from tests.bench.test_round_trips import AWKWARD

POOL = 20_000
LONG = 100_000
SPARE = 100
N_LONG = 2
AWKWARD_SHARE = 0.3
PLANES = (0x7F, 0x2FF, 0xFFFF, 0x10FFFF)
FLOATS = (0.0, -0.0, 5e-324, -5e-324, 2.0**-1022, 0.1, 1e308, -1e308, 1.7976931348623157e308, 0.1234567890123456)


class Draw:
    """Draws from a pool of texts, which `refresh` makes anew.

    Texts are of all planes of Unicode. Those with ``bytes_`` also hold NUL and the bytes of file names that are not
    UTF-8 (surrogateescape), as JSON can.
    """

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.refresh()

    def refresh(self) -> None:
        """Make another pool."""
        pool = self._pool(POOL, low=1)
        pool[:N_LONG] = [text[:1] * LONG for text in pool[:N_LONG]]
        self._texts = np.array(pool, dtype=object)
        with_bytes = [
            f"{text}\udc80{text}\udcff" if k % 9 == 0 else text for k, text in enumerate(self._pool(POOL, low=0))
        ]
        self._with_bytes = np.array([*with_bytes, "\0"], dtype=object)

    def texts(self, n: int, *, bytes_: bool = False) -> list[str]:
        pool = self._with_bytes if bytes_ else self._texts
        drawn: list[str] = pool[self.rng.integers(len(pool), size=n)].tolist()
        return drawn

    def unique(self, n: int, *, bytes_: bool = False) -> list[str]:
        """Draw ``n`` different texts."""
        return list(dict.fromkeys(self.texts(SPARE + 3 * n, bytes_=bytes_)))[:n]

    def file_names(self, n: int, *, bytes_: bool = True) -> list[str]:
        """Draw different names that files of Linux can have."""
        cleaned = (text[:12].replace("/", "").replace("\0", "") for text in self.texts(n, bytes_=bytes_))
        return [f"{text}{k}" for k, text in enumerate(cleaned)]

    def metric_names(self, n: int) -> list[str]:
        """Draw at most ``n`` different names that metrics may have."""
        return list(
            dict.fromkeys(text for text in (t[:40] for t in self.texts(SPARE + 3 * n)) if not name_problem(text))
        )[:n]

    def floats(self, n: int, *, nan: bool = False, inf: bool = False) -> np.ndarray:
        """Draw any bits of a float64 that are a finite number; with ``nan`` and ``inf``, also these."""
        values = self.rng.integers(2**64, size=n, dtype=np.uint64).view(np.float64)
        values = np.where(self.rng.random(n) < AWKWARD_SHARE, self.rng.choice([*FLOATS, self.rng.random()], n), values)
        values[~np.isfinite(values)] = -0.25
        for wanted, kinds in ((nan, (np.nan,)), (inf, (np.inf, -np.inf))):
            chosen = self.rng.random(n) < 0.1
            values = np.where(chosen & wanted, self.rng.choice(kinds, n), values)
        return values

    def values(self, kind: Any, n: int, *, inf: bool = True) -> list[Any]:
        """Draw ``n`` values of a type: dataclasses, tuples, mappings by text, literals, unions, scalars."""
        arguments = get_args(kind)
        if dataclasses.is_dataclass(kind):
            hints = get_type_hints(kind)
            names = [field.name for field in dataclasses.fields(kind)]
            columns = [self.values(hints[name], n, inf=inf) for name in names]
            return [kind(**dict(zip(names, row, strict=True))) for row in zip(*columns, strict=True)]  # type: ignore[operator]
        if get_origin(kind) is Literal:
            return [arguments[k] for k in self.rng.integers(len(arguments), size=n)]
        if get_origin(kind) is tuple:
            return self._tuples(arguments, n, inf)
        if get_origin(kind) in (Mapping, dict):
            columns = [self.values(arguments[1], n, inf=inf) for _ in range(2)]
            names = self.unique(2, bytes_=True)
            return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
        if arguments:
            parts = [self.values(part, n, inf=inf) for part in arguments]
            return [parts[which][k] for k, which in enumerate(self.rng.integers(len(parts), size=n))]
        return self._scalars(kind, n, inf)

    def _tuples(self, kinds: tuple[Any, ...], n: int, inf: bool) -> list[tuple[Any, ...]]:
        if kinds[-1] is not Ellipsis:
            return list(zip(*(self.values(kind, n, inf=inf) for kind in kinds), strict=True))
        ends = np.cumsum(self.rng.integers(3, size=n)).tolist()
        items = self.values(kinds[0], ends[-1], inf=inf)
        return [tuple(items[start:end]) for start, end in zip([0, *ends], ends, strict=False)]

    def _scalars(self, kind: Any, n: int, inf: bool) -> list[Any]:
        if kind is str:
            return self.texts(n, bytes_=True)
        if kind is float:
            return list(self.floats(n, nan=True, inf=inf).tolist())
        if kind is int:
            return list(self.rng.integers(-(2**63), 2**63 - 1, size=n, endpoint=True).tolist())
        return list((self.rng.random(n) < 0.5).tolist()) if kind is bool else [None] * n

    def _pool(self, n: int, low: int) -> list[str]:
        lengths = self.rng.integers(7, size=n).tolist()
        tops = self.rng.choice(PLANES, size=(n, 1))
        points = self.rng.integers(low, tops, size=(n, 6), endpoint=True)
        points[(points >= 0xD800) & (points <= 0xDFFF)] = 0xFFFD
        drawn = ["".join(map(chr, row[:length])) for row, length in zip(points.tolist(), lengths, strict=True)]
        awkward = self.rng.integers(len(AWKWARD), size=n).tolist()
        how = self.rng.random(n).tolist()
        return [
            AWKWARD[which]
            if chance < AWKWARD_SHARE
            else f"{AWKWARD[which]}{text}"
            if chance < 2 * AWKWARD_SHARE
            else text
            for which, chance, text in zip(awkward, how, drawn, strict=True)
        ]
