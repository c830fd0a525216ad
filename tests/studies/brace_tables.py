"""What the README shows of the runs in results/brace, read from their folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.analysis.strata import ALL
from bench.analysis.vote_results import VoteAnalysis
from bench.runs.across import across
from bench.runs.vote_folder import read_vote_run
from tests.studies.example_results import PARTS, RESULTS
from tests.tables import markdown

TITLES = {"audiocaps": "AudioCaps clips", "clotho": "Clotho clips"}
LEAD = ("recovered:laionclap", "recovered:msclap")
BEST = "best."
"""What the ids of sentences begin with that say which metric is best."""


def brace_blocks() -> dict[str, str]:
    """Return the README's blocks by name."""
    published, cosines = ({part: _analysis(part + suffix) for part in PARTS} for suffix in ("", "-cosines"))
    return {
        "brace": _table(published),
        "brace-verdict": "\n".join(f"- {TITLES[part]}: {_best(found)}" for part, found in published.items()),
        "brace-cosines": _table(cosines),
        "brace-lead": _lead(),
    }


def _analysis(name: str) -> VoteAnalysis:
    return read_vote_run(RESULTS / name).analysis


def _table(parts: Mapping[str, VoteAnalysis]) -> str:
    cells = {part: dict(_cells(found)) for part, found in parts.items()}
    metrics = dict.fromkeys(metric for found in cells.values() for metric in found)
    counts = [found.vote_agreements[0].n_comparisons for found in parts.values()]
    head = [f"{TITLES[part]} (n = {n:,})" for part, n in zip(parts, counts, strict=True)]
    return markdown(
        ["metric", *head], [[f"`{metric}`", *(found[metric] for found in cells.values())] for metric in metrics]
    )


def _cells(found: VoteAnalysis) -> Sequence[tuple[str, str]]:
    """Return accuracy and standing on all comparisons, by metric, the best first."""
    standing = {one.metric: one for one in found.standings if one.stratum == ALL}
    n_best = sum(one.may_be_best for one in standing.values())
    words = {True: "best" if n_best == 1 else "may be best", False: "worse"}
    everywhere = [one for one in found.vote_agreements if one.stratum == ALL]
    return [
        (
            one.metric,
            f"{one.accuracy.estimate:.3f} [{one.accuracy.low:.3f}, {one.accuracy.high:.3f}]"
            f" {words[standing[one.metric].may_be_best]}",
        )
        for one in sorted(everywhere, key=lambda one: -one.accuracy.estimate)
    ]


def _best(found: VoteAnalysis) -> str:
    return " ".join(one.text for one in found.verdict if one.id.startswith(BEST))


def _lead() -> str:
    """Say how far LAION CLAP's lead over MS CLAP depends on the clips."""
    found = across([read_vote_run(RESULTS / f"{part}-cosines") for part in PARTS])
    leads = [
        f"{one.estimate:.3f} on {TITLES[part]}" for part, one in zip(PARTS, found.differences[LEAD], strict=True) if one
    ]
    both = found.pooled_differences[LEAD]
    interval = f"{both.first_minus_second:.3f} [{both.first_minus_second_low:.3f}, {both.first_minus_second_high:.3f}]"
    p_value = "p < 0.001" if both.p_same_adjusted < 0.001 else f"p = {both.p_same_adjusted:.3f}"
    return (
        f"LAION CLAP leads MS CLAP by {' and by '.join(leads)}: the lead differs by {interval}, {p_value}, adjusted "
        "for all pairs of metrics ([bench across](results/brace/cosines.md))."
    )
