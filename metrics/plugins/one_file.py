"""A scorer in one file: ``--metrics path/to/scorer.py:make`` or ``…:make:argument``.

``make(argument, options)`` is a factory as in `metrics.registry`. The start of the file's sha256 is part of the
signature, so an edited file makes new scores and embeddings. For that to be all of the scorer's code, the file's
folder is not on the import path: modules beside it are not found.

A file may declare what it needs beyond the core, in the standard's inline metadata [1]; `metrics.registry` then runs it
in an environment of its own:

    # /// script
    # dependencies = ["librosa>=0.10"]
    # ///

[1] https://packaging.python.org/en/latest/specifications/inline-script-metadata/
"""

from __future__ import annotations

import hashlib
import re
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from metrics.errors import UnavailableError, UsageError
from metrics.plugins import contract
from metrics.plugins.contract import Origin
from metrics.types import Availability, Scorer, ScorerOptions

NAME = re.compile(r"(?P<file>.+\.py):(?P<function>[A-Za-z_]\w*)(?::(?P<argument>.+))?")
METADATA = re.compile(r"^# /// script$\s(?P<content>(^#(| .*)$\s)+)^# ///$", re.MULTILINE)
"""The regular expression of the standard, for blocks of type ``script``."""


@dataclass(frozen=True, slots=True)
class ScorerFile:
    """What ``FILE.py:FUNCTION:ARGUMENT`` names, as it is on disk now."""

    path: Path
    function: str
    argument: str | None
    content: bytes

    @property
    def origin(self) -> Origin:
        digest = hashlib.sha256(self.content).hexdigest()[:12]
        return Origin(f"{self.path}:{self.function}", "file", self.path.name, digest)


def is_file_name(name: str) -> bool:
    """Say whether the name of a metric of no known family is that of a file; one without a function counts too."""
    return name.endswith(".py") or NAME.fullmatch(name) is not None


def read(name: str) -> ScorerFile:
    """Read the file of a one-file scorer; nothing is run.

    Raises:
        UsageError: the name lacks the function.
        UnavailableError: the file is not there or cannot be read.
    """
    match = NAME.fullmatch(name)
    if match is None:
        raise UsageError(f"metric {name!r} names no function of the file; write {name}:make if it is called make")
    path = Path(match["file"]).expanduser()
    try:
        return ScorerFile(path, match["function"], match["argument"], path.read_bytes())
    except OSError as error:
        raise UnavailableError(
            f"metric {name!r}: {path} cannot be read ({error.strerror or error}); give the path of a Python file"
        ) from error


def requirements(file: ScorerFile) -> tuple[str, ...] | None:
    """Return what the file's inline metadata requires; None where there is none.

    Raises:
        PluginError: more than one block, no TOML, dependencies that are no list of strings, or another Python.
    """
    with contract.blaming(file.origin, "reading its '# /// script' block"):
        blocks = list(METADATA.finditer(file.content.decode("utf-8").replace("\r\n", "\n")))
        if len(blocks) > 1:
            raise ValueError(f"{len(blocks)} script blocks, expected one")
        return _dependencies(blocks[0]["content"]) if blocks else None


def make(name: str | None, options: ScorerOptions) -> Scorer:
    """Build the one-file scorer called ``name`` in this process.

    Raises:
        PluginError: the file does not run, or has no such function, or that builds no scorer.
    """
    assert name is not None
    file = read(name)
    return contract.build(file.origin, _load(file), file.argument, options)


def status(name: str | None) -> Availability:
    """Load a one-file scorer, and say that it can run in this process.

    Raises:
        PluginError: the file does not run, or has no such function.
    """
    assert name is not None
    _load(read(name))
    return Availability(True)


def _load(file: ScorerFile) -> contract.Factory:
    """Run the bytes that were hashed, and no cache of an older version."""
    module = ModuleType(f"clap_bench_file_{file.origin.version}")
    module.__file__ = str(file.path)
    sys.modules[module.__name__] = module
    with contract.blaming(file.origin, "running the file"), redirect_stdout(sys.stderr):
        exec(compile(file.content, str(file.path), "exec"), vars(module))
    return contract.find_factory(file.origin, module, file.function)


def _dependencies(block: str) -> tuple[str, ...]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

    text = "".join(line[2:] if line.startswith("# ") else line[1:] for line in block.splitlines(keepends=True))
    metadata = tomllib.loads(text)
    python = ".".join(map(str, sys.version_info[:3]))
    if python not in SpecifierSet(metadata.get("requires-python", "")):
        raise ValueError(f"requires-python is {metadata['requires-python']!r}, and this is Python {python}")
    declared = metadata.get("dependencies", [])
    if not isinstance(declared, list):
        raise TypeError(f"dependencies is {declared!r}, expected a list of requirements")
    return tuple(str(Requirement(requirement)) for requirement in declared)
