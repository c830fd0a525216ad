"""The user's folders, from the environment as it is now."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def named_folder(variable: str) -> Path | None:
    """Return the folder that an environment variable names, with ``~`` expanded; None if it is unset or empty."""
    given = os.environ.get(variable)
    return Path(os.path.expanduser(given)) if given else None  # noqa: PTH111 - pathlib fails on unknown users


def cache_folder() -> Path:
    """Return where things are kept that can be computed again: ``$CLAP_BENCH_CACHE_DIR`` or the user's cache."""
    return named_folder("CLAP_BENCH_CACHE_DIR") or Path(platformdirs.user_cache_dir("clap-bench"))


def embedding_store() -> Path:
    """Return where embeddings are kept (see `metrics.embedding.store`); the number counts its schema."""
    return cache_folder() / "embeddings-2.sqlite"


def human_folder() -> Path:
    """Return where locally trained Human-CLAP variants are: ``$CLAP_BENCH_HUMAN_DIR`` or the user's data folder."""
    return named_folder("CLAP_BENCH_HUMAN_DIR") or Path(platformdirs.user_data_dir("clap-bench")) / "human"
