"""Loads laion_clap's model and embeds with it.

Of the package only the architecture is used (`metrics.models.partial_import`): its constructor fetches RoBERTa weights
that the checkpoint then replaces, its loader unpickles whatever a file contains, and its downloader writes into
site-packages.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
import torch
from jaxtyping import Float
from transformers import RobertaConfig, RobertaModel
from transformers.audio_utils import mel_filter_bank

from metrics.audio import Clip
from metrics.encoder import Input, TokenisedCaption, share
from metrics.errors import DataError
from metrics.models import forward
from metrics.models.attention_mask import mask_with_infinity
from metrics.models.loading import load_laion_weights, load_strictly
from metrics.models.mel import FUSING_BYTES_A_SAMPLE, N_FUSED_CHANNELS, LogMel, Mel, fuse, take_over_front_end
from metrics.models.partial_import import import_part, quietly
from metrics.models.tokenizers import load_tokenizer, tokenise
from metrics.types import ScorerOptions, ScorerSpec
from metrics.windows import Listening, check_audible

MAX_TOKENS = 77
AUDIO_MODELS = {96: "HTSAT-tiny", 128: "HTSAT-base", 256: "HTSAT-large"}
"""laion_clap's names, by the width of the patch embedding."""

PATCH_KEY = "audio_branch.patch_embed.proj.weight"
FUSION_KEY = "audio_branch.patch_embed.mel_conv2d.weight"


@dataclass(frozen=True)
class LoadedLaion:
    """A ``clap_module.CLAP`` in evaluation mode, its tokenizer, and its log-mel transform."""

    model: Any
    tokenizer: Any
    log_mel: LogMel
    fusion: bool
    hop_length: int


def load_laion(checkpoint: Path, text_folder: Path) -> LoadedLaion:
    """Load a checkpoint; its architecture is read from its weights.

    Args:
        checkpoint: a ``.pt`` file as laion_clap's training saves it.
        text_folder: with RoBERTa's ``config.json`` and tokenizer.

    Raises:
        DataError: unsafe, damaged, or not a LAION CLAP.
    """
    weights = load_laion_weights(checkpoint)
    width = weights[PATCH_KEY].shape[0] if PATCH_KEY in weights else None
    if width not in AUDIO_MODELS:
        raise DataError(
            f"{checkpoint} is not a LAION CLAP with an HTS-AT audio tower ({PATCH_KEY}: width {width}); give another"
        )
    fusion = FUSION_KEY in weights
    model = build_model(AUDIO_MODELS[width], fusion, text_folder)
    load_strictly(model, weights, str(checkpoint))
    model.eval()
    log_mel = take_over_front_end(model.audio_branch)
    mask_with_infinity(model.audio_branch)
    if fusion:
        log_mel = LogMel(log_mel.n_fft, log_mel.hop_length, _torchaudio_filters(model.audio_cfg))
    tokenizer = load_tokenizer(text_folder)
    return LoadedLaion(model, tokenizer, log_mel, fusion, log_mel.hop_length)


def build_model(audio_model: str, fusion: bool, text_folder: Path) -> Any:
    """Return laion_clap's ``CLAP`` with random weights.

    Args:
        audio_model: e.g. ``"HTSAT-tiny"``.
        fusion: whether long clips are fused.
        text_folder: with RoBERTa's ``config.json``.
    """
    clap_module: Any = import_part("laion_clap", "clap_module", extra="laion")
    settings = deepcopy(clap_module.factory._MODEL_CONFIGS[audio_model])
    settings["text_cfg"]["model_type"] = "roberta"
    config = RobertaConfig.from_pretrained(text_folder, local_files_only=True)
    without_download = SimpleNamespace(from_pretrained=lambda _: RobertaModel(config))
    with quietly(), mock.patch.object(clap_module.model, "RobertaModel", without_download):
        return clap_module.CLAP(**settings, enable_fusion=fusion, fusion_type="aff_2d" if fusion else "None")


def build(
    spec: ScorerSpec, checkpoint: Path, text_folder: Path, listening: Listening, options: ScorerOptions
) -> LaionEncoder:
    """Load a model, or take one that is loaded already, and return its encoder; see `load_laion`."""
    laion = share(load_laion, checkpoint, text_folder, device=options.device)
    return LaionEncoder(spec, laion, listening, options)


class LaionEncoder:
    """A `metrics.encoder.DualEncoder` around a `LoadedLaion`."""

    def __init__(self, spec: ScorerSpec, laion: LoadedLaion, listening: Listening, options: ScorerOptions) -> None:
        self.spec = spec
        self.laion = laion
        self.device = forward.choose_device(options.device)
        self.precision = options.precision
        self.laion.model.to(self.device)
        self.listening = listening

    def batch_size(self) -> int:
        return forward.WINDOWS_PER_BATCH[self.device.type]

    def prepare_clip(self, clip: Clip) -> list[Input]:
        """Return the samples of each window, or (channels, frames, mels) of a fused long clip."""
        if self.laion.fusion and self.listening.policy == "as-published":
            samples = self.listening.resampled(clip, FUSING_BYTES_A_SAMPLE).samples
            if len(samples) > self.listening.n_window:
                check_audible([samples], clip.path)
                return [self._fuse(samples, self.listening.key(clip))]
        return list(self.listening.windows(clip))

    def embed_audio(self, inputs: Sequence[Input]) -> Float[np.ndarray, "inputs dim"]:
        return forward.by_shape(inputs, self._embed_batch)

    def prepare_captions(self, captions: Sequence[str]) -> list[TokenisedCaption]:
        return tokenise(self.laion.tokenizer, captions, MAX_TOKENS)

    def embed_captions(self, captions: Sequence[TokenisedCaption]) -> Float[np.ndarray, "captions dim"]:
        ids, mask = forward.pad(captions, self.laion.tokenizer.pad_token_id, self.device)
        with forward.inference(self.device, self.precision):
            embedded = self.laion.model.encode_text({"input_ids": ids, "attention_mask": mask}, device=self.device)
            return forward.to_numpy(embedded)

    def _embed_batch(self, batch: Input) -> Float[np.ndarray, "batch dim"]:
        """Embed windows or fused clips; four channels mean ``longer``."""
        with forward.inference(self.device, self.precision):
            features = torch.from_numpy(batch)
            if batch.ndim == 2:
                features = self.laion.log_mel(features.to(forward.feature_device(self.device)))[:, None]
            features = features.to(self.device)
            longer = torch.full((len(batch), 1), features.shape[1] == N_FUSED_CHANNELS, device=self.device)
            inputs = {"mel_fusion" if self.laion.fusion else "waveform": features, "longer": longer}
            embedded = self.laion.model.encode_audio(inputs, device=self.device)["embedding"]
            return forward.to_numpy(self.laion.model.audio_projection(embedded))

    def _fuse(self, samples: Float[np.ndarray, " time"], key: str) -> Input:
        from torchvision.transforms import Resize

        mel = self.laion.log_mel(torch.from_numpy(samples)[None])[0]
        n_frames = self.listening.n_window // self.laion.hop_length + 1
        if len(mel) == n_frames:
            return forward.to_numpy(mel[None])

        def shrink(whole: Mel) -> torch.Tensor:
            shrunk: torch.Tensor = Resize(size=[n_frames, whole.shape[1]])(whole[None])[0]
            return shrunk

        return forward.to_numpy(fuse(mel, n_frames, shrink, key))


def _torchaudio_filters(settings: Any) -> Float[np.ndarray, "frequencies mels"]:
    """Return the mel filters of ``torchaudio.transforms.MelSpectrogram(norm=None)``, which fused models are fed by."""
    return np.asarray(
        mel_filter_bank(
            num_frequency_bins=settings.window_size // 2 + 1,
            num_mel_filters=settings.mel_bins,
            min_frequency=settings.fmin,
            max_frequency=settings.fmax,
            sampling_rate=settings.sample_rate,
            norm=None,
            mel_scale="htk",
        )
    )
