"""The packages' own public calls, with the local hub's checkpoints, their warnings kept to themselves."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from metrics.models.hub import HubFiles, fetch_file

Vectors = np.ndarray


@contextmanager
def quietly() -> Iterator[None]:
    """Let other people's code warn about itself in silence, and undo what it does to ``sys.path``."""
    path = list(sys.path)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        yield
    sys.path[:] = path


def unit(vectors: Vectors) -> Vectors:
    """Return vectors of length 1."""
    return vectors / np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)


def one_minus_cosine(ours: Vectors, theirs: Vectors) -> float:
    """Return the largest cosine difference between corresponding rows."""
    return float((1 - (unit(ours) * unit(theirs)).sum(axis=1)).max())


class Laion:
    """``laion_clap.CLAP_Module``."""

    def __init__(self, checkpoint: HubFiles, fusion: bool = False) -> None:
        with quietly():
            from laion_clap import CLAP_Module

            self.module = CLAP_Module(enable_fusion=fusion, device="cpu")
            self.module.load_ckpt(str(fetch_file(checkpoint)), verbose=False)

    def embed_files(self, paths: Sequence[Path]) -> Vectors:
        with quietly():
            return self.module.get_audio_embedding_from_filelist([str(path) for path in paths])

    def embed_samples(self, samples: Vectors) -> Vectors:
        with quietly():
            return self.module.get_audio_embedding_from_data(torch.from_numpy(samples)[None], use_tensor=True).numpy()

    def embed_captions(self, captions: Sequence[str]) -> Vectors:
        with quietly():
            return self.module.get_text_embedding(list(captions))


class Ms:
    """``msclap.CLAP``."""

    def __init__(self, checkpoint: HubFiles, version: str) -> None:
        with quietly():
            from msclap import CLAP

            self.wrapper: Any = CLAP(model_fp=str(fetch_file(checkpoint)), version=version, use_cuda=False)

    def embed_windows(self, windows: Vectors) -> Vectors:
        """The audio encoder on samples: upstream's own loader needs torchcodec."""
        with quietly():
            return self.wrapper._get_audio_embeddings(torch.from_numpy(windows)[:, None]).numpy()

    def embed_captions(self, captions: Sequence[str]) -> Vectors:
        """One call a caption: a list with captions of different lengths above 77 tokens cannot be collated."""
        with quietly():
            return np.concatenate([self.wrapper.get_text_embeddings([caption]).numpy() for caption in captions])


def embeddings_in(output: Any) -> Any:
    """Return what ``ClapModel.get_*_features`` computed; transformers 5 wraps the tensor."""
    return getattr(output, "pooler_output", output)


class Human:
    """``transformers.ClapModel`` and ``ClapProcessor``, called with one clip or caption, as model cards show."""

    def __init__(self, model_folder: Path, processor_folder: Path) -> None:
        with quietly():
            from transformers import ClapModel, ClapProcessor

            self.model: Any = ClapModel.from_pretrained(model_folder).eval()
            self.processor: Any = ClapProcessor.from_pretrained(processor_folder)

    def embed_samples(self, samples: Vectors) -> Vectors:
        with quietly():
            inputs = self.processor.feature_extractor(samples, sampling_rate=48_000, return_tensors="pt")
            return embeddings_in(self.model.get_audio_features(**inputs)).numpy()

    def embed_captions(self, captions: Sequence[str]) -> Vectors:
        with quietly():
            tokens = self.processor.tokenizer(list(captions), padding=True, return_tensors="pt")
            return embeddings_in(self.model.get_text_features(**tokens)).numpy()


LocalHub = Callable[..., Path]
