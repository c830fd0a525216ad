"""A ClapModel made ready for training: what is trained, what stands still, and one forward pass.

The temperature of Eq. 5 is ``logit_scale_a``, which LAION trained for both directions (laion_clap/clap_module/loss.py);
``logit_scale_t`` gets its value when the model is saved. The fusion branch of a fused model is never reached, since
long clips are cut into windows, and stays as it was.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from finetune.config import TrainingConfig
from finetune.data.pairs import Batch
from metrics.errors import UnavailableError
from metrics.models.hf_model import LoadedClap

RECOMPUTED_LAYERS = ("ClapAudioLayer", "ClapTextLayer")
"""Blocks whose activations gradient checkpointing drops; transformers' own switch is off for ClapModel in 4.57."""

LORA_TARGETS = ("query", "key", "value")
"""The attention projections of both towers, by their names in modeling_clap.py."""

Embeddings = tuple[Float[Tensor, "pairs dim"], Float[Tensor, "pairs dim"], Float[Tensor, ""]]


class PairEmbedder(nn.Module):
    """Embeds the pairs of a batch with a ClapModel.

    Attributes:
        model: the ClapModel, with adapters inside if there are any.
    """

    def __init__(self, clap: LoadedClap, config: TrainingConfig) -> None:
        super().__init__()
        self.model: nn.Module = clap.model
        self._clap = clap
        self._adapted = _add_adapters(clap.model, config.lora_rank) if config.lora_rank else None
        frozen = _frozen_towers(clap.model, config)
        for part in frozen:
            part.requires_grad_(False)
        clap.model.logit_scale_t.requires_grad_(False)
        self._still = [*frozen, *(_batch_norms(clap.model) if config.batch_norm == "frozen" else [])]
        if config.gradient_checkpointing:
            _recompute_activations(clap.model)

    def train(self, mode: bool = True) -> PairEmbedder:
        """Switch dropout and batch statistics on, except in what stands still."""
        super().train(mode)
        for part in self._still:
            part.eval()
        return self

    def forward(self, batch: Batch) -> Embeddings:
        """Return audio and text embeddings of unit length, one row a pair, and 1 / tau; all in float32."""
        is_longer = torch.zeros(len(batch.windows), 1, dtype=torch.bool, device=batch.windows.device)
        windows = self._clap.embed_audio(batch.windows, is_longer).float()
        audio = windows.new_zeros(len(batch.captions), windows.shape[1])
        audio = audio.index_add(0, batch.owners, functional.normalize(windows, dim=-1))
        text = self._clap.embed_captions(batch.captions).float()
        scale = self._clap.model.logit_scale_a.exp()
        return functional.normalize(audio, dim=-1), functional.normalize(text, dim=-1), scale

    @property
    def log_logit_scale(self) -> Float[Tensor, ""]:
        """ln(1 / tau), the parameter."""
        scale: Tensor = self._clap.model.logit_scale_a
        return scale

    @property
    def temperature(self) -> float:
        """tau of Eq. 5."""
        return math.exp(-self.log_logit_scale.item())

    @torch.no_grad()
    def finished_model(self) -> Any:
        """Return the ClapModel as it is to be saved: adapters merged, one temperature; training ends here."""
        model = self._adapted.merge_and_unload() if self._adapted is not None else self._clap.model
        model.logit_scale_t.copy_(model.logit_scale_a)
        return model.eval()


def parameter_groups(embedder: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Return what is trained, for AdamW: matrices with weight decay; biases, norms and the temperature without."""
    trained = [parameter for parameter in embedder.parameters() if parameter.requires_grad]
    return [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]


def _frozen_towers(model: Any, config: TrainingConfig) -> list[nn.Module]:
    towers = {"text": [model.text_model], "audio": [model.audio_model]}
    return {"none": [], "encoders": towers["text"] + towers["audio"], **towers}[config.freeze]


def _batch_norms(model: nn.Module) -> list[nn.Module]:
    return [part for part in model.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]


def _add_adapters(model: Any, rank: int) -> Any:
    """Put LoRA adapters into the attention layers, in place; train them, the projections and the temperature."""
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise UnavailableError(f"--lora needs peft ({error}); pip install 'clap-bench[lora]'") from error
    adapted = get_peft_model(model, LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=list(LORA_TARGETS)))
    for part in (model.audio_projection, model.text_projection, model.logit_scale_a):
        part.requires_grad_(True)
    return adapted


def _recompute_activations(model: nn.Module) -> None:
    for layer in model.modules():
        if type(layer).__name__ in RECOMPUTED_LAYERS:
            layer.forward = partial(checkpoint, layer.forward, use_reentrant=False)
