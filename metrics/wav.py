"""Whether a WAV file is as long as its header says; libsndfile contents itself with what there is."""

from __future__ import annotations

from typing import Literal

UNKNOWN_LENGTH = 0x7FFF_F000
"""Length of the samples in WAV headers written before it was known, or more: sox so, ffmpeg with 0xFFFFFFFF."""

MOST_CHUNKS = 1000
"""Read of a WAV file in search of its samples."""

HEADER_BYTES = 64
"""What a WAV header's length may be too large by: some programs count the header too."""


def cut_off(content: bytes) -> tuple[int, int] | None:
    """Return how many bytes of samples a WAV file holds and how many its header promises, if these are more."""
    order: Literal["big", "little"] = "big" if content.startswith(b"RIFX") else "little"
    place = 12  # after "RIFF", its length, and "WAVE"
    for _ in range(MOST_CHUNKS):
        n_bytes = int.from_bytes(content[place + 4 : place + 8], order)
        place += 8
        if content[place - 8 : place - 4] == b"data":
            held = len(content) - place
            return (held, n_bytes) if held + HEADER_BYTES < n_bytes < UNKNOWN_LENGTH else None
        place += n_bytes + n_bytes % 2
    return None
