"""The user's folders, from the environment as it is now."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """Return where things are kept that can be computed again: ``$CLAP_BENCH_CACHE_DIR`` or the user's cache."""
    given = os.environ.get("CLAP_BENCH_CACHE_DIR")
    return Path(given) if given else Path(platformdirs.user_cache_dir("clap-bench"))


def embedding_store() -> Path:
    """Return where embeddings are kept (see `metrics.embedding.store`); the number counts its schema."""
    return cache_folder() / "embeddings-2.sqlite"


def human_folder() -> Path:
    """Return where locally trained Human-CLAP variants are: ``$CLAP_BENCH_HUMAN_DIR`` or the user's data folder."""
    given = os.environ.get("CLAP_BENCH_HUMAN_DIR")
    return Path(given) if given else Path(platformdirs.user_data_dir("clap-bench")) / "human"
