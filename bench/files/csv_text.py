"""The bytes of a CSV file as text, and what to say where they are none."""

from __future__ import annotations

import csv
from pathlib import Path

from metrics.errors import DataError, UsageError
from metrics.files import read_regular

MOST_BYTES = 2**30


def read_bytes(path: Path) -> bytes:
    """Return the content of a regular file.

    Raises:
        UsageError: there is none at that path.
        DataError: it cannot be read, or has more than `MOST_BYTES`.
    """
    try:
        return read_regular(path, MOST_BYTES)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(f"{path}: no such file; give the path of a CSV file") from error
    except IsADirectoryError as error:
        raise UsageError(f"{path}: is a folder; give the path of a CSV file") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({error}); check its permissions and its name") from error


def decode(path: Path, content: bytes) -> str:
    """Return what the file at ``path`` says, without a byte order mark.

    Raises:
        DataError: it is no UTF-8, or holds a NUL character; the line is named.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{path}: is UTF-16, expected UTF-8; save it again as UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The decoder counts from behind the byte order mark, the user from the start of the file.
        offset = error.start + len(content) - len(error.object)
        line = content.count(b"\n", 0, offset) + 1
        found = f"byte 0x{content[offset]:02x} at offset {offset}"
        raise not_utf8(path, line, found) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise not_text(path, line)
    return text


def not_utf8(path: Path, line: int, found: str) -> DataError:
    """Return an error (to be raised): the bytes ``found`` are no text."""
    return DataError(f"{path}, line {line}: {found} is not UTF-8; save the file again as UTF-8")


def not_text(path: Path, line: int) -> DataError:
    """Return an error (to be raised): a NUL character is in no text."""
    return DataError(f"{path}, line {line}: holds a NUL character; is this a CSV file? save it again as UTF-8 text")


def explain(error: csv.Error) -> str:
    """Return, for an error message, what is wrong with a record and what to do."""
    if "unexpected end of data" in str(error):
        return (
            "a quote opens in this record and never closes; the file may be cut off: write it again or close the quote"
        )
    if "field larger" in str(error):
        return f"a field exceeds {csv.field_size_limit()} characters; check for a quote that opens and never closes"
    return f"wrongly quoted ({error}); put text that holds a comma or a quote in quotes and double the quotes in it"
