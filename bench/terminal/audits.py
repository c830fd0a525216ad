"""Audits of data sets as tables on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from bench.analysis.audit import AudioAudit, Audit, ClipProblem, GroupSummary
    from bench.analysis.audit_dimensions import DimensionSummary
    from bench.analysis.vote_audit import VoteAudit

EXAMPLES_SHOWN = 3
SHARED = {"clip": "which of two captions fits a clip", "caption": "which of two clips fits a caption"}


def rating_tables(found: Audit) -> list[Table]:
    """Return what there is to tell of ratings, and the clips."""
    return [
        _overview(found),
        _groups(found.groups),
        *([_dimensions(found.dimensions)] if len(found.dimensions) > 1 else []),
        _histogram("ratings per pair", "pairs", found.ratings_per_pair),
        _histogram("pairs per caption", "captions", found.pairs_per_caption),
        _clips(found.audio),
    ]


def vote_tables(found: VoteAudit) -> list[Table]:
    """Return what there is to tell, and the clips."""
    tables = [
        _votes_overview(found),
        _vote_groups(found),
        _histogram("votes per comparison", "comparisons", found.votes_per_comparison),
    ]
    if found.systems:
        systems = Table("what made a side", *found.systems)
        systems.add_row("sides of comparisons", *(f"{count:,}" for count in found.systems.values()))
        tables.append(systems)
    return [*tables, _clips(found.audio)]


def _votes_overview(found: VoteAudit) -> Table:
    table = Table(title=found.name)
    table.add_column("what")
    table.add_column("value", justify="right")
    table.add_row("asked", SHARED[found.shared])
    table.add_row("comparisons", f"{found.groups[0].n_comparisons:,}" if found.groups else "0")
    table.add_row("pairs of a clip and a caption", f"{found.n_pairs:,}")
    table.add_row("captions", f"{found.n_captions:,}")
    table.add_row("listeners", f"{found.n_listeners:,}" if found.n_listeners else "not named")
    table.add_row("sha256 of the votes", found.source_sha256[:16] + "…")
    return table


def _vote_groups(found: VoteAudit) -> Table:
    table = Table(title="votes; agreement: of one vote with most of the others on the same comparison")
    table.add_column("kind", no_wrap=True)
    for name in ("n", "votes", "ties", "no majority", "both sides", "agreement"):
        table.add_column(name, justify="right")
    for group in found.groups:
        counts = (group.n_comparisons, group.n_votes, group.n_ties, group.n_equal, group.n_contradicted)
        agreement = "-" if group.one_vote is None else f"{group.one_vote:.3f}"
        table.add_row(group.label, *(f"{count:,}" for count in counts), agreement)
    return table


def _overview(found: Audit) -> Table:
    table = Table(title=f"{found.name}, split {found.split or 'all'}, screening {found.screening or 'none'}")
    table.add_column("what")
    table.add_column("value", justify="right")
    table.add_row("pairs", f"{found.n_pairs:,}")
    table.add_row("ratings", f"{found.n_ratings:,}")
    table.add_row("listeners", f"{found.n_listeners:,}" if found.n_listeners else "not named")
    table.add_row("captions", f"{found.n_captions:,}")
    if found.single_rating_share is not None:
        table.add_row("pairs with one rating only", f"{found.single_rating_share:.1%}")
    table.add_row("pairs with the clip and caption of another", f"{sum(map(len, found.duplicates)):,}")
    for name, value in (found.reliability or {}).items():
        table.add_row(name, f"{value:.3f}" if isinstance(value, float) else str(value))
    table.add_row("sha256 of the ratings", found.source_sha256[:16] + "…")
    return table


def _groups(groups: tuple[GroupSummary, ...]) -> Table:
    table = Table("stratum", title="mean ratings of the pairs")
    for name in ("pairs", "ratings", "mean", "SD"):
        table.add_column(name, justify="right")
    for group in groups:
        sd = "-" if group.sd is None else f"{group.sd:.2f}"
        table.add_row(group.label, f"{group.n_pairs:,}", f"{group.n_ratings:,}", f"{group.mean:.2f}", sd)
    return table


def _dimensions(dimensions: Sequence[DimensionSummary]) -> Table:
    table = Table("dimension", title="what was rated, the target first")
    for name in ("pairs", "mean", "SD", "SRCC with the target"):
        table.add_column(name, justify="right")
    for one in dimensions:
        sd, srcc = ("-" if value is None else f"{value:.2f}" for value in (one.sd, one.srcc))
        table.add_row(one.dimension, f"{one.n_pairs:,}", f"{one.mean:.2f}", sd, srcc)
    return table


def _histogram(value: str, counted: str, counts: Mapping[int, int]) -> Table:
    table = Table(value, *map(str, counts))
    table.add_row(counted, *(f"{count:,}" for count in counts.values()))
    return table


def _clips(audio: AudioAudit) -> Table:
    table = Table("what", "clips", "for example", title="clips")
    table.add_row("named by the pairs", f"{audio.n_clips:,}", "")
    table.add_row("missing", *_examples(audio.missing))
    table.add_row("unreadable", *_examples(audio.unreadable))
    table.add_row("too short", *_examples(audio.too_short))
    table.add_row(f"not at {audio.expected_rate_hz or '?'} Hz", *_examples(audio.wrong_rate))
    if audio.durations_s is not None:
        shortest, middle, longest = audio.durations_s
        table.add_row("seconds: least, median, most", "", f"{shortest:.2f}, {middle:.2f}, {longest:.2f}")
    table.add_row("by channels", "", ", ".join(f"{n}: {count:,}" for n, count in audio.channels.items()) or "-")
    return table


def _examples(problems: tuple[ClipProblem, ...]) -> tuple[str, str]:
    shown = [f"{problem.pair_id} {problem.found}" for problem in problems[:EXAMPLES_SHOWN]]
    return f"{len(problems):,}", "\n".join(shown)
