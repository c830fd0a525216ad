"""Scorers that other people wrote: how they are loaded, and held to the contract of `metrics.types.Scorer`.

Their code can fail in ways that ours must not: it does not import, returns what is no score, raises. Each failure
becomes a `PluginError` that names the plugin and says what was found, what was expected and what to do; so no
plugin's fault looks like one of clap-bench or of another scorer. What a plugin prints while it is loaded goes to
stderr, because stdout belongs to the results.
"""

from __future__ import annotations

import importlib
import json
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from metrics.errors import ClapBenchError, PluginError, UsageError
from metrics.types import AudioTextPair, PairScores, ScoreFailure, Scorer, ScorerOptions, ScorerSpec

LONGEST_REASON = 2000

Factory = Callable[[str | None, ScorerOptions], Scorer]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a scorer comes from that is not built in.

    Attributes:
        metric: what stands before the colon in ``--metrics``.
        kind: an installed package, or a single file.
        name: of the distribution or file.
        version: of the distribution, or the start of the file's sha256.
    """

    metric: str
    kind: Literal["package", "file"]
    name: str
    version: str

    def __str__(self) -> str:
        where = f"package {self.name} {self.version}" if self.kind == "package" else "one-file scorer"
        return f"metric {self.metric!r} ({where})"

    @property
    def remedy(self) -> str:
        return f"ask the author of {self.name}, or uninstall it" if self.kind == "package" else f"correct {self.name}"

    @property
    def requirement(self) -> str:
        """What makes pip install a package again from where it came (direct_url.json of PEP 610)."""
        record = json.loads(distribution(self.name).read_text("direct_url.json") or "{}")
        if not record:
            return f"{self.name}=={self.version}"
        url = record["url"]
        if record.get("dir_info", {}).get("editable"):
            return f"--editable={url}"
        if vcs := record.get("vcs_info"):
            url = f"{vcs['vcs']}+{url}@{vcs['commit_id']}"
        return f"{self.name} @ {url}"


def load_factory(origin: Origin, target: str) -> Factory:
    """Import ``"module:factory"`` of a package.

    Raises:
        PluginError: the module does not import, or has no such function.
    """
    module_name, _, attribute = target.partition(":")
    with blaming(origin, f"importing {module_name!r}"), redirect_stdout(sys.stderr):
        module = importlib.import_module(module_name)
    return find_factory(origin, module, attribute)


def find_factory(origin: Origin, module: Any, attribute: str) -> Factory:
    """Return the function called ``attribute`` of a loaded module.

    Raises:
        PluginError: there is no such function.
    """
    factory: Factory | None = getattr(module, attribute, None)
    if not callable(factory):
        found = ", ".join(name for name, value in vars(module).items() if _is_function(module, value)) or "none"
        raise PluginError(
            f"{origin} has no function {attribute!r} (functions found: {found}), "
            f"expected {attribute}(argument, options) -> Scorer",
            origin.remedy,
        )
    return factory


def build(origin: Origin, factory: Factory, argument: str | None, options: ScorerOptions) -> GuardedScorer:
    """Call the factory; its scorer's signature names the origin, and its outcomes are checked.

    Raises:
        PluginError: the factory raised, or returned no scorer.
    """
    with blaming(origin, "building the scorer"), redirect_stdout(sys.stderr):
        scorer = factory(argument, replace(options, provider=(origin.name, origin.version)))
        spec = getattr(scorer, "spec", None)
    if not isinstance(spec, ScorerSpec) or not callable(getattr(scorer, "score", None)):
        hint = ": return metrics.clap_score.ClapScorer(encoder, options)" if hasattr(scorer, "embed_audio") else ""
        raise PluginError(
            f"{origin} built a {type(scorer).__name__} with a spec of type {type(spec).__name__}, expected an object "
            f"with a spec (metrics.types.ScorerSpec) and a method score(pairs){hint}",
            origin.remedy,
        )
    return GuardedScorer(scorer, origin)


class GuardedScorer:
    """A `metrics.types.TrainedScorer` around a plugin's scorer."""

    def __init__(self, scorer: Scorer, origin: Origin) -> None:
        self.origin = origin
        self._scorer = scorer

    @property
    def spec(self) -> ScorerSpec:
        return self._scorer.spec.with_provider((self.origin.name, self.origin.version))

    @property
    def checkpoint_folder(self) -> Path | None:
        folder = getattr(self._scorer, "checkpoint_folder", None)
        return None if folder is None else Path(folder)

    def score(self, pairs: Sequence[AudioTextPair]) -> PairScores:
        """Score pairs.

        Raises:
            PluginError: the scorer raised, or its answer breaks the contract.
        """
        with blaming(self.origin, "scoring"):
            answer = self._scorer.score(pairs)
        return checked_scores(self.origin.metric, answer, pairs, self.origin)


def checked_scores(
    metric: str, answer: object, pairs: Sequence[AudioTextPair], origin: Origin | None = None
) -> PairScores:
    """Hold what a scorer answered to the contract: one finite score or one failure, in words, for every pair.

    What is wrong with one pair is a failure of that pair, and the others keep their scores: a number that is not
    finite becomes a failure, and a number for a pair that is listed as failed is dropped.

    Args:
        metric: the scorer's name.
        answer: what its ``score`` returned.
        pairs: what it was given.
        origin: where the scorer comes from, if it is not built in.

    Raises:
        PluginError: the answer as a whole is wrong: its type, shape or dtype.
    """
    checked = partial(_checked_array, metric, pairs, origin)
    scores = checked("scores", answer.scores if isinstance(answer, PairScores) else answer)
    outcome = answer if isinstance(answer, PairScores) else PairScores(scores)
    cosines = None if outcome.cosines is None else checked("cosines", outcome.cosines)
    listed = {failure.pair_id for failure in outcome.failures}
    unlisted = tuple(
        ScoreFailure(pair.pair_id, f"{metric} returned {score:g} instead of a finite score")
        for pair, score in zip(pairs, scores, strict=True)
        if not np.isfinite(score) and pair.pair_id not in listed
    )
    failures = tuple(ScoreFailure(one.pair_id, legible(one.reason)) for one in (*outcome.failures, *unlisted))
    failed = {failure.pair_id for failure in failures}
    scores[[pair.pair_id in failed for pair in pairs]] = np.nan
    return replace(outcome, scores=scores, cosines=cosines, failures=failures)


def legible(reason: str) -> str:
    """Return a scorer's words as text that every file can hold: bytes of file names in another encoding are escaped."""
    text = reason.encode("utf-8", errors="backslashreplace").decode("utf-8").replace("\0", r"\0")
    return text if len(text) <= LONGEST_REASON else text[:LONGEST_REASON] + "…"


@contextmanager
def blaming(origin: Origin, doing: str) -> Iterator[None]:
    """Turn every exception in the block into a `PluginError`; a `UsageError` is the plugin's word to its user.

    Raises:
        PluginError: with the place of the exception; the exception itself is its cause.
    """
    try:
        yield
    except UsageError:
        raise
    except ClapBenchError as error:
        raise PluginError(f"{origin} failed while {doing}: {error}", origin.remedy) from error
    except (Exception, SystemExit) as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise PluginError(
            f"{origin} failed while {doing}: {type(error).__name__}: {error} ({place.filename}:{place.lineno})",
            f"{origin.remedy}; 'bench --debug …' shows where",
        ) from error


def _checked_array(
    metric: str, pairs: Sequence[AudioTextPair], origin: Origin | None, what: str, array: object
) -> Float[np.ndarray, " pairs"]:
    """Return a copy in double precision."""
    if isinstance(array, np.ndarray):
        if array.shape == (len(pairs),) and array.dtype.kind == "f":
            return array.astype(np.float64)
        found = f"{what} of shape {array.shape} and dtype {array.dtype}"
    else:
        found = f"a {type(array).__name__} as {what}"
    raise PluginError(
        f"{origin or f'metric {metric!r}'} returned {found}, expected a numpy array of floats of shape "
        f"({len(pairs)},): one number a pair, or metrics.types.PairScores",
        origin.remedy if origin else "report this to the author of the scorer",
    )


def _is_function(module: Any, value: object) -> bool:
    return callable(value) and getattr(value, "__module__", None) == module.__name__
