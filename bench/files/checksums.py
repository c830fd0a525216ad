"""Files that are not as they were written: their SHA-256 against the one on record.

The record lies beside the files, in ``manifest.json`` of a run and ``SHA256SUMS`` of a folder of ``bench score``. So
accidents and edits are found, but not who changes the record as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from metrics.errors import DataError, reason_of
from metrics.files import sha256_of_file, write_text

SUMS_NAME = "SHA256SUMS"


@dataclass(frozen=True, slots=True)
class Finding:
    """A file, by name, and what happened to it since it was written."""

    name: str
    problem: str

    def __str__(self) -> str:
        return f"{self.name} {self.problem}"


def find_altered(folder: Path, recorded: Mapping[str, str], expected: Iterable[str] = ()) -> Iterator[Finding]:
    """Yield what is not as it was written.

    Args:
        folder: of the files.
        recorded: sha256 by name.
        expected: names that would be read if they were there; those that are, and not on record, were added.
    """
    for name, sha256 in recorded.items():
        path = folder / name
        if path.parent != folder or not path.is_file():
            yield Finding(name, "is missing")
        elif sha256_of_file(path) != sha256:
            yield Finding(name, "was changed")
    for name in expected:
        if name not in recorded and (folder / name).exists():
            yield Finding(name, "was added")


def warning_of(altered: Sequence[Finding]) -> str:
    """Return what must stand over numbers that were made from such files; nothing where there are none."""
    if not altered:
        return ""
    return (
        f"Not all files are as the run wrote them: {'; '.join(map(str, altered))}. The numbers here come from the "
        "files as they are now: the signatures do not vouch for them."
    )


def write_sums(folder: Path, names: Iterable[str]) -> None:
    """Write ``SHA256SUMS`` of some files, as ``sha256sum --check`` reads it."""
    write_text(folder / SUMS_NAME, "".join(f"{sha256_of_file(folder / name)}  {name}\n" for name in names))


def read_sums(folder: Path) -> dict[str, str]:
    """Return what `write_sums` wrote: sha256 by name.

    Raises:
        DataError: it is missing or damaged.
    """
    path = folder / SUMS_NAME
    try:
        # By line feeds alone: names may hold what else Python takes for the end of a line.
        lines = [line.split("  ", 1) for line in path.read_bytes().decode("utf-8").removesuffix("\n").split("\n")]
        return {name: sha256 for sha256, name in lines}
    except FileNotFoundError:
        raise DataError(
            f"{folder} has no {SUMS_NAME}: its scores are not finished, or an older version wrote them; give the same "
            "'bench score' again"
        ) from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is damaged ({reason_of(error)}); give the same 'bench score' again") from error
