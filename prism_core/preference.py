"""Paired comparison with ties after Rao and Kupper (1967), in log-sigmoid form.

With strengths exp(r) and a threshold eta > 1:

    P(a wins) = e^ra / (e^ra + eta e^rb)
    P(tie)    = (eta^2 - 1) e^ra e^rb / ((e^ra + eta e^rb) (eta e^ra + e^rb))
    P(b wins) = e^rb / (eta e^ra + e^rb)

All three depend on delta = ra - rb alone; they sum to one for every delta.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

ETA = 5.0

A_WINS, TIE, B_WINS = 1, 0, -1


def log_probabilities(delta: Tensor, eta: float = ETA) -> tuple[Tensor, Tensor, Tensor]:
    """Log-probabilities (a wins, tie, b wins) of score differences.

    delta: r_a - r_b, logits, any shape. Returns three tensors of that shape, finite for every
    finite delta. Raises ValueError unless eta > 1 (at eta = 1 a tie is impossible).
    """
    if not (eta > 1.0 and math.isfinite(eta)):
        raise ValueError(
            f"eta is {eta}; the tie threshold must be greater than 1 (the paper uses 5)."
        )
    margin = math.log(eta)
    win = logsigmoid(delta - margin)
    loss = logsigmoid(-delta - margin)
    # 2 log eta + log(1 - eta^-2) is log(eta^2 - 1) without overflow for a large eta
    tie = 2.0 * margin + math.log1p(-(eta**-2.0)) + win + loss
    return win, tie, loss


def rao_kupper_loss(r_a: Tensor, r_b: Tensor, outcome: Tensor, eta: float = ETA) -> Tensor:
    """Mean negative log-likelihood of the outcomes, a scalar in nats.

    r_a, r_b: scores (B,). outcome: (B,) with 1 where a won, 0 for a tie, -1 where b won.
    Raises ValueError when the shapes differ or there are no pairs.
    """
    if not (r_a.shape == r_b.shape == outcome.shape):
        raise ValueError(
            f"Scores and outcomes must have one shape, but are {tuple(r_a.shape)}, "
            f"{tuple(r_b.shape)} and {tuple(outcome.shape)}; broadcasting would count pairs twice."
        )
    if outcome.numel() == 0:
        raise ValueError("There are no pairs in this batch; the mean of nothing is not a loss.")
    win, tie, loss = log_probabilities(r_a.float() - r_b.float(), eta)
    likelihood = torch.where(outcome > 0, win, torch.where(outcome < 0, loss, tie))
    return -likelihood.mean()
