"""Data sets by name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench.datasets.adapters.relate_screening import SCREENINGS, SPLITS
from bench.datasets.catalog import ENTRIES, list_datasets, load_dataset
from metrics.errors import DataError, UsageError
from tests.bench.datasets.adapters.synthetic_relate import write_is_and_os, write_relate


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_is_and_os(write_relate(tmp_path))


def test_relate_by_name(root: Path) -> None:
    assert load_dataset("relate", data_root=root).split == "test"
    assert load_dataset("relate:is", data_root=root, screening="none").screening == "none"
    assert load_dataset("relate:os", data_root=root, split="train").name == "relate:os"


def test_csv_file_by_path(tmp_path: Path) -> None:
    path = tmp_path / "own.CSV"
    path.write_text("audio_path,text,rating\na.wav,A,4\n")
    assert load_dataset(str(path)).pairs[0].mean_rating == 4.0
    with pytest.raises(DataError, match="expected 1 to 3"):
        load_dataset(str(path), scale="1-3")


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("relat", {}, "unknown data set 'relat'; did you mean 'relate'?"),
        ("relate:iss", {}, "did you mean 'relate:is'?"),
        ("nowhere.csv", {}, "nowhere.csv: no such file"),
        ("relate", {"scale": "0-5"}, "--scale has no meaning for relate"),
        ("own.csv", {"screening": "released"}, "--screening has no meaning for own.csv"),
        ("own.csv", {"data_root": Path("x")}, "--data-root has no meaning for own.csv"),
        ("demo", {"scale": "0-5"}, "--scale has no meaning for demo"),
    ],
)
def test_wrong_requests(name: str, options: dict[str, str], expected: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_dataset(name, **options)  # type: ignore[arg-type]
    assert expected in str(caught.value)


def test_demo_by_name(tmp_path: Path) -> None:
    pytest.importorskip("bench.datasets.demo.dataset")
    entry = next(entry for entry in ENTRIES if entry.name == "demo")
    for split in entry.splits:
        for screening in entry.screenings:
            dataset = load_dataset("demo", split=split, screening=screening, data_root=tmp_path, with_audio=False)
            assert (dataset.name, dataset.split, dataset.screening) == ("demo", split, screening)
    default = load_dataset("demo", data_root=tmp_path, with_audio=False)
    assert (default.split, default.screening) == (entry.splits[0], entry.screenings[0])


def test_defaults_come_first_in_the_listing(root: Path) -> None:
    for entry in ENTRIES[:2]:
        dataset = load_dataset(entry.name, data_root=root)
        assert (dataset.split, dataset.screening) == (entry.splits[0], entry.screenings[0])


def test_listing_tells_what_is_there(root: Path, tmp_path: Path) -> None:
    records = {record.entry.name: record for record in list_datasets(root)}
    assert list(records)[:4] == ["relate", "relate:is", "relate:os", "demo"]
    assert records["relate"].location == root
    assert records["relate"].ratings_present
    assert not records["relate"].audio_present
    (tmp_path / "RELATE_wave").mkdir()
    assert list_datasets(tmp_path)[0].audio_present
    assert not list_datasets(tmp_path / "elsewhere")[1].ratings_present
    assert records["demo"].location is None


def test_entries_name_what_the_loaders_accept() -> None:
    relate = ENTRIES[0]
    assert set(relate.splits) == set(SPLITS)
    assert relate.screenings == SCREENINGS


def test_listing_and_loading_import_nothing_heavy(root: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from bench.datasets.catalog import list_datasets, load_dataset;"
        f"list_datasets(); load_dataset('relate', data_root=Path({str(root)!r}));"
        "print(*{'torch', 'pandas', 'scipy', 'matplotlib', 'transformers'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
