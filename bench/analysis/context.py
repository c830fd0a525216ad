"""What every part of an analysis is computed from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.analysis.sample import Sample
from bench.analysis.strata import Bands, Kind, Stratum, of_kind
from bench.datasets.types import RatingScale
from bench.files.means import Means
from bench.files.scores import ScoreTable
from bench.files.sentinels import ClipFacts
from bench.statistics.bootstrap import StratumBootstrap
from bench.statistics.folds import TrainingData
from bench.statistics.types import DEFAULT_PLAN, ResamplingPlan

BROAD: tuple[Kind, ...] = ("all", "source")
"""Where everything is computed; elsewhere correlations and the agreement of listeners only."""


@dataclass(frozen=True)
class Settings:
    """How a run is analysed; its manifest keeps all of it.

    Attributes:
        scale: of the ratings.
        bands: where the scale is cut into score bands.
        plan: how intervals and p-values are made.
        baselines: metrics that know nothing, or one trivial thing, of a pair: they are shown and described, and are
            no part of the comparisons that p-values are adjusted for.
        sentinels: whether metrics are held against what hears nothing.
        screening: the rule by which listeners counted; empty where a data set does not screen them.
        dimension: what was rated, the target; empty where nobody says.
        by: kinds of strata that captions give, see `bench.analysis.strata.BY_CAPTION`.
        margin: two metrics whose primary statistics differ by less are as good as equal; None asks nothing.
    """

    scale: RatingScale
    bands: Bands
    plan: ResamplingPlan = DEFAULT_PLAN
    baselines: tuple[str, ...] = ()
    sentinels: bool = True
    margin: float | None = None
    screening: str = ""
    dimension: str = ""
    by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Context:
    """The pairs that every metric scored, cut into strata and resampled.

    Attributes:
        table: scores of the metrics that scored anything, of all pairs.
        sample: the pairs that every one of them scored.
        strata: in the order of reading.
        bootstraps: one a stratum, in the order of `bench.analysis.strata.masks`.
        settings: see `Settings`.
        screenings: mean ratings of the sample's pairs under other screenings of listeners, on the data set's scale; NaN
            where a pair has none.
        dimensions: mean ratings of the sample's pairs in other dimensions than the target, by name, on the data set's
            scale; NaN where a pair has none.
        training: other rated pairs with scores of the same metrics, to fit calibrations and tie thresholds on; None
            cross-fits them.
        clips: what was measured of the clips of all pairs; None where none was heard.
    """

    table: ScoreTable
    sample: Sample
    strata: tuple[Stratum, ...]
    bootstraps: tuple[StratumBootstrap, ...]
    settings: Settings
    training: TrainingData | None = None
    clips: ClipFacts | None = None
    screenings: Means = field(default_factory=dict)
    dimensions: Means = field(default_factory=dict)

    @property
    def plan(self) -> ResamplingPlan:
        return self.settings.plan

    @property
    def broad(self) -> Sequence[Stratum]:
        """The strata of `BROAD` kinds."""
        return of_kind(self.strata, *BROAD)
