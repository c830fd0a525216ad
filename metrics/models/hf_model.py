"""Loads a transformers ClapModel with its tokenizer and feature settings, and embeds with it.

`load_clap` is what scoring and training share, so that a variant is heard in training as it is heard in scoring.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from transformers import ClapFeatureExtractor, ClapModel
from transformers.utils import logging

from metrics.audio import Clip
from metrics.encoder import Input, TokenisedCaption, share
from metrics.errors import DataError, reason_of
from metrics.models import forward
from metrics.models.attention_mask import mask_with_infinity
from metrics.models.hf_features import ClapFeatures
from metrics.models.hf_folder import WEIGHTS, feature_settings
from metrics.models.hub import find_file
from metrics.models.loading import check_keys, load_pickle
from metrics.models.mel import FUSING_BYTES_A_SAMPLE
from metrics.models.tokenizers import load_tokenizer, tokenise
from metrics.types import ScorerOptions, ScorerSpec
from metrics.windows import Listening, check_audible


@dataclass(frozen=True)
class LoadedClap:
    """A ClapModel and what it needs to hear and read.

    Attributes:
        model: in evaluation mode, float32.
        tokenizer: of the text tower.
        features: from samples to ``input_features`` and ``is_longer``.
        max_tokens: longest caption that the text tower takes, special tokens included.
    """

    model: ClapModel
    tokenizer: Any
    features: ClapFeatures
    max_tokens: int

    def embed_audio(
        self, features: Float[torch.Tensor, "clips channels frames mels"], is_longer: Bool[torch.Tensor, "clips 1"]
    ) -> Float[torch.Tensor, "clips dim"]:
        """Return audio embeddings of unit length, with gradients if they are enabled."""
        if not bool(is_longer.any()):
            features = features[:, :1]  # the others are copies that a fused model does not look at
        return _as_tensor(self.model.get_audio_features(input_features=features, is_longer=is_longer))

    def embed_captions(self, captions: Sequence[TokenisedCaption]) -> Float[torch.Tensor, "captions dim"]:
        """Return caption embeddings of unit length, with gradients if they are enabled."""
        ids, mask = forward.pad(captions, self.tokenizer.pad_token_id, self.model.device)
        return _as_tensor(self.model.get_text_features(input_ids=ids, attention_mask=mask))

    def prepare_captions(self, captions: Sequence[str]) -> list[TokenisedCaption]:
        """Tokenise captions, cut to `max_tokens`."""
        return tokenise(self.tokenizer, captions, self.max_tokens)


def load_clap(model_folder: Path, processor_folder: Path | None = None) -> LoadedClap:
    """Load a model from a folder in transformers' format.

    Args:
        model_folder: with ``config.json`` and the weights.
        processor_folder: with ``preprocessor_config.json`` and the tokenizer, if it is another one.

    Raises:
        DataError: the folder is no ClapModel, or weights are missing, unknown or of the wrong shape.
    """
    processor_folder = processor_folder or model_folder
    model = _load_model(model_folder)
    features = _load_features(processor_folder)
    tokenizer = load_tokenizer(processor_folder)
    mask_with_infinity(model)
    positions = model.config.text_config.max_position_embeddings - tokenizer.pad_token_id - 1
    max_tokens = min(positions, tokenizer.model_max_length)
    return LoadedClap(model.float().eval(), tokenizer, features, max_tokens)


def _load_model(folder: Path) -> ClapModel:
    path = find_file(folder, WEIGHTS)
    if path.suffix != ".safetensors":
        load_pickle(path)  # maps the file, and says what is wrong with it
    try:
        with _without_progress_bars():
            model, report = ClapModel.from_pretrained(folder, output_loading_info=True, local_files_only=True)
    except Exception as error:  # a damaged config.json makes transformers raise almost anything
        raise DataError(
            f"{folder} cannot be loaded as a transformers ClapModel ({reason_of(error)}); fetch or save it again"
        ) from error
    check_keys(report["missing_keys"], report["unexpected_keys"], str(folder))
    if report.get("mismatched_keys"):
        differing = report["mismatched_keys"][:3]
        raise DataError(f"{folder}: shapes differ from its config.json ({differing}); fetch or save it again")
    return model


def _load_features(folder: Path) -> ClapFeatures:
    settings = feature_settings(folder)
    try:
        return ClapFeatures.from_extractor(ClapFeatureExtractor.from_dict(settings))
    except Exception as error:  # the same of preprocessor_config.json
        raise DataError(
            f"{folder} holds no settings of a ClapFeatureExtractor ({reason_of(error)}); fetch or save it again"
        ) from error


@contextmanager
def _without_progress_bars() -> Iterator[None]:
    """Keep transformers 5 from drawing a bar for each model that it loads, into log files too."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def build(spec: ScorerSpec, model_folder: Path, processor_folder: Path, options: ScorerOptions) -> HfEncoder:
    """Load a model, or take one that is loaded already, and return its encoder; see `load_clap`."""
    return HfEncoder(spec, share(load_clap, model_folder, processor_folder, device=options.device), options)


class HfEncoder:
    """A `metrics.encoder.DualEncoder` around a `LoadedClap`."""

    def __init__(self, spec: ScorerSpec, clap: LoadedClap, options: ScorerOptions) -> None:
        self.spec = spec
        self.device = forward.choose_device(options.device)
        self.precision = options.precision
        self.clap = clap
        self.clap.model.to(self.device)
        features = clap.features
        self.listening = Listening(
            features.sample_rate_hz, features.n_window, features.filling, options.window, options.seed
        )
        self.fused_as_published = features.fusion and options.window == "as-published"

    def batch_size(self) -> int:
        return forward.WINDOWS_PER_BATCH[self.device.type]

    def prepare_clip(self, clip: Clip) -> list[Input]:
        """Return the samples of each window, or (channels, frames, mels) of a fused long clip."""
        if self.fused_as_published:
            samples = self.listening.resampled(clip, FUSING_BYTES_A_SAMPLE).samples
            if len(samples) > self.listening.n_window:
                check_audible([samples], clip.path)
                return [forward.to_numpy(self.clap.features.fuse(samples, self.listening.key(clip)))]
        return list(self.listening.windows(clip))

    def embed_audio(self, inputs: Sequence[Input]) -> Float[np.ndarray, "inputs dim"]:
        return forward.by_shape(inputs, self._embed_batch)

    def _embed_batch(self, batch: Input) -> Float[np.ndarray, "batch dim"]:
        """Embed windows or fused clips.

        Upstream, called with a single clip, marks every clip as longer if the model is fused: ``as-published`` does
        the same.
        """
        with forward.inference(self.device, self.precision):
            is_longer = torch.full((len(batch), 1), self.fused_as_published, device=self.device)
            return forward.to_numpy(self.clap.embed_audio(self.features(batch).to(self.device), is_longer))

    def features(self, batch: Input) -> Float[torch.Tensor, "batch channels frames mels"]:
        """Return what the model takes, of a stack of what `prepare_clip` gave; fused clips are that already."""
        inputs = torch.from_numpy(batch)
        if inputs.ndim > 2:
            return inputs
        features, _ = self.clap.features(inputs.to(forward.feature_device(self.device)))
        return features if self.fused_as_published else features[:, :1]

    def prepare_captions(self, captions: Sequence[str]) -> list[TokenisedCaption]:
        return self.clap.prepare_captions(captions)

    def embed_captions(self, captions: Sequence[TokenisedCaption]) -> Float[np.ndarray, "captions dim"]:
        with forward.inference(self.device, self.precision):
            return forward.to_numpy(self.clap.embed_captions(captions))


def _as_tensor(output: Any) -> torch.Tensor:
    """Return the embeddings; transformers 5 wraps them in an output object."""
    return output if isinstance(output, torch.Tensor) else output.pooler_output
