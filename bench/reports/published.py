"""Figures from papers (``results/published``), shown beside a run by ``--against published``."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.analysis.strata import parse_edges
from metrics.files import read_json


@dataclass(frozen=True, slots=True)
class PublishedFigure:
    """One number from a paper; ``n_pairs`` None where the paper does not give it."""

    publication: str
    model: str
    stratum: str
    statistic: str
    value: float
    n_pairs: int | None


@dataclass(frozen=True, slots=True)
class Publication:
    """Where figures come from: ``remark`` says which pairs they were computed on."""

    dataset: str
    citation: str
    remark: str


def load_figures(dataset: str, bands: Sequence[float]) -> list[PublishedFigure]:
    """Return the published figures on ``dataset``, in the order of the papers' tables.

    Args:
        dataset: its name.
        bands: edges of the score bands that they shall stand beside; figures on other bands are left out.
    """
    on_dataset = {name for name, publication in load_publications().items() if publication.dataset == dataset}
    with (_folder() / "figures.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["publication"] in on_dataset]
    return [_figure(row) for row in rows if not row["bands"] or parse_edges(row["bands"]) == tuple(bands)]


def load_publications() -> dict[str, Publication]:
    """Return all publications by their short name."""
    raw = read_json(_folder() / "publications.json")
    return {name: Publication(**fields) for name, fields in raw.items()}


def remarks(figures: Iterable[PublishedFigure]) -> list[str]:
    """Return citation and remark of every publication among ``figures``, once each."""
    publications = load_publications()
    names = dict.fromkeys(figure.publication for figure in figures)
    return [f"{publications[name].citation}. {publications[name].remark}" for name in names]


def _figure(row: dict[str, str]) -> PublishedFigure:
    return PublishedFigure(
        row["publication"],
        row["model"],
        row["stratum"],
        row["statistic"],
        float(row["value"]),
        int(row["n_pairs"]) if row["n_pairs"] else None,
    )


def _folder() -> Path:
    """In an installed wheel the figures lie inside the package, in a checkout under ``results``."""
    installed = Path(__file__).resolve().parent.parent / "published"
    return installed if installed.is_dir() else installed.parent.parent / "results" / "published"
