"""Random numbers that are the same on every machine and in every version of numpy.

numpy guarantees the raw stream of a bit generator, not the streams of ``Generator``'s distributions (NEP 19). So only
the raw 64-bit stream of PCG64 is used, and everything else is built from it by additions and multiplications of
float64, which IEEE 754 rounds alike everywhere. No logarithm or cosine takes part: their last bit is not portable.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from jaxtyping import Float

T = TypeVar("T")


class RandomStream:
    """A stream of random numbers named by a seed and a key.

    Streams of different keys are independent, so that what one clip draws does not depend on which clips came before.

    Args:
        seed: any integer.
        key: strings and integers that name the stream's purpose, e.g. ``RandomStream(0, "listeners", "test")``.
    """

    def __init__(self, seed: int, *key: str | int) -> None:
        name = "/".join(str(part) for part in (seed, *key))
        digest = hashlib.sha256(name.encode()).digest()
        self._bits = np.random.PCG64(int.from_bytes(digest, "big"))

    def unit(self) -> float:
        """Return a number uniform on [0, 1): the top 53 bits of one raw draw."""
        return float((int(self._bits.random_raw()) >> 11) * 2.0**-53)

    def uniform(self, low: float, high: float) -> float:
        """Return a number uniform on [low, high), rounded to four decimals: it reads the same in JSON as in memory."""
        return round(low + (high - low) * self.unit(), 4)

    def integer(self, n: int) -> int:
        """Return one of 0, 1, …, n - 1."""
        return int(self.unit() * n)

    def chance(self, probability: float) -> bool:
        """Return True with the given probability."""
        return self.unit() < probability

    def choose(self, options: Sequence[T]) -> T:
        """Return one of the options, all equally likely."""
        return options[self.integer(len(options))]

    def sample(self, options: Sequence[T], n: int) -> list[T]:
        """Return n of the options in random order, none twice (Fisher-Yates)."""
        rest = list(options)
        return [rest.pop(self.integer(len(rest))) for _ in range(n)]

    def normal(self) -> float:
        """Return a nearly normal number with mean 0 and SD 1: twelve uniform ones less six (Irwin-Hall)."""
        total = 0.0
        for _ in range(12):
            total += self.unit()
        return total - 6.0

    def white_noise(self, n: int) -> Float[np.ndarray, " n"]:
        """Return n uniform samples of mean 0 and SD 1: white noise."""
        raw = np.asarray(self._bits.random_raw(n), dtype=np.uint64) >> np.uint64(11)
        return (raw * 2.0**-53 - 0.5) * 12**0.5
