"""Every kind of bad clip, through ``bench run`` with a real model: listed with its reason, and the rest are scored."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from tests.commands import Bench
from tests.metrics.clips import write_bad_clips, write_tone

N_GOOD = 12


@pytest.mark.slow
def test_bad_clips_are_listed_and_the_rest_is_scored(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    folder.mkdir()
    bad = write_bad_clips(folder)
    good = {f"good {k}": write_tone(folder / f"good{k}.wav", seed=k) for k in range(N_GOOD)}
    paths = {**{name: path for name, (path, _) in bad.items()}, **good}
    with (tmp_path / "ratings.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["pair_id", "audio_path", "text", "rating"])
        writer.writerows([name, path, f"sound {k}", k % 10] for k, (name, path) in enumerate(paths.items()))

    arguments = ["run", "--dataset", "ratings.csv", "--metrics", "tiny,caption-length", "--resamples", "99"]
    result = bench(*arguments, "--out", "o")
    assert result.status == 3
    assert f"{len(bad)} scores are missing; reasons in o/failures.csv" in result.err
    with Path("o/failures.csv").open(newline="") as file:
        reasons = {row["pair_id"]: row["reason"] for row in csv.DictReader(file) if row["metric"] == "tiny"}
    assert reasons.keys() == bad.keys()
    for name, (_, words) in bad.items():
        assert re.search(words, reasons[name]), (name, reasons[name])
    with Path("o/scores.csv").open(newline="") as file:
        scores = {row["pair_id"]: row for row in csv.DictReader(file)}
    assert {name for name, row in scores.items() if row["tiny"] == ""} == bad.keys()
    assert all(row["caption-length"] for row in scores.values())
    estimates = json.loads(Path("o/estimates.json").read_text())
    assert {one["n_pairs"] for one in estimates if one["stratum"] == "all"} == {N_GOOD}
    assert f"on the {N_GOOD} of {len(paths)} pairs that every metric scored" in result.out
    assert bench(*arguments, "--out", "o", "--strict").status == 1
