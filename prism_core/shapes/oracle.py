"""The exact judge of the Shapes world: how well a decoded clip shows what its prompt asks for.

The oracle measures pixels, never a model. Each part lies in [0, 1]; `overall` is their geometric
mean, so that one clear failure (a wrong colour, a wrong direction) cannot be made up elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .prompts import VOCABULARY, Prompt, parse
from .world import BACKGROUND, COLOURS, DIRECTIONS, LANE_CENTRES, LANE_JITTER, RADII, SPEEDS, coverage

COLOUR_SCALE = 0.25      # RGB distance at which the colour part falls to 1/e
IOU_NONE, IOU_FULL = 0.4, 0.95  # two different outlines of one size still overlap by half
MOTION_SCALE = 0.75      # pixels a frame
STEADY_SCALE = 1.5       # pixels away from the straight line
START_SCALE = 5.0        # pixels beyond the lane's own jitter
NOISE_FLOOR = 0.06       # RGB distance from the background that counts as nothing drawn
SOLID_PIXELS = 48
FLOOR = 1e-3             # keeps the geometric mean finite


@dataclass(frozen=True)
class OracleScore:
    """Parts and overall score of B clips, each (B,) in [0, 1]; parts that the prompt does not name are 1."""

    colour: Tensor
    shape: Tensor
    motion: Tensor
    steady: Tensor
    start: Tensor

    @property
    def overall(self) -> Tensor:
        parts = torch.stack([self.colour, self.shape, self.motion, self.steady, self.start])
        return parts.clamp(min=FLOOR).log().mean(0).exp()


def _bell(distance: Tensor, scale: float) -> Tensor:
    return torch.exp(-(distance / scale) ** 2)


def foreground(frames: Tensor) -> Tensor:
    """Soft mask (B, T, H, W) of what differs from the background, for frames (B, T, H, W, 3)."""
    distance = ((frames - torch.tensor(BACKGROUND)).norm(dim=-1) - NOISE_FLOOR).clamp(min=0)
    # Full coverage is the level of the clip's most solid pixels: edges then count by the share that they cover.
    solid = distance.flatten(2).topk(SOLID_PIXELS, -1).values.mean(-1)
    return (distance / solid.clamp(min=NOISE_FLOOR)[..., None, None]).clamp(0, 1)


def centroids(mask: Tensor) -> Tensor:
    """Centre of mass (B, T, 2) in pixels; the middle of the picture where nothing is drawn."""
    size = mask.shape[-1]
    pixels = torch.arange(size, dtype=mask.dtype) + 0.5
    mass = mask.sum((-2, -1))
    centre = torch.stack([(mask.sum(-2) * pixels).sum(-1), (mask.sum(-1) * pixels).sum(-1)], -1)
    return torch.where(mass[..., None] > 1, centre / mass[..., None].clamp(min=1), torch.tensor(size / 2))


def _colour(frames: Tensor, mask: Tensor, prompt: Prompt) -> Tensor:
    weight = (mask > 0.85).float()[..., None]  # edges are mixed with the background
    mean = (frames * weight).sum((1, 2, 3)) / weight.sum((1, 2, 3)).clamp(min=1e-3)
    wanted = torch.tensor([COLOURS[prompt.colour]] if prompt.colour else list(COLOURS.values()))
    return _bell((mean[:, None] - wanted).norm(dim=-1).amin(1), COLOUR_SCALE)


def _shape(mask: Tensor, centre: Tensor, prompt: Prompt) -> Tensor:
    """Soft IoU, mean over frames and stretched, with the best of the outlines that the prompt allows, laid on each frame's own centroid."""
    best = torch.zeros(mask.shape[0])
    for shape in [prompt.shape] if prompt.shape else VOCABULARY["shape"]:
        # An outline's centre and its centre of mass differ (a triangle's, by a little): measure, then align.
        for radius in [RADII[prompt.size]] if prompt.size else RADII.values():
            radii = torch.full(mask.shape[:2], radius)
            offset = centroids(coverage(shape, radii[:1, :1], torch.full((1, 1, 2), 32.0), mask.shape[-1])) - 32.0
            ideal = coverage(shape, radii, centre - offset, mask.shape[-1])
            iou = torch.minimum(mask, ideal).sum((-2, -1)) / torch.maximum(mask, ideal).sum((-2, -1)).clamp(min=1)
            best = torch.maximum(best, iou.mean(1))
    return ((best - IOU_NONE) / (IOU_FULL - IOU_NONE)).clamp(0, 1)


def _line(centre: Tensor) -> tuple[Tensor, Tensor]:
    """Least-squares velocity (B, 2) of a path (B, T, 2) and its root-mean-square distance from that line (B,)."""
    time = torch.arange(centre.shape[1], dtype=centre.dtype)
    time = (time - time.mean())[:, None]
    middle = centre.mean(1, keepdim=True)
    slope = ((centre - middle) * time).sum(1) / time.square().sum()
    residual = centre - middle - slope[:, None] * time
    return slope, residual.square().sum(-1).mean(1).sqrt()


def _motion(slope: Tensor, prompt: Prompt) -> Tensor:
    directions = [DIRECTIONS[prompt.direction]] if prompt.direction else list(DIRECTIONS.values())
    speeds = [SPEEDS[prompt.speed]] if prompt.speed else list(SPEEDS.values())
    wanted = torch.tensor([[dx * s, dy * s] for dx, dy in directions for s in speeds])
    return _bell((slope[:, None] - wanted).norm(dim=-1).amin(1), MOTION_SCALE)


def _start(centre: Tensor, prompt: Prompt) -> Tensor:
    if prompt.start is None:
        return torch.ones(centre.shape[0])
    horizontal = prompt.direction in ("left", "right") if prompt.direction else prompt.start in ("top", "bottom")
    offset = (centre[:, 0, 1 if horizontal else 0] - LANE_CENTRES[prompt.start]).abs()
    return _bell((offset - LANE_JITTER).clamp(min=0), START_SCALE)


def judge(frames: Tensor, prompt: str | Prompt) -> OracleScore:
    """Judge clips against a prompt.

    Args:
        frames: (B, T, H, W, 3) in [0, 1], as a VAE decodes them.
        prompt: a prompt of the grammar, as text or parsed.

    Raises:
        ValueError: a wrong shape, or a prompt outside the grammar.
    """
    if frames.ndim != 5 or frames.shape[-1] != 3:
        raise ValueError(f"The oracle judges clips of shape (B, T, H, W, 3), not {tuple(frames.shape)}.")
    prompt = parse(prompt) if isinstance(prompt, str) else prompt
    frames = frames.float().cpu()
    mask = foreground(frames)
    centre = centroids(mask)
    slope, wobble = _line(centre)
    return OracleScore(_colour(frames, mask, prompt), _shape(mask, centre, prompt), _motion(slope, prompt),
                       _bell(wobble, STEADY_SCALE), _start(centre, prompt))
