"""From a data set by name to pairs for training and validation, and the record of what they were."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.datasets.catalog import load_dataset
from bench.datasets.types import RatedDataset, RatedPair
from finetune.config import TrainingConfig
from finetune.data.features import ClipFeatures, extract_features, file_source
from finetune.data.pairs import PairSet, check_ratings, listed
from finetune.data.splits import draw_order, hold_out
from metrics.errors import DataError
from metrics.models.hf_model import LoadedClap
from metrics.types import ProgressCallback, no_progress


@dataclass(frozen=True)
class RatedData:
    """Rated pairs, ready for training.

    Attributes:
        dataset: the pairs of both parts, with their ratings.
        parts: the pairs by part, ``train`` and ``validation``.
        sets: the same as the model takes them.
        clip_sha256: of every clip, by pair id.
        skipped: pairs whose clip cannot be heard, by pair id, with the reason.
    """

    dataset: RatedDataset
    parts: dict[str, tuple[RatedPair, ...]]
    sets: dict[str, PairSet]
    clip_sha256: dict[str, str]
    skipped: dict[str, str]


@dataclass(frozen=True, slots=True)
class DataOptions:
    """Where and how data are read; none of it changes the outcome but ``skip_unreadable``, which is recorded."""

    data_root: Path | None
    cache: Path
    workers: int = 0
    skip_unreadable: bool = False


def load_rated_data(
    clap: LoadedClap, config: TrainingConfig, options: DataOptions, progress: ProgressCallback = no_progress
) -> RatedData:
    """Load, check, split and decode.

    Raises:
        UsageError: unknown data set or split.
        DataError: ratings that teach nothing, too few captions to split, clips that cannot be heard.
        UnavailableError: the data are not here, or features cannot be kept.
    """
    dataset, parts = load_parts(config, options.data_root)
    pairs = [*parts["train"], *parts["validation"]]
    paths = list(dict.fromkeys(rated.pair.audio_path for rated in pairs))
    clips = [file_source(path, clap.features.sample_rate_hz) for path in paths]
    features = extract_features(clap, clips, options.cache, options.workers, progress)
    row = {path: k for k, path in enumerate(paths)}
    skipped = {
        rated.pair.pair_id: features.failures[row[rated.pair.audio_path]]
        for rated in pairs
        if row[rated.pair.audio_path] in features.failures
    }
    _check_skipped(skipped, len(pairs), options.skip_unreadable)
    heard = {
        part: tuple(rated for rated in rateds if rated.pair.pair_id not in skipped) for part, rateds in parts.items()
    }
    sets = {part: _pair_set(clap, dataset, rateds, features, row) for part, rateds in heard.items()}
    sha256 = {rated.pair.pair_id: features.identities[row[rated.pair.audio_path]] for rated in pairs}
    return RatedData(dataset, heard, sets, sha256, skipped)


def load_parts(
    config: TrainingConfig, data_root: Path | None = None
) -> tuple[RatedDataset, dict[str, tuple[RatedPair, ...]]]:
    """Return the training part of the data set, and its pairs for training and for validation.

    Validation pairs are in a random order that never changes, so that batches of them mix captions.
    """
    dataset = load_training_part(config, data_root)
    check_ratings(dataset)
    if config.validation_split is None:
        training, validation = hold_out(dataset.pairs, config.validation_share, config.split_by, config.split_seed)
    else:
        held_out = _load(config, config.validation_split, data_root)
        check_ratings(held_out)
        training, validation = list(dataset.pairs), list(held_out.pairs)
        _check_disjoint(training, validation)
        dataset = replace(dataset, pairs=dataset.pairs + held_out.pairs, ratings=dataset.ratings + held_out.ratings)
    validation.sort(key=lambda rated: draw_order(rated.pair.pair_id, config.split_seed))
    return dataset, {"train": tuple(training), "validation": tuple(validation)}


def load_training_part(config: TrainingConfig, data_root: Path | None = None) -> RatedDataset:
    """Load what is trained on: ``train`` unless the config says otherwise; all of a CSV file without splits."""
    if config.train_split is not None or not config.dataset.lower().endswith(".csv"):
        return _load(config, config.train_split or "train", data_root)
    whole = _load(config, None, data_root)
    has_splits = any(rated.split is not None for rated in whole.pairs)
    return _load(config, "train", data_root) if has_splits else whole


def data_record(data: RatedData) -> dict[str, Any]:
    """Return which data were used, down to pairs, captions, clips and listeners, as ``training.json`` holds it."""
    dataset = data.dataset
    return {
        "name": dataset.name,
        "split": dataset.split,
        "screening": dataset.screening,
        "scale": [dataset.scale.low, dataset.scale.high],
        "sha256": dataset.source_sha256,
        "notes": list(dataset.remarks),
        "skipped": data.skipped,
        "parts": {part: _part_record(data, pairs) for part, pairs in data.parts.items()},
    }


def _part_record(data: RatedData, pairs: Sequence[RatedPair]) -> dict[str, Any]:
    ids = {rated.pair.pair_id for rated in pairs}
    return {
        "n_pairs": len(pairs),
        "pair_ids": [rated.pair.pair_id for rated in pairs],
        "captions": _unique(rated.pair.caption for rated in pairs),
        "clips": {
            data.dataset.portable_name(rated.pair.audio_path): data.clip_sha256[rated.pair.pair_id] for rated in pairs
        },
        "listeners": _unique(rating.listener_id for rating in data.dataset.ratings if rating.pair_id in ids),
    }


def _load(config: TrainingConfig, split: str | None, data_root: Path | None) -> RatedDataset:
    return load_dataset(
        config.dataset, split=split, screening=config.screening, data_root=data_root, scale=config.scale
    )


def _pair_set(
    clap: LoadedClap, dataset: RatedDataset, pairs: Sequence[RatedPair], features: ClipFeatures, row: dict[Path, int]
) -> PairSet:
    if not pairs:
        raise DataError(f"{dataset.name}: no pair is left whose clip can be heard; check --data-root")
    return PairSet(
        features,
        np.array([row[rated.pair.audio_path] for rated in pairs]),
        tuple(clap.prepare_captions([rated.pair.caption for rated in pairs])),
        dataset.scale.rescale(np.array([rated.mean_rating for rated in pairs])),
    )


def _check_skipped(skipped: dict[str, str], n_pairs: int, allowed: bool) -> None:
    if skipped and not allowed:
        raise DataError(
            f"the clips of {len(skipped)} of {n_pairs} pairs cannot be heard ({listed(skipped.values())}); "
            "repair them, or leave these pairs out with --skip-unreadable"
        )


def _check_disjoint(training: Sequence[RatedPair], validation: Sequence[RatedPair]) -> None:
    shared = {rated.pair.pair_id for rated in training} & {rated.pair.pair_id for rated in validation}
    if shared:
        raise DataError(
            f"{len(shared)} pairs are in both the training and the validation part ({listed(sorted(shared))}); "
            "choose parts that have none in common"
        )


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))
