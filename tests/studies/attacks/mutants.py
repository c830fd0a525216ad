"""Damage to the folder of a run: bytes, JSON, CSV and the files themselves, all drawn from one generator."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

HUGE = "9" * 400
VALUES: tuple[Any, ...] = (
    None, True, False, -1, 0, 1, 2, 10**9, 2**31, 2**63, 10**18, -(10**18), 10**30, int(HUGE), 0.5, -0.5, 1e308,
    -1e308, 1e-320, float("nan"), float("inf"), "", "x", "all", "human", "srcc", "source=natural", "a,b=c|d", "\n\t",
    "\ud800", "\x1b[31m", "é" * 3000, "../../..", "/dev/zero", [], [[]], {}, {"a": {}}, [None], [1, 2, 3], ["x"] * 40,
)  # fmt: skip
CELLS = (
    "", " ", "nan", "inf", "-inf", "1e308", "-1e308", "1e999", "-1", "0", "0.5", "1_000", "10**9", "999999999",
    "9" * 400, "x", "\n", "\r", '"', "a,b", "=1+1", "\x00", "\x1b[31m", "\u2028", "é" * 3000, "all", "human", "natural",
    "/dev/zero", "../" * 30,
)  # fmt: skip
Damage = Callable[[Path, Random], str]
"""Damages the file in place and says how."""


def damage(folder: Path, rng: Random) -> str:
    """Damage one to three files of a run, mostly one; in every second run the manifest's hashes agree with the damage.

    Returns:
        What was done.
    """
    done = []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        names = sorted(path.name for path in folder.iterdir() if not path.is_symlink() and path.is_file())
        estimates = "vote_agreements.json" if "votes.csv" in names else "estimates.json"
        name = rng.choice((*names, *["manifest.json", "scores.csv", estimates] * 3))
        path = folder / name
        if path.is_file() and not path.is_symlink():
            done.append(f"{name}: {rng.choice(_ways(path))(path, rng)}")
    if rng.random() < 0.5:
        done.append(_rehash(folder))
    return "; ".join(done)


def _ways(path: Path) -> tuple[Damage, ...]:
    shape = {".json": (change_json,), ".csv": (change_csv,)}.get(path.suffix, ())
    return (*shape * 12, change_bytes, change_bytes, change_file)


def change_bytes(path: Path, rng: Random) -> str:
    """Flip, cut, repeat, overwrite or put in bytes."""
    content = path.read_bytes()
    start, end = sorted(rng.randrange(len(content) + 1) for _ in range(2))
    end = min(end, start + 200)
    noise = rng.randbytes(rng.randrange(1, 9))
    changed = {
        "cut at": content[:start],
        "cut out": content[:start] + content[end:],
        "repeated": content[:end] + content[start:],
        "overwritten": content[:start] + noise + content[start + len(noise) :],
        "put in": content[:start] + noise + content[start:],
        "as UTF-16": content.decode("utf-8", "replace").encode("utf-16"),
        "after a byte order mark": b"\xef\xbb\xbf" + content,
        "in brackets": b"[" * 100_000 + content,
    }
    way = rng.choice(list(changed))
    path.write_bytes(changed[way])
    return f"{way} {start}:{end}"


def change_file(path: Path, rng: Random) -> str:
    """Put something else in the place of a file."""
    other = rng.choice(sorted(one for one in path.parent.iterdir() if one.is_file()))
    borrowed = other.read_bytes()
    path.unlink()
    ways: dict[str, Callable[[], object]] = {
        "removed": lambda: None,
        "empty": lambda: path.write_bytes(b""),
        "a folder": path.mkdir,
        "a FIFO": lambda: os.mkfifo(path),
        "a link to /dev/zero": lambda: path.symlink_to("/dev/zero"),
        "a link to itself": lambda: path.symlink_to(path.name),
        "a link to nowhere": lambda: path.symlink_to("nowhere"),
        "noise": lambda: path.write_bytes(rng.randbytes(1000)),
        "NUL bytes": lambda: path.write_bytes(bytes(1000)),
        f"a copy of {other.name}": lambda: path.write_bytes(borrowed),
        "a JSON number": lambda: path.write_text("7"),
        "an empty object": lambda: path.write_text("{}"),
        "an empty list": lambda: path.write_text("[]"),
    }
    way = rng.choice(list(ways))
    ways[way]()
    return way


def change_json(path: Path, rng: Random) -> str:
    """Change one place of a JSON file: its value, its name, or how often it is there."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return change_bytes(path, rng)
    parent, key, where = _place(content, rng)
    if parent is None:
        content = rng.choice(VALUES)
        said = "all of it replaced"
    else:
        said = f"{where} {_change_item(parent, key, rng)}"
    path.write_text(json.dumps(content), encoding="utf-8")
    return said


def _place(content: Any, rng: Random) -> tuple[Any, Any, str]:
    """Walk down from the top; return a container, the key of one of its items, and the path to it."""
    parent, key, where = None, None, ""
    while isinstance(content, (dict, list)) and content and (parent is None or rng.random() < 0.8):
        parent = content
        key = rng.choice(list(content)) if isinstance(content, dict) else rng.randrange(len(content))
        content, where = parent[key], f"{where}/{key}"
    return parent, key, where


def _change_item(parent: Any, key: Any, rng: Random) -> str:
    way = rng.choice(("replaced",) * 6 + ("removed", "doubled", "renamed", "nested", "emptied", "negated"))
    value = parent[key]
    if way == "removed":
        del parent[key]
    elif way == "doubled" and isinstance(parent, list):
        parent.extend([value] * rng.choice((1, 40)))
    elif way == "renamed" and isinstance(parent, dict):
        parent[rng.choice(("x", "", "all", "n_pairs", *parent))] = parent.pop(key)
    elif way == "nested":
        parent[key] = [value]
    elif way == "emptied":
        parent[key] = type(value)()
    elif way == "negated" and isinstance(value, (int, float)):
        parent[key] = -value
    else:
        way = f"replaced by {str(chosen := rng.choice(VALUES))[:20]!r}"
        parent[key] = chosen
    return way


def change_csv(path: Path, rng: Random) -> str:
    """Change a cell, a row, a column or the header of a CSV file."""
    try:
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
    except (ValueError, csv.Error):
        return change_bytes(path, rng)
    rows = [row for row in rows if row]
    if not rows:
        return change_bytes(path, rng)
    row, column = rng.randrange(len(rows)), rng.randrange(len(rows[0]))
    cell = rng.choice(CELLS)
    ways: dict[str, Callable[[], object]] = {
        f"cell {row},{column} is {cell[:20]!r}": lambda: _set(rows, row, column, cell),
        f"cell {row},{column} is {cell[:20]!r} ": lambda: _set(rows, row, column, cell),
        f"cell {row},{column} is {cell[:20]!r}  ": lambda: _set(rows, row, column, cell),
        f"column {column} is {cell[:20]!r}": lambda: [_set(rows, i, column, cell) for i in range(1, len(rows))],
        f"header {column} is {cell[:20]!r}": lambda: _set(rows, 0, column, cell),
        f"row {row} removed": lambda: rows.pop(row),
        f"row {row} doubled": lambda: rows.append(rows[row]),
        f"row {row} is short": lambda: rows[row].pop(),
        f"row {row} is long": lambda: rows[row].append(cell),
        f"column {column} removed": lambda: [one.pop(column) for one in rows if len(one) > column],
        f"column {column} doubled": lambda: [one.append(one[column]) for one in rows if len(one) > column],
        "rows in another order": lambda: rows.__setitem__(slice(1, None), rng.sample(rows[1:], len(rows) - 1)),
        "header alone": lambda: rows.__delitem__(slice(1, None)),
        "one row alone": lambda: rows.__delitem__(slice(2, None)),
        "two rows alone": lambda: rows.__delitem__(slice(3, None)),
    }
    way = rng.choice(list(ways))
    ways[way]()
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    path.write_text(stream.getvalue(), encoding="utf-8", newline="")
    return way


def _set(rows: list[list[str]], row: int, column: int, cell: str) -> None:
    if column < len(rows[row]):
        rows[row][column] = cell


def _rehash(folder: Path) -> str:
    """Write the hashes of the files as they are into the manifest, as a forger would."""
    path = folder / "manifest.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8")) if path.is_file() and not path.is_symlink() else None
        for name in manifest["outputs"]:
            file = folder / name
            if file.is_file() and not file.is_symlink():
                manifest["outputs"][name] = hashlib.sha256(file.read_bytes()).hexdigest()
    except (ValueError, TypeError, KeyError, OSError, RecursionError):
        return "no hashes"
    path.write_text(json.dumps(manifest), encoding="utf-8")
    return "hashes agree"


def copy_of(example: Path, folder: Path) -> Path:
    """Copy a run to damage it."""
    shutil.copytree(example, folder)
    return folder
