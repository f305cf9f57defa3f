"""A resumable training run: model, optimiser and step in one `.safetensors`, no pickle.

Batches are drawn from `(seed, step)`, so that a run resumed from a checkpoint sees what the
uninterrupted one would have seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from tqdm import tqdm

RUNS = Path("build/shapes")


def step_generator(seed: int, step: int) -> torch.Generator:
    """The random stream of one step."""
    return torch.Generator().manual_seed(seed * 1_000_003 + step)


def cosine(step: int, steps: int, warmup: int = 200) -> float:
    """Learning-rate factor: linear warm-up, then a cosine down to 2 %."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


class Run:
    """Trains `model` for `steps` steps of `loss(step) -> scalar`, with an exponential moving average of the weights."""

    def __init__(self, name: str, model: nn.Module, steps: int, lr: float, *, seed: int = 0, ema: float = 0.999,
                 weight_decay: float = 0.01, save_every: int = 500, parameters: list[nn.Parameter] | None = None) -> None:
        self.path = RUNS / f"{name}.safetensors"
        self.model, self.steps, self.lr, self.seed, self.save_every, self.decay = model, steps, lr, seed, save_every, ema
        self.parameters = parameters or list(model.parameters())
        self.optimizer = torch.optim.AdamW(self.parameters, lr=lr, weight_decay=weight_decay, betas=(0.9, 0.98))
        self.average = {k: v.detach().clone() for k, v in model.state_dict().items()}
        self.step = 0

    def _tensors(self) -> dict[str, Tensor]:
        tensors = {f"model.{k}": v for k, v in self.model.state_dict().items()}
        tensors |= {f"average.{k}": v for k, v in self.average.items()}
        for i, parameter in enumerate(self.parameters):
            tensors |= {f"optimizer.{i}.{k}": v for k, v in self.optimizer.state[parameter].items()}
        return {k: v.detach().contiguous().clone() for k, v in tensors.items()}

    def save(self) -> None:
        """Write a checkpoint in one rename, so that an interruption never leaves half a file."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".draft")
        save_file(self._tensors(), draft, metadata={"step": str(self.step), "steps": str(self.steps), "seed": str(self.seed)})
        draft.replace(self.path)

    def resume(self) -> Run:
        """Continue from this run's checkpoint where there is one."""
        if not self.path.exists():
            return self
        with safe_open(self.path, "pt") as file:
            tensors = {k: file.get_tensor(k) for k in file.keys()}
            self.step = int(file.metadata()["step"])
        self.model.load_state_dict({k[6:]: v for k, v in tensors.items() if k.startswith("model.")})
        self.average = {k[8:]: v.to(self.average[k[8:]]) for k, v in tensors.items() if k.startswith("average.")}
        for i, parameter in enumerate(self.parameters):
            state = {k.split(".", 2)[2]: v for k, v in tensors.items() if k.startswith(f"optimizer.{i}.")}
            self.optimizer.state[parameter] = {k: v if k == "step" else v.to(parameter) for k, v in state.items()}
        return self

    def _update(self, loss: Tensor) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = self.lr * cosine(self.step, self.steps)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        decay = min(self.decay, (self.step + 1) / (self.step + 10))
        for key, value in self.model.state_dict().items():
            self.average[key].lerp_(value.to(self.average[key].dtype), 1 - decay)

    def train(self, loss: Callable[[int], Tensor], label: str) -> dict[str, Tensor]:
        """Run to the end and return the averaged weights."""
        self.model.train()
        with tqdm(total=self.steps, initial=self.step, desc=label, mininterval=5) as bar:
            while self.step < self.steps:
                value = loss(self.step)
                self._update(value)
                self.step += 1
                bar.update()
                bar.set_postfix(loss=f"{value.item():.4f}", refresh=False)
                if self.step % self.save_every == 0 or self.step == self.steps:
                    self.save()
        return self.average
