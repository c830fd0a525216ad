"""All statistics of a run, and these to and from their files."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import get_args, get_type_hints

from bench.analysis.sentence import Sentence
from bench.analysis.strata import StratumName
from bench.files.records import read_records, write_records
from bench.statistics.bootstrap import CorrelationEstimate
from bench.statistics.calibration import CalibratedError
from bench.statistics.comparison import CorrelationDifference
from bench.statistics.crossed import CrossedSpread
from bench.statistics.dependent_correlations import DependentCorrelationTest
from bench.statistics.dimensions import DimensionAgreement, DimensionOverlap
from bench.statistics.equivalence import Equivalence
from bench.statistics.evenness import BlockSpread, Evenness
from bench.statistics.interactions import Interaction
from bench.statistics.mapped_error import MappedError
from bench.statistics.pairwise import PairwiseAccuracy
from bench.statistics.power import DetectableDifference
from bench.statistics.reliability import CeilingShare, ReliabilityEstimate
from bench.statistics.screening import ScreeningDifference
from bench.statistics.sentinels import BeyondSentinel, PartialAgreement, SentinelAgreement
from bench.statistics.standing import Standing
from bench.statistics.systems import SystemAgreement, SystemMeans
from bench.statistics.yardsticks import AlternativeListener, BesideListener, OneListener

VERSION = 4
"""Of these files; those of another version are made anew from scores.csv when a run is read."""

REMEDY = "'bench report --recompute' makes it anew from scores.csv"


@dataclass(frozen=True)
class Analysis:
    """All statistics of a run; each field is a file of the run's folder, ``FIELD.json``, a list of records.

    What needs single ratings is empty where a data set gives only means.

    Attributes:
        estimates: every statistic of every metric on every stratum.
        differences: every pair of metrics, statistic and stratum.
        standings: which metrics may be the best, and letters for those that were not shown to differ.
        dependent_correlations: Williams' and Steiger's tests, which assume independent pairs: for reference.
        detectable_differences: what this data set could show, by pair of metrics.
        reliability: how far listeners agree, by stratum.
        ceiling_shares: correlations divided by what the ratings' noise allows.
        crossed_spreads: captions and listeners both resampled, where listeners connect all captions.
        system_means, system_agreement: systems as wholes.
        pairwise_accuracies: clips of one caption against each other.
        calibrated_errors: MSE after the scale of a metric is mapped to that of the ratings.
        interactions: whether metrics differ more on some sounds than on others.
        equivalences: which metrics are as good as equal; empty without a margin.
        evenness: what an evenly good metric would show in each stratum.
        block_spreads: whether intervals would widen if listeners were drawn anew.
        one_listener, beside_listener, alternative_listener: a single listener as the yardstick of metrics.
        sentinels, beyond_sentinels, partial_agreement: scores that hear nothing as the yardstick of metrics.
        mapped_errors: errors in units of the rating scale.
        screenings: the best metric against the others under other screenings of listeners.
        dimension_agreement, dimension_overlap: metrics against everything that was rated, and the target beside it;
            empty where one thing was rated.
        verdict: what all of this says.
        strata: what the ids in all of these stand for, in the order of reading.
    """

    estimates: tuple[CorrelationEstimate, ...]
    differences: tuple[CorrelationDifference, ...] = ()
    dependent_correlations: tuple[DependentCorrelationTest, ...] = ()
    detectable_differences: tuple[DetectableDifference, ...] = ()
    reliability: tuple[ReliabilityEstimate, ...] = ()
    ceiling_shares: tuple[CeilingShare, ...] = ()
    crossed_spreads: tuple[CrossedSpread, ...] = ()
    system_means: tuple[SystemMeans, ...] = ()
    system_agreement: tuple[SystemAgreement, ...] = ()
    pairwise_accuracies: tuple[PairwiseAccuracy, ...] = ()
    calibrated_errors: tuple[CalibratedError, ...] = ()
    standings: tuple[Standing, ...] = ()
    interactions: tuple[Interaction, ...] = ()
    equivalences: tuple[Equivalence, ...] = ()
    evenness: tuple[Evenness, ...] = ()
    block_spreads: tuple[BlockSpread, ...] = ()
    one_listener: tuple[OneListener, ...] = ()
    beside_listener: tuple[BesideListener, ...] = ()
    alternative_listener: tuple[AlternativeListener, ...] = ()
    sentinels: tuple[SentinelAgreement, ...] = ()
    beyond_sentinels: tuple[BeyondSentinel, ...] = ()
    partial_agreement: tuple[PartialAgreement, ...] = ()
    mapped_errors: tuple[MappedError, ...] = ()
    screenings: tuple[ScreeningDifference, ...] = ()
    dimension_agreement: tuple[DimensionAgreement, ...] = ()
    dimension_overlap: tuple[DimensionOverlap, ...] = ()
    verdict: tuple[Sentence, ...] = ()
    strata: tuple[StratumName, ...] = ()


def write_analysis(analysis: Analysis, folder: Path) -> None:
    """Write one JSON file a field."""
    for part in dataclasses.fields(analysis):
        write_records(folder / f"{part.name}.json", getattr(analysis, part.name))


def read_analysis(folder: Path) -> Analysis:
    """Read what `write_analysis` wrote.

    Raises:
        DataError: a file is missing or holds something else.
    """
    kinds = {name: get_args(hint)[0] for name, hint in get_type_hints(Analysis).items()}
    return Analysis(**{name: read_records(folder / f"{name}.json", kind, REMEDY) for name, kind in kinds.items()})
