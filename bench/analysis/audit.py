"""What a data set is like, and what is wrong with it, before anything is computed from it.

Ratings are on the data set's own scale; durations in seconds, sample rates in Hz. Of the clips only the headers are
read: a clip may pass here and still turn out to be silent when it is scored.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from jaxtyping import Int

from bench.analysis.audit_dimensions import DimensionSummary, summaries
from bench.analysis.strata import ALL, Bands, Kind, standard_strata
from bench.datasets.frame import pairs_frame
from bench.datasets.types import RatedDataset, RatedPair
from bench.statistics.reliability import Ratings, estimate_reliability
from bench.statistics.types import DEFAULT_PLAN
from metrics.types import AudioTextPair, ProgressCallback, no_progress

SHORTEST_S = 0.1  # less than the attack of most sounds, and a hundredth of what the models listen to


@dataclass(frozen=True, slots=True)
class GroupSummary:
    """The ratings of one stratum: ``mean`` and ``sd`` (n - 1) of the pairs' mean ratings; ``sd`` None for one pair."""

    stratum: str
    kind: Kind
    label: str
    n_pairs: int
    n_ratings: int
    mean: float
    sd: float | None


@dataclass(frozen=True, slots=True)
class ClipProblem:
    """A clip that cannot be used as it is: ``found`` says what was found where something else was expected."""

    pair_id: str
    path: str
    found: str


@dataclass(frozen=True, slots=True)
class AudioAudit:
    """The clips, by their headers.

    Attributes:
        n_clips: different files that the pairs name.
        missing: files that are not there.
        unreadable: files that are no audio, or not openable.
        too_short: shorter than ``SHORTEST_S``.
        wrong_rate: at another rate than ``expected_rate_hz``.
        expected_rate_hz: of the data set or, where it names none, the commonest rate found; None without clips.
        rates_hz: number of clips by sample rate.
        channels: number of clips by number of channels.
        durations_s: shortest, median and longest; None without clips.
    """

    n_clips: int
    missing: tuple[ClipProblem, ...]
    unreadable: tuple[ClipProblem, ...]
    too_short: tuple[ClipProblem, ...]
    wrong_rate: tuple[ClipProblem, ...]
    expected_rate_hz: int | None
    rates_hz: Mapping[int, int]
    channels: Mapping[int, int]
    durations_s: tuple[float, float, float] | None


@dataclass(frozen=True, slots=True)
class Audit:
    """A data set in numbers.

    Attributes:
        name: as in ``--dataset``.
        split: which part.
        screening: how listeners were screened.
        source_sha256: of the rating file.
        notes: the data set's own remarks.
        n_pairs: pairs.
        n_ratings: ratings behind the pairs' means.
        n_listeners: 0 if the data name no listeners.
        n_captions: different captions; pairs that share one are not independent.
        ratings_per_pair: number of pairs by number of ratings.
        pairs_per_caption: number of captions by number of pairs.
        single_rating_share: of pairs with one rating only; None if the data name no listeners.
        groups: the ratings by stratum.
        duplicates: groups of pair ids with the same clip and the same caption.
        audio: the clips.
        reliability: how well listeners agree over all pairs (`bench.statistics.reliability`); None without
            single ratings.
        dimensions: what was rated, the target first.
    """

    name: str
    split: str | None
    screening: str | None
    source_sha256: str
    notes: tuple[str, ...]
    n_pairs: int
    n_ratings: int
    n_listeners: int
    n_captions: int
    ratings_per_pair: Mapping[int, int]
    pairs_per_caption: Mapping[int, int]
    single_rating_share: float | None
    groups: tuple[GroupSummary, ...]
    duplicates: tuple[tuple[str, ...], ...]
    audio: AudioAudit
    reliability: Mapping[str, float | None] | None = None
    dimensions: tuple[DimensionSummary, ...] = ()


def audit(
    dataset: RatedDataset,
    *,
    bands: Sequence[float] | None = None,
    expected_rate_hz: int | None = None,
    progress: ProgressCallback = no_progress,
) -> Audit:
    """Look at ratings and clips; nothing that is found raises.

    Args:
        dataset: what to look at.
        bands: edges of the score bands on the scale of the ratings; None cuts it in the middle.
        expected_rate_hz: of every clip; None takes the commonest rate found.
        progress: told ``("clips", clips done, clips in all)``.

    Raises:
        UsageError: the bands are none of this scale.
    """
    pairs, cut = dataset.pairs, Bands.cut(dataset.scale, bands)
    per_pair = _histogram([pair.n_ratings for pair in pairs])
    captions = Counter(pair.caption_id for pair in pairs)
    return Audit(
        name=dataset.name,
        split=dataset.split,
        screening=dataset.screening,
        source_sha256=dataset.source_sha256,
        notes=dataset.remarks,
        n_pairs=len(pairs),
        n_ratings=sum(pair.n_ratings for pair in pairs),
        n_listeners=len({rating.listener_id for rating in dataset.ratings}),
        n_captions=len(captions),
        ratings_per_pair=per_pair,
        pairs_per_caption=_histogram(list(captions.values())),
        single_rating_share=per_pair.get(1, 0) / len(pairs) if dataset.ratings else None,
        groups=_summarise(dataset, cut),
        duplicates=_duplicates(pairs),
        audio=audit_audio(dataset.audio_text_pairs, expected_rate_hz, progress),
        reliability=_reliability(dataset),
        dimensions=tuple(summaries(dataset)),
    )


def _histogram(values: Sequence[int]) -> dict[int, int]:
    return dict(sorted(Counter(values).items()))


def _summarise(dataset: RatedDataset, bands: Bands) -> tuple[GroupSummary, ...]:
    pairs = pairs_frame(dataset)
    ratings, counts = pairs["rating"].to_numpy(dtype=float), pairs["n_ratings"].to_numpy()
    return tuple(
        GroupSummary(
            stratum.id,
            stratum.kind,
            stratum.label,
            n_pairs=int(stratum.mask.sum()),
            n_ratings=int(counts[stratum.mask].sum()),
            mean=float(ratings[stratum.mask].mean()),
            sd=float(ratings[stratum.mask].std(ddof=1)) if stratum.mask.sum() > 1 else None,
        )
        for stratum in standard_strata(pairs, bands)
    )


def _duplicates(pairs: Sequence[RatedPair]) -> tuple[tuple[str, ...], ...]:
    same: defaultdict[tuple[Path, str], list[str]] = defaultdict(list)
    for pair in pairs:
        same[pair.pair.audio_path, pair.pair.caption].append(pair.pair.pair_id)
    return tuple(tuple(pair_ids) for pair_ids in same.values() if len(pair_ids) > 1)


@dataclass(frozen=True, slots=True)
class _Header:
    pair_id: str
    path: Path
    rate_hz: int
    channels: int
    duration_s: float


def _reliability(dataset: RatedDataset) -> dict[str, float | None] | None:
    if not dataset.ratings:
        return None
    index = {rated.pair.pair_id: i for i, rated in enumerate(dataset.pairs)}
    ratings = Ratings(
        score=np.array([rating.score for rating in dataset.ratings]),
        pair=np.array([index[rating.pair_id] for rating in dataset.ratings]),
        listener=_codes(rating.listener_id for rating in dataset.ratings),
    )
    everything = {ALL: np.ones(len(index), dtype=bool)}
    captions = _codes(rated.caption_id for rated in dataset.pairs)
    (found,) = estimate_reliability(ratings, everything, captions, DEFAULT_PLAN)
    shown = {
        "ICC(1)": found.estimate.icc1,
        "reliability of the pairs' means": found.estimate.reliability,
        "highest correlation it allows": found.estimate.ceiling,
    }
    return {name: None if np.isnan(value.estimate) else value.estimate for name, value in shown.items()}


def _codes(values: Iterable[str]) -> Int[np.ndarray, " values"]:
    return np.unique(list(values), return_inverse=True)[1]


def audit_audio(
    pairs: Sequence[AudioTextPair], expected_rate_hz: int | None = None, progress: ProgressCallback = no_progress
) -> AudioAudit:
    """Read the header of every clip; arguments as of `audit`."""
    first_pair = {
        path: pair.pair_id
        for pair in reversed(pairs)
        for path in (pair.audio_path, pair.reference_audio)
        if path is not None
    }
    headers: list[_Header] = []
    missing: list[ClipProblem] = []
    unreadable: list[ClipProblem] = []
    for done, (path, pair_id) in enumerate(sorted(first_pair.items(), key=lambda item: item[1]), start=1):
        if not path.is_file():
            missing.append(ClipProblem(pair_id, str(path), "no such file"))
        elif isinstance(header := _read_header(pair_id, path), ClipProblem):
            unreadable.append(header)
        else:
            headers.append(header)
        progress("clips", done, len(first_pair))
    return _describe(headers, tuple(missing), tuple(unreadable), expected_rate_hz)


def _read_header(pair_id: str, path: Path) -> _Header | ClipProblem:
    import soundfile  # only those who audit need it

    try:
        info = soundfile.info(os.fsencode(path))
    except (soundfile.SoundFileError, OSError, RuntimeError) as error:
        return ClipProblem(pair_id, str(path), f"no readable audio: {error}")
    return _Header(pair_id, path, int(info.samplerate), int(info.channels), info.frames / info.samplerate)


def _describe(
    headers: Sequence[_Header],
    missing: tuple[ClipProblem, ...],
    unreadable: tuple[ClipProblem, ...],
    expected_rate_hz: int | None,
) -> AudioAudit:
    rates = _histogram([header.rate_hz for header in headers])
    expected = expected_rate_hz or max(rates, key=rates.__getitem__, default=None)
    durations = [header.duration_s for header in headers]
    return AudioAudit(
        n_clips=len(headers) + len(missing) + len(unreadable),
        missing=missing,
        unreadable=unreadable,
        too_short=tuple(
            ClipProblem(header.pair_id, str(header.path), f"lasts {header.duration_s:.4f} s")
            for header in headers
            if header.duration_s < SHORTEST_S
        ),
        wrong_rate=tuple(
            ClipProblem(header.pair_id, str(header.path), f"is at {header.rate_hz} Hz")
            for header in headers
            if header.rate_hz != expected
        ),
        expected_rate_hz=expected,
        rates_hz=rates,
        channels=_histogram([header.channels for header in headers]),
        durations_s=(min(durations), median(durations), max(durations)) if durations else None,
    )
