"""Messages between processes: what goes in comes out, and anything else is noticed."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from metrics.isolated.pipe import MAGIC, PREFIX, ProtocolError, receive, send

ARRAYS = st.dictionaries(
    st.text(max_size=5),
    st.sampled_from(["<f8", "<f4", "<i8", ">f8"]).flatmap(
        lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, min_side=0, max_side=4))
    ),
    max_size=3,
)
HEADERS = st.dictionaries(st.text().filter(lambda key: key != "arrays"), st.text() | st.integers() | st.none())


def encoded(header: dict[str, object], content: dict[str, np.ndarray] | None = None) -> bytes:
    stream = io.BytesIO()
    send(stream, header, content)
    return stream.getvalue()


@settings(max_examples=50)
@given(HEADERS, ARRAYS)
def test_what_goes_in_comes_out_bit_for_bit(header: dict[str, object], content: dict[str, np.ndarray]) -> None:
    stream = io.BytesIO(encoded(header, content) + encoded({"next": 1}))
    message = receive(stream)
    assert message is not None
    assert message[0] == header
    assert list(message[1]) == list(content)
    for name, array in content.items():
        assert message[1][name].shape == array.shape
        assert message[1][name].tobytes() == array.astype(array.dtype.newbyteorder("<")).tobytes()
    assert receive(stream) == ({"next": 1}, {})
    assert receive(stream) is None


def test_arrays_need_not_be_contiguous_and_are_writable() -> None:
    array = np.arange(12.0).reshape(3, 4)[:, ::2]
    message = receive(io.BytesIO(encoded({}, {"x": array})))
    assert message is not None
    message[1]["x"][0, 0] = 7
    assert message[1]["x"].tolist() == [[7, 2], [4, 6], [8, 10]]


@given(st.integers(1, 199))
def test_a_message_that_is_cut_off_is_noticed(n_kept: int) -> None:
    whole = encoded({"reply": "scores"}, {"scores": np.arange(16.0)})
    assert len(whole) >= 200
    with pytest.raises(ProtocolError):
        receive(io.BytesIO(whole[:n_kept]))


@given(st.binary(min_size=1, max_size=100))
def test_anything_else_is_noticed(noise: bytes) -> None:
    for content in (noise, PREFIX.pack(MAGIC, len(noise), 0) + noise):
        with pytest.raises(ProtocolError):
            receive(io.BytesIO(content))


@pytest.mark.parametrize(
    "described", [[["x", "|O", [1]]], [["x", "<f8", [2]]], [["x", "<f8", [-1]]], [["x", "<f8"]], [], 3]
)
def test_arrays_that_are_not_as_described_are_noticed(described: object) -> None:
    header = json.dumps({"arrays": described}).encode()
    with pytest.raises(ProtocolError):
        receive(io.BytesIO(PREFIX.pack(MAGIC, len(header), 8) + header + bytes(8)))
