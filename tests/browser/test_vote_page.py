"""The page of votes as readers meet it: sort, filter, choose sides, listen; hostile strings, and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bench.reports.html.vote_content import leans
from bench.runs.vote_folder import VoteRun
from tests.bench.reports.vote_runs import hostile_vote_run, small_vote_run, vote_page_of
from tests.browser.chromium import Browser, Keys
from tests.browser.test_page import GRID, PLAYING, shown_number, state


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> VoteRun:
    return small_vote_run(tmp_path_factory.mktemp("votes"))


@pytest.fixture(scope="module")
def page(run: VoteRun) -> Path:
    return vote_page_of(run, n_embedded=2)


def test_comparisons_are_sorted_by_disagreement(browser: Browser, page: Path, run: VoteRun) -> None:
    browser.open(page)
    listeners, metrics = leans(run.dataset, run.scores)
    for metric in ("good", "poor"):
        browser.select("#pick-second", metric)
        expected = np.sort(np.abs(metrics[metric] - listeners))[::-1]
        browser.until(f"return document.querySelector('{GRID} .tabulator-row') !== null")
        shown = [shown_number(text) for text in browser.column("gap")[:8]]
        np.testing.assert_allclose(shown, expected[:8], atol=0.006)


def test_sides_kinds_and_words_filter(browser: Browser, page: Path, run: VoteRun) -> None:
    browser.open(page)
    assert state(browser) == "40 comparisons"
    listeners, metrics = leans(run.dataset, run.scores)
    product = np.sign(listeners) * np.sign(metrics["good"])
    for text, n in (
        ("different", np.sum(product < 0)),
        ("the same", np.sum(product > 0)),
        ("no side", np.sum(product == 0)),
    ):
        browser.select("#pick-sides", text)
        assert state(browser) == f"{n} of 40 comparisons"
    browser.select("#pick-sides", "anything")
    browser.select("#pick-kind", "far")
    assert state(browser) == "20 of 40 comparisons"
    browser.press("#search", "number 37")
    browser.until("return document.getElementById('pairs-state').textContent === '1 of 40 comparisons'")


def test_measures_switch_and_the_verdict_stands_first(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert "prefers the caption that most listeners prefer" in browser.find("#verdict").text
    assert browser.find("#pairs-heading").text == "Comparisons"
    browser.run("document.querySelector('input[value=auc]').click()")
    assert "comparisons; higher is better" in browser.find("#agreement-state").text
    assert len(browser.all("#figure-list img")) == 3


def test_a_clip_plays_from_the_page_and_by_keys(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.press(GRID, Keys.ENTER)
    browser.until(PLAYING)
    assert browser.find("#detail .wide-play").text.startswith("❚❚ Pause")
    browser.press(GRID, Keys.SPACE)
    browser.until("return document.querySelector('audio').paused")
    assert len(browser.all("#detail .side")) == 2
    assert len(browser.all("#detail .side.preferred")) <= 1


def test_hostile_strings_are_text(browser: Browser, tmp_path: Path) -> None:
    browser.open(vote_page_of(hostile_vote_run(tmp_path)))
    for _ in range(8):
        browser.press(GRID, Keys.ARROW_DOWN)
    assert browser.run("return window.attacked === undefined")


def test_a_phone_shows_both_sides_whole(start: Callable[..., Browser], page: Path) -> None:
    browser = start(width=420, height=900)
    browser.open(page)
    assert browser.run("return document.documentElement.scrollWidth") <= 420
    first = browser.column("a")[0].split("\n")
    assert len(first) == 2, first
    assert browser.complaints() == []
