"""The Rao-Kupper preference model against its published formula."""

from __future__ import annotations

import math

import pytest
import torch

from prism_core.preference import log_probabilities, rao_kupper_loss


def formula(r_a: float, r_b: float, eta: float) -> list[float]:
    """Win, tie and loss probabilities, written as in the paper (its first line corrected)."""
    a, b = math.exp(r_a), math.exp(r_b)
    tie = (eta**2 - 1) * a * b / ((a + eta * b) * (eta * a + b))
    return [a / (a + eta * b), tie, b / (eta * a + b)]


@pytest.mark.parametrize("eta", [1.5, 3.0, 5.0, 8.0])
@pytest.mark.parametrize("delta", [-7.0, -1.0, 0.0, 0.3, 4.0])
def test_log_probabilities_equal_the_published_formula(delta, eta):
    found = torch.stack(log_probabilities(torch.tensor(delta, dtype=torch.float64), eta)).exp()
    assert found.tolist() == pytest.approx(formula(delta + 0.5, 0.5, eta), rel=1e-12)


def test_probabilities_sum_to_one():
    delta = torch.linspace(-30, 30, 241, dtype=torch.float64)
    total = sum(p.exp() for p in log_probabilities(delta))
    assert torch.allclose(total, torch.ones_like(delta), rtol=0, atol=1e-12)


def test_golden_values_at_eta_5():
    win, tie, _ = log_probabilities(torch.tensor([0.0, math.log(5.0)], dtype=torch.float64))
    assert tie[0].exp().item() == pytest.approx(2 / 3)
    assert win[0].exp().item() == pytest.approx(1 / 6)
    assert win[1].exp().item() == pytest.approx(1 / 2)


def test_a_tie_is_the_likeliest_outcome_up_to_a_gap_of_about_1_53():
    win, tie, _ = log_probabilities(torch.tensor([1.52, 1.58], dtype=torch.float64))
    assert tie[0] > win[0]
    assert tie[1] < win[1]


def test_swapping_the_pair_swaps_win_and_loss():
    delta = torch.linspace(-6, 6, 25)
    win, tie, loss = log_probabilities(delta)
    swapped = log_probabilities(-delta)
    assert torch.equal(win, swapped[2])
    assert torch.equal(loss, swapped[0])
    assert torch.allclose(tie, swapped[1])


def test_extreme_scores_stay_finite_with_finite_gradients():
    delta = torch.tensor([-1e4, 0.0, 1e4], requires_grad=True)
    values = torch.stack(log_probabilities(delta))
    values.sum().backward()
    assert torch.isfinite(values).all()
    assert torch.isfinite(delta.grad).all()


def test_loss_is_the_mean_negative_log_likelihood():
    r_a, r_b = torch.tensor([2.0, 0.5, -1.0]), torch.tensor([0.0, 0.0, 1.0])
    loss = rao_kupper_loss(r_a, r_b, torch.tensor([1, 0, -1]))
    chosen = [formula(2, 0, 5)[0], formula(0.5, 0, 5)[1], formula(-1, 1, 5)[2]]
    assert loss.item() == pytest.approx(-sum(map(math.log, chosen)) / 3, rel=1e-6)


@pytest.mark.parametrize(("outcome", "direction"), [(1, 1.0), (-1, -1.0)])
def test_a_win_pulls_the_winner_up_and_the_loser_down(outcome, direction):
    r_a, r_b = torch.zeros(1, requires_grad=True), torch.zeros(1, requires_grad=True)
    rao_kupper_loss(r_a, r_b, torch.tensor([outcome])).backward()
    # d/d delta of -log sigmoid(delta - ln 5) at 0 is -5/6
    assert r_a.grad.item() == pytest.approx(-direction * 5 / 6)
    assert r_b.grad.item() == pytest.approx(direction * 5 / 6)


def test_a_tie_pulls_scores_together():
    r_a, r_b = torch.ones(1, requires_grad=True), torch.zeros(1, requires_grad=True)
    rao_kupper_loss(r_a, r_b, torch.tensor([0])).backward()
    assert r_a.grad.item() > 0 > r_b.grad.item()


def test_half_precision_scores_are_compared_in_float32():
    # float16 steps by a quarter at 300: the difference itself must not be rounded to it
    r_a, r_b = torch.tensor([300.5, 0.0625], dtype=torch.float16).split(1)
    loss = rao_kupper_loss(r_a, r_b, torch.tensor([-1]))
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(300.4375 + math.log(5), rel=1e-6)


@pytest.mark.parametrize("eta", [1.0, 0.5, float("inf"), float("nan")])
def test_eta_without_ties_is_refused(eta):
    with pytest.raises(ValueError, match="greater than 1"):
        log_probabilities(torch.zeros(1), eta)


def test_shapes_that_would_broadcast_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        rao_kupper_loss(torch.zeros(3), torch.zeros(3, 1), torch.zeros(3))


def test_an_empty_batch_is_refused():
    with pytest.raises(ValueError, match="no pairs"):
        rao_kupper_loss(torch.zeros(0), torch.zeros(0), torch.zeros(0))
