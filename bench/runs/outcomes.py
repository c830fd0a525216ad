"""What each metric of a run gave: computed, or kept from an earlier start if it was of the clips that are there now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bench.datasets.types import Tested
from bench.files import workspace
from bench.files.clips import Contents, changed_clips, listen_to, merge, refuse_changed
from metrics.heard import ClipState
from metrics.plugins.contract import checked_scores
from metrics.types import PairScores, RemarkCallback, Scorer


@dataclass(frozen=True)
class Outcomes:
    """Attributes: what each metric gave; the clips that were read for it, by their names in ``scores.csv``."""

    scores: Mapping[str, PairScores]
    clips: Contents


def outcomes_of(
    scorers: Mapping[str, Scorer], dataset: Tested, pairs: pd.DataFrame, folder: Path, remark: RemarkCallback
) -> Outcomes:
    """Score the pairs by each metric whose outcome ``folder`` does not keep; say what was kept and what computed.

    Raises:
        ClapBenchError: clips changed while this was at work. What was scored from those that are there now is kept.
    """
    every = dataset.audio_text_pairs
    references = [one.reference_audio for one in every if one.reference_audio is not None]
    paths = {dataset.portable_name(path): path for path in (*(one.audio_path for one in every), *references)}
    kept = {metric: _kept(metric, scorer, paths, folder, remark) for metric, scorer in scorers.items()}
    found = {
        metric: kept[metric] or _score(metric, scorer, dataset, pairs, folder) for metric, scorer in scorers.items()
    }
    heard = merge(one.clips for one in found.values())
    refuse_changed(changed_clips(heard))
    _say(kept, remark)
    names = {path: name for name, path in paths.items()}
    in_order = [path for path in names if path in heard]
    return Outcomes(
        {metric: one.scores for metric, one in found.items()},
        {names[path]: heard[path].sha256 for path in in_order},
    )


@dataclass(frozen=True)
class _Outcome:
    scores: PairScores
    clips: Mapping[Path, ClipState]


def _kept(
    metric: str, scorer: Scorer, paths: Mapping[str, Path], folder: Path, remark: RemarkCallback
) -> _Outcome | None:
    """Return what the folder keeps of a metric, unless it was of other clips."""
    saved = workspace.saved_outcome(folder, metric, scorer.spec.signature())
    if saved is None:
        return None
    scores, states = saved
    if states is None:
        remark(f"{metric} is scored again: the clips that it was scored from were not noted")
        return None
    clips = {paths[name]: state for name, state in states.items() if name in paths}
    if changed := changed_clips(clips):
        remark(
            f"{metric} is scored again: {len(changed):,} of {len(clips):,} clips are not those that it was scored "
            f"from (first: {changed[0]})"
        )
        return None
    return _Outcome(scores, clips)


def _score(metric: str, scorer: Scorer, dataset: Tested, pairs: pd.DataFrame, folder: Path) -> _Outcome:
    tested = list(dataset.audio_text_pairs)
    answer, clips = listen_to(scorer, tested)
    scores = checked_scores(metric, answer, tested)
    states = {dataset.portable_name(path): state for path, state in clips.items()}
    workspace.save_outcome(folder, pairs, metric, scorer.spec.signature(), scores, states)
    return _Outcome(scores, clips)


def _say(kept: Mapping[str, _Outcome | None], remark: RemarkCallback) -> None:
    there = [metric for metric, outcome in kept.items() if outcome is not None]
    computed = [metric for metric in kept if metric not in there]
    if there and computed:
        remark(f"kept from an earlier start: {', '.join(there)}; scored now: {', '.join(computed)}")
    elif there:
        remark(f"nothing was scored: kept from an earlier start: {', '.join(there)}")
