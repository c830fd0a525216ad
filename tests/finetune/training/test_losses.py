"""Every term against its formula in float64 NumPy, written out with loops as in the paper, and against autograd."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from finetune.training import losses
from finetune.training.losses import TERMS, LossInputs, bound_temperature, parse_loss
from metrics.errors import UsageError

TAU = 0.07
BUILT_IN = ("mse", "mae", "wsce", "sce", "ccc", "rank", "listnet")


def draw(n: int, seed: int, dim: int = 6) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return unit-norm audio and text embeddings and ratings, with cosines on both sides of 0 and tied ratings."""
    rng = np.random.default_rng(seed)
    audio, text = rng.normal(size=(2, n, dim))
    text += rng.normal(size=(n, 1)) * audio
    ratings = rng.integers(0, 11, n) / 10
    return audio / np.linalg.norm(audio, axis=1)[:, None], text / np.linalg.norm(text, axis=1)[:, None], ratings


def inputs_of(audio: np.ndarray, text: np.ndarray, ratings: np.ndarray, **options: object) -> LossInputs:
    scale = torch.tensor(1 / TAU, dtype=torch.float64)
    return LossInputs(torch.tensor(audio), torch.tensor(text), torch.tensor(ratings), scale, **options)  # type: ignore[arg-type]


def oracle_cosine(audio: np.ndarray, text: np.ndarray, i: int, j: int) -> float:
    """Eq. 3 without the ReLU, normalising once more as the equation does."""
    return float(text[i] @ audio[j] / (np.linalg.norm(text[i]) * np.linalg.norm(audio[j])))


def oracle_wsce(audio: np.ndarray, text: np.ndarray, a: np.ndarray) -> float:
    """Eq. 5, term by term."""
    n, total = len(a), 0.0
    for i in range(n):
        of_text = math.exp(text[i] @ audio[i] / TAU) / sum(math.exp(text[i] @ audio[j] / TAU) for j in range(n))
        of_audio = math.exp(audio[i] @ text[i] / TAU) / sum(math.exp(audio[i] @ text[j] / TAU) for j in range(n))
        total += a[i] * (math.log(of_text) + math.log(of_audio))
    return -total / (2 * n)


def oracle_rank(c: list[float], a: np.ndarray) -> float:
    hinges = [max(0.0, 0.1 - (c[i] - c[j])) for i in range(len(a)) for j in range(len(a)) if a[i] > a[j]]
    return float(np.mean(hinges)) if hinges else 0.0


def oracle_listnet(c: list[float], a: np.ndarray) -> float:
    wanted = np.exp(a / 0.1) / np.exp(a / 0.1).sum()
    given_ = np.exp(np.array(c) / 0.1) / np.exp(np.array(c) / 0.1).sum()
    return float(-(wanted * np.log(given_)).sum())


def oracle_ccc(y: list[float], a: np.ndarray) -> float:
    moments = np.cov(np.stack([a, np.array(y)]), ddof=0)
    spread = moments[0, 0] + moments[1, 1] + (a.mean() - np.mean(y)) ** 2
    return float(1 - 2 * moments[0, 1] / spread) if spread > 1e-15 else 1.0


def oracle(name: str, audio: np.ndarray, text: np.ndarray, a: np.ndarray) -> float:
    c = [oracle_cosine(audio, text, i, i) for i in range(len(a))]
    y = [max(value, 0.0) for value in c]
    n = len(a)
    return {
        "mse": lambda: sum((a[i] - y[i]) ** 2 for i in range(n)) / n,
        "mae": lambda: sum(abs(a[i] - y[i]) for i in range(n)) / n,
        "wsce": lambda: oracle_wsce(audio, text, a),
        "sce": lambda: oracle_wsce(audio, text, np.ones(n)),
        "ccc": lambda: oracle_ccc(y, a),
        "rank": lambda: oracle_rank(c, a),
        "listnet": lambda: oracle_listnet(c, a),
    }[name]()


def test_every_built_in_term_has_an_oracle() -> None:
    assert set(BUILT_IN) == set(TERMS)


@pytest.mark.parametrize("name", BUILT_IN)
@given(n=st.integers(1, 12), seed=st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_a_term_equals_its_formula(name: str, n: int, seed: int) -> None:
    audio, text, ratings = draw(n, seed)
    value = float(parse_loss(name)(inputs_of(audio, text, ratings)))
    assert value == pytest.approx(oracle(name, audio, text, ratings), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", BUILT_IN)
def test_single_precision_is_within_one_millionth(name: str) -> None:
    audio, text, ratings = draw(8, seed=3)
    double = inputs_of(audio, text, ratings)
    single = LossInputs(double.audio.float(), double.text.float(), double.ratings.float(), double.logit_scale.float())
    assert float(parse_loss(name)(single)) == pytest.approx(oracle(name, audio, text, ratings), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("regress_on", ["clapscore", "cosine"])
@pytest.mark.parametrize("name", [*BUILT_IN, "wsce+mae", "wsce+mse+mae"])
def test_gradients_are_the_derivatives(name: str, regress_on: str) -> None:
    """By finite differences in float64; gradients of ratings are not wanted, they are data."""
    audio, text, ratings = draw(5, seed=11)

    def value(audio: Tensor, text: Tensor, logit_scale: Tensor) -> Tensor:
        return parse_loss(name)(LossInputs(audio, text, torch.tensor(ratings), logit_scale, regress_on))  # type: ignore[arg-type]

    free = [torch.tensor(x, requires_grad=True) for x in (audio, text, np.float64(1 / TAU))]
    assert torch.autograd.gradcheck(value, free)


@pytest.mark.parametrize("name", BUILT_IN)
def test_one_pair_gives_a_finite_loss_and_gradient(name: str) -> None:
    audio, text, ratings = draw(1, seed=5)
    inputs = inputs_of(audio, text, ratings)
    inputs.audio.requires_grad_()
    value = parse_loss(name)(inputs)
    value.backward()
    assert torch.isfinite(value)
    assert inputs.audio.grad is not None
    assert torch.isfinite(inputs.audio.grad).all()
    if name in {"sce", "wsce", "rank"}:
        assert value.item() == 0.0


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize("rating", [0.0, 1.0])
def test_constant_ratings_give_a_finite_loss_and_gradient(name: str, rating: float) -> None:
    audio, text, _ = draw(6, seed=7)
    inputs = inputs_of(audio, text, np.full(6, rating))
    inputs.audio.requires_grad_()
    value = parse_loss(name)(inputs)
    value.backward()
    assert torch.isfinite(value)
    assert inputs.audio.grad is not None
    assert torch.isfinite(inputs.audio.grad).all()


def test_contrastive_terms_have_the_smaller_share_beside_others() -> None:
    assert [name for name in BUILT_IN if TERMS[name].contrastive] == ["wsce", "sce"]


def test_ratings_of_zero_switch_the_contrastive_loss_off() -> None:
    audio, text, _ = draw(6, seed=7)
    assert float(parse_loss("wsce")(inputs_of(audio, text, np.zeros(6)))) == 0.0


def test_ratings_of_one_give_the_plain_contrastive_loss() -> None:
    audio, text, _ = draw(6, seed=7)
    inputs = inputs_of(audio, text, np.ones(6))
    assert float(parse_loss("wsce")(inputs)) == float(parse_loss("sce")(inputs))


def test_both_directions_count() -> None:
    """transformers 4.57 takes one direction twice (``logits_per_audio.t()``): swapping the towers would change it."""
    audio, text, ratings = draw(6, seed=8)
    value = float(parse_loss("wsce")(inputs_of(audio, text, ratings)))
    assert value == pytest.approx(float(parse_loss("wsce")(inputs_of(text, audio, ratings))), rel=1e-12)
    logits = text @ audio.T / TAU
    one_direction = -np.mean(ratings * (np.diag(logits) - np.log(np.exp(logits).sum(axis=1))))
    assert value != pytest.approx(one_direction, rel=1e-3)


def test_a_pair_of_no_relevance_is_only_a_negative() -> None:
    """With a_i = 0 the attraction of pair i vanishes, its repulsion from the others does not."""
    audio, text, ratings = draw(4, seed=9)
    ratings[:] = 1.0
    ratings[2] = 0.0
    inputs = inputs_of(audio, text, ratings)
    inputs.audio.requires_grad_()
    parse_loss("wsce")(inputs).backward()
    assert inputs.audio.grad is not None
    assert inputs.audio.grad[2].abs().max() > 0


def test_clapscore_has_no_gradient_below_zero_and_the_cosine_has() -> None:
    audio = np.array([[1.0, 0.0]])
    text = np.array([[-0.6, 0.8]])
    gradients = {}
    for regress_on in ("clapscore", "cosine"):
        inputs = inputs_of(audio, text, np.array([0.5]), regress_on=regress_on)
        inputs.audio.requires_grad_()
        parse_loss("mse")(inputs).backward()
        assert inputs.audio.grad is not None
        gradients[regress_on] = float(inputs.audio.grad.abs().sum())
    assert gradients["clapscore"] == 0.0
    assert gradients["cosine"] > 0.5


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_the_weighted_contrastive_loss_decreases_and_moves_the_temperature_within_its_bounds(optimizer: str) -> None:
    torch.manual_seed(0)
    towers = [torch.randn(16, 8, requires_grad=True) for _ in range(2)]
    log_scale = torch.tensor(math.log(1 / TAU), requires_grad=True)
    ratings = torch.rand(16)
    make = {"sgd": lambda p: torch.optim.SGD(p, lr=1.0), "adamw": lambda p: torch.optim.AdamW(p, lr=0.3)}[optimizer]
    steps = make([*towers, log_scale])
    values, scales = [], []
    for _ in range(60):
        audio, text = (torch.nn.functional.normalize(tower, dim=-1) for tower in towers)
        value = parse_loss("wsce")(LossInputs(audio, text, ratings, log_scale.exp()))
        steps.zero_grad()
        value.backward()
        steps.step()
        bound_temperature(log_scale)
        values.append(value.item())
        scales.append(log_scale.exp().item())
    assert values[-1] < 0.5 * values[0]
    assert scales[-1] != pytest.approx(1 / TAU, rel=1e-2)
    assert all(1 <= scale <= 100 * (1 + 1e-6) for scale in scales)


def test_the_temperature_is_held_at_its_bounds() -> None:
    for start, end in ((9.0, math.log(100)), (-3.0, 0.0), (2.0, 2.0)):
        parameter = torch.tensor(start, requires_grad=True)
        bound_temperature(parameter)
        assert parameter.item() == pytest.approx(end)


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("wsce+mae", (("wsce", 0.1), ("mae", 1.0))),
        ("wsce+mse", (("wsce", 0.1), ("mse", 1.0))),
        ("mae + wsce", (("mae", 1.0), ("wsce", 0.1))),
        ("wsce", (("wsce", 1.0),)),
        ("sce", (("sce", 1.0),)),
        ("wsce:0.2+mse:1", (("wsce", 0.2), ("mse", 1.0))),
        ("wsce:2", (("wsce", 2.0),)),
        ("wsce+mse+mae", (("wsce", 0.1), ("mse", 1.0), ("mae", 1.0))),
    ],
)
def test_weights_are_those_of_equation_6_unless_given(text: str, weights: tuple[tuple[str, float], ...]) -> None:
    assert parse_loss(text).weights == weights
    assert parse_loss(str(parse_loss(text))) == parse_loss(text)


def test_a_sum_is_the_weighted_sum_of_its_terms() -> None:
    audio, text, ratings = draw(7, seed=2)
    inputs = inputs_of(audio, text, ratings)
    expected = 0.1 * oracle("wsce", audio, text, ratings) + oracle("mae", audio, text, ratings)
    assert float(parse_loss("wsce+mae")(inputs)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("wcse", "did you mean 'wsce'"),
        ("wsce+maee", "did you mean 'mae'"),
        ("", "unknown term ''"),
        ("wsce+", "unknown term ''"),
        ("mse+mse", "stands twice"),
        ("mse:0", "no positive number"),
        ("mse:-1", "no positive number"),
        ("mse:nan", "no positive number"),
        ("mse:inf", "no positive number"),
        ("mse:", "no positive number"),
        ("mse:much", "no positive number"),
    ],
)
def test_a_loss_that_cannot_be_read_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_loss(text)


def test_a_new_term_is_one_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losses, "TERMS", dict(TERMS))

    @losses.register("huber")
    def huber(inputs: LossInputs) -> Tensor:
        return torch.nn.functional.huber_loss(inputs.scores, inputs.ratings, delta=0.1)

    audio, text, ratings = draw(4, seed=1)
    both = parse_loss("wsce+huber")
    assert both.weights == (("wsce", 0.1), ("huber", 1.0))
    assert math.isfinite(float(both(inputs_of(audio, text, ratings))))


@pytest.mark.parametrize("name", ["mse", "a+b", "a:b", ""])
def test_a_term_must_have_a_name_of_its_own(name: str) -> None:
    with pytest.raises(UsageError):
        losses.register(name)


@pytest.mark.parametrize("record", [LossInputs, losses.RegisteredTerm, losses.Loss])
def test_what_a_loss_is_made_of_cannot_be_changed_while_it_is_computed(record: type) -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(object.__new__(record), fields(record)[0].name, None)


def test_a_gradient_step_on_ranks_pulls_only_pairs_in_the_wrong_order_or_too_close() -> None:
    """Leads of 0.3 (enough), 0.05 (too small) and -0.2 (wrong): hinges 0, 0.05 and 0.3, by hand."""
    cosines = np.array([0.5, 0.2, 0.25, 0.45])
    text = np.stack([cosines, np.sqrt(1 - cosines**2)], axis=1)
    audio = np.tile([1.0, 0.0], (4, 1))
    for better, worse, hinge in ((0, 1, 0.0), (2, 1, 0.05), (2, 3, 0.3)):
        ratings = np.zeros(2)
        ratings[0] = 1.0
        rows = [better, worse]
        assert float(parse_loss("rank")(inputs_of(audio[rows], text[rows], ratings))) == pytest.approx(hinge)
