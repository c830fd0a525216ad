"""The parts of a data set that correlations are reported for, by stratum id.

``all``, ``source=natural``, ``source=synthesized``, ``system=audioldm`` …, ``band=low`` (mean rating at or below
the middle of the scale), ``band=high``, and ``band=…,source=…``: the columns of the paper's Tables I to III.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

SOURCES = ("natural", "synthesized")


def standard_strata(
    sources: Sequence[str | None],
    systems: Sequence[str | None],
    mean_ratings: Float[np.ndarray, " pairs"],
    band_edge: float,
) -> dict[str, Bool[np.ndarray, " pairs"]]:
    """Return a mask over the pairs for each stratum that has at least one pair, in the order of the paper's tables.

    Args:
        sources: ``natural``, ``synthesized`` or None for each pair.
        systems: name of what made each clip, or None; systems of synthesized clips become strata.
        mean_ratings: on the data set's own scale.
        band_edge: highest mean rating of the low band: 5 on a 0-10 scale (Table III).
    """
    source_of = np.array([source or "" for source in sources], dtype=object)
    system_of = np.array([system or "" for system in systems], dtype=object)
    by_source = {f"source={source}": source_of == source for source in SOURCES}
    rated = source_of != "natural"
    by_system = {f"system={name}": system_of == name for name in sorted(set(system_of[rated]) - {""})}
    bands = {"band=low": mean_ratings <= band_edge, "band=high": mean_ratings > band_edge}
    crossings = {
        f"{band},{source}": in_band & in_source
        for band, in_band in bands.items()
        for source, in_source in by_source.items()
    }
    everything = {"all": np.ones(len(mean_ratings), dtype=bool)}
    strata = everything | by_source | by_system | bands | crossings
    return {stratum: np.asarray(mask, dtype=bool) for stratum, mask in strata.items() if mask.any()}
