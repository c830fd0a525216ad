"""Figures of a run on votes: accuracy by kind, metrics beside each other, and what large differences of scores say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bench.analysis.strata import ALL
from bench.analysis.vote_results import VoteAnalysis, kind_label
from bench.reports.figures.calibration import score_bins
from bench.reports.figures.draw import LARGEST_DRAWN, NamedFigure
from bench.reports.figures.forest import draw_forest
from bench.reports.figures.labels import with_interval
from bench.reports.figures.matrix import Difference, draw_matrix
from bench.reports.figures.panels import metric_panels
from bench.reports.figures.style import BLACK, BLUE, GREY, PALE, styled
from bench.statistics.ballots import Ballots
from bench.statistics.standing import Standing
from bench.statistics.vote_differences import VoteDifference
from bench.statistics.votes import OneVoter, VoteAgreement

COIN = 0.5
DASHED = (0, (4, 3))
NO_DIFFERENCE = 1e-300
"""Sizes of differences below this are drawn as none."""


def vote_figures_of(ballots: Ballots | None, analysis: VoteAnalysis) -> Iterator[NamedFigure]:
    """Draw the figures that a run has numbers for, one at a time.

    Args:
        ballots: all comparisons that every metric scored; None where there are none.
        analysis: the run's statistics.
    """
    agreements = analysis.vote_agreements
    percent = f"{100 * agreements[0].confidence_level:g} % intervals" if agreements else ""
    drawn = (
        (
            "accuracy",
            f"Share of comparisons on which a metric prefers what most listeners prefer, with {percent}, on all "
            "comparisons and by kind; dashed: a coin; black: one listener against the others, grey its interval.",
            accuracy_figure(agreements, analysis.one_voter),
        ),
        (
            "differences",
            "Differences in accuracy between metrics on all comparisons, row minus column (above the diagonal; "
            f"coloured: adjusted p at or below 0.05), and their simultaneous {percent} (below, with up to seven "
            "metrics). Metrics that share a letter were not shown to differ; frames, where there are any: not "
            "shown to be worse than the best. Comparisons with baselines are adjusted apart from the others.",
            accuracy_difference_figure(agreements, analysis.vote_differences, analysis.standings),
        ),
        (
            "certainty",
            "Accuracy by bins of the size of the score difference, of about equal numbers of comparisons, with "
            f"{percent} (normal, from the spread between {_units(agreements)}); dashed: a coin. A metric whose large "
            "differences are the right ones rises. AUC as in the tables.",
            None if ballots is None else certainty_figure(ballots, agreements),
        ),
    )
    for name, caption, figure in drawn:
        if figure is not None:
            yield NamedFigure(name, caption, figure)


@styled
def accuracy_figure(agreements: Sequence[VoteAgreement], voters: Sequence[OneVoter]) -> Figure | None:
    """Draw each metric's accuracy and interval in each stratum, beside a coin and one listener."""
    n = {a.stratum: a.n_comparisons for a in agreements}
    place = {metric: i for i, metric in enumerate(ranked_on_votes(agreements))}
    values = [(a, a.accuracy) for a in sorted(agreements, key=lambda a: place.get(a.metric, len(place)))]
    found = {(a.metric, a.stratum): (value.estimate, value.low, value.high) for a, value in values}
    drawn = draw_forest(found, {one: (kind_label(one), f"n = {size:,}") for one, size in n.items()})
    if drawn is None:
        return None
    figure, axes, step = drawn
    axes.axvline(COIN, color=GREY, linewidth=0.6, linestyle=DASHED, zorder=1)
    known = {one.stratum: one.agreement for one in voters if not np.isnan(one.agreement.estimate)}
    for s, stratum in enumerate(n):
        if stratum in known:
            bottom, top, one = s * step - 0.6, (s + 1) * step - 1.4, known[stratum]
            axes.fill_betweenx([bottom, top], one.low, one.high, color=PALE, linewidth=0, zorder=0.5)
            axes.vlines([one.estimate], bottom, top, color=BLACK, linewidth=0.8, gid="listener")
    axes.set_xlabel("accuracy")
    return figure


@styled
def accuracy_difference_figure(
    agreements: Sequence[VoteAgreement], differences: Sequence[VoteDifference], standings: Sequence[Standing]
) -> Figure | None:
    """Draw a cell for each two metrics on all comparisons; see `bench.reports.figures.matrix.draw_matrix`."""
    found = {
        (d.metric_a, d.metric_b): Difference(d.delta.estimate, d.sim_low, d.sim_high, d.is_shown)
        for d in differences
        if d.stratum == ALL
    }
    return draw_matrix(ranked_on_votes(agreements), found, [one for one in standings if one.stratum == ALL])


def ranked_on_votes(agreements: Sequence[VoteAgreement]) -> list[str]:
    """Return metrics by their accuracy on all comparisons, the best first, those without one last."""
    value = {a.metric: a.accuracy.estimate for a in agreements if a.stratum == ALL}
    return sorted(value, key=lambda metric: (np.isnan(value[metric]), -np.nan_to_num(value[metric])))


@styled
def certainty_figure(ballots: Ballots, agreements: Sequence[VoteAgreement]) -> Figure | None:
    """Draw one panel a metric: share of comparisons with the majority, by bins of the size of the score difference."""
    decided = ballots.majority != 0
    signed = ballots.differences * ballots.majority
    drawable = [m for m, values in enumerate(signed) if np.abs(values).max(initial=0) <= LARGEST_DRAWN]
    if not (drawable and decided.any()):
        return None
    found = {a.metric: a for a in agreements if a.stratum == ALL}
    titles = [(ballots.metrics[m], _auc(found.get(ballots.metrics[m]))) for m in drawable]
    figure, panels = metric_panels(titles, 0.1)
    level = agreements[0].confidence_level if agreements else 0.95
    for axes, m in zip(panels, drawable, strict=True):
        size, agrees = np.abs(signed[m][decided]), (signed[m][decided] > 0).astype(float)
        bins = score_bins(size, agrees, ballots.clusters[decided], level)
        x = [one.score for one in bins]
        axes.vlines(x, [one.low for one in bins], [one.high for one in bins], color=BLUE, linewidth=0.9)
        axes.plot(x, [one.rating for one in bins], "o-", color=BLUE)
        axes.add_line(Line2D([0, 1], [COIN, COIN], transform=axes.get_yaxis_transform(), color=GREY, linewidth=0.6))
        axes.lines[-1].set_linestyle(DASHED)
        axes.set_xlim(0, max(max(x) * 1.05, NO_DIFFERENCE))
        axes.set_ylim(0, 1.02)
    figure.supxlabel("mean size of the score difference in a bin")
    figure.supylabel("accuracy")
    return figure


def _auc(one: VoteAgreement | None) -> str:
    return "" if one is None else with_interval("AUC", one.auc.estimate, one.auc.low, one.auc.high)


def _units(agreements: Sequence[VoteAgreement]) -> str:
    return f"{agreements[0].resample_unit}s" if agreements else "clips"
