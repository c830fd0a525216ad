"""From a score table to all statistics of a run, and these to and from their files.

The only place that joins scores, strata and statistics. `bench.statistics` sees arrays only; everything here can be
recomputed from ``scores.csv``, ``ratings.csv``, the rating scale and the edges of the score bands.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import get_args, get_type_hints

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from bench.analysis.older import plan_of_older, renewed
from bench.analysis.strata import Bands, Kind, Stratum, StratumName, masks, of_kind, standard_strata
from bench.datasets.types import RatingScale
from bench.files.ratings import RatingTable
from bench.files.records import read_records, write_records
from bench.files.scores import ScoreTable
from bench.statistics.agreement import BY_ID
from bench.statistics.bands import BandEstimate, band_estimates
from bench.statistics.bootstrap import CorrelationEstimate, StratumBootstrap, bootstrap_strata, estimates_of
from bench.statistics.calibration import CalibratedError, calibrated_errors
from bench.statistics.comparison import CorrelationDifference, RankCluster, differences_of, rank_clusters
from bench.statistics.crossed import CrossedSpread, crossed_spreads
from bench.statistics.dependent_correlations import DependentCorrelationTest, reference_tests
from bench.statistics.folds import TrainingData
from bench.statistics.pairwise import PairwiseAccuracy, pairwise_accuracies
from bench.statistics.power import DetectableDifference, detectable_differences
from bench.statistics.reliability import (
    CeilingShare,
    Ratings,
    ReliabilityEstimate,
    ceiling_shares,
    estimate_reliability,
)
from bench.statistics.systems import SystemAgreement, SystemMeans, system_agreement
from bench.statistics.types import ResamplingPlan
from metrics.errors import UsageError

BROAD: tuple[Kind, ...] = ("all", "source")
"""Where everything is computed; elsewhere correlations and the agreement of listeners only."""

REMEDY = "'bench report --recompute' makes it anew from scores.csv"


@dataclass(frozen=True)
class Analysis:
    """All statistics of a run; each field is a file of the run's folder, ``FIELD.json``, a list of records.

    What needs single ratings is empty where a data set gives only means.

    Attributes:
        estimates: every statistic of every metric on every stratum.
        differences: every pair of metrics, statistic and stratum.
        rank_clusters: where each metric stands, by statistic and stratum.
        dependent_correlations: Williams' and Steiger's tests, which assume independent pairs: for reference.
        detectable_differences: what this data set could show, by pair of metrics.
        reliability: how far listeners agree, by stratum.
        ceiling_shares: correlations divided by what the ratings' noise allows.
        bands: score bands as the paper cuts them, and cross-fitted.
        crossed_spreads: captions and listeners both resampled.
        system_means, system_agreement: systems as wholes.
        pairwise_accuracies: clips of one caption against each other.
        calibrated_errors: MSE after the scale of a metric is mapped to that of the ratings.
        strata: what the ids in all of these stand for, in the order of reading.
    """

    estimates: tuple[CorrelationEstimate, ...]
    differences: tuple[CorrelationDifference, ...] = ()
    rank_clusters: tuple[RankCluster, ...] = ()
    dependent_correlations: tuple[DependentCorrelationTest, ...] = ()
    detectable_differences: tuple[DetectableDifference, ...] = ()
    reliability: tuple[ReliabilityEstimate, ...] = ()
    ceiling_shares: tuple[CeilingShare, ...] = ()
    bands: tuple[BandEstimate, ...] = ()
    crossed_spreads: tuple[CrossedSpread, ...] = ()
    system_means: tuple[SystemMeans, ...] = ()
    system_agreement: tuple[SystemAgreement, ...] = ()
    pairwise_accuracies: tuple[PairwiseAccuracy, ...] = ()
    calibrated_errors: tuple[CalibratedError, ...] = ()
    strata: tuple[StratumName, ...] = ()


@dataclass(frozen=True)
class Sample:
    """The pairs that every metric scored, as the arrays that `bench.statistics` takes.

    Attributes:
        pairs: the rows of the score table.
        human: mean ratings rescaled to [0, 1].
        scores: by metric.
        clusters: the caption of each pair.
        systems: the system of each pair, empty where unknown.
        ratings: single ratings on the data set's scale; None where there are none.
        scale: of the ratings.
    """

    pairs: pd.DataFrame
    human: Float[np.ndarray, " pairs"]
    scores: Mapping[str, Float[np.ndarray, " pairs"]]
    clusters: Int[np.ndarray, " pairs"]
    systems: np.ndarray
    ratings: Ratings | None
    scale: RatingScale


def analyse(
    table: ScoreTable,
    ratings: RatingTable | None,
    scale: RatingScale,
    bands: Bands,
    plan: ResamplingPlan,
    training: TrainingData | None = None,
) -> Analysis:
    """Compute every statistic of a run on the pairs that all metrics scored.

    A metric without a single score takes no part, since it would empty that set.

    Args:
        table, scale, plan: what is analysed, and how.
        ratings: single ratings; None leaves out what needs them.
        bands: where the scale is cut into score bands.
        training: other rated pairs with scores of the same metrics, to fit calibrations and tie thresholds on;
            without them these are cross-fitted by caption.
    """
    scored = table.without(table.unscored())
    sample = common_sample(scored, ratings, scale)
    strata = standard_strata(sample.pairs, bands)
    bootstraps = bootstrap_strata(sample.human, sample.scores, masks(strata), sample.clusters, plan)
    analysis = _correlations(strata, bootstraps, plan)
    analysis = replace(analysis, estimates=tuple(_warn_of_units(analysis.estimates, scored)))
    analysis = _uses(analysis, sample, strata, plan, training)
    if sample.ratings is None:
        return analysis
    return _listeners(analysis, sample, sample.ratings, strata, bands, bootstraps, plan)


def strata_of(table: ScoreTable, bands: Bands) -> tuple[StratumName, ...]:
    """Return the strata that `analyse` finds."""
    pairs = table.pairs[table.without(table.unscored()).scored_by_all()]
    return tuple(stratum.name for stratum in standard_strata(pairs, bands))


def common_sample(table: ScoreTable, ratings: RatingTable | None, scale: RatingScale) -> Sample:
    """Return the pairs that every metric of ``table`` scored."""
    common = table.scored_by_all()
    pairs = table.pairs[common]
    kept = None if ratings is None else ratings.of_pairs(np.flatnonzero(common), len(table.pairs))
    return Sample(
        pairs=pairs,
        human=scale.rescale(pairs["rating"].to_numpy(dtype=float)),
        scores={metric: values[common] for metric, values in table.scores.items()},
        clusters=pd.factorize(pairs["caption_id"])[0],
        systems=np.array([system or "" for system in pairs["system"]], dtype=object),
        ratings=None if kept is None else Ratings(kept.scores, kept.pair, kept.listener),
        scale=scale,
    )


def _correlations(strata: Sequence[Stratum], bootstraps: Sequence[StratumBootstrap], plan: ResamplingPlan) -> Analysis:
    """Agreement of metrics with listeners, and of metrics with each other."""
    estimates = [estimate for bootstrap in bootstraps for estimate in estimates_of(bootstrap, plan)]
    differences = [
        difference
        for bootstrap in bootstraps
        for difference in differences_of(bootstrap, plan, n_permutations=plan.n_resamples)
    ]
    return Analysis(
        estimates=tuple(estimates),
        differences=tuple(differences),
        rank_clusters=tuple(rank_clusters(estimates, differences)),
        dependent_correlations=tuple(test for b in bootstraps for test in reference_tests(b.sample)),
        detectable_differences=tuple(found for b in bootstraps for found in detectable_differences(b)),
        strata=tuple(stratum.name for stratum in strata),
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


def _uses(
    analysis: Analysis,
    sample: Sample,
    strata: Sequence[Stratum],
    plan: ResamplingPlan,
    training: TrainingData | None,
) -> Analysis:
    """Add what metrics are used for: ranking systems, preferring one of two clips, predicting ratings."""
    human, scores, clusters = sample.human, sample.scores, sample.clusters
    broad = masks(of_kind(strata, *BROAD))
    means, agreement = system_agreement(human, scores, sample.systems, clusters, plan)
    return replace(
        analysis,
        system_means=tuple(means),
        system_agreement=tuple(agreement),
        pairwise_accuracies=tuple(pairwise_accuracies(human, scores, broad, clusters, plan, training)),
        calibrated_errors=tuple(calibrated_errors(human, scores, broad, clusters, plan, training)),
    )


def _listeners(
    analysis: Analysis,
    sample: Sample,
    ratings: Ratings,
    strata: Sequence[Stratum],
    bands: Bands,
    bootstraps: Sequence[StratumBootstrap],
    plan: ResamplingPlan,
) -> Analysis:
    """Add what single ratings tell: the ceiling, bands free of selection on noise, and listeners resampled."""
    agreement = estimate_reliability(ratings, masks(strata), sample.clusters, plan)
    broad = masks(of_kind(strata, *BROAD))
    band_ids = {stratum: bands.ids_within(stratum) for stratum in broad}
    rescaled = replace(ratings, score=sample.scale.rescale(ratings.score))
    spreads = [
        crossed_spreads(bootstrap, rescaled, np.flatnonzero(broad[bootstrap.sample.stratum]), plan)
        for bootstrap in bootstraps
        if bootstrap.sample.stratum in broad
    ]
    return replace(
        analysis,
        reliability=tuple(one.estimate for one in agreement),
        ceiling_shares=tuple(s for b, r in zip(bootstraps, agreement, strict=True) for s in ceiling_shares(b, r, plan)),
        bands=tuple(band_estimates(ratings, sample.scores, broad, sample.clusters, bands.edges, band_ids, plan)),
        crossed_spreads=tuple(chain.from_iterable(spreads)),
    )


def write_analysis(analysis: Analysis, folder: Path) -> None:
    """Write one JSON file a field."""
    for part in dataclasses.fields(analysis):
        write_records(folder / f"{part.name}.json", getattr(analysis, part.name))


def read_analysis(folder: Path) -> Analysis:
    """Read what `write_analysis` wrote; ``strata`` is empty where an older version wrote none.

    Raises:
        DataError: a file is missing or holds something else.
    """
    kinds = {name: get_args(hint)[0] for name, hint in get_type_hints(Analysis).items()}
    paths = {name: folder / f"{name}.json" for name in kinds}
    if not paths["strata"].exists():
        del paths["strata"]
    plan = plan_of_older(folder) if paths["estimates"].exists() else {}
    return Analysis(
        **{
            name: read_records(path, kinds[name], REMEDY, partial(renewed, name, kinds[name], plan=plan))
            for name, path in paths.items()
        }
    )


def _warn_of_units(estimates: Iterable[CorrelationEstimate], table: ScoreTable) -> Iterator[CorrelationEstimate]:
    """Mark what is in units of the ratings where a metric is not: it says more of the unit than of the metric."""
    foreign = {name for name, values in table.scores.items() if np.nanmin(values) < 0 or np.nanmax(values) > 1}
    for estimate in estimates:
        statistic = BY_ID[estimate.statistic]
        if statistic.in_units_of_ratings and estimate.metric in foreign and not estimate.note:
            yield replace(estimate, note=f"scores leave [0, 1], so the {statistic.name} depends on their unit")
        else:
            yield estimate
