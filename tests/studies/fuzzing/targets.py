"""Everything that parses what others wrote, as functions of bytes, with valid examples to start from.

A parser may accept its input or raise `ClapBenchError`; anything else that it raises is a crash.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np
import soundfile

from metrics.errors import ClapBenchError

MEMORY = Path("/dev/shm")
SCRATCH = TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None, prefix="fuzz-")
"""What parsers read files from; removed when this process ends."""
LONGEST_BYTES = 4096


@dataclass(frozen=True)
class Target:
    """A parser.

    Attributes:
        parse: what is attacked.
        examples: inputs that it accepts.
        dictionary: words that its inputs are made of.
    """

    parse: Callable[[bytes], object]
    examples: tuple[bytes, ...]
    dictionary: tuple[str, ...] = ()


def survives(target: Target, content: bytes) -> bool:
    """Parse; return whether the input was accepted. Every error but the package's own passes through."""
    try:
        target.parse(content)
    except ClapBenchError:
        return False
    return True


def make_targets() -> Mapping[str, Target]:
    """Return every parser by name."""
    folder = Path(SCRATCH.name)
    return {**_tables(folder), **_others_sets(folder), **_records(folder), **_files(folder), **_texts()}


def _tables(folder: Path) -> dict[str, Target]:
    from bench.datasets.adapters.custom import load_custom
    from bench.datasets.score_files import read_score_file
    from bench.files.ratings import read_ratings
    from bench.files.scores import make_pairs_frame, read_table

    columns: dict[str, list[object]] = {name: ["a", "b"] for name in ("pair_id", "audio", "caption", "caption_id")}
    columns |= {name: ["", ""] for name in ("source", "system", "split")}
    pairs = make_pairs_frame({**columns, "rating": [1.0, 2.0], "n_ratings": [1, 1]})
    header = "pair_id,audio,caption,caption_id,source,system,split,rating,n_ratings,m\n"
    words = (
        "audio_path",
        "pair_id",
        "rating",
        "listener_id",
        "split",
        "caption_id",
        '"',
        '""',
        ",",
        "\r\n",
        "nan",
        "inf",
    )
    return {
        "ratings": Target(
            lambda content: load_custom(_written(folder / "ratings.csv", content), split=None),
            (b"audio_path,text,rating\na.wav,a dog,5\n", b'audio_path,text,rating,listener_id\r\na.wav,"a, b",5,x\r\n'),
            words,
        ),
        "scores": Target(
            lambda content: read_score_file(_written(folder / "s.csv", content), pairs),
            (
                b"pair_id,score\na,0.5\nb,1e-3\n",
                b"audio_path,text,score\na,a,1\nb,b,0.25\n",
                b"wavname,pred_score\n/a.wav,1\nx/b,2\n",
            ),
            words,
        ),
        "run table": Target(
            lambda content: read_table(_written(folder / "run" / "scores.csv", content).parent),
            (f"{header}a,a.wav,dog,dog,,,,0.5,1,0.25\nb,b.wav,cat,cat,,,,1,2,\n".encode(),),
            words,
        ),
        "single ratings": Target(
            lambda content: read_ratings(_written(folder / "single" / "ratings.csv", content).parent, ["a", "b"]),
            (b"pair_id,listener_id,score\na,x,5\nb,x,4\n",),
            words,
        ),
    }


def _others_sets(folder: Path) -> dict[str, Target]:
    from bench.datasets.adapters.audioeval import read_metadata
    from bench.datasets.adapters.musiceval import load_musiceval
    from bench.datasets.adapters.xacle import load_xacle
    from bench.scoring.source import find_shards, read_shard

    name = "test_person_mos.txt"
    (folder / "raters").mkdir(exist_ok=True)
    for home in (folder, folder / "raters"):
        _written(home / "prompt_info.txt", b"P001\ta piano\n")

    def read_pairs(content: bytes) -> None:
        path = _written(folder / "pairs.csv", content)
        for shard in find_shards(path, 2):
            read_shard(path, shard)

    return {
        "xacle": Target(
            lambda content: load_xacle(_written(folder / "meta_data" / "validation.csv", content).parents[1]),
            (b"wav_file_name,text,score,listener_id\na.wav,a dog,5,1\n", b"wav_file_name,text,average_score\na,b,1\n"),
            ("wav_file_name", "text", "average_score", "listener_id", '"', ","),
        ),
        "audioeval": Target(
            lambda content: read_metadata(_written(folder / "metadata.jsonl", content)),
            (b'{"file_name": "a.wav", "prompt_text": "a dog", "system": "x"}\n',),
            ("file_name", "prompt_text", "wav_name", "null"),
        ),
        "musiceval": Target(
            lambda content: load_musiceval(_written(folder / "sets" / "test_mos_list.txt", content).parents[1]),
            (b"m-S001_P001.wav,3.0,4.0\n",),
            ("S001", "_P001", ".wav", ","),
        ),
        "musiceval raters": Target(
            lambda content: load_musiceval(_written(folder / "raters" / "person_mos" / name, content).parents[1]),
            (b"m-S001_P001.wav,1,3,4\nm-S001_P001.wav,2,3,5\n", b"f,rater,MI,TA\nm-S001_P001.wav,1,3,4.5\n"),
            ("S001", "_P001", ".wav", ",", '"'),
        ),
        "pairs to score": Target(
            read_pairs,
            (b"audio_path,text\na.wav,a dog\n", b'audio_path,text,system,pair_id\r\na,"x, y",s,1\r\nb,z,s,2\r\n'),
            ("audio_path", "text", "system", "pair_id", '"', ",", "\r\n"),
        ),
    }


def _records(folder: Path) -> dict[str, Target]:
    from bench.analysis.leakage import read_leakage, read_training
    from bench.datasets.score_archive.facts import read_facts
    from bench.files.manifest import read_manifest
    from bench.files.records import read_records
    from bench.statistics.bootstrap import CorrelationEstimate

    dataset = {"name": "d", "split": None, "screening": None, "sha256": "0", "scale": [0, 10], "n_pairs": 1}
    dataset |= {"n_ratings": 1, "audio_root": "/d", "notes": []}
    manifest = {"run_id": "r", "plan": "p", "started": "", "finished": "", "argv": ["bench"], "resampling": {}}
    manifest |= {"options": {"seed": {"value": 0, "passed": False}}, "dataset": dataset, "signatures": {}, "notes": {}}
    training = {"data": [{"name": "d", "parts": {"train": {"captions": ["a"], "clips": {"a": ""}}}}]}
    items = [{"kind": kind, "n_tested": 1, "shared": None} for kind in ("captions", "clips", "listeners")]
    leakage = [{"metric": "m", "trained_on": "d", "part": "train", "items": items, "n_affected": None, "note": ""}]
    scored = {"metric": "m", "file": "d/m.csv", "sha256": "0" * 64, "n_pairs": 2, "n_scores": 1, "signature": "m|v:1"}
    of_dataset = {"name": "d", "split": None, "sha256": None, "metrics": [scored]}
    facts = {"format": 1, "summary": "", "source": "", "datasets": [of_dataset], "documents": {"NOTICE": "0" * 64}}
    return {
        "manifest": Target(
            lambda content: read_manifest(_written(folder / "m" / "manifest.json", content).parent), (_json(manifest),)
        ),
        "training": Target(
            lambda content: read_training(_written(folder / "t" / "training.json", content).parent), (_json(training),)
        ),
        "leakage": Target(
            lambda content: read_leakage(_written(folder / "l" / "leakage.json", content).parent), (_json(leakage),)
        ),
        "estimates": Target(
            lambda content: read_records(_written(folder / "estimates.json", content), CorrelationEstimate, ""),
            (b"[]",),
        ),
        "score facts": Target(
            lambda content: read_facts(_written(folder / "s" / "scores.json", content).parent), (_json(facts),)
        ),
    }


def _files(folder: Path) -> dict[str, Target]:
    import torch

    from bench.datasets.fetching.archive import ArchiveLimits
    from bench.datasets.fetching.archive import unpack as unpack_archive
    from bench.datasets.fetching.download import relate_clip
    from metrics.audio import decode
    from metrics.models.loading import load_pickle

    limits = ArchiveLimits(members=20, member_bytes=10_000, total_bytes=50_000)
    checkpoint = io.BytesIO()
    torch.save({"weight": torch.zeros(2)}, checkpoint)
    clips = io.BytesIO()
    with zipfile.ZipFile(clips, "w") as archive:
        archive.writestr("RELATE_wave/tango/test/a.wav", _audio("WAV"))

    def unpack(content: bytes) -> None:
        unpack_archive(_written(folder / "a.zip", content), folder / "unpacked", relate_clip, limits=limits)

    def unpack_and_clean(content: bytes) -> None:
        import shutil

        try:
            unpack(content)
        finally:
            shutil.rmtree(folder / "unpacked", ignore_errors=True)

    return {
        "audio": Target(
            lambda content: decode(content, Path("clip")), (_audio("WAV"), _audio("FLAC"), _audio("OGG"), _audio("MP3"))
        ),
        "archive": Target(unpack_and_clean, (clips.getvalue(),), ("PK\x03\x04", "../", "/", ".wav")),
        "checkpoint": Target(lambda content: load_pickle(_written(folder / "c.pt", content)), (checkpoint.getvalue(),)),
    }


def _texts() -> dict[str, Target]:
    from bench.datasets.adapters.custom import parse_scale
    from finetune.training.losses import parse_loss
    from metrics import registry

    installed = registry.entry_points(group=registry.ENTRY_POINT_GROUP)  # looked up once: takes 1,000 times as long

    def expand_names(content: bytes) -> None:
        with patch.object(registry, "entry_points", lambda **_: installed):
            registry.expand_names(_text(content))

    return {
        "loss": Target(
            lambda content: parse_loss(_text(content)),
            (b"wsce+mae", b"wsce:0.2+mse:1"),
            ("wsce", "mse", "+", ":", "ccc"),
        ),
        "scale": Target(lambda content: parse_scale(_text(content)), (b"1-5", b"0-10", b"-1-1")),
        "metrics": Target(
            expand_names,
            (b"laion,ms,human:wsce", b"hf:a/b,random"),
            ("human:", "laion:", ",", "ms"),
        ),
    }


def _written(path: Path, content: bytes) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


def _text(content: bytes) -> str:
    return content.decode("utf-8", errors="surrogateescape")


def _json(content: object) -> bytes:
    return json.dumps(content).encode()


def _audio(container: str) -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, 0.1 * np.sin(np.arange(400, dtype=np.float32)), 8000, format=container)
    return stream.getvalue()
