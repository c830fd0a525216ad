"""Log-mel spectrograms in decibels: the input of every CLAP audio tower.

Power spectrogram of centred, Hann-windowed frames (reflect padding), mel filter bank, 10 log10 with a floor of
1e-10: what transformers' ``ClapFeatureExtractor``, torchaudio's ``MelSpectrogram`` + ``AmplitudeToDB`` and
torchlibrosa's ``Spectrogram`` + ``LogmelFilterBank`` compute. The transform runs in double precision: clips that were
recorded at 16 kHz leave the bands above 8 kHz near the floor, where rounding in single precision moves a band by
tenths of a decibel and depends on the batch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from metrics.errors import DataError
from metrics.windows import seeded_generator

POWER_FLOOR = 1e-10

N_FUSED_CHANNELS = 4
"""A model with feature fusion takes the whole clip, shrunk to the length of a window, and three crops."""

FUSING_BYTES_A_SAMPLE = 80
"""Of the spectrogram of a whole clip, in double precision: 2.1 frames of 513 frequencies for every 1,024 samples."""

Mel = Float[torch.Tensor, "frames mels"]


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
        power = torch.addcmul(spectrum.real.square(), spectrum.imag, spectrum.imag)
        filters = torch.as_tensor(self.filters, dtype=torch.float64, device=clips.device)
        mel = power.transpose(1, 2) @ filters
        return (10 * torch.log10(mel.clamp(min=POWER_FLOOR))).float()


def take_over_front_end(tower: Any) -> LogMel:
    """Return the log-mel transform of a tower that uses torchlibrosa, and have the tower take its result instead.

    torchlibrosa transforms by convolution, in single precision, inside the model; this does the same in a fraction of
    the time, in double precision and before.

    Raises:
        DataError: the tower's convolution is not the Fourier transform.
    """
    stft, filters = tower.spectrogram_extractor.stft, tower.logmel_extractor
    n_fft = stft.n_fft
    basis = torch.fft.fft(torch.diag(torch.hann_window(n_fft, dtype=torch.float64)))[:, : n_fft // 2 + 1].T
    for loaded, exact in ((stft.conv_real, basis.real), (stft.conv_imag, basis.imag)):
        if not torch.allclose(loaded.weight[:, 0].double(), exact, atol=1e-5):
            raise DataError(
                "the checkpoint's spectrogram weights are not those of the Fourier transform; fetch the file again"
            )
    log_mel = LogMel(n_fft, stft.hop_length, filters.melW.detach().double().numpy())
    tower.spectrogram_extractor = torch.nn.Identity()
    tower.logmel_extractor = torch.nn.Identity()
    return log_mel


def fuse(
    mel: Mel, n_frames: int, shrink: Callable[[Mel], torch.Tensor], key: str
) -> Float[torch.Tensor, "4 window mels"]:
    """Return the channels that a model with feature fusion takes of a long clip (Wu et al. 2023, section 2.4).

    Args:
        mel: of the whole clip, longer than ``n_frames``.
        n_frames: length of a window.
        shrink: from the whole clip to ``n_frames``.
        key: what the crops, one from each third of the clip, are drawn from.
    """
    generator = seeded_generator(key)
    thirds = np.array_split(np.arange(len(mel) - n_frames + 1), 3)
    starts = [int(generator.choice(third)) if len(third) else 0 for third in thirds]
    return torch.stack([shrink(mel), *(mel[start : start + n_frames] for start in starts)])
