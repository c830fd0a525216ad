"""What a trained scorer was shown of the data that it is tested on.

A scorer that was trained on a tested caption, clip or listener may agree with the listeners because it remembers them.
Training writes down what it used (``training.json`` in the checkpoint folder, including what the base model used);
this module counts what of it is among the tested pairs. Captions are compared by `bench.datasets.captions.caption_key`,
clips by content where both hashes are known, else by name, listeners by id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from bench.analysis.overlap import clip_hashes
from bench.datasets.captions import caption_key
from bench.datasets.types import Tested
from bench.files.records import read_records, write_records
from metrics.errors import DataError, reason_of
from metrics.files import read_json
from metrics.models.variants import find_variant
from metrics.types import Scorer, TrainedScorer

TRAINING_NAME = "training.json"
LEAKAGE_NAME = "leakage.json"

PAPER_TRAINING: dict[str, Any] = {
    "data": [
        {
            "name": "relate",
            "parts": {
                "train": {"note": "1,925 pairs of the training split; which ones is not published"},
                "validation": {"note": "458 pairs of the training split; which ones is not published"},
            },
        }
    ]
}
"""What the published Human-CLAP variants were trained on (Human-CLAP paper, section IV-A)."""


@dataclass(frozen=True, slots=True)
class SharedItems:
    """What training and test have in common, of one kind.

    Attributes:
        kind: ``captions``, ``clips`` or ``listeners``.
        n_tested: how many there are among the tested pairs.
        shared: those that were used in training too; None where the training did not write them down.
    """

    kind: str
    n_tested: int
    shared: tuple[str, ...] | None


KINDS_OF_ITEMS = ("captions", "clips", "listeners")


@dataclass(frozen=True, slots=True)
class Leakage:
    """One data set that a scorer, or the model it was fine-tuned from, was trained or validated on.

    Attributes:
        metric: the scorer's name.
        trained_on: name of that data set.
        part: ``train``, whose pairs moved the weights, or ``validation``, which chose among epochs.
        items: what it shares with the tested pairs: one of each of `KINDS_OF_ITEMS`, in this order.
        n_affected: tested pairs that share at least one caption or clip; None where neither was written down.
        note: what else the training says about these data.
    """

    metric: str
    trained_on: str
    part: str
    items: tuple[SharedItems, ...]
    n_affected: int | None
    note: str = ""

    def __post_init__(self) -> None:
        """Raise `ValueError` for other items."""
        kinds = tuple(item.kind for item in self.items)
        if kinds != KINDS_OF_ITEMS:
            raise ValueError(f"items are of {list(kinds)}, expected {list(KINDS_OF_ITEMS)}")

    @property
    def is_clean(self) -> bool:
        """Whether nothing is shared, as far as it was written down."""
        return all(not item.shared for item in self.items)

    @property
    def is_known(self) -> bool:
        """Whether captions or clips were written down at all."""
        return self.n_affected is not None


def read_training(checkpoint: Path) -> dict[str, Any] | None:
    """Return ``training.json`` of a checkpoint folder; None where there is none.

    Raises:
        DataError: it is damaged.
    """
    path = checkpoint / TRAINING_NAME
    try:
        record = read_json(path)
        if not isinstance(record["data"], list):
            raise TypeError("data is no list")
    except FileNotFoundError:
        return None
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} is damaged ({reason_of(error)}); train the model again") from error
    else:
        checked: dict[str, Any] = record
        return checked


def leakage_of(scorers: Mapping[str, Scorer], tested: Tested) -> tuple[Leakage, ...]:
    """Compare what each trained scorer was shown with the tested pairs; others do not appear.

    Args:
        scorers: by metric name.
        tested: the pairs, whose clips are hashed if any training wrote down its own.
    """
    trainings = {metric: training for metric, scorer in scorers.items() if (training := _training_of(metric, scorer))}
    hashes = clip_hashes(tested) if any(map(_names_clips, trainings.values())) else {}
    return tuple(chain.from_iterable(find_leakage(m, training, tested, hashes) for m, training in trainings.items()))


def write_leakage(leakage: Sequence[Leakage], folder: Path) -> None:
    """Write ``leakage.json`` into a run's folder."""
    write_records(folder / LEAKAGE_NAME, leakage)


def read_leakage(folder: Path) -> tuple[Leakage, ...]:
    """Return what `write_leakage` wrote; nothing for runs that were made before it was written.

    Raises:
        DataError: the file is damaged.
    """
    path = folder / LEAKAGE_NAME
    return read_records(path, Leakage, "run the benchmark again") if path.exists() else ()


def find_leakage(
    metric: str, training: Mapping[str, Any], tested: Tested, clip_sha256: Mapping[str, str] | None = None
) -> tuple[Leakage, ...]:
    """Compare what a scorer was trained on with the pairs that it is tested on.

    Args:
        metric: the scorer's name.
        training: what `read_training` gave.
        tested: the pairs.
        clip_sha256: hashes of the tested clips' files by pair id, as far as they are known.

    Returns:
        One record for each part of each data set that the scorer, or a model before it, was trained on.
    """
    return tuple(
        _compare(metric, data, part, items, tested, clip_sha256 or {})
        for data in training["data"]
        for part, items in data["parts"].items()
    )


def _training_of(metric: str, scorer: Scorer) -> Mapping[str, Any] | None:
    folder = scorer.checkpoint_folder if isinstance(scorer, TrainedScorer) else None
    if folder and (training := read_training(folder)):
        return training
    family, _, name = metric.partition(":")
    return PAPER_TRAINING if family == "human" and find_variant(name or None).origin == "published" else None


def _names_clips(training: Mapping[str, Any]) -> bool:
    return any(items.get("clips") for data in training["data"] for items in data["parts"].values())


def _compare(
    metric: str,
    data: Mapping[str, Any],
    part: str,
    items: Mapping[str, Any],
    tested: Tested,
    clip_sha256: Mapping[str, str],
) -> Leakage:
    captions = {caption_key(text) for text in items.get("captions") or ()}
    clips: Mapping[str, str] = items.get("clips") or {}
    contents = set(clips.values()) - {""}
    listeners = set(items.get("listeners") or ())
    pairs = tested.audio_text_pairs
    names = {pair.pair_id: tested.portable_name(pair.audio_path) for pair in pairs}

    def is_shared(pair_id: str) -> bool:
        content, name = clip_sha256.get(pair_id), names[pair_id]
        return content in contents or (name in clips and not (content and clips[name]))

    found_captions = [pair.caption for pair in pairs if caption_key(pair.caption) in captions]
    found_clips = [names[pair.pair_id] for pair in pairs if is_shared(pair.pair_id)]
    heard = tested.listener_ids
    affected = [pair for pair in pairs if caption_key(pair.caption) in captions or is_shared(pair.pair_id)]
    n_captions = len({caption_key(pair.caption) for pair in pairs})
    return Leakage(
        metric,
        str(data["name"]),
        part,
        (
            _shared("captions", n_captions, found_captions, items),
            _shared("clips", len(set(names.values())), found_clips, items),
            _shared("listeners", len(heard), sorted(heard & listeners), items),
        ),
        len(affected) if items.get("captions") is not None or items.get("clips") is not None else None,
        str(items.get("note", "")),
    )


def _shared(kind: str, n_tested: int, found: Iterable[str], items: Mapping[str, Any]) -> SharedItems:
    return SharedItems(kind, n_tested, None if items.get(kind) is None else tuple(dict.fromkeys(found)))
