"""The paper's figures as data: complete, and read as they were printed."""

from __future__ import annotations

from bench.reports.published import load_figures, load_publications, remarks


def test_every_number_of_the_papers_tables_is_there() -> None:
    figures = [figure for figure in load_figures("relate", [5.0]) if figure.publication == "human-clap"]
    by_table = {
        "I": [f for f in figures if f.stratum == "all"],
        "II": [f for f in figures if f.stratum.startswith(("source", "system"))],
        "III": [f for f in figures if f.stratum.startswith("band")],
    }
    assert {name: len(part) for name, part in by_table.items()} == {"I": 7 * 4, "II": 6 * 6, "III": 6 * 6}
    assert len({(f.model, f.stratum, f.statistic) for f in figures}) == len(figures)


def test_well_known_figures() -> None:
    value = {(f.model, f.stratum, f.statistic): f.value for f in load_figures("relate", [5.0])}
    assert value["LAION CLAP", "all", "srcc"] == 0.280
    assert value["Human-CLAP wSCE + MAE", "all", "srcc"] == 0.457
    assert value["Human-CLAP wSCE + MAE", "source=synthesized", "srcc"] == 0.583
    assert value["Human-CLAP MAE", "system=tango", "srcc"] == 0.448
    assert value["LAION CLAP", "band=low,source=natural", "srcc"] == 0.072


def test_each_publication_says_which_pairs_it_used() -> None:
    assert all(publication.remark for publication in load_publications().values())
    (first, *_) = remarks(load_figures("relate", [5.0]))
    assert "2,405" in first


def test_figures_on_other_score_bands_are_left_out() -> None:
    """Otherwise the paper's correlation of ratings up to 5 would stand in our column of ratings up to 3."""
    at_five, elsewhere = load_figures("relate", [5.0]), load_figures("relate", [3.0, 7.0])
    assert {f.stratum for f in at_five} - {f.stratum for f in elsewhere} == {
        f"band={band}{of}" for band in ("low", "high") for of in ("", ",source=natural", ",source=synthesized")
    }
    assert [f for f in at_five if not f.stratum.startswith("band=")] == elsewhere
