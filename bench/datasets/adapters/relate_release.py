"""Facts about the release of RELATE that this project knows: addresses, hashes, counts.

Kanamori et al., "RELATE: Subjective evaluation dataset for automatic evaluation of relevance between text and audio",
Interspeech 2025; https://github.com/sarulab-speech/RELATE at the commit below. No licence is stated there: files are
fetched for the user and never redistributed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from metrics.files import data_folder, named_folder

Kind = Literal["rel", "is", "os"]

COMMIT = "05935d968f7c4029b8a235b82425c4d2919faf69"
RATINGS_URL = f"https://raw.githubusercontent.com/sarulab-speech/RELATE/{COMMIT}"
AUDIO_URL = "https://sarulab.sakura.ne.jp/kanamori/RELATE_open_dataset/RELATE_wave.zip"
ROOT_VARIABLE = "RELATE_ROOT"

AUDIO_FOLDER = "RELATE_wave"
SYSTEMS = ("audiocaps", "audioldm", "audioldm2", "tango", "tango2")
AUDIOCAPS_SPLITS = ("train", "test")
SAMPLE_RATE_HZ = 16_000

SHA256 = {
    "scores/REL.csv": "cea68d02735ac13a5cc3a05fafb4bc07a0342815c6a75fbf64284e39271c5dcd",
    "scores/IS.csv": "ef1e724be33ead60e54c797f9c52805eac7f7870a46760c855634d3a19597be4",
    "scores/OS.csv": "fce6baeb0a52a44e956d07a05114a5ff24d1bc95b6fadb334b639777ca565197",
    "listener_attributes/REL.csv": "6b707d29244ae7ec872dc0e61328719d64bda96b0744043b0089b371619d6f12",
    "listener_attributes/IS_and_OS.csv": "7e0c73614b02c197627c8980b26056e437116e37881b7ca6cc49f8271ea507a0",
}

N_ROWS: dict[Kind, int] = {"rel": 28_770, "is": 28_833, "os": 28_833}


@dataclass(frozen=True, slots=True)
class Counts:
    """How many pairs, ratings and listeners a selection has."""

    pairs: int
    ratings: int
    listeners: int

    def __str__(self) -> str:
        return f"{self.pairs:,} pairs, {self.ratings:,} ratings, {self.listeners:,} listeners"


# By (kind, split, screening), counted in the files whose hashes are above. The README states the same for `released`,
# except for OS train.
EXPECTED_COUNTS: dict[tuple[Kind, str, str], Counts] = {
    ("rel", "train", "released"): Counts(2_862, 9_963, 1_085),
    ("rel", "train", "anchor-mean"): Counts(2_892, 10_203, 1_113),
    ("rel", "train", "none"): Counts(2_973, 12_504, 1_364),
    ("rel", "test", "released"): Counts(2_598, 7_797, 873),
    ("rel", "test", "anchor-mean"): Counts(2_892, 9_903, 1_101),
    ("rel", "test", "none"): Counts(2_955, 12_156, 1_353),
    ("rel", "csv-validation", "released"): Counts(1_287, 3_897, 712),
    ("rel", "csv-test", "released"): Counts(1_311, 3_900, 726),
    ("is", "train", "released"): Counts(2_649, 7_641, 864),
    ("is", "train", "anchor-mean"): Counts(2_712, 7_980, 902),
    ("is", "train", "none"): Counts(2_937, 12_225, 1_361),
    ("is", "test", "released"): Counts(2_334, 5_865, 635),
    ("is", "test", "anchor-mean"): Counts(2_730, 8_400, 901),
    ("is", "test", "none"): Counts(2_919, 12_489, 1_353),
    ("os", "train", "released"): Counts(1_305, 3_831, 683),
    ("os", "train", "anchor-mean"): Counts(2_766, 8_292, 929),
    ("os", "train", "none"): Counts(2_937, 12_225, 1_361),
    ("os", "test", "released"): Counts(1_185, 2_943, 525),
    ("os", "test", "anchor-mean"): Counts(2_802, 8_592, 926),
    ("os", "test", "none"): Counts(2_919, 12_489, 1_353),
}


def score_file(kind: Kind) -> str:
    """Return the path of the ratings under the data root, e.g. ``scores/REL.csv``."""
    return f"scores/{kind.upper()}.csv"


def data_root(root: Path | None = None) -> Path:
    """Return ``root``, else ``$RELATE_ROOT``, else the user's data folder."""
    if root is not None:
        return root
    return named_folder(ROOT_VARIABLE) or data_folder() / "relate"


def audio_root(root: Path) -> Path:
    """Return the folder of the systems' folders: ``root/RELATE_wave``, where a pull puts them, ``root``, or wherever
    the archive's own folders have put them when it was unpacked by hand, up to two levels below.
    """
    unpacked = root / AUDIO_FOLDER
    likely = (unpacked, root)
    complete = next((folder for folder in (*likely, *_below(root)) if _n_systems(folder) == len(SYSTEMS)), None)
    return complete or max(likely, key=_n_systems)


def _n_systems(folder: Path) -> int:
    return sum((folder / system).is_dir() for system in SYSTEMS)


def _below(root: Path) -> list[Path]:
    """Return the folders in ``root`` and in those, by name; none of a folder that cannot be read."""
    try:
        children = sorted(folder for folder in root.iterdir() if folder.is_dir() and folder.name not in SYSTEMS)
        return [*children, *(deeper for child in children for deeper in sorted(child.iterdir()) if deeper.is_dir())]
    except OSError:
        return []
