"""No name that a user may choose has a meaning of its own: not of a metric, a system, a stratum, nor in a signature.

What tables, figures, page and files say of metrics and systems with awkward names is compared with pandas.
"""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.analysis.analyse import analyse
from bench.analysis.context import Settings
from bench.analysis.sample import training_data
from bench.analysis.strata import Bands, standard_strata, system_labels
from bench.datasets.types import RatingScale
from bench.files.manifest import RunManifest, external_signature, read_manifest
from bench.files.metric_names import PAIR_COLUMNS, check_metric_names
from bench.files.records import plain
from bench.reports.contents import build_report
from bench.reports.figures import figures_of
from bench.reports.formats import csv_file, json_file, latex, markdown
from bench.reports.html.content import page_content
from bench.reports.html.page import json_island
from bench.reports.layout import Report, Table
from bench.reports.sections.agreement import LISTENERS, metric_label
from bench.runs.across import across
from bench.runs.compare import compare_runs
from bench.runs.compare_report import build_comparison
from bench.runs.folder import Run, read_run
from bench.runs.reproduce import request_of
from bench.runs.run import RunRequest, run_benchmark
from bench.scoring.plan import MetricSignature
from bench.scoring.report import build_report as build_scoring_report
from bench.scoring.summary import ScoringSummary, SystemMean
from bench.statistics.types import ResamplingPlan
from metrics.errors import UsageError
from tests import plugin
from tests.commands import Bench, make_runner

METRICS = ("human", "listeners", "ratings", "all", "natural", "self", "low", "metric listeners")
HOSTILE = ("a − b", "b", "a", "b − b", "__proto__", "x|scores from a file", "=1+1", "$x_1$", "</script>", "x,y", '"')
SYSTEMS = ("all", "natural", "low", "human", "a=b", "x,y", "system all", "Tango", "tango", "a=b,c=d", "synthesized")
REFUSED = (*PAIR_COLUMNS, "Rating", "CAPTION", " lead", "trail ", "\u2003wide", " ", "zero\u200bwidth", "new\nline")
PLAN = ResamplingPlan(n_resamples=9)
SCALE = RatingScale(0.0, 10.0)


def write_data(folder: Path, name: str = "ratings", seed: int = 0) -> pd.DataFrame:
    """Write and return 6 captions by 11 systems, a third of the pairs natural, rated from 0 to 10."""
    rng = np.random.default_rng(seed)
    rows = [
        {
            "pair_id": f"{caption}/{s}",
            "audio_path": f"{caption}-{s}.wav",
            "text": f"caption {caption}",
            "rating": float(rng.integers(0, 11)),
            "source": "natural" if (caption + s) % 3 == 0 else "synthesized",
            "system": system,
        }
        for caption in range(6)
        for s, system in enumerate(SYSTEMS)
    ]
    data = pd.DataFrame(rows)
    data.to_csv(folder / f"{name}.csv", index=False)
    return data


def write_scores(folder: Path, data: pd.DataFrame, metrics: tuple[str, ...], seed: int = 1) -> dict[str, Path]:
    rng = np.random.default_rng(seed)
    files = {}
    for i, metric in enumerate(metrics):
        data[metric] = data["rating"] / 20 + rng.random(len(data))
        files[metric] = folder / f"scores-{seed}-{i}.csv"
        data[["pair_id", metric]].rename(columns={metric: "score"}).to_csv(files[metric], index=False)
    return files


SLOW = pytest.mark.slow
CHOICES = [
    pytest.param(METRICS[:2], id="two"),
    pytest.param(METRICS, id="field words", marks=SLOW),
    pytest.param(HOSTILE, id="hostile", marks=SLOW),
]


@pytest.fixture(scope="module", params=CHOICES)
def metrics(request: pytest.FixtureRequest) -> tuple[str, ...]:
    names: tuple[str, ...] = request.param
    return names


@pytest.fixture(scope="module")
def made(metrics: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, pd.DataFrame]:
    folder = tmp_path_factory.mktemp("names")
    data = write_data(folder)
    files = write_scores(folder, data, metrics)
    request = RunRequest(str(folder / "ratings.csv"), (), score_files=files, resampling=PLAN, out=folder / "run")
    return run_benchmark(request), data


def report_of(run: Run) -> Report:
    return build_report(run.manifest, run.table, run.analysis)


def table_of(report: Report, title: str) -> Table:
    [table] = [t for section in report.sections for t in section.tables if t.title.startswith(title)]
    return table


def values(table: Table) -> dict[str, list[float]]:
    return {row.label: [cell.estimate for cell in row.cells] for row in table.rows}


def srcc(data: pd.DataFrame, metric: str) -> float:
    return float(data["rating"].corr(data[metric], method="spearman"))


def test_means_by_system_are_those_of_pandas(made: tuple[Run, pd.DataFrame], metrics: tuple[str, ...]) -> None:
    run, data = made
    table = table_of(report_of(run), "Means by system")
    grouped = data.groupby("system")
    systems = sorted(SYSTEMS)
    assert [column.header for column in table.columns] == list(system_labels(systems).values())
    assert [column.n_pairs for column in table.columns] == list(grouped.size()[systems])
    found = values(table)
    assert len(found) == len(table.rows) == len(metrics) + 1
    assert found[LISTENERS] == pytest.approx(list(grouped["rating"].mean()[systems] / 10))
    for metric in metrics:
        assert found[metric_label(metric)] == pytest.approx(list(grouped[metric].mean()[systems])), metric


def test_srcc_by_system_and_source_is_that_of_pandas(made: tuple[Run, pd.DataFrame]) -> None:
    run, data = made
    table = table_of(report_of(run), "Table II.")
    parts = {
        "natural": data[data["source"] == "natural"],
        "synthesized": data[data["source"] == "synthesized"],
        **{
            one.label: data[data["system"] == one.id.removeprefix("system=")]
            for one in run.analysis.strata
            if one.kind == "system"
        },
    }
    headers = [column.header for column in table.columns]
    assert sorted(headers) == sorted(parts)
    for metric, row in values(table).items():
        assert row == pytest.approx([srcc(parts[header], metric) for header in headers], nan_ok=True), metric


def test_no_two_rows_and_no_two_columns_look_alike(made: tuple[Run, pd.DataFrame]) -> None:
    for section in report_of(made[0]).sections:
        for table in section.tables:
            labels = [row.label for row in table.rows]
            assert len(set(labels)) == len(labels), table.title
            if "band" not in table.title:  # where each method has its column "predicted"
                headers = [column.header for column in table.columns]
                assert len(set(headers)) == len(headers), table.title


def test_differences_go_with_their_own_detectable_ones(made: tuple[Run, pd.DataFrame]) -> None:
    run, data = made
    table = table_of(report_of(run), "Differences between metrics, all pairs")
    detectable = {
        (d.metric_a, d.metric_b): d.detectable
        for d in run.analysis.detectable_differences
        if (d.stratum, d.statistic) == ("all", "srcc")
    }
    pairs = dict.fromkeys((d.metric_a, d.metric_b) for d in run.analysis.differences if not d.with_baseline)
    for pair, row in zip(pairs, table.rows, strict=True):
        assert row.cells[0].estimate == pytest.approx(srcc(data, pair[0]) - srcc(data, pair[1]))
        assert row.cells[-1].estimate == pytest.approx(detectable[pair], nan_ok=True)


def test_markdown_and_latex_have_a_row_for_each(made: tuple[Run, pd.DataFrame], metrics: tuple[str, ...]) -> None:
    run, data = made
    text = markdown.render_table(table_of(report_of(run), "Means by system"))
    means = data.groupby("system")["rating"].mean()[sorted(SYSTEMS)] / 10
    [row] = [line for line in text.splitlines() if line.startswith(f"| {LISTENERS} |")]
    assert re.findall(r"\| (\d\.\d{3})", row) == [f"{mean:.3f}" for mean in means]
    for metric in metrics:
        label = markdown.escape(metric_label(metric))
        assert sum(line.startswith(f"| {label} |") for line in text.splitlines()) == 1, metric
    assert latex.render(report_of(run), standalone=False).count("listeners") >= 1


def test_csv_and_json_hold_every_metric(made: tuple[Run, pd.DataFrame], metrics: tuple[str, ...]) -> None:
    run, data = made
    frame = pd.read_csv(io.StringIO(csv_file.render(run.analysis.estimates, run.manifest.signatures)), dtype=str)
    frame = frame[(frame["stratum"] == "all") & (frame["statistic"] == "srcc")]
    assert [name.removeprefix("'") for name in frame["metric"]] == list(metrics)
    assert list(frame["estimate"].astype(float)) == pytest.approx([srcc(data, metric) for metric in metrics])
    for one in json.loads(json_file.render(plain(run.analysis)))["system_means"]:
        of_system = data[data["system"] == one["system"]]
        assert one["ratings"]["estimate"] == pytest.approx(of_system["rating"].mean() / 10)
        assert {metric: mean["estimate"] for metric, mean in one["scores"].items()} == pytest.approx(
            {metric: of_system[metric].mean() for metric in metrics}
        )


def test_the_figure_of_systems_has_ratings_on_its_x_axis(
    made: tuple[Run, pd.DataFrame], metrics: tuple[str, ...]
) -> None:
    run, data = made
    figures = {one.name: one.figure for one in figures_of(run.table, run.analysis, RatingScale(0, 10))}
    means = data.groupby("system").mean(numeric_only=True).loc[sorted(SYSTEMS)]
    panels = figures["systems"].axes
    assert len(panels) == len(metrics)
    for axes, metric in zip(panels, metrics, strict=True):
        markers = [line for line in axes.lines if line.get_marker() not in ("None", "", None)]
        assert [float(line.get_xdata()[0]) for line in markers] == pytest.approx(list(means["rating"] / 10))
        rescaled = (means[metric] - data[metric].mean()) * data["rating"].std() / data[metric].std()
        expected = (rescaled + data["rating"].mean()) / 10
        assert [float(line.get_ydata()[0]) for line in markers] == pytest.approx(list(expected))
    [legend] = figures["systems"].legends
    shown = [text.get_text() for text in legend.get_texts()]
    assert len(set(shown)) == len(shown) == len(SYSTEMS)
    labels = [text.get_text().split("\n")[0] for text in figures["forest"].axes[0].get_yticklabels()]
    assert len(set(labels)) == len(labels)


def test_the_page_tells_metrics_from_listeners_and_systems_from_sources(
    made: tuple[Run, pd.DataFrame], metrics: tuple[str, ...], tmp_path: Path
) -> None:
    run, _ = made
    content = page_content(report_of(run), run.manifest, run.table, run.analysis, None, tmp_path / "page.html")
    data = json.loads(json_island(content))
    assert data["metrics"] == list(metrics)
    beside = ["listeners", "disagreement", "caption", "source", "system", "order of the data", *data["labels"]]
    assert len(set(beside)) == len(beside)
    pairs = {(d.metric_a, d.metric_b) for d in run.analysis.differences}
    places = zip(*(data["differences"][name]["codes"] for name in ("stratum", "statistic", "name")), strict=True)
    named = [name for *place, name in places if place == [0, 0]]
    assert len(set(named)) == len(named) == len(pairs)
    strata = [stratum["label"] for stratum in data["strata"]]
    assert len(set(strata)) == len(strata)
    assert set(data["pairs"]["system"]["values"]) == set(SYSTEMS)


def test_files_are_read_back_as_they_were(made: tuple[Run, pd.DataFrame], metrics: tuple[str, ...]) -> None:
    run, data = made
    again = read_run(run.folder)
    assert markdown.render(report_of(again)) == markdown.render(report_of(run))
    frame = pd.read_csv(run.folder / "scores.csv")
    assert list(frame.columns) == [*PAIR_COLUMNS, *metrics]
    merged = frame.merge(data, on="pair_id", suffixes=("", " as written"))
    for metric in metrics:
        assert list(merged[metric]) == pytest.approx(list(merged[f"{metric} as written"]))
    assert list(merged["rating"]) == list(merged["rating as written"])


def test_a_run_from_before_ratings_were_a_field_is_read(
    made: tuple[Run, pd.DataFrame], metrics: tuple[str, ...], tmp_path: Path
) -> None:
    run, _ = made
    for path in run.folder.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    means = json.loads((run.folder / "system_means.json").read_text())
    rows = [("human", lambda one: one["ratings"]), *((m, lambda one, m=m: one["scores"][m]) for m in metrics)]
    older = [
        {"scored_by": name, "system": one["system"], "n_pairs": one["n_pairs"], "mean": mean(one)}
        for name, mean in rows
        for one in means
    ]
    (tmp_path / "system_means.json").write_text(json.dumps(older))
    manifest = json.loads((run.folder / "manifest.json").read_text())
    del manifest["external"], manifest["analysis"]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    found = read_run(tmp_path)
    assert repr(found.analysis) == repr(run.analysis), "statistics of another version are made anew"
    assert list(found.manifest.external) == list(metrics)
    assert request_of(found.folder, found.manifest, None).metrics == ()


def test_compare_and_across_show_each_metric_once(
    made: tuple[Run, pd.DataFrame], metrics: tuple[str, ...], tmp_path: Path
) -> None:
    run, data = made
    other = write_data(tmp_path, "other", seed=5)
    files = write_scores(tmp_path, other, metrics, seed=6)
    request = RunRequest(str(tmp_path / "other.csv"), (), score_files=files, resampling=PLAN, out=tmp_path / "run")
    now = run_benchmark(request)
    found = across([run, now])
    for metric in metrics:
        estimates = [one.estimate for one in found.estimates[metric] if one is not None]
        assert estimates == pytest.approx([srcc(data, metric), srcc(other, metric)])
    report = build_comparison(compare_runs(run, now))
    rows = values(table_of(report, "All pairs of each run"))
    for metric in metrics:
        assert rows[f"{metric}, before"][0] == pytest.approx(srcc(data, metric))
        assert rows[f"{metric}, now"][0] == pytest.approx(srcc(other, metric))
    moved = values(table_of(report, "Now minus before, all pairs"))
    assert set(moved) == set(metrics)


def test_only_of_signatures_parts_are_left_out(made: tuple[Run, pd.DataFrame], metrics: tuple[str, ...]) -> None:
    run, _ = made
    dataset = replace(run.manifest.dataset, name="b|x")
    signatures = {**run.manifest.signatures, metrics[0]: external_signature(metrics[0], "f" * 64)}
    before = replace(run, manifest=replace(run.manifest, dataset=replace(dataset, name="a|x")))
    manifest = replace(run.manifest, dataset=dataset, signatures=signatures)
    now = replace(run, manifest=manifest, folder=run.folder / "elsewhere")
    table = table_of(build_comparison(compare_runs(before, now)), "What is not as before")
    shown = {row.label: [cell.text for cell in row.cells] for row in table.rows}
    assert shown["data: name"] == ["a|x", "b|x"]
    assert shown[f"signature of {metrics[0]}"][1] == "sha256:" + "f" * 16


def test_a_computed_metric_is_not_the_same_as_scores_from_a_file_of_that_name(
    made: tuple[Run, pd.DataFrame], metrics: tuple[str, ...]
) -> None:
    run, _ = made
    dataset = replace(run.manifest.dataset, name="another", sha256="0")
    computed = replace(run.manifest, dataset=dataset, external={}, signatures={metrics[0]: "computed"})
    for runs in ((run, replace(run, manifest=computed)), (replace(run, manifest=computed), run)):
        with pytest.raises(UsageError, match="is not the same"):
            across(runs)


def test_a_signature_that_speaks_of_files_is_that_of_a_scorer(made: tuple[Run, pd.DataFrame]) -> None:
    signature = "mine|ckpt:scores from a file|sha256:0123456789ab"
    manifest: RunManifest = replace(made[0].manifest, signatures={"mine": signature}, external={})
    assert request_of(Path(), manifest, None).metrics == ("mine",)


def test_old_manifests_name_exactly_their_files(made: tuple[Run, pd.DataFrame], tmp_path: Path) -> None:
    raw = json.loads((made[0].folder / "manifest.json").read_text())
    del raw["external"]
    sha256 = "0123456789abcdef" * 4
    raw["signatures"] = {
        "x": external_signature("x", sha256),
        "scores from a file": "scores from a file|sha256:0123456789ab",
        "y": "y|ckpt:scores from a file|sha256:0123456789abcdef",
        "z|scores from a file": external_signature("z|scores from a file", sha256),
    }
    (tmp_path / "manifest.json").write_text(json.dumps(raw))
    assert set(read_manifest(tmp_path).external) == {"x", "z|scores from a file"}


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Bench:
    monkeypatch.chdir(tmp_path)
    run = make_runner(monkeypatch, capsys)
    return lambda *arguments: run("bench", *arguments)


@pytest.mark.parametrize("name", REFUSED)
def test_a_name_that_would_hide_a_column_is_refused_before_any_work(bench: Bench, name: str) -> None:
    outcome = bench("run", "--dataset", "none.csv", "--scores", f"{name}=none.csv", "--out", "o")
    assert outcome.status == 2
    assert outcome.err.startswith("error: a metric cannot be called")
    assert outcome.err.count("\n") == 1
    assert not Path("o").exists()


def test_two_forms_of_one_name_are_refused(bench: Bench) -> None:
    outcome = bench("run", "--dataset", "none.csv", "--scores", "é=a.csv", "--scores", "e\u0301=b.csv")
    assert (outcome.status, outcome.err[:24]) == (2, "error: two metrics are c")
    outcome = bench("run", "--dataset", "none.csv", "--metrics", "random", "--scores", "random=a.csv")
    assert (outcome.status, outcome.err[:24]) == (2, "error: two metrics are c")


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    plugin.install(folder, "clashing-names", plugin.GOOD, [*PAIR_COLUMNS, "self", "ratings"])
    yield
    sys.modules.pop("clashing_names", None)


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize("name", PAIR_COLUMNS)
def test_a_plugin_cannot_replace_what_is_known_of_pairs(bench: Bench, name: str) -> None:
    write_data(Path())
    for command in (("run", "--dataset", "ratings.csv"), ("score", "ratings.csv")):
        outcome = bench(*command, "--metrics", f"random,{name}", "--out", "o")
        assert outcome.status == 2, outcome.err
        assert f"a metric cannot be called '{name}'" in outcome.err
        assert not Path("o").exists()


@pytest.mark.usefixtures("plugins")
def test_the_list_of_metrics_says_which_names_cannot_be_used(bench: Bench) -> None:
    listed = {one["name"]: one for one in json.loads(bench("metrics", "--json").out)}
    assert not any(listed[name]["available"] for name in PAIR_COLUMNS)
    assert "has the columns" in listed["rating"]["reason"]
    assert listed["self"]["available"]


@pytest.mark.usefixtures("plugins")
def test_plugins_of_any_other_name_run(bench: Bench) -> None:
    data = write_data(Path())
    outcome = bench("run", "--dataset", "ratings.csv", "--metrics", "self,ratings", "--resamples", "9", "--out", "o")
    assert outcome.status == 0, outcome.err
    frame = pd.read_csv("o/scores.csv").set_index("pair_id").loc[list(data["pair_id"])]
    assert list(frame["self"]) == list(frame["ratings"]) == [0.02] * len(data)
    assert list(frame["rating"]) == list(data["rating"])
    assert read_manifest(Path("o")).external == {}


def test_the_check_takes_every_other_name() -> None:
    check_metric_names([*METRICS, *HOSTILE, "A", "Ａ", "犬", "🎻", "isolated:rating", "rate.py:make", "rating2"])


def test_labels_are_as_different_as_names() -> None:
    more = ["All", "Low", "AudioLDM", "audioldm", "system  all", "system system all", " natural", "low, nat."]
    names = [*SYSTEMS, *more]
    pairs = pd.DataFrame(
        {
            "source": ["synthesized"] * len(names) + ["natural"] * 2,
            "system": [*names, "audioldm2", "tango"],
            "rating": [1.0, 9.0] * (len(names) // 2 + 1) + [1.0] * (len(names) % 2),
        }
    )
    strata = standard_strata(pairs, Bands.cut(RatingScale(0.0, 10.0)))
    assert len({stratum.label for stratum in strata}) == len({stratum.id for stratum in strata}) == len(strata)
    assert len(strata) >= len(names) + 6
    assert len(set(system_labels(names).values())) == len(names)
    assert system_labels(["audioldm2"]) == {"audioldm2": "AudioLDM 2"}


def test_a_system_called_all_pairs_has_a_row_of_its_own_in_the_table_of_scores() -> None:
    systems = (None, "all pairs", "system all pairs", "all")
    means = tuple(SystemMean("m", system, k, 0, float(k), 0.0, 0.0, 1.0) for k, system in enumerate(systems))
    summary = ScoringSummary("", 6, 0, 1, 0.95, (MetricSignature("m", "m"),), means)
    [table] = build_scoring_report(summary).sections[0].tables
    assert len({row.label for row in table.rows}) == len(table.rows) == len(systems)


SPELLINGS = ("{}", "{}.", " {} ", "{}!", "“{}”")


def test_an_interval_does_not_depend_on_how_captions_are_spelt(bench: Bench) -> None:
    rng = np.random.default_rng(0)
    truth = np.repeat(rng.normal(size=20), 5)
    data = pd.DataFrame({"pair_id": [f"p{i:03}" for i in range(100)], "audio_path": "x.wav"})
    data["rating"] = np.clip(5 + 2 * truth + rng.normal(size=100), 0, 10)
    scores = data[["pair_id"]].assign(score=truth + rng.normal(size=100))
    scores.to_csv("scores.csv", index=False)
    captions = [f"a dog barks {i // 5} times" for i in range(100)]
    spelt = [SPELLINGS[i % 5].format(caption.upper() if i % 2 else caption) for i, caption in enumerate(captions)]
    said = {}
    for name, texts in (("one", captions), ("many", spelt)):
        data.assign(text=texts).to_csv(f"{name}.csv", index=False)
        outcome = bench("run", "--dataset", f"{name}.csv", "--scores", "m=scores.csv", "--resamples", 99, "--out", name)
        assert outcome.status == 0, outcome.err
        said[name] = outcome.err
    assert Path("one/estimates.json").read_bytes() == Path("many/estimates.json").read_bytes()
    assert list(pd.read_csv("many/scores.csv")["caption"]) == spelt
    assert "100 captions are equal to another" in said["many"]
    assert "warning" not in said["one"]
    assert "they are counted as 20" in Path("many/report.md").read_text()


def test_calibration_leaves_out_captions_that_another_run_spells_in_its_own_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for name, form in (("test", "a dog barks {} times"), ("train", "A dog barks {} times.")):
        ids = [f"{name}{i}" for i in range(60)]
        numbers = [i // 3 + (0 if name == "test" else 10) for i in range(60)]
        data = pd.DataFrame({"pair_id": ids, "audio_path": "x.wav", "text": [form.format(n) for n in numbers]})
        data["rating"] = rng.integers(0, 11, 60)
        data.to_csv(f"{name}.csv", index=False)
        data[["pair_id"]].assign(score=rng.random(60)).to_csv("scores.csv", index=False)
        request = RunRequest(f"{name}.csv", (), score_files={"m": Path("scores.csv")}, resampling=PLAN, out=Path(name))
        run_benchmark(request)
    tested, training = read_run(Path("test")), read_run(Path("train")).table
    numbers = training.pairs["caption"].str.extract(r"(\d+)")[0].astype(int)
    expected = training_data(training.where(numbers >= 20), ["m"], SCALE)
    wanted = analyse(tested.table, None, Settings(SCALE, Bands.cut(SCALE), PLAN), expected).calibrated_errors
    assert read_run(Path("test"), calibrate_on=Path("train")).analysis.calibrated_errors == wanted
