"""Shapes and types in signatures are checked while the tests run, and only then."""

from __future__ import annotations

from jaxtyping import install_import_hook

install_import_hook(["bench", "metrics", "finetune"], "beartype.beartype")
