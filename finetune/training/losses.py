"""Losses between embeddings of audio-text pairs and the ratings that listeners gave them.

Conventions: a batch has N pairs; ``e_audio`` and ``e_text`` are L2-normalised; ``a_i`` in [0, 1] is the rescaled mean
rating of pair i; ``c_i`` = e_i_text . e_i_audio its cosine; ``y_i`` = ReLU(c_i) its CLAPScore (Eq. 3), or c_i itself
where the user asks for ``--regress-on cosine``; tau is the learnable temperature, stored as ``logit_scale`` = 1 / tau.
Equations are those of the Human-CLAP paper. Everything is computed in the precision of the embeddings given.

A loss is a weighted sum of terms, written ``wsce+mae`` or, with explicit weights, ``wsce:0.2+mse:1``. A new term is
one function from `LossInputs` to a scalar, given to `register`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from finetune.config import RegressOn
from metrics.errors import UsageError, did_you_mean

CONTRASTIVE_SHARE = 0.1
"""lambda_1 of Eq. 6: weight of a contrastive term beside other terms; lambda_2, the weight of all others, is 1."""

MAX_LOGIT_SCALE = 100.0
"""1 / tau stays in [1, 100], as when CLAP was pretrained (laion_clap/training/train.py, logit_scale_a.clamp_)."""

RANK_MARGIN = 0.1
"""Cosine by which the better-rated pair of two should lead in ``rank``: one point of a 0-10 scale."""

LISTNET_TEMPERATURE = 0.1
"""Softmax temperature of ``listnet``, for ratings and cosines alike: both span about 1, too little for exp(.)."""


@dataclass(frozen=True)
class LossInputs:
    """What every term is computed from.

    Attributes:
        audio, text: L2-normalised embeddings; row i of both is pair i.
        ratings: a_i in [0, 1].
        logit_scale: 1 / tau.
        regress_on: whether y_i is the CLAPScore or the raw cosine, whose gradient does not vanish below 0.
    """

    audio: Float[Tensor, "pairs dim"]
    text: Float[Tensor, "pairs dim"]
    ratings: Float[Tensor, " pairs"]
    logit_scale: Float[Tensor, ""]
    regress_on: RegressOn = "clapscore"

    @property
    def cosines(self) -> Float[Tensor, " pairs"]:
        """c_i."""
        return (self.audio * self.text).sum(dim=-1)

    @property
    def scores(self) -> Float[Tensor, " pairs"]:
        """y_i (Eq. 3)."""
        return functional.relu(self.cosines) if self.regress_on == "clapscore" else self.cosines


Term = Callable[[LossInputs], Float[Tensor, ""]]


@dataclass(frozen=True, slots=True)
class RegisteredTerm:
    """A term, and whether it is contrastive: whether it weighs CONTRASTIVE_SHARE beside others."""

    compute: Term
    contrastive: bool


TERMS: dict[str, RegisteredTerm] = {}


def register(name: str, *, contrastive: bool = False) -> Callable[[Term], Term]:
    """Return a decorator that makes a function available as the term ``name``.

    Raises:
        UsageError: the name is taken, or would be misread in ``--loss``.
    """
    if name in TERMS:
        raise UsageError(f"loss term {name!r} exists already; choose another name")
    if not name.isidentifier():
        raise UsageError(f"loss term {name!r} is no plain name; use letters, digits and underscores")

    def add(compute: Term) -> Term:
        TERMS[name] = RegisteredTerm(compute, contrastive)
        return compute

    return add


@register("mse")
def mean_squared_error(inputs: LossInputs) -> Float[Tensor, ""]:
    """Eq. 2: mean of (a_i - y_i)^2."""
    return (inputs.ratings - inputs.scores).square().mean()


@register("mae")
def mean_absolute_error(inputs: LossInputs) -> Float[Tensor, ""]:
    """Eq. 4: mean of |a_i - y_i|."""
    return (inputs.ratings - inputs.scores).abs().mean()


@register("wsce", contrastive=True)
def weighted_symmetric_cross_entropy(inputs: LossInputs) -> Float[Tensor, ""]:
    """Eq. 5: both directions of pair i weighted by a_i, mean over 2N; the diagonal of the logits is the target."""
    return (inputs.ratings * _symmetric_cross_entropies(inputs)).mean()


@register("sce", contrastive=True)
def symmetric_cross_entropy(inputs: LossInputs) -> Float[Tensor, ""]:
    """The unweighted loss that CLAP was pretrained with: the control that never sees a rating."""
    return _symmetric_cross_entropies(inputs).mean()


def _symmetric_cross_entropies(inputs: LossInputs) -> Float[Tensor, " pairs"]:
    logits = inputs.logit_scale * inputs.text @ inputs.audio.T
    of_text = torch.diagonal(functional.log_softmax(logits, dim=1))
    of_audio = torch.diagonal(functional.log_softmax(logits, dim=0))
    return -(of_text + of_audio) / 2


@register("ccc")
def concordance(inputs: LossInputs) -> Float[Tensor, ""]:
    """1 - Lin's concordance correlation coefficient (Lin 1989) of a and y, with population moments.

    2 cov / (var a + var y + (mean a - mean y)^2); 0 where nothing varies, so that a batch of one pair gives 1.
    """
    a, y = inputs.ratings, inputs.scores
    covariance = ((a - a.mean()) * (y - y.mean())).mean()
    spread = a.var(correction=0) + y.var(correction=0) + (a.mean() - y.mean()).square()
    return 1 - 2 * covariance / spread.clamp(min=torch.finfo(spread.dtype).eps)


@register("rank")
def pairwise_ranking(inputs: LossInputs) -> Float[Tensor, ""]:
    """Mean of max(0, RANK_MARGIN - (c_i - c_j)) over all (i, j) with a_i > a_j; 0 if there are none."""
    better = (inputs.ratings[:, None] > inputs.ratings[None, :]).to(inputs.cosines.dtype)
    lead = inputs.cosines[:, None] - inputs.cosines[None, :]
    return (better * functional.relu(RANK_MARGIN - lead)).sum() / better.sum().clamp(min=1)


@register("listnet")
def listwise_cross_entropy(inputs: LossInputs) -> Float[Tensor, ""]:
    """ListNet's top-one cross entropy (Cao et al. 2007): -sum softmax(a / T) log softmax(c / T)."""
    wanted = functional.softmax(inputs.ratings / LISTNET_TEMPERATURE, dim=0)
    return -(wanted * functional.log_softmax(inputs.cosines / LISTNET_TEMPERATURE, dim=0)).sum()


@dataclass(frozen=True, slots=True)
class Loss:
    """A weighted sum of terms (Eq. 6); ``str`` gives every weight, so that it can be parsed again."""

    weights: tuple[tuple[str, float], ...]

    def terms(self, inputs: LossInputs) -> dict[str, Float[Tensor, ""]]:
        """Return the value of each term, before weighting."""
        return {name: TERMS[name].compute(inputs) for name, _ in self.weights}

    def total(self, terms: dict[str, Float[Tensor, ""]]) -> Float[Tensor, ""]:
        """Return the weighted sum of what `terms` gave."""
        return torch.stack([weight * terms[name] for name, weight in self.weights]).sum()

    def __call__(self, inputs: LossInputs) -> Float[Tensor, ""]:
        return self.total(self.terms(inputs))

    def __str__(self) -> str:
        return "+".join(f"{name}:{weight:g}" for name, weight in self.weights)


def parse_loss(text: str) -> Loss:
    """Read ``wsce+mae`` or ``wsce:0.2+mse:1``; terms without a weight take that of Eq. 6.

    Raises:
        UsageError: an unknown or repeated term (with the nearest name), or a weight that is no positive number.
    """
    written = [part.strip().partition(":") for part in text.split("+")]
    names = [name for name, _, _ in written]
    for name in names:
        _check_term(name, text, names)
    weights = tuple(
        (name, _parse_weight(weight, text) if colon else _default_weight(name, len(names)))
        for name, colon, weight in written
    )
    return Loss(weights)


@torch.no_grad()
def bound_temperature(log_logit_scale: Float[Tensor, ""]) -> None:
    """Clamp ln(1 / tau), in place, to [0, ln MAX_LOGIT_SCALE]: done after every optimizer step."""
    log_logit_scale.clamp_(0.0, math.log(MAX_LOGIT_SCALE))


def _check_term(name: str, text: str, names: list[str]) -> None:
    if name not in TERMS:
        raise UsageError(
            f"unknown term {name!r} in --loss {text!r}{did_you_mean(name, TERMS)} (known: {', '.join(TERMS)})"
        )
    if names.count(name) > 1:
        raise UsageError(f"term {name!r} stands twice in --loss {text!r}; name it once, with the sum of its weights")


def _parse_weight(weight: str, text: str) -> float:
    try:
        value = float(weight)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise UsageError(f"weight {weight!r} in --loss {text!r} is no positive number; write e.g. wsce:0.1+mae:1")
    return value


def _default_weight(name: str, n_terms: int) -> float:
    return CONTRASTIVE_SHARE if TERMS[name].contrastive and n_terms > 1 else 1.0
