"""Renderer of the Shapes world: one coloured shape moving along a straight line, anti-aliased, exact.

Clips can be flawed on purpose. Footage is never perfect, and a model that learned from perfect clips
only would make no duds to choose between: the backbone therefore learns from flawed ones as well.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from .prompts import LANES, Prompt

FRAMES, SIZE = 9, 64
BACKGROUND = (0.12, 0.13, 0.17)
COLOURS: Mapping[str, tuple[float, float, float]] = {
    "red": (0.90, 0.15, 0.15), "orange": (0.98, 0.55, 0.10), "yellow": (0.98, 0.92, 0.20), "green": (0.15, 0.72, 0.25),
    "cyan": (0.20, 0.85, 0.90), "blue": (0.18, 0.32, 0.95), "purple": (0.68, 0.22, 0.85), "white": (0.95, 0.95, 0.95),
}
RADII: Mapping[str, float] = {"small": 8.0, "large": 13.0}
SPEEDS: Mapping[str, float] = {"slowly": 1.0, "steadily": 2.0, "quickly": 3.0}  # pixels a frame
DIRECTIONS: Mapping[str, tuple[float, float]] = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
LANE_CENTRES: Mapping[str, float] = {"top": 18.0, "left": 18.0, "middle": 32.0, "bottom": 46.0, "right": 46.0}
LANE_JITTER, AXIS_JITTER = 2.0, 4.0
# Deviations of the flaws: pixels off the lane, share of a wrong colour, log of the radius, share of the speed, pixels.
OFF_LANE, WRONG_COLOUR, WRONG_SIZE, WRONG_SPEED, WOBBLE = 8.0, 0.35, 0.2, 0.15, 0.4


@dataclass(frozen=True)
class Scene:
    """What is drawn: outline, colour (3,), radius in pixels, centre (2,) in frame 0 and velocity (2,) in pixels a frame.

    wobble: amplitude in pixels, cycles in the clip and phase of a swing across the path.
    """

    shape: str
    colour: tuple[float, float, float]
    radius: float
    centre: tuple[float, float]
    velocity: tuple[float, float]
    wobble: tuple[float, float, float] = (0.0, 1.0, 0.0)


def _polygon(points: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Signed distance to a closed polygon (P, 2), negative inside."""
    squared = torch.full_like(x, math.inf)
    inside = torch.zeros_like(x, dtype=torch.bool)
    for (ax, ay), (bx, by) in zip(points.tolist(), points.roll(-1, 0).tolist()):
        ex, ey, wx, wy = bx - ax, by - ay, x - ax, y - ay
        along = ((wx * ex + wy * ey) / (ex * ex + ey * ey)).clamp(0, 1)
        squared = torch.minimum(squared, (wx - along * ex) ** 2 + (wy - along * ey) ** 2)
        crosses = (ay > y) != (by > y)
        inside ^= crosses & (wx < ex * wy / (ey if ey else 1e-9))
    return torch.where(inside, -1.0, 1.0) * squared.sqrt()


def _ring(radii: list[float]) -> Tensor:
    """Polygon with its corners at these radii, evenly turned, the first one on top."""
    angles = torch.arange(len(radii)) * (2 * math.pi / len(radii)) - math.pi / 2
    return torch.stack([angles.cos(), angles.sin()], 1) * torch.tensor(radii).unsqueeze(1)


_ARM = 0.36
OUTLINES: Mapping[str, Tensor] = {
    "square": torch.tensor([[-0.85, -0.85], [0.85, -0.85], [0.85, 0.85], [-0.85, 0.85]]),
    "triangle": _ring([1.15] * 3) + torch.tensor([0.0, 0.12]),
    "star": _ring([1.2, 0.5] * 5),
    "cross": torch.tensor([[-_ARM, -1], [_ARM, -1], [_ARM, -_ARM], [1, -_ARM], [1, _ARM], [_ARM, _ARM],
                           [_ARM, 1], [-_ARM, 1], [-_ARM, _ARM], [-1, _ARM], [-1, -_ARM], [-_ARM, -_ARM]]),
}


def coverage(shape: str, radius: Tensor, centre: Tensor, size: int = SIZE) -> Tensor:
    """How much of each pixel the outline covers.

    Args:
        shape: a word of the vocabulary.
        radius: (...,) pixels.
        centre: (..., 2) x and y in pixels.

    Returns:
        (..., size, size) in [0, 1], with edges one pixel wide.
    """
    pixels = torch.arange(size, dtype=torch.float32) + 0.5
    radius = radius[..., None, None]
    x = (pixels - centre[..., 0, None, None]) / radius
    y = (pixels[:, None] - centre[..., 1, None, None]) / radius
    x, y = torch.broadcast_tensors(x, y)
    distance = (x * x + y * y).sqrt() - 1 if shape == "circle" else _polygon(OUTLINES[shape], x, y)
    return (0.5 - distance * radius).clamp(0, 1)


def velocity(prompt: Prompt) -> tuple[float, float]:
    """Pixels a frame that a prompt with direction and speed asks for."""
    dx, dy = DIRECTIONS[prompt.direction]
    return dx * SPEEDS[prompt.speed], dy * SPEEDS[prompt.speed]


def sample_scene(prompt: Prompt, generator: torch.Generator, flawed: bool = False) -> Scene:
    """One scene of a full prompt: what the prompt leaves open is drawn at random (place along the path, small jitters).

    flawed: deviate from the prompt as well, by random amounts; most clips are then a little wrong and some very.
    """
    u = (torch.rand(6, generator=generator) * 2 - 1).tolist()
    vx, vy = velocity(prompt)
    lane = LANE_CENTRES[prompt.start] + LANE_JITTER * u[0]
    colour = torch.tensor(COLOURS[prompt.colour]) + 0.03 * torch.tensor(u[2:5])
    radius = RADII[prompt.size] * (1 + 0.06 * u[5])
    wobble = (0.0, 1.0, 0.0)
    if flawed:
        n = torch.randn(5, generator=generator).tolist()
        v = torch.rand(3, generator=generator).tolist()
        other = torch.tensor(list(COLOURS.values())[int(v[0] * len(COLOURS))])
        colour = colour.lerp(other, min(0.8, WRONG_COLOUR * abs(n[1])))
        radius = radius * math.exp(WRONG_SIZE * n[2])
        lane = min(max(lane + OFF_LANE * n[0], radius), SIZE - radius)  # the shape stays in the picture
        vx, vy = vx * (1 + WRONG_SPEED * n[3]), vy * (1 + WRONG_SPEED * n[3])
        wobble = (WOBBLE * abs(n[4]), 1 + v[1], 2 * math.pi * v[2])
    middle = SIZE / 2 + AXIS_JITTER * u[1]  # the path is centred here, so that it never leaves the picture
    half = (FRAMES - 1) / 2
    centre = (middle - vx * half, lane) if vx else (lane, middle - vy * half)
    return Scene(prompt.shape, tuple(colour.clamp(0, 1).tolist()), radius, centre, (vx, vy), wobble)


def render(scene: Scene, frames: int = FRAMES, size: int = SIZE) -> Tensor:
    """Draw a scene: (frames, size, size, 3) in [0, 1]."""
    times = torch.arange(frames, dtype=torch.float32)[:, None]
    velocity, (amplitude, cycles, phase) = torch.tensor(scene.velocity), scene.wobble
    swing = amplitude * torch.sin(2 * math.pi * cycles * times / max(1, frames - 1) + phase)
    across = velocity.flip(0) / velocity.norm().clamp(min=1e-6)
    centres = torch.tensor(scene.centre) + times * velocity + swing * across
    cover = coverage(scene.shape, torch.full((frames,), scene.radius), centres, size)[..., None]
    return torch.tensor(BACKGROUND) * (1 - cover) + torch.tensor(scene.colour) * cover


def clip(prompt: Prompt, seed: int, flawed: bool = False) -> Tensor:
    """The clip of a full prompt and a seed, (9, 64, 64, 3) in [0, 1]; see `sample_scene` for flawed ones."""
    if prompt.start not in LANES[prompt.direction]:
        raise ValueError(f"A shape moving {prompt.direction} cannot start from the {prompt.start}.")
    return render(sample_scene(prompt, torch.Generator().manual_seed(seed), flawed))
