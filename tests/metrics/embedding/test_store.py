from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from metrics.embedding import store as module
from metrics.embedding.store import Embedding, EmbeddingStore, text_hash
from metrics.errors import DataError


def vectors(n: int, seed: int = 0) -> dict[str, Embedding]:
    rng = np.random.default_rng(seed)
    return {text_hash(str(i)): Embedding(rng.normal(size=8).astype(np.float32), i) for i in range(n)}


def test_what_comes_out_is_what_went_in_to_the_bit(tmp_path: Path) -> None:
    written = vectors(1200)
    with EmbeddingStore(tmp_path / "deep" / "store.sqlite", "a|b") as store:
        store.put("clip", written)
    with EmbeddingStore(tmp_path / "deep" / "store.sqlite", "a|b") as store:
        read = store.get("clip", [*written, "unknown"])
    assert read.keys() == written.keys()
    assert all(np.array_equal(read[key].vector, written[key].vector) for key in written)
    assert all(read[key].tokens_cut == written[key].tokens_cut for key in written)


def test_signature_and_kind_are_part_of_the_key(tmp_path: Path) -> None:
    written = vectors(1)
    with EmbeddingStore(tmp_path / "s", "a") as store:
        store.put("clip", written)
        assert store.get("caption", written) == {}
    with EmbeddingStore(tmp_path / "s", "b") as store:
        assert store.get("clip", written) == {}


def test_a_checkpoint_whose_name_is_not_utf8_has_embeddings_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    for k, signature in enumerate(("ckpt:caf\udce9.pt", "ckpt:caf\\udce9.pt")):
        with EmbeddingStore(path, signature) as store:
            store.put("clip", {"key": Embedding(np.ones(2, np.float32), k)})
    with EmbeddingStore(path, "ckpt:caf\udce9.pt") as store:
        assert store.get("clip", ["key"])["key"].tokens_cut == 0


def test_without_a_file_nothing_is_kept() -> None:
    with EmbeddingStore(None, "a") as store:
        store.put("clip", vectors(2))
        assert store.get("clip", vectors(2)) == {}


def test_the_first_embedding_of_a_key_stays(tmp_path: Path) -> None:
    first, second = vectors(1, seed=1), vectors(1, seed=2)
    with EmbeddingStore(tmp_path / "s", "a") as store:
        store.put("clip", first)
        store.put("clip", second)
        [key] = first
        assert np.array_equal(store.get("clip", [key])[key].vector, first[key].vector)


def test_a_file_that_is_no_store_is_named(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("not a database, but long enough to be looked at as if it were one " * 100)
    with pytest.raises(DataError, match="move it away: another is begun"), EmbeddingStore(tmp_path / "s", "a"):
        pass


def in_a_file(folder: Path) -> Path:
    (folder / "ratings.csv").write_text("audio_path,text,rating\n")
    return folder / "ratings.csv" / "s"


def at_a_folder(folder: Path) -> Path:
    (folder / "s").mkdir()
    return folder / "s"


def of_somebody_else(folder: Path) -> Path:
    (folder / "s").write_text("audio_path,text,rating\n" * 100)
    return folder / "s"


@pytest.mark.parametrize("place", [in_a_file, at_a_folder, of_somebody_else])
def test_nobody_is_told_to_delete_what_may_be_theirs(tmp_path: Path, place: Callable[[Path], Path]) -> None:
    with pytest.raises(DataError) as refused, EmbeddingStore(place(tmp_path), "a"):
        pass
    assert not re.search(r"\bdelete\b", str(refused.value))
    assert re.search(r"choose another with CLAP_BENCH_CACHE_DIR|move it away", str(refused.value))


FULL = """
import resource, signal, sys
from collections.abc import Callable
from pathlib import Path
import numpy as np
from metrics.embedding.store import Embedding, EmbeddingStore
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with EmbeddingStore(Path(sys.argv[1]), "a") as store:
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    store.put("clip", {str(i): Embedding(np.zeros(512, dtype=np.float32)) for i in range(500)})
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a limit of POSIX")
def test_a_limit_on_the_size_of_files_is_named(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", FULL, tmp_path / "s"], capture_output=True, text=True)
    assert "disk I/O error; raise the limit on the size of files (ulimit -f)" in ended.stderr


WRITER = """
import sys
import numpy as np
from collections.abc import Callable
from pathlib import Path
from metrics.embedding.store import Embedding, EmbeddingStore
path, name, n = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
with EmbeddingStore(path, "shared signature") as store:
    print("open", flush=True)
    for i in range(n):
        batch = {f"{name}-{i}-{j}": Embedding(np.full(64, i, dtype=np.float32)) for j in range(4)}
        store.put("clip", batch)
        print(i, flush=True)
"""


def writer(path: Path, name: str, n: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(WRITER), str(path), name, str(n)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_processes_write_at_once(tmp_path: Path) -> None:
    processes = [writer(tmp_path / "s", name, 100) for name in ("a", "b", "c")]
    for process in processes:
        process.communicate(timeout=120)
        assert process.returncode == 0
    keys = [f"{name}-{i}-{j}" for name in "abc" for i in range(100) for j in range(4)]
    with EmbeddingStore(tmp_path / "s", "shared signature") as store:
        assert len(store.get("clip", keys)) == len(keys)


def test_a_killed_process_leaves_whole_batches(tmp_path: Path) -> None:
    process = writer(tmp_path / "s", "a", 1_000_000)
    assert process.stdout is not None
    while process.stdout.readline().strip() != "50":
        pass
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    keys = [f"a-{i}-{j}" for i in range(51) for j in range(4)]
    with EmbeddingStore(tmp_path / "s", "shared signature") as store:
        found = store.get("clip", keys)
        assert len(found) == len(keys)
        store.put("clip", vectors(3))
    with sqlite3.connect(tmp_path / "s") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        counts = connection.execute("SELECT count(*) FROM embeddings WHERE key LIKE 'a-%'").fetchone()[0]
    connection.close()
    assert counts % 4 == 0


@pytest.mark.parametrize("column", ["vector", "tokens_cut", "checksum"])
def test_a_changed_embedding_is_never_used(tmp_path: Path, column: str) -> None:
    [key] = written = vectors(1)
    with EmbeddingStore(tmp_path / "s", "a") as store:
        store.put("clip", written)
    with sqlite3.connect(tmp_path / "s") as connection:
        changed = bytes(32) if column == "vector" else 7
        connection.execute(f"UPDATE embeddings SET {column} = ?", (changed,))
    connection.close()
    with EmbeddingStore(tmp_path / "s", "a") as store, pytest.raises(DataError, match="not the one that was stored"):
        store.get("clip", [key])


def test_a_store_that_another_process_holds_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BUSY_TIMEOUT_S", 0.1)
    with EmbeddingStore(tmp_path / "s", "a") as store:
        holder = sqlite3.connect(tmp_path / "s", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(DataError, match=r"s cannot be used: database is locked; another process"):
            store.put("clip", vectors(2))
        holder.execute("ROLLBACK")
        holder.close()
        store.put("clip", vectors(2))
        assert len(store.get("clip", vectors(2))) == 2


def test_a_full_store_keeps_what_it_held(tmp_path: Path) -> None:
    with EmbeddingStore(tmp_path / "s", "a") as store:
        store.put("clip", vectors(10))
        assert store._connection is not None
        store._connection.execute("PRAGMA max_page_count = 8")
        with pytest.raises(DataError, match="is full; make room"):
            store.put("clip", vectors(2000))
    with EmbeddingStore(tmp_path / "s", "a") as store:
        assert len(store.get("clip", vectors(2000))) == 10
