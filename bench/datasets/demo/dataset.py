"""The embedded data set ``demo``: synthetic soundscapes rated by simulated listeners.

Every caption has three versions, as in RELATE: the natural soundscape, which is what the caption says, and what two of
the three systems made of it, the systems taking turns. A batch of a listening test holds six captions, that is 18
ratings, and three anchors. Splits share no caption and no listener.

Captions, ratings and true relevance are drawn in memory; only audio needs the disk. The data show how the tools work;
they are no evidence about real audio (docs/demo-data.md).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from bench.datasets.demo.audio import write_clips
from bench.datasets.demo.listeners import HIGHEST_RATING, Stimulus, rate_batch
from bench.datasets.soundscapes import SYSTEMS, RandomStream, Soundscape, corrupt, draw_soundscape, relevance
from bench.datasets.types import RatedDataset, RatedPair, Rating, RatingScale, Source
from metrics.errors import UsageError, did_you_mean
from metrics.files import cache_folder
from metrics.types import AudioTextPair, ProgressCallback, no_progress

DEMO_VERSION = "2"  # names the cache folder: raise it whenever a caption, a rating or a sample changes
CAPTIONS_PER_SPLIT = {"train": 360, "validation": 60, "test": 144}
SYSTEM_PAIRS = tuple(combinations(SYSTEMS, 2))
NATURAL = "natural"
CAPTIONS_PER_BATCH = 6
ANCHORS_PER_BATCH = 3
SCREENINGS = ("anchor-mean", "none")
HIGHEST_ANCHOR_MEAN = 2.0  # Human-CLAP, section II.B
NOTE = "demo: synthetic soundscapes and simulated listeners; shows how the tools work, says nothing about real audio"


@dataclass(frozen=True, slots=True)
class DemoClip:
    """One clip of the demo: what is heard, and what is truly right about it.

    Attributes:
        pair_id: ``system/split/number``; with ``.wav``, the clip's path under the audio root.
        caption_id: ``split/number``.
        split: train, validation or test.
        system: ``natural``, or a name in `SYSTEMS`.
        soundscape: caption, events and recording.
        true_relevance: in [0, 1]; listeners rate this with noise.
    """

    pair_id: str
    caption_id: str
    split: str
    system: str
    soundscape: Soundscape
    true_relevance: float

    @property
    def source(self) -> Source:
        return "natural" if self.system == NATURAL else "synthesized"


class RatingRow(NamedTuple):
    """One answer before any screening; the columns are much like those of RELATE's REL.csv."""

    pair_id: str
    text: str
    score: int
    listener_id: str
    system: str
    split: str
    anchor: bool


def load_demo(
    root: Path | None = None,
    *,
    split: str | None = "test",
    seed: int = 0,
    screening: str = "anchor-mean",
    with_audio: bool = True,
    progress: ProgressCallback = no_progress,
) -> RatedDataset:
    """Return the demo data, rendering the audio if it is not there yet.

    Args:
        root: folder for the audio; None takes the user's cache.
        split: ``train`` (1,080 clips), ``validation`` (180), ``test`` (432), or None for all.
        seed: of everything; another seed is another data set.
        screening: ``anchor-mean`` drops listeners whose anchors average above 2; ``none`` keeps them all.
        with_audio: False leaves the disk alone: precomputed scores and text-only metrics need no audio.
        progress: told how far the rendering has come.

    Raises:
        UsageError: no split or screening of that name.
        UnavailableError: the audio cannot be written.
    """
    clips = demo_clips(split, seed)
    screened = screen(rating_table(split, seed), screening)
    audio_root = render_demo(root, split=split, seed=seed, progress=progress) if with_audio else _audio_root(root, seed)
    pairs = tuple(_rated_pairs(clips, screened, audio_root))
    unrated = len(clips) - len(pairs)
    return RatedDataset(
        name="demo",
        scale=RatingScale(0.0, float(HIGHEST_RATING)),
        pairs=pairs,
        ratings=tuple(map(Rating, screened["pair_id"], screened["listener_id"], screened["score"].astype(float))),
        source_sha256=_sha256(clips, _rating_rows(split, seed)),
        audio_root=audio_root,
        split=split,
        screening=screening,
        notes=(NOTE, f"{unrated} clips lost all their listeners in the screening") if unrated else (NOTE,),
    )


def render_demo(
    root: Path | None = None,
    *,
    split: str | None = "test",
    seed: int = 0,
    progress: ProgressCallback = no_progress,
) -> Path:
    """Render the clips that are not yet on disk and return the folder that pair ids are relative to.

    Raises:
        UsageError: no split of that name.
        UnavailableError: the audio cannot be written.
    """
    audio_root = _audio_root(root, seed)
    clips = demo_clips(split, seed)
    write_clips(audio_root, [(_audio_path(audio_root, clip), clip.soundscape) for clip in clips], progress)
    return audio_root


@lru_cache(maxsize=8)
def demo_clips(split: str | None = "test", seed: int = 0) -> tuple[DemoClip, ...]:
    """Return every clip of a split (None: of all splits), with its true relevance; nothing is rendered.

    Raises:
        UsageError: no split of that name.
    """
    _require(split, [*CAPTIONS_PER_SPLIT, None], "split")
    captions = _draw_captions(seed)
    splits = CAPTIONS_PER_SPLIT if split is None else (split,)
    return tuple(
        clip for name in splits for i, scape in enumerate(captions[name]) for clip in _versions(scape, name, i, seed)
    )


def rating_table(split: str | None = "test", seed: int = 0) -> pd.DataFrame:
    """Return the raw ratings as a listening test leaves them, anchors and careless listeners included.

    Columns: those of `RatingRow`.

    Raises:
        UsageError: no split of that name.
    """
    table: pd.DataFrame = pd.DataFrame(_rating_rows(split, seed), columns=list(RatingRow._fields))
    return table


def screen(table: pd.DataFrame, screening: str) -> pd.DataFrame:
    """Return the ratings that count: no anchors and, by ``anchor-mean``, no listener whose anchors average above 2.

    Raises:
        UsageError: no screening of that name.
    """
    _require(screening, SCREENINGS, "screening")
    counts = ~table["anchor"]
    if screening == "anchor-mean":
        anchor_means = table[table["anchor"]].groupby("listener_id")["score"].mean()
        careful = anchor_means.index[anchor_means <= HIGHEST_ANCHOR_MEAN]
        counts &= table["listener_id"].isin(careful)
    kept: pd.DataFrame = table.loc[counts]
    return kept


@lru_cache(maxsize=4)
def _draw_captions(seed: int) -> dict[str, tuple[Soundscape, ...]]:
    """Draw the natural soundscapes of all splits, no caption twice, and deal them out at random."""
    stream = RandomStream(seed, "captions")
    distinct: dict[str, Soundscape] = {}
    while len(distinct) < sum(CAPTIONS_PER_SPLIT.values()):
        soundscape = draw_soundscape(stream)
        distinct.setdefault(soundscape.caption, soundscape)
    rest = iter(stream.sample(list(distinct.values()), len(distinct)))
    return {split: tuple(next(rest) for _ in range(n)) for split, n in CAPTIONS_PER_SPLIT.items()}


def _versions(natural: Soundscape, split: str, number: int, seed: int) -> Iterator[DemoClip]:
    versions = {NATURAL: natural}
    for name in SYSTEM_PAIRS[number % len(SYSTEM_PAIRS)]:
        versions[name] = corrupt(natural, SYSTEMS[name], RandomStream(seed, "systems", name, split, number))
    for system, soundscape in versions.items():
        caption_id = f"{split}/{number:04d}"
        yield DemoClip(f"{system}/{caption_id}", caption_id, split, system, soundscape, relevance(soundscape))


@lru_cache(maxsize=8)
def _rating_rows(split: str | None, seed: int) -> tuple[RatingRow, ...]:
    clips = demo_clips(split, seed)
    by_split = {name: [clip for clip in clips if clip.split == name] for name in CAPTIONS_PER_SPLIT}
    return tuple(row for name, members in by_split.items() for row in _rate_split(name, members, seed))


def _rate_split(split: str, clips: Sequence[DemoClip], seed: int) -> Iterator[RatingRow]:
    """Divide the captions of a split into batches and yield the rows of everybody's answers."""
    natural = [clip for clip in clips if clip.system == NATURAL]
    by_id = {clip.pair_id: clip for clip in clips}
    for first in range(0, len(natural), CAPTIONS_PER_BATCH):
        captions = natural[first : first + CAPTIONS_PER_BATCH]
        name = f"{split}-{first // CAPTIONS_PER_BATCH:02d}"
        caption_ids = {clip.caption_id for clip in captions}
        batch = [
            Stimulus(c.pair_id, c.soundscape.caption, c.true_relevance) for c in clips if c.caption_id in caption_ids
        ]
        batch += _anchors(captions, natural, RandomStream(seed, "anchors", name))
        for rating in rate_batch(batch, name, seed):
            stimulus = rating.stimulus
            system = by_id[stimulus.pair_id].system
            yield RatingRow(
                stimulus.pair_id, stimulus.caption, rating.score, rating.listener_id, system, split, stimulus.is_anchor
            )


def _anchors(captions: Sequence[DemoClip], natural: Sequence[DemoClip], stream: RandomStream) -> Iterator[Stimulus]:
    """Pair three captions of the batch with natural clips in which nothing that they speak of is heard."""
    for clip in stream.sample(captions, ANCHORS_PER_BATCH):
        strangers = [other for other in natural if not _sounds(other) & _sounds(clip)]
        yield Stimulus(stream.choose(strangers).pair_id, clip.soundscape.caption, 0.0, is_anchor=True)


def _sounds(clip: DemoClip) -> set[str]:
    return {event.described for event in clip.soundscape.events}


def _rated_pairs(clips: Sequence[DemoClip], ratings: pd.DataFrame, audio_root: Path) -> Iterator[RatedPair]:
    means = ratings.groupby("pair_id")["score"].agg(["mean", "size"])
    summary = {str(pair_id): (float(mean), int(n)) for pair_id, mean, n in means.itertuples()}
    for clip in clips:
        if clip.pair_id in summary:
            mean, n = summary[clip.pair_id]
            pair = AudioTextPair(clip.pair_id, _audio_path(audio_root, clip), clip.soundscape.caption)
            yield RatedPair(pair, mean, n, clip.source, clip.system, clip.caption_id, clip.split)


def _audio_root(root: Path | None, seed: int) -> Path:
    parent = cache_folder() / "demo" if root is None else root
    return parent / f"{DEMO_VERSION}-{seed}"


def _audio_path(audio_root: Path, clip: DemoClip) -> Path:
    return audio_root / f"{clip.pair_id}.wav"


def _sha256(clips: Sequence[DemoClip], rows: Sequence[RatingRow]) -> str:
    """Return the hash of everything that determines clips and ratings: the same on every machine."""
    content = [DEMO_VERSION, [asdict(clip) for clip in clips], rows]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _require(name: str | None, known: Sequence[str | None], what: str) -> None:
    if name not in known:
        names = [option for option in known if option is not None]
        raise UsageError(f"demo has no {what} {name!r}{did_you_mean(str(name), names)} (known: {', '.join(names)})")
