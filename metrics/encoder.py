"""What a dual encoder must offer to become a metric (see `metrics.clap_score`), and how to build it late."""

from __future__ import annotations

import pkgutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, runtime_checkable
from weakref import WeakValueDictionary

import numpy as np
from jaxtyping import Float

from metrics.audio import Clip
from metrics.types import ScorerSpec

Loaded = TypeVar("Loaded")

Input = Float[np.ndarray, "..."]
"""What a model takes for one window of a clip: samples or features."""


@dataclass(frozen=True, slots=True)
class TokenisedCaption:
    """Token ids as the text tower gets them, and how many tokens of the caption did not fit."""

    token_ids: tuple[int, ...]
    n_cut: int = 0


@runtime_checkable
class DualEncoder(Protocol):
    """A model with an audio and a text tower that embed into one space.

    An embedding depends on its clip or caption only, to rounding: not on its batch, its order or a random state.
    Embeddings need not have unit length.
    """

    @property
    def spec(self) -> ScorerSpec: ...

    def batch_size(self) -> int:
        """Return how many windows in one forward pass suit the device."""
        ...

    def prepare_clip(self, clip: Clip) -> list[Input]:
        """Return the model's inputs for a clip, one for each window. Called in any thread.

        Raises:
            AudioError: the model cannot hear this clip.
        """
        ...

    def embed_audio(self, inputs: Sequence[Input]) -> Float[np.ndarray, "inputs dim"]:
        """Embed windows in one forward pass."""
        ...

    def prepare_captions(self, captions: Sequence[str]) -> list[TokenisedCaption]:
        """Tokenise captions, cutting those that are too long."""
        ...

    def embed_captions(self, captions: Sequence[TokenisedCaption]) -> Float[np.ndarray, "captions dim"]:
        """Embed captions in one forward pass."""
        ...


class LazyEncoder:
    """A dual encoder whose packages and weights are loaded at the first use of anything but its ``spec``.

    A run whose embeddings are all in the store so needs no model, and importing torch takes seconds: what describes a
    model names the function that loads it, and does not import it.

    Args:
        spec: the encoder's.
        builder: ``"module:function"``; called as ``function(spec, *arguments)``, it returns the `DualEncoder`.
        arguments: what else the function takes.
    """

    def __init__(self, spec: ScorerSpec, builder: str, *arguments: Any) -> None:
        self.spec = spec
        self._builder = builder
        self._arguments = arguments
        self._encoder: DualEncoder | None = None
        self._lock = threading.Lock()

    def _get(self) -> DualEncoder:
        with self._lock:
            if self._encoder is None:
                self._encoder = pkgutil.resolve_name(self._builder)(self.spec, *self._arguments)
            return self._encoder

    def batch_size(self) -> int:
        return self._get().batch_size()

    def prepare_clip(self, clip: Clip) -> list[Input]:
        return self._get().prepare_clip(clip)

    def embed_audio(self, inputs: Sequence[Input]) -> Float[np.ndarray, "inputs dim"]:
        return self._get().embed_audio(inputs)

    def prepare_captions(self, captions: Sequence[str]) -> list[TokenisedCaption]:
        return self._get().prepare_captions(captions)

    def embed_captions(self, captions: Sequence[TokenisedCaption]) -> Float[np.ndarray, "captions dim"]:
        return self._get().embed_captions(captions)


_in_use: WeakValueDictionary[tuple[Any, ...], Any] = WeakValueDictionary()


def share(load: Callable[..., Loaded], *arguments: Any, device: str) -> Loaded:
    """Return ``load(*arguments)``, or what it returned before for the same device, if somebody still uses that.

    Scorers that differ in their window only so share one model; none is kept beyond its last user, so what is loaded
    must be of a class that weak references can be made to (no tuple, no SimpleNamespace).
    """
    key = (load, *arguments, device)
    loaded = _in_use.get(key)
    if loaded is None:
        loaded = load(*arguments)
        _in_use[key] = loaded
    return loaded
