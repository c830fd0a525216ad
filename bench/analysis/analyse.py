"""From a score table to all statistics of a run.

The only place that joins scores, strata and statistics. `bench.statistics` sees arrays only; everything here can be
recomputed from ``scores.csv``, ``ratings.csv``, ``screenings.csv``, ``dimensions.csv`` and the
settings in the manifest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bench.analysis.comparisons import compare
from bench.analysis.context import Context, Settings
from bench.analysis.dimensions import add_dimensions
from bench.analysis.leakage import Leakage
from bench.analysis.listeners import add_listeners
from bench.analysis.results import Analysis
from bench.analysis.sample import common_sample
from bench.analysis.strata import masks, standard_strata
from bench.analysis.uses import add_uses
from bench.analysis.verdict.build import verdict
from bench.analysis.verdict.facts import Facts, score_facts
from bench.analysis.yardsticks import add_yardsticks
from bench.files.means import Means
from bench.files.ratings import RatingTable
from bench.files.scores import ScoreTable
from bench.files.sentinels import ClipFacts
from bench.statistics.bootstrap import bootstrap_strata
from bench.statistics.folds import TrainingData


def analyse(
    table: ScoreTable,
    ratings: RatingTable | None,
    settings: Settings,
    training: TrainingData | None = None,
    leakage: Sequence[Leakage] = (),
    clips: ClipFacts | None = None,
    screenings: Means | None = None,
    dimensions: Means | None = None,
) -> Analysis:
    """Compute every statistic of a run on the pairs that all metrics scored, and say in words what they show.

    A metric without a single score takes no part, since it would empty that set.

    Args:
        table: scores.
        ratings: single ratings; None leaves out what needs them.
        settings: how.
        training, clips: see `bench.analysis.context.Context`.
        leakage: what trained metrics were shown of the pairs, for the verdict.
        screenings: mean ratings of the pairs of ``table`` under other screenings of listeners.
        dimensions: mean ratings of the pairs of ``table`` in other dimensions than the target.

    Raises:
        UsageError: blocks of captions are to be resampled, and there are no ``ratings``.
    """
    scored, means = table.without(table.unscored()), (screenings or {}, dimensions or {})
    context = _context(scored, ratings, settings, training, clips, *means)
    analysis = add_dimensions(add_yardsticks(add_uses(compare(context), context), context), context)
    if context.sample.ratings is not None:
        analysis = add_listeners(analysis, context, context.sample.ratings)
    return replace(analysis, verdict=verdict(Facts(analysis, score_facts(table), settings.baselines, leakage)))


def _context(
    table: ScoreTable,
    ratings: RatingTable | None,
    settings: Settings,
    training: TrainingData | None,
    clips: ClipFacts | None,
    screenings: Means,
    dimensions: Means,
) -> Context:
    sample = common_sample(table, ratings, settings.scale, settings.plan.unit)
    strata = standard_strata(sample.pairs, settings.bands, settings.by)
    bootstraps = bootstrap_strata(sample.human, sample.scores, masks(strata), sample.clusters, settings.plan)
    common = table.scored_by_all()
    others, beside = ({name: means[common] for name, means in by.items()} for by in (screenings, dimensions))
    return Context(table, sample, strata, tuple(bootstraps), settings, training, clips, others, beside)
