"""The messages between clap-bench and a scorer in a process of its own.

A message is 16 bytes, a header and arrays:

    magic ``CLPB`` | header length, 4 bytes | length of all arrays, 8 bytes (both big-endian) | header | arrays

The header is a JSON object in UTF-8. Its entry ``arrays`` lists ``[name, dtype, shape]`` of the arrays whose bytes
follow one after the other, C-contiguous and little-endian: numbers cross the pipe with the bits that they had. The
messages themselves are described in `metrics.isolated.scorer`.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from io import BufferedIOBase
from typing import Any

import numpy as np

MAGIC = b"CLPB"
PREFIX = struct.Struct(">4sIQ")
DTYPES = ("<f8", "<f4", "<i8")


class ProtocolError(Exception):
    """What came through the pipe is no message, or only part of one."""


def send(stream: BufferedIOBase, header: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None) -> None:
    """Write one message.

    Raises:
        OSError: nobody reads.
    """
    little = {name: np.asarray(a, a.dtype.newbyteorder("<")) for name, a in (arrays or {}).items()}
    described = [[name, array.dtype.str, list(array.shape)] for name, array in little.items()]
    encoded = json.dumps({**header, "arrays": described}).encode()
    stream.write(PREFIX.pack(MAGIC, len(encoded), sum(array.nbytes for array in little.values())))
    stream.write(encoded)
    for array in little.values():
        stream.write(array.tobytes())
    stream.flush()


def receive(stream: BufferedIOBase) -> tuple[dict[str, Any], dict[str, np.ndarray]] | None:
    """Read one message: its header and its arrays; None if the stream ended before it.

    Raises:
        ProtocolError: something else, or a message that is cut off.
    """
    prefix = stream.read(PREFIX.size)
    if not prefix:
        return None
    if len(prefix) < PREFIX.size or not prefix.startswith(MAGIC):
        raise ProtocolError(f"expected a message, got {prefix!r}")
    _, n_header, n_arrays = PREFIX.unpack(prefix)
    encoded, content = _read(stream, n_header), _read(stream, n_arrays)
    try:
        header = json.loads(encoded)
        return header, _split(header.pop("arrays"), content)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProtocolError(f"a message that cannot be read ({type(error).__name__}: {error})") from error


def _read(stream: BufferedIOBase, n_bytes: int) -> bytes:
    content = stream.read(n_bytes)
    if len(content) < n_bytes:
        raise ProtocolError(f"a message was cut off after {len(content)} of {n_bytes} bytes")
    return content


def _split(described: list[Any], content: bytes) -> dict[str, np.ndarray]:
    arrays: dict[str, np.ndarray] = {}
    start = 0
    for name, dtype, shape in described:
        count = math.prod(shape)
        if dtype not in DTYPES or count < 0:
            raise ValueError(f"an array of shape {shape} and dtype {dtype!r}, expected {', '.join(DTYPES)}")
        arrays[name] = np.frombuffer(content, dtype, count, start).reshape(shape).copy()
        start += arrays[name].nbytes
    if start != len(content):
        raise ValueError(f"{len(content)} bytes of arrays, described are {start}")
    return arrays
