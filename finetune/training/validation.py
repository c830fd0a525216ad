"""How well the model in training does on the pairs that it is not trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from bench.statistics.agreement import STATISTICS, point_estimate
from finetune.config import RegressOn
from finetune.data.pairs import PairSet
from finetune.training.losses import Loss, LossInputs

EMBEDDED_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Validation:
    """The state of a model on the validation pairs.

    Attributes:
        loss: the training loss, in batches of the training's size and in a fixed order.
        terms: its terms, before weighting.
        statistics: CLAPScore against rating, by the id of each of `bench.statistics.agreement.STATISTICS`; NaN where
            undefined.
    """

    loss: float
    terms: dict[str, float]
    statistics: dict[str, float]


def validate(
    model: nn.Module, pairs: PairSet, loss: Loss, regress_on: RegressOn, batch_size: int, device: torch.device
) -> Validation:
    """Evaluate a model, which is in evaluation mode afterwards.

    Contrastive terms depend on which pairs share a batch: batches are consecutive pairs, so the order of ``pairs``
    should be random and must be the same at every call.
    """
    audio, text, scale = embed_pairs(model, pairs, device)
    ratings = torch.from_numpy(pairs.ratings).float()
    total, totals = 0.0, dict.fromkeys((name for name, _ in loss.weights), 0.0)
    for start in range(0, len(pairs), batch_size):
        part = slice(start, start + batch_size)
        inputs = LossInputs(audio[part], text[part], ratings[part], scale, regress_on)
        terms = loss.terms(inputs)
        share = len(inputs.ratings) / len(pairs)
        total += share * loss.total(terms).item()
        for name, value in terms.items():
            totals[name] += share * value.item()
    scores = np.maximum((audio.double() * text.double()).sum(dim=-1).numpy(), 0.0)
    statistics = {one.id: point_estimate(one, pairs.ratings, scores)[0] for one in STATISTICS}
    return Validation(total, totals, statistics)


@torch.no_grad()
def embed_pairs(
    model: nn.Module, pairs: PairSet, device: torch.device
) -> tuple[Float[Tensor, "pairs dim"], Float[Tensor, "pairs dim"], Float[Tensor, ""]]:
    """Return audio and text embeddings of all pairs, and 1 / tau, on the CPU."""
    model.eval()
    indices = np.arange(len(pairs))
    batches = [indices[i : i + EMBEDDED_AT_ONCE] for i in range(0, len(indices), EMBEDDED_AT_ONCE)]
    audio, text, scale = zip(*(model(pairs.batch(chosen).to(device)) for chosen in batches), strict=True)
    return torch.cat(audio).cpu(), torch.cat(text).cpu(), scale[0].cpu()
