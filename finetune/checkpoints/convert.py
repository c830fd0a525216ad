"""Turns a checkpoint of laion_clap (``630k-audioset-best.pt`` …) into a transformers ClapModel.

Both packages implement the same network under other names: RoBERTa as it is in transformers, HTS-AT with the names of
its Swin transformer, its fused query-key-value matrices split in three. What laion_clap computes without weights
(spectrograms, attention masks) and what CLAPScore never uses (classifier heads, the transforms of the ``mlp_loss``)
has no counterpart and is left out; every other weight must find its place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor
from transformers import ClapConfig, ClapFeatureExtractor, ClapModel

from finetune.checkpoints.folder import new_folder
from metrics.errors import DataError, UnavailableError
from metrics.files import cache_folder
from metrics.locks import waited_for
from metrics.models import hub
from metrics.models.laion import ROBERTA
from metrics.models.loading import load_laion_weights, load_strictly
from metrics.models.tokenizers import load_tokenizer

LEFT_OUT = re.compile(
    r"(text|audio)_transform\.|audio_branch\.(spectrogram_extractor|logmel_extractor|tscam_conv|head)\.|.*\.attn_mask$"
)

RENAMED = (
    (r"^text_branch\.", "text_model."),
    (r"^audio_branch\.", "audio_model.audio_encoder."),
    (r"\.bn0\.", ".batch_norm."),
    (r"(\.blocks\.\d+)\.norm1\.", r"\1.layernorm_before."),
    (r"(\.blocks\.\d+)\.norm2\.", r"\1.layernorm_after."),
    (r"(\.blocks\.\d+)\.attn\.proj\.", r"\1.attention.output.dense."),
    (r"(\.blocks\.\d+)\.attn\.", r"\1.attention.self."),
    (r"(\.blocks\.\d+)\.mlp\.fc1\.", r"\1.intermediate.dense."),
    (r"(\.blocks\.\d+)\.mlp\.fc2\.", r"\1.output.dense."),
    (r"^(text|audio)_projection\.0\.", r"\1_projection.linear1."),
    (r"^(text|audio)_projection\.2\.", r"\1_projection.linear2."),
)

DEPTHS = {96: [2, 2, 6, 2], 128: [2, 2, 12, 2]}
"""Blocks in each stage, by the width of the first: HTSAT-tiny and HTSAT-base (laion_clap/clap_module/model_configs)."""


def converted(path: Path) -> tuple[Path, Path]:
    """Return the folder of a converted checkpoint, and that of its processor, converting it at the first time.

    Raises:
        UnavailableError: no such file, or the tokenizer of RoBERTa is not on this machine.
        DataError: it is no checkpoint of laion_clap, or one of another architecture.
    """
    if not path.is_file():
        raise UnavailableError(f"{path}: no such file; give a .pt file of laion_clap")
    folder = cache_folder() / "converted" / f"{path.stem}-{hub.sha256_of(path)[:16]}"
    if not folder.is_dir():
        with waited_for(folder.with_name(f".{folder.name}.lock"), "set CLAP_BENCH_CACHE_DIR to another folder"):
            if not folder.is_dir():  # of several processes the others find it done
                _save_converted(path, folder)
    return folder, folder


def _save_converted(path: Path, folder: Path) -> None:
    model, extractor = convert(path)
    tokenizer = load_tokenizer(hub.fetch(ROBERTA))
    with new_folder(folder) as part:
        for thing in (model, extractor, tokenizer):
            thing.save_pretrained(part)


def convert(path: Path) -> tuple[ClapModel, ClapFeatureExtractor]:
    """Read a checkpoint of laion_clap; return the model and how it hears.

    Raises:
        DataError: it is none, or its weights do not fit the architecture.
    """
    state = renamed(load_laion_weights(path))
    fused = any(".fusion_model." in name for name in state)
    model = ClapModel(_config(state, fused, path))
    load_strictly(model, state, str(path))
    truncation = "fusion" if fused else "rand_trunc"
    # laion_clap hears from 50 Hz (its audio_cfg); the extractor's own default is 0.
    return model.eval(), ClapFeatureExtractor(truncation=truncation, padding="repeatpad", frequency_min=50)


def renamed(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return laion_clap's weights under transformers' names."""
    found: dict[str, Tensor] = {}
    for name, value in state.items():
        if LEFT_OUT.match(name):
            continue
        for pattern, replacement in RENAMED:
            name = re.sub(pattern, replacement, name)
        if ".qkv." in name:
            parts = zip(("query", "key", "value"), value.chunk(3), strict=True)
            found |= {name.replace(".qkv.", f".{part}."): rows for part, rows in parts}
        else:
            found[name] = value
    return {name: value.float() if value.is_floating_point() else value for name, value in found.items()}


def _config(state: Mapping[str, Tensor], fused: bool, path: Path) -> ClapConfig:
    patches = state.get("audio_model.audio_encoder.patch_embed.proj.weight")
    words = state.get("text_model.embeddings.word_embeddings.weight")
    if patches is None or words is None or len(patches) not in DEPTHS:
        raise DataError(f"{path} is no checkpoint of laion_clap with HTSAT-tiny or -base and RoBERTa; give another one")
    width = len(patches)
    audio = {
        "patch_embeds_hidden_size": width,
        "hidden_size": 8 * width,
        "depths": DEPTHS[width],
        "num_attention_heads": [4, 8, 16, 32],
        "enable_fusion": fused,
        "fusion_type": "aff_2d" if fused else None,
    }
    # RoBERTa was trained with 1e-5; ClapTextConfig's default of 1e-12 moves embeddings by a thousandth.
    return ClapConfig(audio_config=audio, text_config={"vocab_size": len(words), "layer_norm_eps": 1e-5})
