"""Small ClapModels with random weights, in folders as transformers saves them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # whoever only collects tests does not wait for them
    import torch
    from transformers import RobertaTokenizerFast

SENTENCES = (
    "A dog barks while rain falls on a tin roof.",
    "A man speaks, then a car engine starts and idles!",
    "Birds chirp and the wind blows through the leaves.",
    "Water flows; a woman laughs and children shout.",
)

FUSED_48K = {"truncation": "fusion", "padding": "repeatpad"}
SMALL_16K = {
    "sampling_rate": 16_000,
    "max_length_s": 4,
    "hop_length": 256,
    "fft_window_size": 1024,
    "frequency_min": 50,
    "frequency_max": 8000,
    "truncation": "rand_trunc",
    "padding": "repeatpad",
}


def save_tokenizer(folder: Path) -> RobertaTokenizerFast:
    """Train a byte-level BPE tokenizer with RoBERTa's special tokens and save it."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import RobertaTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(
        SENTENCES, vocab_size=400, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"], show_progress=False
    )
    trained.save_model(str(folder))
    tokenizer = RobertaTokenizerFast.from_pretrained(folder, model_max_length=512)
    tokenizer.save_pretrained(folder)
    return tokenizer


def save_tiny_clap(folder: Path, features: dict[str, object], seed: int = 0) -> Path:
    """Save a model of about half a million parameters with its processor."""
    import torch
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel

    tokenizer = save_tokenizer(folder)
    extractor = ClapFeatureExtractor(**features)
    extractor.save_pretrained(folder)
    config = ClapConfig(
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "intermediate_size": 64,
            "max_position_embeddings": 514,
        },
        audio_config={
            "patch_embeds_hidden_size": 16,
            "depths": [1, 1, 1, 1],
            "num_attention_heads": [1, 2, 4, 8],
            "hidden_size": 128,
            "enable_fusion": features["truncation"] == "fusion",
            "fusion_type": "aff_2d" if features["truncation"] == "fusion" else None,
        },
        projection_dim=32,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = ClapModel(config).eval()
        enliven(model)
    model.save_pretrained(folder)
    return folder


def enliven(model: torch.nn.Module) -> None:
    """Make a freshly initialised network tell its inputs apart: at std 0.02 all embeddings are nearly the same."""
    import torch

    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, torch.nn.Linear):
                module.weight.mul_(4)
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.fill_(-30.0)
                module.running_var.fill_(15.0**2)
