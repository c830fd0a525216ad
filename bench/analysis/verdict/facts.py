"""What sentences are made from: the statistics of a run, and what they cannot tell of its scores."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from bench.analysis.leakage import Leakage
from bench.analysis.merit import Lead, by_merit, in_order, leads
from bench.analysis.results import Analysis
from bench.analysis.strata import ALL, labels
from bench.files.scores import ScoreTable
from bench.statistics.agreement import PRIMARY
from bench.statistics.bootstrap import CorrelationEstimate
from bench.statistics.standing import Standing

PLACE = (ALL, PRIMARY.id)


@dataclass(frozen=True)
class ScoreFacts:
    """Of the score table.

    Attributes:
        n_pairs: rated pairs.
        n_common: pairs that every metric scored that scored any; all statistics are on them.
        n_missing: pairs without a score, by metric; only metrics that lack some.
        unscored: metrics without a single score, which take no part.
        off_scale: metrics with scores below 0 or above 1, the rescaled range of ratings.
        systems: names of the systems of the clips, as far as they are known.
    """

    n_pairs: int
    n_common: int
    n_missing: Mapping[str, int] = field(default_factory=dict)
    unscored: tuple[str, ...] = ()
    off_scale: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()


def score_facts(table: ScoreTable) -> ScoreFacts:
    """Return what the verdict says of a score table."""
    unscored = tuple(table.unscored())
    scored = table.without(unscored)
    missing = {metric: int(np.isnan(values).sum()) for metric, values in table.scores.items()}
    return ScoreFacts(
        n_pairs=len(table.pairs),
        n_common=int(scored.scored_by_all().sum()),
        n_missing={metric: n for metric, n in missing.items() if n},
        unscored=unscored,
        off_scale=tuple(m for m, values in scored.scores.items() if np.nanmin(values) < 0 or np.nanmax(values) > 1),
        systems=tuple(sorted({system for system in table.pairs["system"] if system})),
    )


@dataclass(frozen=True)
class Facts:
    """Everything that the verdict of a run is made from.

    Attributes:
        analysis: its statistics; their field ``verdict`` is not read.
        scores: see `ScoreFacts`.
        baselines: metrics that are shown but not compared.
        leakage: what trained metrics were shown.
    """

    analysis: Analysis
    scores: ScoreFacts
    baselines: Sequence[str] = ()
    leakage: Sequence[Leakage] = ()

    @cached_property
    def compared(self) -> list[str]:
        """The metrics that the verdict is about: no baselines, with or without an estimate."""
        return [e.metric for e in by_merit(self.analysis.estimates) if e.metric not in self.baselines]

    @cached_property
    def ranked(self) -> list[CorrelationEstimate]:
        """The primary statistic of the compared metrics on all pairs, the best first; those that have one."""
        return self.ranked_in(ALL)

    def ranked_in(self, stratum: str) -> list[CorrelationEstimate]:
        """Return the same for one stratum."""
        found = by_merit(self.analysis.estimates, stratum)
        return [e for e in found if e.metric not in self.baselines and not math.isnan(e.estimate)]

    @cached_property
    def leads(self) -> dict[frozenset[str], Lead]:
        """The differences between compared metrics on all pairs, by the two names."""
        return self.leads_in(ALL)

    def leads_in(self, stratum: str) -> dict[frozenset[str], Lead]:
        """Return the same for one stratum."""
        known = set(self.compared)
        return {pair: lead for pair, lead in leads(self.analysis.differences, stratum).items() if pair <= known}

    def leads_by_merit(self) -> list[Lead]:
        """Return the differences on all pairs, those of the best metric first."""
        return in_order(self.leads, [e.metric for e in self.ranked])

    def standings_in(self, stratum: str) -> dict[str, Standing]:
        """Return where compared metrics stand in a stratum."""
        found = (s for s in self.analysis.standings if (s.stratum, s.statistic) == (stratum, PRIMARY.id))
        return {standing.metric: standing for standing in found if standing.metric not in self.baselines}

    def may_be_best(self, stratum: str) -> list[str]:
        """Return the metrics that were not shown to be worse than the best, by merit; none where nothing was tested."""
        standings = self.standings_in(stratum)
        if any(standing.note for standing in standings.values()):
            return []
        return [e.metric for e in self.ranked_in(stratum) if e.metric in standings and standings[e.metric].may_be_best]

    def label(self, stratum: str) -> str:
        """Return a stratum in words."""
        return labels(self.analysis.strata)[stratum]
