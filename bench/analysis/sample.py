"""The score table of a run as the arrays that `bench.statistics` takes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from bench.datasets.types import RatingScale
from bench.files.ratings import RatingTable
from bench.files.scores import ScoreTable
from bench.statistics.blocks import blocks_of
from bench.statistics.folds import TrainingData
from bench.statistics.reliability import Ratings
from bench.statistics.types import ResampleUnit
from metrics.errors import UsageError


@dataclass(frozen=True)
class Sample:
    """The pairs that every metric scored, as the arrays that `bench.statistics` takes.

    Attributes:
        pairs: the rows of the score table.
        human: mean ratings rescaled to [0, 1].
        scores: by metric.
        captions: the caption of each pair.
        clusters: what each pair is drawn with: its caption, or its block of captions that share listeners.
        systems: the system of each pair, empty where unknown.
        ratings: single ratings on the data set's scale; None where there are none.
        scale: of the ratings.
    """

    pairs: pd.DataFrame
    human: Float[np.ndarray, " pairs"]
    scores: Mapping[str, Float[np.ndarray, " pairs"]]
    captions: Int[np.ndarray, " pairs"]
    clusters: Int[np.ndarray, " pairs"]
    systems: np.ndarray
    ratings: Ratings | None
    scale: RatingScale


def common_sample(
    table: ScoreTable, ratings: RatingTable | None, scale: RatingScale, unit: ResampleUnit = "caption"
) -> Sample:
    """Return the pairs that every metric of ``table`` scored.

    Raises:
        UsageError: blocks are to be resampled, and there are no single ratings.
    """
    check_unit(unit, has_ratings=ratings is not None)
    common = table.scored_by_all()
    pairs = table.pairs[common]
    kept = None if ratings is None else ratings.of_pairs(np.flatnonzero(common), len(table.pairs))
    single = None if kept is None else Ratings(kept.scores, kept.pair, kept.listener)
    captions = pd.factorize(pairs["caption_id"])[0]
    return Sample(
        pairs=pairs,
        human=scale.rescale(pairs["rating"].to_numpy(dtype=float)),
        scores={metric: values[common] for metric, values in table.scores.items()},
        captions=captions,
        clusters=blocks_of(single, captions) if unit == "block" and single is not None else captions,
        systems=np.array([system or "" for system in pairs["system"]], dtype=object),
        ratings=single,
        scale=scale,
    )


def check_unit(unit: ResampleUnit, has_ratings: bool) -> None:
    """Refuse to resample what cannot be known.

    Raises:
        UsageError: blocks, which are captions that share listeners, without single ratings.
    """
    if unit == "block" and not has_ratings:
        raise UsageError(
            "--resample-unit block draws captions that share listeners together, and these data name no listeners; "
            "take --resample-unit caption, or data with single ratings"
        )


def training_data(table: ScoreTable, metrics: Collection[str], scale: RatingScale) -> TrainingData:
    """Return another run's pairs as what the calibrations of ``metrics`` are fitted on.

    Raises:
        UsageError: it lacks one of the metrics.
    """
    missing = [metric for metric in metrics if metric not in table.scores]
    if missing:
        raise UsageError(
            f"the run to calibrate on has no scores of {', '.join(missing)} (it has {', '.join(table.metrics)}); "
            "make it with the same --metrics on another split"
        )
    sample = common_sample(table.without([m for m in table.metrics if m not in metrics]), None, scale)
    return TrainingData(sample.human, sample.scores, sample.clusters)
