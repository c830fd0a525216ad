"""All statistics of a run, and these to and from their files."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import get_args, get_type_hints

from bench.analysis.older import plan_of_older, renewed
from bench.analysis.strata import StratumName
from bench.files.records import read_records, write_records
from bench.statistics.bands import BandEstimate
from bench.statistics.bootstrap import CorrelationEstimate
from bench.statistics.calibration import CalibratedError
from bench.statistics.comparison import CorrelationDifference, RankCluster
from bench.statistics.crossed import CrossedSpread
from bench.statistics.dependent_correlations import DependentCorrelationTest
from bench.statistics.pairwise import PairwiseAccuracy
from bench.statistics.power import DetectableDifference
from bench.statistics.reliability import CeilingShare, ReliabilityEstimate
from bench.statistics.systems import SystemAgreement, SystemMeans

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
