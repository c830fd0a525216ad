"""Log-mel spectrograms in decibels: the input of every CLAP audio tower.

Power spectrogram of centred, Hann-windowed frames (reflect padding), mel filter bank, 10 log10 with a floor of
1e-10: what transformers' ``ClapFeatureExtractor``, torchaudio's ``MelSpectrogram`` + ``AmplitudeToDB`` and
torchlibrosa's ``Spectrogram`` + ``LogmelFilterBank`` compute. The transform runs in double precision: clips that were
recorded at 16 kHz leave the bands above 8 kHz near the floor, where rounding in single precision moves a band by
tenths of a decibel and depends on the batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float

POWER_FLOOR = 1e-10


@dataclass(frozen=True)
class LogMel:
    """A log-mel transform.

    Attributes:
        n_fft: length of a frame, in samples.
        hop_length: samples from one frame to the next.
        filters: mel filter bank, (frequencies, mels).
    """

    n_fft: int
    hop_length: int
    filters: Float[np.ndarray, "frequencies mels"]

    def __call__(self, clips: Float[torch.Tensor, "clips time"]) -> Float[torch.Tensor, "clips frames mels"]:
        """Return decibels as float32, on the clips' device; ``frames = time // hop_length + 1``."""
        window = torch.hann_window(self.n_fft, dtype=torch.float64, device=clips.device)
        spectrum = torch.stft(
            clips.double(),
            self.n_fft,
            self.hop_length,
            window=window,
            center=True,
            pad_mode="reflect",
            return_complex=True,
        )
        power = torch.view_as_real(spectrum).square().sum(dim=-1)
        filters = torch.as_tensor(self.filters, dtype=torch.float64, device=clips.device)
        mel = power.transpose(1, 2) @ filters
        return (10 * torch.log10(mel.clamp(min=POWER_FLOOR))).float()
