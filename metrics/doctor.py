"""Is a metric deterministic and independent of batches on this machine, and how much does a window matter?

The functions behind ``bench doctor``: they re-score a few clips under other batch sizes, orders, worker counts,
devices and windows, and return what they found. Differences are of raw cosines where a metric has them, and of scores
otherwise. A finding without a tolerance is for information: other windows *are* another metric, and the spread of
``as-published`` over seeds is the noise that published numbers carry.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile
from jaxtyping import Float

from metrics.clap_score import ClapScorer
from metrics.embedding.collapse import WARNING
from metrics.registry import make_scorer
from metrics.types import AudioTextPair, PairScores, Precision, Scorer, ScorerOptions, WindowPolicy

TOLERANCE = 1e-5
BATCH_TOLERANCES: Mapping[Precision, float] = {"fp32": TOLERANCE, "bf16": 5e-3, "fp16": 1e-3}
"""By precision: a batch of another size goes through another kernel, in another order. bfloat16 rounds to 8 bits."""

DEVICE_TOLERANCES: Mapping[Precision, float] = {"fp32": 1e-4, "bf16": 1e-2, "fp16": 2e-3}
"""Devices multiply matrices in other orders; TF32 is off everywhere."""

CROP_SEEDS = 5

EXAMPLE_CLIPS = (
    (0.4, 8000),
    (2.5, 16_000),
    (7.0, 44_100),
    (10.0, 16_000),
    (10.24, 16_000),
    (13.0, 48_000),
    (24.0, 22_050),
)
"""Duration in seconds and rate in Hz."""

EXAMPLE_CAPTIONS = (
    "A dog barks.",
    "Rain falls on a tin roof while thunder rumbles in the distance and a car passes by.",
    "A man speaks, then laughs!",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to one question about one metric.

    Attributes:
        metric: name as in ``--metrics``.
        question: what was varied.
        largest: largest absolute difference over the pairs.
        typical: root mean square of the differences.
        tolerance: largest difference that is allowed; None for information only.
        warnings: what else was noticed, in words.
    """

    metric: str
    question: str
    largest: float
    typical: float
    tolerance: float | None
    warnings: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return self.tolerance is None or self.largest <= self.tolerance


def example_pairs(folder: Path) -> list[AudioTextPair]:
    """Write a few clips of noise and sweeps, shorter and longer than any window, and pair them with captions."""
    pairs = []
    for i, (duration_s, rate) in enumerate(EXAMPLE_CLIPS):
        path = folder / f"example-{i}.wav"
        soundfile.write(path, _example_samples(duration_s, rate, seed=i), rate, subtype="PCM_16")
        captions = (EXAMPLE_CAPTIONS[i % 3], EXAMPLE_CAPTIONS[(i + 1) % 3])
        pairs += [AudioTextPair(f"{i}-{j}", path, caption) for j, caption in enumerate(captions)]
    return pairs


def examine(name: str, pairs: Sequence[AudioTextPair], options: ScorerOptions) -> Iterator[Finding]:
    """Yield findings about a metric as they are made.

    Args:
        name: a metric that can run here.
        pairs: clips that can be heard; failures are left out of the comparison.
        options: the settings to vary; the store is not used.

    Raises:
        UnavailableError: the metric cannot be built.
    """
    options = replace(options, store=None)
    scorer = make_scorer(name, options)
    outcome = scorer.score(pairs)
    expected = _values_of(outcome)
    same = _finding(name, "the same again", expected, _values(scorer, pairs), TOLERANCE)
    yield replace(same, warnings=_warnings(outcome))
    tolerance = BATCH_TOLERANCES[scorer.spec.precision or "fp32"]
    backwards = _values(scorer, pairs[::-1])[::-1]
    yield _finding(name, "reversed order", expected, backwards, tolerance)
    for batch_size in (1, 7, 32):
        varied = _with_options(scorer, name, replace(options, batch_size=batch_size))
        yield _finding(name, f"batch size {batch_size}", expected, _values(varied, pairs), tolerance)
    for workers in (0, 2):
        varied = _with_options(scorer, name, replace(options, workers=workers))
        yield _finding(name, f"{workers} workers", expected, _values(varied, pairs), tolerance)
    if isinstance(scorer, ClapScorer):
        yield from _examine_devices(name, pairs, options, expected)
        yield from _examine_windows(name, pairs, options, expected)


def all_passed(findings: Sequence[Finding]) -> bool:
    """Say whether every finding that has a tolerance is within it."""
    return all(finding.passed for finding in findings)


def _examine_devices(
    name: str, pairs: Sequence[AudioTextPair], options: ScorerOptions, expected: Float[np.ndarray, " pairs"]
) -> Iterator[Finding]:
    from metrics.models.forward import choose_device, present_devices

    for device in present_devices():
        if device == choose_device(options.device).type:
            continue
        values = _values(make_scorer(name, replace(options, device=device)), pairs)
        tolerance = DEVICE_TOLERANCES[options.precision]
        yield _finding(name, f"device {device}", expected, values, tolerance)


def _examine_windows(
    name: str, pairs: Sequence[AudioTextPair], options: ScorerOptions, expected: Float[np.ndarray, " pairs"]
) -> Iterator[Finding]:
    policies: tuple[WindowPolicy, ...] = ("cover", "head", "center")
    for policy in policies:
        if policy != options.window:
            values = _values(make_scorer(name, replace(options, window=policy)), pairs)
            yield _finding(name, f"window {policy} instead of {options.window}", expected, values, None)
    crops = np.stack(
        [
            _values(make_scorer(name, replace(options, window="as-published", seed=seed)), pairs)
            for seed in range(CROP_SEEDS)
        ]
    )
    spread = (crops - crops.mean(axis=0)).ravel()
    yield _finding(name, f"crop noise of as-published ({CROP_SEEDS} seeds)", spread, np.zeros_like(spread), None)


def _with_options(scorer: Scorer, name: str, options: ScorerOptions) -> Scorer:
    """Return the metric with settings that do not change the model, without loading it again where possible."""
    return ClapScorer(scorer.encoder, options) if isinstance(scorer, ClapScorer) else make_scorer(name, options)


def _values(scorer: Scorer, pairs: Sequence[AudioTextPair]) -> Float[np.ndarray, " pairs"]:
    return _values_of(scorer.score(pairs))


def _values_of(outcome: PairScores | Float[np.ndarray, " pairs"]) -> Float[np.ndarray, " pairs"]:
    if not isinstance(outcome, PairScores):
        return outcome
    return outcome.scores if outcome.cosines is None else outcome.cosines


def _warnings(outcome: PairScores | Float[np.ndarray, " pairs"]) -> tuple[str, ...]:
    notes = outcome.notes if isinstance(outcome, PairScores) else ()
    return tuple(note.removeprefix(WARNING) for note in notes if note.startswith(WARNING))


def _finding(
    name: str,
    question: str,
    expected: Float[np.ndarray, " values"],
    found: Float[np.ndarray, " values"],
    tolerance: float | None,
) -> Finding:
    """Compare; a pair that fails on one side only differs by infinity."""
    difference = np.abs(found - expected)
    difference = np.where(np.isnan(found) != np.isnan(expected), np.inf, difference)
    known = difference[~np.isnan(difference)]
    largest = float(known.max(initial=0.0))
    typical = float(np.sqrt(np.mean(np.square(known)))) if known.size else 0.0
    return Finding(name, question, largest, typical, tolerance)


def _example_samples(duration_s: float, rate: int, seed: int) -> Float[np.ndarray, " time"]:
    rng = np.random.default_rng(seed)
    time = np.arange(round(duration_s * rate)) / rate
    sweep = np.sin(2 * np.pi * (100 + 0.1 * rate * time / duration_s) * time)
    envelope = 0.5 + 0.5 * np.sin(2 * np.pi * rng.uniform(0.1, 2) * time)
    samples: Float[np.ndarray, " time"] = 0.3 * envelope * sweep + 0.05 * rng.normal(size=len(time))
    return samples
