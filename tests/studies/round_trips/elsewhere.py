"""What is kept outside of results: downloads, trainings, the embedding store, hashes; and messages to scorers."""

from __future__ import annotations

import io
import os
import time
from email.message import Message
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from bench.datasets.fetching import hub_download, transfer
from bench.files.records import plain
from finetune.checkpoints.folder import read_record, save_record
from finetune.config import TrainingConfig, as_record, from_record
from finetune.data import features
from finetune.training.state import EpochRecord, Progress, load_state, save_state
from metrics import audio
from metrics.embedding.store import Embedding, EmbeddingStore
from metrics.files import sha256_of_file, write_json
from metrics.isolated.pipe import receive, send
from metrics.models import hub
from metrics.types import no_progress
from tests.studies.round_trips.draw import Draw
from tests.studies.round_trips.runs import ROWS, Trips

FILES = 5_000
FILES_OF_A_MEMORY = 50
SETTLED_S = hub.UNSETTLED_NS / 1e9 + 0.1


def downloads(draw: Draw, place: Path) -> Trips:
    target = place / "clips.zip"
    written, read = [], []
    for url in draw.texts(ROWS, bytes_=True):
        target.write_bytes(os.urandom(8))
        (place / "clips.zip.json").unlink(missing_ok=True)
        written.append(transfer._record(transfer.RemoteFile(url, target.name), target))
        read.append(transfer._load_record(place / "clips.zip.json"))
    yield "downloads: NAME.json", written, read


def transfers(draw: Draw, place: Path) -> Trips:
    part = place / "clips.zip.part"
    written, read = [], []
    for url, tag in zip(draw.texts(ROWS, bytes_=True), draw.texts(ROWS), strict=True):
        headers = Message()
        headers["ETag"] = " ".join(tag.encode("latin-1", "replace").decode("latin-1").split())  # as http.client has it
        headers["Content-Length"] = str(draw.rng.integers(2**62))
        written.append(transfer._begin(headers, url, part))
        read.append(transfer._load_version(part, url))
    yield "downloads: NAME.part.json", written, read


def sources(draw: Draw, place: Path) -> Trips:
    hashes = dict(zip(draw.unique(ROWS, bytes_=True), draw.texts(ROWS, bytes_=True), strict=True))
    write_json(place / hub_download.SOURCE, plain(hub_download.Source("r", "c", hashes)))
    found = hub_download._find_source(place)
    yield "downloads: source.json", list(hashes.items()), list(found.hashes.items())


def config_of(draw: Draw) -> TrainingConfig:
    base, dataset, split, scale = draw.texts(4, bytes_=True)
    counts = (1 + draw.rng.integers(2**62, size=4)).tolist()
    decay, norm = np.abs(draw.floats(2)).tolist()
    return TrainingConfig(
        base=base, dataset=dataset, train_split=split or None, scale=scale, epochs=counts[0], max_steps=counts[1],
        seed=counts[2], patience=counts[3], lr=abs(float(draw.floats(1)[0])) or 5e-324, weight_decay=decay,
        max_grad_norm=norm, validation_share=float(draw.rng.random()) or 0.5,
    )  # fmt: skip


def trainings(draw: Draw, place: Path) -> Trips:
    configs = [config_of(draw) for _ in range(ROWS)]
    history = [plain(record) for record in draw.values(EpochRecord, ROWS, inf=False)]
    save_record({"data": [], "configs": [as_record(config) for config in configs], "history": history}, place)
    found = read_record(place)
    yield "training.json: config", configs, [from_record(config) for config in found["configs"]]
    yield "training.json: history", history, found["history"]


def states(draw: Draw, place: Path) -> Trips:
    config, written = config_of(draw), draw.values(EpochRecord, ROWS)
    save_state(place, config, Progress(history=written), {})
    found = load_state(place, config)
    assert found is not None
    yield "state.pt: history", written, found[0].history


def _never_loaded() -> audio.Clip:
    raise NotImplementedError


def feature_indexes(draw: Draw, place: Path) -> Trips:
    heard: dict[str, Any] = {str(k): text for k, text in enumerate(draw.texts(ROWS, bytes_=True))}
    windows = draw.rng.integers(2**32, size=(ROWS // 2, 1, 2, 3), dtype=np.uint32).view(np.float32)
    heard |= {str(2 * k): list(windows[k : k + 1]) for k in range(ROWS // 2)}
    sources_ = [features.ClipSource(name, _never_loaded) for name in heard]
    features._write_windows(place, lambda clip: heard[clip.identity], sources_, 0, no_progress)
    found = features.read_features(place, list(heard))
    failures = {int(k): reason for k, reason in heard.items() if isinstance(reason, str)}
    yield "features: index.json, failures", list(failures.items()), list(found.failures.items())
    yield "features: index.json, first", [(k + 1) // 2 for k in range(ROWS + 1)], found.first.tolist()
    yield "features: windows.f32", bits(windows), bits(found.windows)


def bits(vectors: Any) -> list[Any]:
    return [np.asarray(vector, "<f4").view("<u4").tolist() for vector in vectors]


def embeddings(draw: Draw, place: Path) -> Trips:
    vectors = draw.rng.integers(2**32, size=(ROWS, 4), dtype=np.uint32).view(np.float32)
    made = [Embedding(vector, k) for k, vector in enumerate(vectors)]
    written = dict(zip(draw.unique(ROWS), made, strict=True))
    for signature in draw.texts(2, bytes_=True):
        with EmbeddingStore(place / "embeddings.sqlite", signature) as store:
            store.put("clip", written)
    with EmbeddingStore(place / "embeddings.sqlite", signature) as store:
        found = store.get("clip", written)
    yield "embedding store", bits(vectors), bits(found[key].vector for key in written)
    yield "embedding store: tokens cut", list(range(ROWS)), [found[key].tokens_cut for key in written]


def remembered_hashes(draw: Draw, place: Path) -> Trips:
    paths = [place / name for name in draw.file_names(FILES)]
    for path in paths:
        path.write_bytes(os.urandom(8))
    time.sleep(SETTLED_S)
    for start in range(0, FILES, FILES_OF_A_MEMORY):
        some = paths[start : start + FILES_OF_A_MEMORY]
        with mock.patch.dict(os.environ, {"CLAP_BENCH_CACHE_DIR": str(place / f"memory{start}")}):
            for path in some:
                hub.sha256_of(path)
            with mock.patch.object(hub, "sha256_of_file", return_value="not remembered"):
                read = [hub.sha256_of(path) for path in some]
        yield "remembered hashes of weights", [sha256_of_file(path) for path in some], read


def messages(draw: Draw, _: Path) -> Trips:
    columns = [draw.texts(ROWS, bytes_=True) for _ in range(3)]
    pairs = [list(row) for row in zip(*columns, strict=True)]
    raw = draw.rng.integers(2**64, size=(2, ROWS), dtype=np.uint64)
    arrays = dict(zip(("scores", "cosines"), raw.view(np.float64), strict=True))
    stream = io.BytesIO()
    send(stream, {"reply": "scores", "pairs": pairs, "notes": columns[0]}, arrays)
    stream.seek(0)
    received = receive(stream)
    assert received is not None
    header, found = received
    yield "messages of isolated scorers: pairs", pairs, header["pairs"]
    yield "messages of isolated scorers: notes", columns[0], header["notes"]
    for values, (name, array) in zip(raw, found.items(), strict=True):
        yield f"messages of isolated scorers: {name}", values.tolist(), array.view(np.uint64).tolist()


TRIPS = (
    downloads, transfers, sources, trainings, states, feature_indexes, embeddings, remembered_hashes, messages,
)  # fmt: skip
