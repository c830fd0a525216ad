"""From samples to the inputs of a transformers ClapModel, as ``ClapFeatureExtractor`` makes them, but deterministic.

Upstream (feature_extraction_clap.py) crops long clips at random and, when no clip of a batch is long, marks a random
one as ``is_longer``, so that a score depends on the batch and on a global random state. Here ``is_longer`` is what it
says, and windows are cut before (`metrics.windows`). ``as-published`` repeats what upstream does to a single clip in a
call of its own, with crops drawn from the clip's content.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float

from metrics.models.mel import N_FUSED_CHANNELS, LogMel, Mel, fuse
from metrics.windows import Filling


@dataclass(frozen=True)
class ClapFeatures:
    """The feature settings of a ClapModel.

    Attributes:
        sample_rate_hz: of the samples.
        n_window: samples in one window.
        n_fft: samples in a frame.
        hop_length: samples from one frame to the next.
        fusion: whether the model takes four channels (``truncation="fusion"``) or one (``"rand_trunc"``).
        filling: what is done with short clips; see `metrics.windows.fill`.
        mel_filters: (frequencies, mels).
    """

    sample_rate_hz: int
    n_window: int
    n_fft: int
    hop_length: int
    fusion: bool
    filling: Filling
    mel_filters: Float[np.ndarray, "frequencies mels"]

    @classmethod
    def from_extractor(cls, extractor: Any) -> ClapFeatures:
        """Take the settings of a transformers ``ClapFeatureExtractor``."""
        fusion = extractor.truncation == "fusion"
        return cls(
            sample_rate_hz=extractor.sampling_rate,
            n_window=int(extractor.nb_max_samples),
            n_fft=extractor.fft_window_size,
            hop_length=extractor.hop_length,
            fusion=fusion,
            filling=extractor.padding,
            mel_filters=np.asarray(extractor.mel_filters if fusion else extractor.mel_filters_slaney),
        )

    @cached_property
    def log_mel(self) -> LogMel:
        return LogMel(self.n_fft, self.hop_length, self.mel_filters)

    def __call__(
        self, windows: Float[torch.Tensor, "clips time"]
    ) -> tuple[Float[torch.Tensor, "clips channels frames mels"], Bool[torch.Tensor, "clips 1"]]:
        """Return ``input_features`` and ``is_longer`` (all False) of windows of `n_window` samples.

        The channels of a fused model are views of one spectrogram, as upstream makes them for clips that are not
        longer than the window; with ``is_longer`` False the model reads only the first.
        """
        mel = self.log_mel(windows)[:, None]
        channels = mel.expand(-1, N_FUSED_CHANNELS if self.fusion else 1, -1, -1)
        return channels, torch.zeros(len(windows), 1, dtype=torch.bool, device=windows.device)

    def fuse(self, samples: Float[np.ndarray, " time"], key: str) -> Float[torch.Tensor, "channels frames mels"]:
        """Return the channels of a clip longer than the window (``_random_mel_fusion``), crops drawn from ``key``."""
        mel = self.log_mel(torch.from_numpy(samples)[None])[0]
        n_frames = self.n_window // self.hop_length + 1
        if len(mel) == n_frames:
            return mel.expand(N_FUSED_CHANNELS, -1, -1)

        def shrink(whole: Mel) -> torch.Tensor:
            size = [n_frames, whole.shape[1]]
            return torch.nn.functional.interpolate(whole[None, None], size=size, mode="bilinear")[0, 0]

        return fuse(mel, n_frames, shrink, key)
