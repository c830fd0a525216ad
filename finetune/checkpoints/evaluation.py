"""How the finished checkpoint and the model that it was trained from agree with listeners, through the scoring code.

The models are loaded from their folders and score as `bench run` has them score; intervals and the difference come
from `bench.statistics`, resampling captions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float

from bench.datasets.types import RatedPair, RatingScale
from bench.statistics.bootstrap import CorrelationEstimate, bootstrap_strata, estimates_of
from bench.statistics.comparison import CorrelationDifference, differences_of
from bench.statistics.max_t import paired_spreads
from bench.statistics.types import DEFAULT_PLAN, ResamplingPlan
from metrics.clap_score import ClapScorer
from metrics.models.hf_model import HfEncoder, load_clap
from metrics.types import ProgressCallback, ScorerOptions, ScorerSpec, no_progress


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Agreement with listeners on one part of a data set.

    Attributes:
        part: ``validation`` or the name of a split.
        n_pairs: that both models scored.
        n_failed: that at least one could not score.
        estimates: of the models called ``trained`` and ``base``.
        differences: ``trained`` minus ``base``, on the same resamples.
    """

    part: str
    n_pairs: int
    n_failed: int
    estimates: tuple[CorrelationEstimate, ...]
    differences: tuple[CorrelationDifference, ...]


def score_pairs(
    model: Path, processor: Path, pairs: Sequence[RatedPair], options: ScorerOptions
) -> Float[np.ndarray, " pairs"]:
    """Return the CLAPScore of each pair; NaN where there is none."""
    encoder = HfEncoder(ScorerSpec(model.name), load_clap(model, processor), options)
    return ClapScorer(encoder, options).score([rated.pair for rated in pairs]).scores


def evaluate(
    part: str,
    pairs: Sequence[RatedPair],
    scale: RatingScale,
    scores: Mapping[str, Float[np.ndarray, " pairs"]],
    n_resamples: int = DEFAULT_PLAN.n_resamples,
) -> Evaluation:
    """Estimate every statistic of every model, and the differences between them, where all of them have scores.

    Args:
        part: name of the part.
        pairs: rated.
        scale: of their ratings.
        scores: of each model, one a pair.
        n_resamples: of captions.
    """
    finite = np.all([np.isfinite(row) for row in scores.values()], axis=0)
    human = scale.rescale(np.array([rated.mean_rating for rated in pairs]))[finite]
    clusters = pd.factorize(np.array([rated.caption_id for rated in pairs], dtype=object)[finite])[0]
    plan = ResamplingPlan(n_resamples, n_permutations=0)
    everything = {"all": np.ones(len(human), dtype=bool)}
    [bootstrap] = bootstrap_strata(
        human, {name: row[finite] for name, row in scores.items()}, everything, clusters, plan
    )
    return Evaluation(
        part,
        int(finite.sum()),
        int((~finite).sum()),
        tuple(estimates_of(bootstrap, plan)),
        tuple(differences_of(bootstrap, plan, paired_spreads(bootstrap))),
    )


def evaluate_models(
    models: Mapping[str, tuple[Path, Path]],
    parts: Mapping[str, Sequence[RatedPair]],
    scale: RatingScale,
    options: ScorerOptions,
    progress: ProgressCallback = no_progress,
) -> list[Evaluation]:
    """Score and evaluate models (folder and processor folder, by name) on parts of a data set."""
    together = [rated for pairs in parts.values() for rated in pairs]
    scores = {}
    for k, (name, (model, processor)) in enumerate(models.items()):
        progress("evaluation", k, len(models))
        scores[name] = score_pairs(model, processor, together, options)
    progress("evaluation", len(models), len(models))
    borders = np.cumsum([len(pairs) for pairs in parts.values()])[:-1]
    split = {name: np.split(row, borders) for name, row in scores.items()}
    return [
        evaluate(part, pairs, scale, {name: rows[k] for name, rows in split.items()})
        for k, (part, pairs) in enumerate(parts.items())
    ]
