"""Mean ratings of a data set's pairs under its other screenings, where it has any."""

from __future__ import annotations

from pathlib import Path

from bench.datasets.catalog import find_entry, load_dataset
from bench.datasets.types import RatedDataset
from metrics.errors import ClapBenchError


def other_screenings(
    name: str, split: str | None, data_root: Path | None, dataset: RatedDataset
) -> dict[str, dict[str, float]]:
    """Return the mean ratings of the pairs of ``dataset`` by screening, those that do not exist for it left out.

    Args:
        name, split, data_root: what ``dataset`` was loaded by.
        dataset: as the run uses it.
    """
    ours = {rated.pair.pair_id for rated in dataset.pairs}
    found, dimension = {}, dataset.dimension or None
    for screening in find_entry(name).screenings:
        if screening == dataset.screening:
            continue
        try:
            other = load_dataset(
                name, split=split, screening=screening, dimension=dimension, data_root=data_root, with_audio=False
            )
        except ClapBenchError:  # a part of the data that exists as released only
            continue
        found[screening] = {one.pair.pair_id: one.mean_rating for one in other.pairs if one.pair.pair_id in ours}
    return found
