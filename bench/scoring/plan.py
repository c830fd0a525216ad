"""What is to be scored, by what, in which shards: ``plan.json``, by which a job goes on after a crash.

The plan holds everything that determines the scores and how they are laid out in files. A folder belongs to one plan:
starting with another one is refused. Shards name their plan by its fingerprint.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from bench.files.records import from_plain, plain
from bench.scoring.source import Shard, find_shards
from metrics.errors import ClapBenchError, DataError, UsageError
from metrics.files import read_json, sha256_of_file, write_text
from metrics.types import Scorer, ScorerOptions

PLAN_NAME = "plan.json"
LOCK_NAME = ".lock"
DEFAULT_SHARD_SIZE = 4096


@dataclass(frozen=True, slots=True)
class MetricSignature:
    """A metric's name and its `metrics.types.ScorerSpec.signature`."""

    metric: str
    signature: str


@dataclass(frozen=True, slots=True)
class ScoringPlan:
    """Attributes: hash of the pairs' file; where relative audio paths start; rows a shard; metrics; shards."""

    sha256: str
    audio_root: str
    shard_size: int
    metrics: tuple[MetricSignature, ...]
    shards: tuple[Shard, ...]

    @property
    def n_pairs(self) -> int:
        return self.shards[-1].first_row + self.shards[-1].n_rows

    def fingerprint(self) -> str:
        """Return a hash of the plan."""
        return hashlib.sha256(json.dumps(plain(self), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ScoringJob:
    """A plan with its places, as workers are given it: picklable, absolute paths.

    Attributes:
        source: the pairs.
        out: folder of the shards.
        plan: see `ScoringPlan`.
        fingerprint: of the plan.
        options: how to run scorers.
    """

    source: Path
    out: Path
    plan: ScoringPlan
    fingerprint: str
    options: ScorerOptions

    def shard_path(self, shard: Shard) -> Path:
        """Return where the shard's scores go."""
        return self.out / f"shard-{shard.index:05d}.parquet"

    def missing(self) -> list[Shard]:
        """Return the shards without a file, in order: from one listing, not a question a shard."""
        present = {path.name for path in self.out.iterdir()}
        return [shard for shard in self.plan.shards if self.shard_path(shard).name not in present]


def begin_job(
    source: Path, out: Path, audio_root: Path, shard_size: int, scorers: Mapping[str, Scorer],
    options: ScorerOptions,
) -> ScoringJob:  # fmt: skip
    """Make the plan, or take up the one that the folder holds. Several processes may do so at once.

    Raises:
        UsageError: the folder holds something else, or a job with another plan.
        DataError: the pairs' file is broken.
        ClapBenchError: the folder cannot be written.
    """
    signatures = tuple(MetricSignature(name, scorer.spec.signature()) for name, scorer in scorers.items())
    known = (out / PLAN_NAME).exists()
    shards = () if known else find_shards(source, shard_size)
    wanted = ScoringPlan(sha256_of_file(source), str(audio_root.resolve()), shard_size, signatures, shards)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with FileLock(out / LOCK_NAME):
            plan = _settle(wanted, out)
    except OSError as error:
        raise ClapBenchError(f"cannot write to {out} ({error.strerror}); choose another --out") from error
    return ScoringJob(source.resolve(), out.resolve(), plan, plan.fingerprint(), options)


def read_plan(folder: Path) -> ScoringPlan:
    """Read ``plan.json``.

    Raises:
        DataError: it is missing or damaged.
    """
    path = folder / PLAN_NAME
    try:
        plan: ScoringPlan = from_plain(ScoringPlan, read_json(path))
        return plan
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise DataError(f"{path} is missing or damaged ({type(error).__name__}); choose another --out") from error


def _settle(wanted: ScoringPlan, out: Path) -> ScoringPlan:
    """Return the folder's plan if it is the wanted one; write the wanted one into an empty folder."""
    if (out / PLAN_NAME).exists():
        plan = read_plan(out)
        _refuse_other(wanted, plan, out)
        return plan
    if any(not path.name.startswith(".") for path in out.iterdir()):  # hidden: the lock, and what a crash left
        raise UsageError(f"{out} is not empty and holds no scores; choose another --out")
    write_text(out / PLAN_NAME, json.dumps(plain(wanted)) + "\n")
    return wanted


def _refuse_other(wanted: ScoringPlan, found: ScoringPlan, out: Path) -> None:
    facts = {
        "pairs with sha256": (found.sha256[:12], wanted.sha256[:12]),
        "audio under": (found.audio_root, wanted.audio_root),
        "shards of": (found.shard_size, wanted.shard_size),
        "metrics": (_shown(found), _shown(wanted)),
    }
    differ = [f"{name} {old}, not {new}" for name, (old, new) in facts.items() if old != new]
    if differ:
        raise UsageError(
            f"{out} holds another job: {'; '.join(differ)}. Give the same input, metrics and settings to go on, "
            "or choose another --out"
        )


def _shown(plan: ScoringPlan) -> str:
    return ", ".join(one.signature for one in plan.metrics)
