"""The architecture of ``tiny``: a transformers ClapModel of a quarter of a million parameters, shipped in the package.

Sizes are bound to each other: ``spec_size`` is a multiple of the mel bins; each stage's grid, (spec_size /
patch_stride / 2^stage) squared, holds at least one attention window; ``patch_stride`` must be given, for its default
belongs to another patch size; and the feature extractor wants whole seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import ByteLevelBPETokenizer, Tokenizer
from tokenizers.processors import RobertaProcessing
from transformers import ClapConfig, ClapFeatureExtractor, ClapModel, PreTrainedTokenizerFast

from metrics.errors import DataError

SAMPLE_RATE_HZ = 16_000
FEATURES: dict[str, Any] = {
    "feature_size": 64,
    "sampling_rate": SAMPLE_RATE_HZ,
    "hop_length": 256,
    "fft_window_size": 1024,
    "max_length_s": 4,
    "frequency_min": 50,
    "frequency_max": 8000,
    "truncation": "rand_trunc",
    "padding": "pad",
}
EMBEDDING_SIZE = 64
AUDIO: dict[str, Any] = {
    "num_mel_bins": FEATURES["feature_size"],
    "spec_size": 128,
    "patch_size": 8,
    "patch_stride": [8, 8],
    "patch_embeds_hidden_size": 32,
    "depths": [2, 2],
    "num_attention_heads": [2, 4],
    "window_size": 8,
    "hidden_size": 64,
    "projection_dim": EMBEDDING_SIZE,
    "enable_fusion": False,
    "fusion_type": None,
    "hidden_dropout_prob": 0.0,
}
MAX_TOKENS = 64
TEXT: dict[str, Any] = {
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "max_position_embeddings": MAX_TOKENS + 2,  # RoBERTa counts positions from pad_token_id + 1 = 2
    "projection_dim": EMBEDDING_SIZE,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
}
VOCABULARY = 420
SPECIAL_TOKENS = {
    "bos_token": "<s>",
    "pad_token": "<pad>",
    "eos_token": "</s>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
}


def new_tiny(folder: Path, captions: Sequence[str], seed: int) -> Path:
    """Save an untrained model with a processor of its own, as transformers saves them.

    Args:
        folder: made if need be.
        captions: that the tokenizer's vocabulary is learnt from.
        seed: of the weights.

    Raises:
        DataError: the captions are too few for the vocabulary.
    """
    tokenizer = _train_tokenizer(captions)
    tokenizer.save_pretrained(folder)
    ClapFeatureExtractor(**FEATURES).save_pretrained(folder)
    config = ClapConfig(
        text_config={**TEXT, "vocab_size": len(tokenizer)}, audio_config=AUDIO, projection_dim=EMBEDDING_SIZE
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = ClapModel(config)
    model.save_pretrained(folder)
    return folder


def _train_tokenizer(captions: Sequence[str]) -> PreTrainedTokenizerFast:
    """Train a byte-level BPE tokenizer, blind to case, with RoBERTa's special tokens at RoBERTa's ids."""
    trained = ByteLevelBPETokenizer(lowercase=True, add_prefix_space=True)
    trained.train_from_iterator(
        captions,
        vocab_size=VOCABULARY,
        min_frequency=1,
        special_tokens=list(SPECIAL_TOKENS.values()),
        show_progress=False,
    )
    if trained.get_vocab_size() < VOCABULARY:
        raise DataError(
            f"{len(captions)} captions give {trained.get_vocab_size()} tokens, expected {VOCABULARY}; give more"
        )
    ends = [(token, trained.token_to_id(token)) for token in ("</s>", "<s>")]
    trained.post_processor = RobertaProcessing(*ends, add_prefix_space=True)
    backend = Tokenizer.from_str(trained.to_str())
    return PreTrainedTokenizerFast(tokenizer_object=backend, model_max_length=MAX_TOKENS, **SPECIAL_TOKENS)
