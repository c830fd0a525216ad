"""Model folders from strangers: nothing in them runs, and what is damaged is one clear error."""

from __future__ import annotations

import io
import json
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer

from metrics.errors import DataError
from metrics.models.hf_model import load_clap
from tests.metrics.models.malice import Malice
from tests.metrics.models.tiny_clap import SMALL_16K, save_tiny_clap

Header = dict[str, Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save_tiny_clap(tmp_path / "model", SMALL_16K)


def refused(folder: Path) -> str:
    """Return what the user is told, which is one line that names the folder."""
    with pytest.raises(DataError) as told:
        load_clap(folder)
    message = str(told.value)
    assert str(folder) in message
    assert "\n" not in message
    return message


def packed(header: bytes, data: bytes) -> bytes:
    return struct.pack("<Q", len(header)) + header + data


def claiming(**claims: object) -> Callable[[Header, bytes], bytes]:
    """Return what writes the file with other facts about one of its tensors."""

    def write(header: Header, data: bytes) -> bytes:
        name = max(header, key=lambda key: len(header[key].get("shape", ())))
        return packed(json.dumps(header | {name: header[name] | claims}).encode(), data)

    return write


LIES: dict[str, Callable[[Header, bytes], bytes]] = {
    "nothing": lambda _header, _data: b"",
    "a header of 2^63 bytes": lambda _header, data: struct.pack("<Q", 2**63) + b"{}" + data,
    "a header longer than the file": lambda _header, data: struct.pack("<Q", 10**8) + b"{}" + data,
    "no JSON": lambda _header, data: packed(b"x" * 100, data),
    "deep JSON": lambda _header, data: packed(b"[" * 10**6, data),
    "half the data": lambda header, data: packed(json.dumps(header).encode(), data[: len(data) // 2]),
    "more data": lambda header, data: packed(json.dumps(header).encode(), data + bytes(64)),
    "data beyond the end": claiming(data_offsets=[0, 10**15]),
    "data before the start": claiming(data_offsets=[-8, 8]),
    "data that ends before it starts": claiming(data_offsets=[64, 0]),
    "data of two tensors in one place": claiming(data_offsets=[0, 64]),
    "a shape of 2^40": claiming(shape=[2**40]),
    "a shape that overflows": claiming(shape=[2**63, 4]),
    "an unknown type": claiming(dtype="F1"),
}


@pytest.mark.parametrize("lie", LIES)
def test_lying_safetensors_are_refused(folder: Path, lie: str) -> None:
    path = folder / "model.safetensors"
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    path.write_bytes(LIES[lie](json.loads(content[8 : 8 + length]), content[8 + length :]))
    assert "cannot be loaded as a transformers ClapModel" in refused(folder)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_malicious_pickle_is_refused_and_executes_nothing(folder: Path, tmp_path: Path, zipped: bool) -> None:
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    marker, path = tmp_path / "executed", folder / "pytorch_model.bin"
    torch.save({**weights, "more": Malice(marker)}, path, _use_new_zipfile_serialization=zipped)
    assert "could run code" in refused(folder)
    assert not marker.exists()
    torch.load(path, weights_only=False)
    assert marker.exists(), "the naive way runs it"


def test_code_beside_a_tokenizer_is_not_run_even_if_someone_would_say_yes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = tmp_path / "executed"
    (folder / "evil.py").write_text(f"from pathlib import Path\nPath({str(marker)!r}).touch()\nclass Evil: ...\n")
    path = folder / "tokenizer_config.json"
    evil = {"tokenizer_class": "Evil", "auto_map": {"AutoTokenizer": ["evil.Evil", "evil.Evil"]}}
    path.write_text(json.dumps(json.loads(path.read_text()) | evil))
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n" * 9))
    with suppress(DataError):  # transformers 5 makes do with tokenizer.json
        load_clap(folder)
    assert sys.stdin.tell() == 0, "nobody is asked"
    assert not marker.exists()
    with suppress(Exception):
        AutoTokenizer.from_pretrained(folder, trust_remote_code=True)
    assert marker.exists(), "the careless way runs it"


NO_SETTINGS = ("", "[]", "null", "{", "\0", "[" * 10**5)
DAMAGE = {
    "config.json": (*NO_SETTINGS, '{"audio_config": 7}', '{"projection_dim": "x"}'),
    "preprocessor_config.json": (*NO_SETTINGS, '{"sampling_rate": "x"}', '{"hop_length": 0}'),
    "tokenizer.json": NO_SETTINGS,
    "tokenizer_config.json": NO_SETTINGS,
}


@pytest.mark.parametrize(("name", "content"), [(name, content) for name in DAMAGE for content in DAMAGE[name]])
def test_damaged_settings_are_one_clear_error(folder: Path, name: str, content: str) -> None:
    (folder / name).write_text(content)
    refused(folder)
