"""The page as a file: its data are the run's, nothing in them can become markup, and nothing is fetched."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
import soundfile
from scipy.stats import rankdata

from bench.files.ratings import read_ratings
from bench.reports.contents import build_report
from bench.reports.html.clips import embed_clips, most_disputed
from bench.reports.html.content import Figure, page_content
from bench.reports.html.page import json_island, render_page
from bench.reports.html.pairs import clip_urls, rank_pairs
from bench.runs.folder import Run
from bench.runs.page import write_page
from tests.bench.reports.runs import ATTACKS, full_size_run, hostile_run, page_of, small_run


class Elements(HTMLParser):
    """Tags with their attributes, and the text of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {"script": [], "style": []}
        self._inside: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in self.texts:
            self.texts[tag].append("")
            self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts[self._inside][-1] += data


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return small_run(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return hostile_run(tmp_path_factory.mktemp("hostile"))


def island(page: Path) -> Any:
    """The data as the browser's JSON parser sees them."""
    return json.loads(Elements(page.read_text(encoding="utf-8")).texts["script"][0])


def test_the_island_holds_the_runs_numbers(run: Run) -> None:
    data = island(page_of(run))
    pairs = data["pairs"]
    assert data["metrics"] == run.table.metrics
    assert pairs["id"] == list(run.table.pairs["pair_id"])
    assert [pairs["caption"]["values"][code] for code in pairs["caption"]["codes"]] == list(run.table.pairs["caption"])
    np.testing.assert_allclose(pairs["rating"], run.table.pairs["rating"], rtol=1e-5)
    for scores, ranks, metric in zip(pairs["scores"], pairs["ranks"], data["metrics"], strict=True):
        np.testing.assert_allclose(scores, run.table.scores[metric], rtol=1e-5)
        np.testing.assert_allclose(ranks, rankdata(-run.table.scores[metric]))
    estimates = data["estimates"]
    assert len(estimates["estimate"]) == len(run.analysis.estimates)
    for i, found in enumerate(run.analysis.estimates):
        assert estimates["metric"]["values"][estimates["metric"]["codes"][i]] == found.metric
        shown = estimates["estimate"][i]
        assert (math.nan if shown is None else shown) == pytest.approx(found.estimate, rel=1e-5, nan_ok=True)


def test_the_island_holds_every_rating(run: Run) -> None:
    found = island(page_of(run))["pairs"]["ratings"]
    ratings = read_ratings(run.folder, list(run.table.pairs["pair_id"]))
    assert ratings is not None
    for pair, flat in enumerate(found):
        assert flat[1::2] == ratings.scores[ratings.pair == pair].tolist()
        assert np.mean(flat[1::2]) == pytest.approx(run.table.pairs["rating"].iloc[pair])


def test_the_tables_are_those_of_the_report(run: Run) -> None:
    report = build_report(run.manifest, run.table, run.analysis)
    sections = island(page_of(run))["sections"]
    assert [section["heading"] for section in sections] == [section.heading for section in report.sections]
    shown = [[cell.get("text", "") for cell in row["cells"]] for row in sections[0]["tables"][0]["rows"]]
    assert shown == [[cell.value for cell in row.cells] for row in report.sections[0].tables[0].rows]


def test_missing_scores_and_ratings_are_null(run: Run, tmp_path: Path) -> None:
    holes = {metric: np.where(np.arange(24) == 3, np.nan, values) for metric, values in run.table.scores.items()}
    table = type(run.table)(run.table.pairs, holes)
    report = build_report(run.manifest, table, run.analysis)
    page = tmp_path / "page.html"
    page.write_text(render_page(page_content(report, run.manifest, table, run.analysis, None, page)), encoding="utf-8")
    pairs = island(page)["pairs"]
    assert pairs["ratings"] is None
    assert [scores[3] for scores in pairs["scores"]] == [None, None]
    assert [ranks[3] for ranks in [pairs["rating_rank"], *pairs["ranks"]]] == [None, None, None]
    assert max(rank for rank in pairs["ranks"][0] if rank is not None) == 23


def test_ranks_are_among_the_pairs_that_every_metric_scored(run: Run) -> None:
    first, second = run.table.metrics
    holes = np.where(np.arange(24) < 4, np.nan, run.table.scores[first])
    nothing = np.full(24, np.nan)
    table = type(run.table)(run.table.pairs, {first: holes, second: run.table.scores[second], "failed": nothing})
    ranks = rank_pairs(table)
    assert np.isnan(ranks.metrics["failed"]).all()
    for found in (ranks.listeners, ranks.metrics[first], ranks.metrics[second]):
        assert np.isnan(found[:4]).all()
        assert found[4:].sum() == 20 * 21 / 2
    assert set(most_disputed(table, 100)) == set(range(4, 24))


def test_attacks_stay_data(hostile: Run) -> None:
    page = page_of(hostile)
    text = page.read_text(encoding="utf-8")
    elements, data = Elements(text), island(page)
    assert [tag for tag, _ in elements.tags if tag in ("script", "img", "iframe", "object", "embed", "base")] == [
        "script"
    ] * 3
    assert not [
        name for _, attributes in elements.tags for name in attributes if name.startswith("on") or name == "style"
    ]
    assert set("<>&") & set(elements.texts["script"][0]) == set()
    captions = data["pairs"]["caption"]["values"]
    assert [captions[i].startswith(attack) for i, attack in enumerate(ATTACKS)] == [True] * len(ATTACKS)


@pytest.mark.parametrize("text", [*ATTACKS, "\x00\x1f", "\udc80", "\\u003c", "]]>"])
def test_json_island_gives_back_what_it_was_given(text: str) -> None:
    found = json_island({text: [text]})
    assert found.isascii()
    assert not set("<>&") & set(found)
    assert json.loads(found) == {text: [text]}


def test_json_island_refuses_what_json_does_not_know() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_island([float("nan")])


def test_the_policy_names_the_hash_of_every_script_and_style_and_no_other_source(run: Run) -> None:
    elements = Elements(page_of(run).read_text(encoding="utf-8"))
    policies = [a["content"] or "" for tag, a in elements.tags if tag == "meta" and a.get("http-equiv")]
    rules = dict(rule.strip().split(" ", 1) for rule in policies[0].split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"].split() == [source(text) for text in elements.texts["script"][1:]]
    assert rules["style-src"].split() == [source(text) for text in elements.texts["style"]]
    assert rules["media-src"] == "'self' file: data:"
    assert {"connect-src", "unsafe-inline"}.isdisjoint(policies[0].replace("'", "").split())


def source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_nothing_is_fetched(hostile: Run) -> None:
    elements = Elements(page_of(hostile).read_text(encoding="utf-8"))
    addresses = [a.get(name) or "" for _, a in elements.tags for name in ("src", "href", "action", "poster", "data")]
    assert {address for address in addresses if address} == {"#pairs"}
    assert not re.findall(r"@import|url\((?!['\"]?data:)", "".join(elements.texts["style"]))


@pytest.mark.slow
def test_clips_are_found_relative_to_the_page(hostile: Run, tmp_path: Path) -> None:
    for page in (page_of(hostile), page_of(hostile, tmp_path / "else where" / "page.html")):
        urls = island(page)["pairs"]["urls"]
        for rest, name in zip(urls["rest"], hostile.table.pairs["audio"], strict=True):
            url = urls["prefix"] + rest
            assert re.fullmatch(r"[\w.~/%-]+", url, re.ASCII)
            assert not url.startswith("/")
            clip = (page.parent / unquote(url)).resolve()
            assert clip.name == name
            assert clip.is_file()


def test_a_clip_outside_the_data_is_found_too(tmp_path: Path) -> None:
    names = ["in.wav", str(tmp_path / "out" / "a.wav"), "http://somewhere/b.wav"]
    urls = clip_urls(names, tmp_path / "data", tmp_path / "run" / "report.html")
    assert [urls["prefix"] + rest for rest in urls["rest"]] == [
        "../data/in.wav",
        "../out/a.wav",
        "../data/http%3A/somewhere/b.wav",
    ]


def test_most_disputed_pairs_take_turns(run: Run) -> None:
    table = run.table
    human = rankdata(-table.pairs["rating"])
    distance = [np.abs(rankdata(-values) - human) for values in table.scores.values()]
    chosen = most_disputed(table, 4)
    assert chosen[0] == np.argmax(distance[0])
    assert distance[1][chosen[1]] >= np.delete(distance[1], chosen[0]).max()
    assert sorted(most_disputed(table, 1000)) == list(range(24))
    assert most_disputed(table, 0) == []


def test_embedded_clips_are_the_sound_of_their_files(run: Run) -> None:
    clips = embed_clips(run.table, Path(run.manifest.dataset.audio_root), 1000)
    assert sorted(clips.uris) == list(range(23))
    assert len(clips.problems) == 1
    assert "23 tone.wav: no such file" in clips.problems[0]
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(clips.uris[5].partition(",")[2])))
    assert rate == 16000
    assert len(samples) / rate == pytest.approx(2.0, abs=0.2)
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) * rate / len(samples) == pytest.approx(220 + 20 * 5, abs=2)
    assert len(clips.uris[5]) < 40_000


def test_embedding_counts(run: Run, tmp_path: Path) -> None:
    chosen = {str(row) for row in most_disputed(run.table, 5)}
    assert set(island(page_of(run, tmp_path / "a.html", 5))["clips"]) == chosen - {"23"}
    assert island(page_of(run, tmp_path / "b.html"))["clips"] == {}
    report = build_report(run.manifest, run.table, run.analysis)
    _, problems = write_page(run, report, tmp_path / "c.html", 24)
    assert len(problems) == 1


def test_figures_are_data(run: Run, tmp_path: Path) -> None:
    figure = Figure("scatter", "Score <b>against</b> rating", "<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>")
    report = build_report(run.manifest, run.table, run.analysis)
    page = tmp_path / "page.html"
    content = page_content(report, run.manifest, run.table, run.analysis, None, page, [figure])
    page.write_text(render_page(content), encoding="utf-8")
    assert island(page)["figures"] == [{"name": figure.name, "caption": figure.caption, "svg": figure.svg}]


@pytest.mark.slow
def test_size_at_full_size(tmp_path: Path) -> None:
    page = page_of(full_size_run(tmp_path))
    assert len(island(page)["pairs"]["id"]) == 2598
    assert page.stat().st_size < 3_000_000


def test_the_shipped_library_is_what_its_readme_says() -> None:
    from bench.reports.html import page as page_module

    vendor = Path(page_module.__file__).parent / "vendor"
    stated = dict(re.findall(r"^\| `([\w.]+)` .*`([0-9a-f]{64})` \|$", (vendor / "README.md").read_text(), re.M))
    assert set(stated) == {path.name for path in vendor.iterdir()} - {"README.md"}
    for name, digest in stated.items():
        assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == digest
