"""Was a trained metric shown what it is tested on?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.analysis.leakage import Leakage, SharedItems
from bench.reports.layout import DASH, Cell, Column, Row, Section, Table

NOT_WRITTEN_DOWN = Cell(text=DASH)


def leakage_section(leakage: Sequence[Leakage]) -> Section | None:
    """Return what each trained metric shares with the tested pairs; None if no metric is trained."""
    if not leakage:
        return None
    columns = ("shown", "captions", "clips", "listeners", "pairs affected")
    table = Table(
        "What trained metrics have seen of these pairs",
        "Shared with the training of a metric, or of the model that it was fine-tuned from, of all that is tested. "
        "Captions are compared without regard to case, spaces, punctuation around them and Unicode form, clips by "
        "content. Validation pairs choose among epochs. "
        f"{DASH}: not written down by the training.",
        tuple(map(Column, columns)),
        tuple(Row(one.metric, _cells(one)) for one in leakage),
    )
    return Section("Leakage", (_verdict(leakage),), (table,))


def _verdict(leakage: Sequence[Leakage]) -> str:
    """Say in a sentence or two how far figures of trained metrics can be believed."""
    names = {
        "leaking": _names(one for one in leakage if one.n_affected),
        "unknown": _names(one for one in leakage if not one.is_known),
        "heard": _names(one for one in leakage if not one.is_clean and not one.n_affected),
    }
    sentences = {
        "leaking": "**{} saw tested captions or clips in training: expect less agreement on unseen data.**",
        "unknown": "What {} was trained on is not written down pair by pair: what it saw of these pairs is unknown.",
        "heard": "{} learned from some of the same listeners, on other captions and clips.",
    }
    said = [sentences[kind].format(", ".join(metrics)) for kind, metrics in names.items() if metrics]
    return " ".join(said) or "No tested caption, clip or listener was used in training, as far as it was written down."


def _names(leakage: Iterable[Leakage]) -> list[str]:
    return list(dict.fromkeys(one.metric for one in leakage))


def _cells(one: Leakage) -> tuple[Cell, ...]:
    affected = NOT_WRITTEN_DOWN if one.n_affected is None else Cell(text=f"{one.n_affected:,}")
    shown = Cell(text=f"{one.trained_on}, {one.part}", note=one.note)
    return (shown, *map(_count, one.items), affected)


def _count(item: SharedItems) -> Cell:
    if item.shared is None:
        return NOT_WRITTEN_DOWN
    return Cell(text=f"{len(item.shared):,} of {item.n_tested:,}")
