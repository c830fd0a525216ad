"""Calibration: is a clip with score s rated s on average?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from matplotlib.figure import Figure
from scipy.special import ndtri

from bench.analysis.sample import Sample
from bench.analysis.strata import ALL
from bench.reports.figures.panels import draw_identity, metric_panels, unit_limits
from bench.reports.figures.style import BLUE, styled
from bench.statistics.calibration import CalibratedError

MAX_BINS = 10
PAIRS_PER_BIN = 20


@dataclass(frozen=True, slots=True)
class ScoreBin:
    """Pairs with neighbouring scores: mean score, and mean rating with its interval."""

    n_pairs: int
    score: float
    rating: float
    low: float
    high: float


def score_bins(
    scores: Float[np.ndarray, " pairs"],
    human: Float[np.ndarray, " pairs"],
    clusters: Int[np.ndarray, " pairs"],
    confidence_level: float = 0.95,
) -> list[ScoreBin]:
    """Cut pairs by score into up to ten bins of about equal numbers, equal scores never apart.

    Intervals are normal, from the standard error of a mean of clusters (Liang & Zeger 1986), since pairs of one caption
    are rated alike; NaN in bins with fewer than two captions.
    """
    n_bins = int(np.clip(len(scores) // PAIRS_PER_BIN, 1, MAX_BINS))
    edges = np.unique(np.quantile(scores, np.arange(1, n_bins) / n_bins))
    bin_of = np.searchsorted(edges, scores, side="right")
    z = float(ndtri(0.5 + confidence_level / 2))
    bins = []
    for k in np.unique(bin_of):
        chosen = bin_of == k
        mean, error = clustered_mean(human[chosen], clusters[chosen])
        bins.append(ScoreBin(int(chosen.sum()), float(scores[chosen].mean()), mean, mean - z * error, mean + z * error))
    return bins


@styled
def calibration_figure(
    sample: Sample, errors: Sequence[CalibratedError], confidence_level: float = 0.95
) -> Figure | None:
    """Draw one panel a metric: mean rating, rescaled to [0, 1], in bins of the score; the line is a perfect scale.

    Above stand the errors as they are and after the best rising map. A metric whose scores leave [-1, 1] is on
    another scale, and has no line.
    """
    if not sample.scores or not len(sample.human):
        return None
    error = {e.metric: e for e in errors if e.stratum == ALL}
    figure, panels = metric_panels([(metric, _remark(error.get(metric))) for metric in sample.scores], 0.1)
    for axes, scores in zip(panels, sample.scores.values(), strict=True):
        bins = score_bins(scores, sample.human, sample.clusters, confidence_level)
        x = [one.score for one in bins]
        axes.vlines(x, [one.low for one in bins], [one.high for one in bins], color=BLUE, linewidth=0.9)
        axes.plot(x, [one.rating for one in bins], "o-", color=BLUE)
        if np.abs(scores).max() <= 1:
            draw_identity(axes)
        axes.set_xlim(*unit_limits(scores))
        axes.set_ylim(0, 1)
    figure.supxlabel("mean score of a bin")
    figure.supylabel("mean rating, rescaled")
    return figure


def _remark(error: CalibratedError | None) -> str:
    if error is None or np.isnan(error.isotonic.estimate):
        return ""
    mapped = f"mapped {_compact(error.isotonic.estimate)}"
    return f"MSE {mapped}" if np.isnan(error.raw.estimate) else f"MSE {_compact(error.raw.estimate)}, {mapped}"


def _compact(error: float) -> str:
    """Return three digits, as large errors come from metrics on another scale and say little: ``0.056``, ``875``."""
    return f"{error:.3f}" if error < 1 else f"{error:.3g}"


def clustered_mean(values: Float[np.ndarray, " pairs"], clusters: Int[np.ndarray, " pairs"]) -> tuple[float, float]:
    """Return mean and standard error: residuals summed by cluster, with the factor G / (G - 1) for few clusters."""
    mean = float(values.mean())
    _, cluster = np.unique(clusters, return_inverse=True)
    sums = np.bincount(cluster, values - mean)
    if len(sums) < 2:
        return mean, float("nan")
    return mean, float(np.sqrt(np.sum(sums**2) * len(sums) / (len(sums) - 1)) / len(values))
