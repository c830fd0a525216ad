"""Loads msclap's model and embeds with it.

Of the package the architecture and its settings are used (`metrics.models.partial_import`): ``CLAPWrapper`` loads audio
through torchaudio (which needs torchcodec), concatenates stereo channels, crops at random, and loads with
``strict=False``. GPT-2 is pooled at the caption's last token; msclap counts the ids that are not 0, and as 0 is ``!``,
each ``!`` inside a caption moves the pooled position one token towards its start.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
import torch
import yaml
from jaxtyping import Float
from transformers import AutoConfig, AutoModel

from metrics.audio import Clip
from metrics.encoder import Input, TokenisedCaption, share
from metrics.errors import DataError
from metrics.models import forward
from metrics.models.attention_mask import mask_with_infinity
from metrics.models.loading import load_pickle, load_strictly, without_causal_masks
from metrics.models.mel import LogMel, take_over_front_end
from metrics.models.partial_import import import_part, package_folder, quietly
from metrics.models.tokenizers import load_tokenizer, tokenise
from metrics.types import ScorerOptions, ScorerSpec
from metrics.windows import Listening

END_OF_CAPTION = " <|endoftext|>"
PAD_TOKEN = "!"
"""msclap declares this ordinary token (id 0) to be GPT-2's padding, which also changes how ``!!`` is tokenised."""


@dataclass(frozen=True)
class LoadedMs:
    """A ``msclap.models.clap.CLAP`` in evaluation mode, its tokenizer, and its log-mel transform."""

    model: Any
    tokenizer: Any
    log_mel: LogMel
    is_gpt2: bool


def load_ms(version: str, checkpoint: Path, text_folder: Path) -> LoadedMs:
    """Load a checkpoint of msclap.

    Args:
        version: ``"2023"`` or ``"2022"``.
        checkpoint: the ``.pth`` file.
        text_folder: with ``config.json`` and the tokenizer of GPT-2 or BERT.

    Raises:
        DataError: unsafe, damaged, or not a checkpoint of this version.
    """
    weights = load_pickle(checkpoint).get("model")
    if not isinstance(weights, dict):
        raise DataError(f"{checkpoint} has no 'model'; give a checkpoint of msclap")
    model = build_model(version, text_folder)
    load_strictly(model, without_causal_masks(weights, str(checkpoint)), str(checkpoint))
    model.eval()
    base = model.audio_encoder.base
    log_mel = take_over_front_end(getattr(base, "htsat", base))
    mask_with_infinity(base)
    tokenizer = load_tokenizer(text_folder)
    is_gpt2 = "gpt" in settings_of(version).text_model
    if is_gpt2:
        tokenizer.add_special_tokens({"pad_token": PAD_TOKEN})
    return LoadedMs(model, tokenizer, log_mel, is_gpt2)


def build_model(version: str, text_folder: Path) -> Any:
    """Return msclap's ``CLAP`` of a version with random weights."""
    settings = settings_of(version)
    architecture: Any = import_part("msclap", "models.clap", extra="ms")
    config = AutoConfig.from_pretrained(text_folder, local_files_only=True, trust_remote_code=False)
    without_download = SimpleNamespace(from_pretrained=lambda _: AutoModel.from_config(config))
    with quietly(), mock.patch.object(architecture, "AutoModel", without_download):
        return architecture.CLAP(
            audioenc_name=settings.audioenc_name,
            sample_rate=settings.sampling_rate,
            window_size=settings.window_size,
            hop_size=settings.hop_size,
            mel_bins=settings.mel_bins,
            fmin=settings.fmin,
            fmax=settings.fmax,
            classes_num=settings.num_classes,
            out_emb=settings.out_emb,
            text_model=settings.text_model,
            transformer_embed_dim=settings.transformer_embed_dim,
            d_proj=settings.d_proj,
        )


def settings_of(version: str) -> argparse.Namespace:
    """Return msclap's own settings of a version."""
    folder = Path(package_folder("msclap", extra="ms"))
    return argparse.Namespace(**yaml.safe_load((folder / "configs" / f"config_{version}.yml").read_text()))


def build(
    spec: ScorerSpec,
    version: str,
    checkpoint: Path,
    text_folder: Path,
    max_tokens: int,
    listening: Listening,
    options: ScorerOptions,
) -> MsEncoder:
    """Load a model, or take one that is loaded already, and return its encoder; see `load_ms`."""
    ms = share(load_ms, version, checkpoint, text_folder, device=options.device)
    return MsEncoder(spec, ms, max_tokens, listening, options)


class MsEncoder:
    """A `metrics.encoder.DualEncoder` around a `LoadedMs`."""

    def __init__(
        self, spec: ScorerSpec, ms: LoadedMs, max_tokens: int, listening: Listening, options: ScorerOptions
    ) -> None:
        self.spec = spec
        self.max_tokens = max_tokens
        self.ms = ms
        self.device = forward.choose_device(options.device)
        self.precision = options.precision
        self.ms.model.to(self.device)
        self.listening = listening

    def batch_size(self) -> int:
        return forward.WINDOWS_PER_BATCH[self.device.type]

    def prepare_clip(self, clip: Clip) -> list[Input]:
        """Return the samples of each window."""
        return list(self.listening.windows(clip))

    def embed_audio(self, inputs: Sequence[Input]) -> Float[np.ndarray, "inputs dim"]:
        with forward.inference(self.device, self.precision):
            windows = torch.from_numpy(np.stack(inputs)).to(forward.feature_device(self.device))
            features = self.ms.log_mel(windows)[:, None].to(self.device)
            embedded, _ = self.ms.model.audio_encoder(features)
            return forward.to_numpy(embedded)

    def prepare_captions(self, captions: Sequence[str]) -> list[TokenisedCaption]:
        """Tokenise as msclap does, but keep the end token of captions that are cut."""
        if not self.ms.is_gpt2:
            return tokenise(self.ms.tokenizer, captions, self.max_tokens)
        sequences = self.ms.tokenizer([text + END_OF_CAPTION for text in captions], verbose=False)["input_ids"]
        end = tuple(self.ms.tokenizer(END_OF_CAPTION)["input_ids"])
        return [_cut_before_end(tuple(ids), end, self.max_tokens) for ids in sequences]

    def embed_captions(self, captions: Sequence[TokenisedCaption]) -> Float[np.ndarray, "captions dim"]:
        ids, mask = forward.pad(captions, self.ms.tokenizer.pad_token_id, self.device)
        tower = self.ms.model.caption_encoder
        with forward.inference(self.device, self.precision):
            hidden = tower.base(input_ids=ids, attention_mask=mask)[0]
            pooled_at = mask.sum(dim=1) - 1 if self.ms.is_gpt2 else torch.zeros_like(mask[:, 0])
            pooled = hidden[torch.arange(len(ids), device=self.device), pooled_at]
            return forward.to_numpy(tower.projection(pooled))


def _cut_before_end(ids: tuple[int, ...], end: tuple[int, ...], max_tokens: int) -> TokenisedCaption:
    n_cut = max(0, len(ids) - max_tokens)
    return TokenisedCaption(ids[: max_tokens - len(end)] + end if n_cut else ids, n_cut)
