"""Which clips scores belong to: by their content, not by their names.

Every scorer is listened to (`metrics.heard`), so that what it read of each clip is kept beside its scores. Scores of
other clips than are there now are computed again, and what is there is asked cheaply: by the stamp of each file, and by
its content where the stamp is another. ``clips.json`` of a run holds the sha256 of each clip's content by the clip's
name in ``scores.csv``, null where it could not be read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.files.manifest import ClipsRecord
from metrics import audio
from metrics.errors import ClapBenchError, DataError, reason_of
from metrics.files import read_json, write_text
from metrics.heard import ClipState, Stamp, listening, stamp_of
from metrics.types import AudioTextPair, PairScores, Scorer

CLIPS_NAME = "clips.json"

ClipStates = Mapping[Path, ClipState]
Contents = Mapping[str, str | None]
"""sha256 by a clip's name, see `metrics.heard.ClipState`."""


def listen_to(scorer: Scorer, pairs: Sequence[AudioTextPair]) -> tuple[PairScores | np.ndarray, dict[Path, ClipState]]:
    """Have a scorer score, and return with its answer the clips that it read, in the order of the pairs.

    Scorers of this package read clips through `metrics.audio` alone and say so (``tells_what_it_heard``). Others may
    read by themselves, in another process perhaps: all clips, and references, are taken to be theirs, and those that
    they were not heard to read are hashed afterwards.
    """
    references = (pair.reference_audio for pair in pairs if pair.reference_audio is not None)
    paths = dict.fromkeys([*(pair.audio_path for pair in pairs), *references])
    tells = getattr(scorer, "tells_what_it_heard", False)
    before = {} if tells else {path: stamp_of(path) for path in paths}
    with listening() as heard:
        answer = scorer.score(pairs)
    unheard = {path: _read_since(path, stamp) for path, stamp in before.items() if path not in heard}
    states = {**heard, **unheard}
    return answer, {path: states[path] for path in paths if path in states}


def merge(states: Iterable[ClipStates]) -> dict[Path, ClipState]:
    """Return the clips that several metrics read.

    Raises:
        ClapBenchError: two of them read other content in one file.
    """
    merged: dict[Path, ClipState] = {}
    changed: dict[Path, None] = {}
    for one in states:
        for path, state in one.items():
            if merged.setdefault(path, state).sha256 != state.sha256:
                changed[path] = None
    refuse_changed(list(changed))
    return merged


def changed_clips(states: ClipStates) -> list[Path]:
    """Return the clips that are not what they were: another stamp, and other content."""
    return [path for path, state in states.items() if not _is_still(path, state)]


def refuse_changed(changed: Sequence[Path]) -> None:
    """Raise `ClapBenchError` if clips changed while they were scored."""
    if changed:
        raise ClapBenchError(
            f"{len(changed):,} clips changed while they were scored (first: {changed[0]}); leave them alone and start "
            "the same command again: only what was scored from other clips is scored again"
        )


def record_of(contents: Iterable[str | None]) -> ClipsRecord:
    """Return number and hash of clips, given by their contents."""
    listed = list(contents)
    return ClipsRecord(len(listed), _digest(listed))


def facts_of(states: Iterable[ClipState]) -> dict[str, Any]:
    """Return clips in three lines, for `are_still`: number, hash of their contents, and hash of their stamps.

    The latter is None if one of the stamps proves nothing.
    """
    listed = list(states)
    record = record_of(state.sha256 for state in listed)
    return {"n": record.n_clips, "sha256": record.sha256, "stamps": _digest_of_stamps(one.stamp for one in listed)}


def are_still(facts: Mapping[str, Any], paths: Sequence[Path]) -> bool:
    """Whether clips are those of which `facts_of` was told, in the same order; none are, of scores without audio."""
    if not facts["n"]:
        return True
    if facts["stamps"] is not None and facts["stamps"] == _digest_of_stamps(map(stamp_of, paths)):
        return True
    return record_of(map(content_of, paths)).sha256 == str(facts["sha256"])


def content_of(path: Path) -> str | None:
    """Return the sha256 of a clip, as `metrics.audio` would tell it; None if it cannot be read."""
    try:
        return audio.content_hash(audio.read_bytes(path))
    except audio.AudioError:
        return None


def write_clips(contents: Contents, folder: Path) -> None:
    """Write ``clips.json``; no file where no clip was read."""
    if contents:
        write_text(folder / CLIPS_NAME, json.dumps(contents, indent=1) + "\n")
    else:
        (folder / CLIPS_NAME).unlink(missing_ok=True)


def read_clips(folder: Path) -> dict[str, str | None]:
    """Return what `write_clips` wrote; nothing where there is no such file.

    Raises:
        DataError: it is damaged.
    """
    path = folder / CLIPS_NAME
    try:
        found = read_json(path)
        return {str(name): None if sha256 is None else str(sha256) for name, sha256 in found.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError) as error:
        raise DataError(f"{path} is damaged ({reason_of(error)}); run 'bench run' again") from error


def plain_states(states: Mapping[str, ClipState]) -> dict[str, list[object]]:
    """Return states by name as JSON holds them."""
    return {name: [state.sha256, state.stamp] for name, state in states.items()}


def states_from(plain: Mapping[str, Sequence[object]]) -> Iterator[tuple[str, ClipState]]:
    """Yield what `plain_states` was given."""
    for name, (sha256, stamp) in plain.items():
        yield name, ClipState(sha256, None if stamp is None else tuple(stamp))  # type: ignore[arg-type]


def _digest_of_stamps(stamps: Iterable[Stamp | None]) -> str | None:
    listed = list(stamps)
    return None if None in listed else _digest(listed)


def _digest(items: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps(items).encode()).hexdigest()


def _read_since(path: Path, stamp: Stamp | None) -> ClipState:
    """Return the state of a clip that was read by others since it had this stamp."""
    content = content_of(path)
    return ClipState(content, stamp) if stamp_of(path) == stamp else ClipState(None, None)


def _is_still(path: Path, state: ClipState) -> bool:
    if state.stamp is not None and state.stamp == stamp_of(path):
        return True
    return content_of(path) == state.sha256
