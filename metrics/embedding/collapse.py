"""Has a model collapsed: does it give all captions, or all clips, nearly one direction?

Then its cosines differ by rounding and by what the other tower says, whatever the caption is. Such checkpoints are
published (`metrics.models.hf_clap.COLLAPSED`), and training can make one.
"""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

import numpy as np

from metrics.embedding.store import Embedding

WARNING = "warning: "
"""How a note begins that belongs before the tables of a report."""

MOST_SIMILAR = 0.98
"""Mean cosines between captions reported for sound models: 0.18 (clap-htsat-unfused), 0.29 (larger_clap_general)."""

SAMPLE = 256
FEWEST = 3


def collapse_notes(captions: Iterable[Embedding], clips: Iterable[Embedding]) -> tuple[str, ...]:
    """Return a warning for each tower that gives nearly one direction to different inputs.

    Args:
        captions, clips: embeddings, one for each distinct input. Of many a sample is looked at that depends on nothing
            but them.
    """
    found = {"captions": median_cosine(captions), "clips": median_cosine(clips)}
    return tuple(
        f"{WARNING}half of the cosines between different {kind} exceed {median:.4f}: either these {kind} are nearly "
        "the same, or the model has collapsed and its scores mean nothing"
        for kind, median in found.items()
        if median > MOST_SIMILAR
    )


def median_cosine(embeddings: Iterable[Embedding]) -> float:
    """Return the median cosine between embeddings of different inputs; NaN of fewer than `FEWEST`."""
    vectors = [embedding.vector for embedding in embeddings]
    if len(vectors) < FEWEST:
        return float("nan")
    vectors.sort(key=lambda vector: (crc32(vector.tobytes()), vector.tobytes()))
    sample = np.stack(vectors[:SAMPLE]).astype(np.float64)
    sample /= np.linalg.norm(sample, axis=1, keepdims=True)
    return float(np.median((sample @ sample.T)[np.triu_indices(len(sample), k=1)]))
