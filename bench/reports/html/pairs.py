"""The pairs of a run as the page's explorer needs them: what listeners said, what metrics said, where the clip is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from jaxtyping import Float
from scipy.stats import rankdata

from bench.analysis.strata import PARTITIONS, Bands, Stratum, of_kind, standard_strata
from bench.datasets.types import RatingScale
from bench.files.manifest import RunManifest
from bench.files.ratings import RatingTable
from bench.files.scores import ScoreTable
from bench.reports.html.columns import numbers, texts

FILTERS = ("source", "system", *PARTITIONS)
"""Columns that the explorer offers to filter by."""


@dataclass(frozen=True)
class Ranks:
    """Where each pair stands among those that every metric scored, as in all statistics; NaN for the other pairs.

    1 is the best; ties share the mean of their ranks. A metric that scored nothing has no ranks and takes none away.
    """

    listeners: Float[np.ndarray, " pairs"]
    metrics: dict[str, Float[np.ndarray, " pairs"]]


def rank_pairs(table: ScoreTable) -> Ranks:
    """Rank the pairs by mean rating and by each metric."""
    common = table.without(table.unscored()).scored_by_all()
    ratings = table.pairs["rating"].to_numpy(dtype=float)
    by_metric = {metric: _descending(np.where(common, values, np.nan)) for metric, values in table.scores.items()}
    return Ranks(_descending(np.where(common, ratings, np.nan)), by_metric)


def pair_columns(table: ScoreTable, ratings: RatingTable | None, manifest: RunManifest, page: Path) -> dict[str, Any]:
    """Return all pairs by column.

    Args:
        table: pairs and scores.
        ratings: single ratings; None where the data give only means.
        manifest: says where the audio lies, and the scale of the ratings.
        page: the file that is being written: clips are addressed relative to its folder.
    """
    pairs, ranks = table.pairs, rank_pairs(table)
    strata = standard_strata(pairs, Bands.cut(RatingScale(*manifest.dataset.scale), manifest.bands))
    return {
        "id": list(pairs["pair_id"]),
        "caption": texts(pairs["caption"]),
        "source": texts(pairs["source"], sorted(set(pairs["source"]) - {None})),
        "system": texts(pairs["system"], sorted(set(pairs["system"]) - {None})),
        "split": texts(pairs["split"]),
        **{kind: _membership(of_kind(strata, kind), len(pairs)) for kind in PARTITIONS},
        "rating": numbers(pairs["rating"]),
        "n_ratings": [int(n) for n in pairs["n_ratings"]],
        "rating_rank": numbers(ranks.listeners),
        "scores": [numbers(values) for values in table.scores.values()],
        "ranks": [numbers(values) for values in ranks.metrics.values()],
        "ratings": None if ratings is None else _ratings_by_pair(ratings, len(pairs)),
        "audio": list(pairs["audio"]),
        "urls": clip_urls(list(pairs["audio"]), Path(manifest.dataset.audio_root), page),
    }


def clip_urls(names: Sequence[str], audio_root: Path, page: Path) -> dict[str, Any]:
    """Return each clip's URL relative to the folder of ``page``, its beginning where all agree given once.

    On Windows a clip on another drive cannot be reached by a relative path: its URL is absolute.
    """
    start = page.resolve().parent
    urls = [_url(audio_root.resolve() / name, start) for name in names]
    prefix = os.path.commonprefix(urls)  # noqa: RUF071 - of texts: it is joined to what follows as it is
    return {"prefix": prefix, "rest": [url[len(prefix) :] for url in urls]}


def _url(clip: Path, start: Path) -> str:
    try:
        relative = os.path.relpath(clip, start)
    except ValueError:
        return clip.as_uri()
    return quote(os.fsencode(relative.replace(os.sep, "/")), safe="/")


def _descending(values: Float[np.ndarray, " pairs"]) -> Float[np.ndarray, " pairs"]:
    ranks: Float[np.ndarray, " pairs"] = rankdata(-values, nan_policy="omit").astype(float)
    return ranks


def _membership(strata: Sequence[Stratum], n_pairs: int) -> dict[str, Any]:
    """Return the label of the one stratum that each pair is in."""
    label_of = np.full(n_pairs, None, dtype=object)
    for stratum in strata:
        label_of[stratum.mask] = stratum.label
    return texts(label_of.tolist(), (stratum.label for stratum in strata))


def _ratings_by_pair(ratings: RatingTable, n_pairs: int) -> list[list[float | int | None]]:
    """Return for each pair listener, score, listener, score …; listeners are numbered from 1."""
    by_pair: list[list[float | int | None]] = [[] for _ in range(n_pairs)]
    scores = numbers(ratings.scores)
    for pair, listener, score in zip(ratings.pair.tolist(), ratings.listener.tolist(), scores, strict=True):
        by_pair[pair] += [listener + 1, score]
    return by_pair
