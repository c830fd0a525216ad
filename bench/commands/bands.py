"""``--bands``, which ``bench run``, ``bench demo`` and ``bench datasets audit`` have in common."""

from __future__ import annotations

from typing import Annotated

import typer

BandsOption = Annotated[
    str | None,
    typer.Option(
        metavar="EDGES",
        help="Where mean ratings are cut into score bands, e.g. 3,7; a rating on an edge belongs to the band below. "
        "[default: the middle of the scale, 5 on 0-10]",
    ),
]


def edges_of(bands: str | None) -> tuple[float, ...] | None:
    """Return the edges that ``--bands`` names; None where it is not given.

    Raises:
        UsageError: they are no rising numbers.
    """
    from bench.analysis.strata import parse_edges

    return None if bands is None else parse_edges(bands)
