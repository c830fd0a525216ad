"""A few of the mutants of ``nox -s run_folders``, and the mutants that broke a reader once."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.reports.contents import build_report
from bench.reports.formats.markdown import render
from bench.runs.folder import read_run
from bench.runs.reproduce import reproduce
from metrics.errors import DataError
from tests.studies.attacks.mutants import copy_of
from tests.studies.attacks.run_folders import attack, make_example, make_vote_example, warm_up

MUTANTS = 12
pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="forks, and limits the memory of a process"
)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_example(tmp_path_factory.mktemp("run-folders"))


def test_every_optional_file_is_there(example: Path) -> None:
    run = read_run(example)
    assert run.leakage
    assert run.table.cosines
    assert run.table.n_failures
    assert (example / "ratings.csv").is_file()
    assert all(vars(run.analysis).values())


@pytest.mark.slow
@pytest.mark.parametrize("make", [make_example, make_vote_example], ids=["ratings", "votes"])
def test_damaged_runs_are_shown_or_refused_in_words(make: Callable[[Path], Path], tmp_path: Path) -> None:
    example = make(tmp_path)
    warm_up(example)
    try:
        outcomes = list(attack(range(MUTANTS), example))
    finally:
        gc.unfreeze()  # plugins of hypothesis that are loaded after this look for referrers
    assert [(one.damage, one.crashes) for one in outcomes if one.crashes] == []
    ends = [set(one.commands.values()) for one in outcomes]
    assert sum("refused" in one for one in ends) > MUTANTS // 10  # or nothing was damaged
    assert sum("shown" in one for one in ends) > MUTANTS // 10  # or nothing but the first check was reached


def change(name: str, alter: Callable[[Any], object]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        content = json.loads((folder / name).read_text())
        alter(content)
        (folder / name).write_text(json.dumps(content))

    return damage


def replace(name: str, old: str, new: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        content = (folder / name).read_text()
        assert old in content
        (folder / name).write_text(content.replace(old, new))

    return damage


DAMAGED: dict[str, tuple[Callable[[Path], None], str]] = {
    "a text for a number": (
        change("estimates.json", lambda found: found[3].update(estimate="high")),
        "estimates.json is damaged: [3].estimate is 'high', expected a number",
    ),
    "a list for an object": (
        change("estimates.json", lambda found: found.__setitem__(0, [])),
        "[0] is [], expected an object",
    ),
    "an unknown statistic": (
        change("differences.json", lambda found: found[0].update(statistic="rho")),
        "differences.json is damaged: [0].statistic is 'rho', expected one of srcc, lcc, ktau, mse",
    ),
    "a missing field": (change("evenness.json", lambda found: found[0].pop("excess")), "[0].excess is missing"),
    "an unknown field": (change("evenness.json", lambda found: found[0].update(x=1)), "(a field's name) is 'x'"),
    "a number beyond 64 bits": (change("estimates.json", lambda found: found[0].update(n_pairs=10**30)), "64 bits"),
    "half a character": (change("manifest.json", lambda found: found.update(run_id="\ud800")), "halves of characters"),
    "no resamples": (
        change("manifest.json", lambda found: found["resampling"].update(n_resamples=10**9)),
        "manifest.json is damaged: resampling: n_resamples is 1,000,000,000, expected 1 to 100,000",
    ),
    "a scale that rates nothing": (
        change("manifest.json", lambda found: found["dataset"].update(scale=[5, 5])),
        "dataset: scale is 5 to 5, expected two finite numbers",
    ),
    "a missing mean": (
        change("system_means.json", lambda found: found[1]["scores"].pop("planted")),
        "system_means.json is damaged: [1].scores has means of 'caption-length, loudness, sown', expected one of each",
    ),
    "a metric of another run": (
        change("ceiling_shares.json", lambda found: found[2].update(metric="other")),
        "ceiling_shares.json is damaged: [2].metric is 'other', expected a metric with scores in scores.csv",
    ),
    "a stratum of another run": (
        change("strata.json", lambda found: found[0].update(id="x")),
        "estimates.json is damaged: [0].stratum is 'all', expected a stratum of the run",
    ),
    "no estimates": (
        change("estimates.json", lambda found: found.clear()),
        "estimates.json is damaged: there is no record of metric 'caption-length', stratum 'all', statistic 'srcc'",
    ),
    "a record less": (
        change("ceiling_shares.json", lambda found: found.pop(0)),
        "ceiling_shares.json is damaged: there is no record of metric ",
    ),
    "a dimension less": (
        change("dimension_agreement.json", lambda found: found.pop(0)),
        "dimension_agreement.json is damaged: there is no record of metric 'planted', stratum 'all', dimension",
    ),
    "a record twice": (
        change("estimates.json", lambda found: found.append(found[0])),
        "is of metric 'caption-length', stratum 'all', statistic 'srcc', and so is [0]; expected one record",
    ),
    "an edge that does not rise": (
        change("manifest.json", lambda found: found.update(bands=[7, 3])),
        "manifest.json is damaged: RunManifest: bands is [7, 3], expected one to 9 numbers that rise from above 0",
    ),
    "two kinds of shared items": (
        change("leakage.json", lambda found: found[0]["items"].pop()),
        "leakage.json is damaged: [0]: items are of ['captions', 'clips'], expected ['captions', 'clips', 'listeners']",
    ),
    "cosines of another metric": (
        replace("cosines.csv", "planted", "other"),
        "cosines.csv has a column 'other', no metric of scores.csv",
    ),
    "a failure of another metric": (
        replace("failures.csv", "loudness", "other"),
        "metric 'other' is not in scores.csv",
    ),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_what_has_another_shape_is_named_by_file_and_field(example: Path, tmp_path: Path, case: str) -> None:
    damage, message = DAMAGED[case]
    folder = copy_of(example, tmp_path / "run")
    damage(folder)
    with pytest.raises(DataError) as refused:
        read_run(folder)
    assert message in str(refused.value)


def test_what_the_machine_was_may_be_missing(example: Path, tmp_path: Path) -> None:
    folder = copy_of(example, tmp_path / "run")
    change("manifest.json", lambda found: found["environment"].clear())(folder)
    run = read_run(folder, recompute=True)
    assert "device ?" in render(build_report(run.manifest, run.table, run.analysis))


def test_an_option_of_another_type_is_named_before_anything_is_made_again(example: Path, tmp_path: Path) -> None:
    folder = copy_of(example, tmp_path / "run")
    change("manifest.json", lambda found: found["options"]["scores"].update(value=7))(folder)
    with pytest.raises(DataError, match=r"manifest\.json is damaged: options\.scores is 7, expected a list"):
        reproduce(folder, tmp_path / "again")
    assert not (tmp_path / "again").exists()
