"""Imports a part of a package without running the package's ``__init__``.

``laion_clap/__init__.py`` appends its folder to ``sys.path`` (so that anybody's ``import training`` may find
laion_clap's) and fetches three tokenizers from the hub; ``msclap/__init__.py`` silences all warnings of the process
and needs torchaudio. Neither is needed for their architectures.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import ModuleType

from metrics.errors import UnavailableError


@cache
def import_part(package: str, part: str, extra: str) -> ModuleType:
    """Return the module ``package.part``; afterwards ``import package`` does what it always did.

    Args:
        package: import name.
        part: dotted path below it.
        extra: the pip extra that brings the package.

    Raises:
        UnavailableError: the package is not installed, or the part does not import.
    """
    with _bare_package(package, extra), quietly():
        try:
            return importlib.import_module(f"{package}.{part}")
        except ImportError as error:
            raise UnavailableError(
                f"package {package} does not import: {error}; reinstall it with pip install 'clap-bench[{extra}]'"
            ) from error


@contextmanager
def quietly() -> Iterator[None]:
    """Keep the warnings of other people's code about itself (deprecations, mostly) from the user."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def package_folder(package: str, extra: str) -> str:
    """Return where a package is installed, without importing it.

    Raises:
        UnavailableError: nowhere.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise UnavailableError(f"package {package} is not installed; pip install 'clap-bench[{extra}]'")
    return spec.submodule_search_locations[0]


@contextmanager
def _bare_package(package: str, extra: str) -> Iterator[None]:
    """Put an empty package in the place of ``package``, whose parts can be imported, and take all of it away again."""
    bare = ModuleType(package)
    bare.__path__ = [package_folder(package, extra)]
    before = _take_away(package)
    sys.modules[package] = bare
    try:
        yield
    finally:
        _take_away(package)
        sys.modules.update(before)


def _take_away(package: str) -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name.partition(".")[0] == package]
    return {name: sys.modules.pop(name) for name in names}
