"""Latents as small colour pictures, by what ComfyUI itself previews them with.

The work on large tensors happens where they lie; what is left is copied to the CPU in bytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import latent_preview
import torch
from comfy.cli_args import LatentPreviewMethod, args
from torch import Tensor
from torch.nn import functional as F

from ...prism_core.said import say

FRAMES = 16              # of one loop
DECODED_FRAMES = 8       # of one loop, where each goes through a decoder of its own
LONGEST = 128            # pixels, unless the person wants others; what is at least twice as long is averaged on the device
POINTS = 8192            # latent pixels that the directions are taken from
NO_COLOURS = say("noColours", "ComfyUI knows no preview colours for this model. The previews show the three directions "
                 "in which its latents differ most: shapes and motion are right, colours and brightness are not.")

Paint = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Frames:
    """Small pictures of R candidates, n a candidate: `pixels()` waits for the bytes (R, n, H, W, 3) on the CPU."""

    pixels: Callable[[], Tensor]
    note: str = ""


def frames(x0: Tensor, latent_format: Any, previewer: Any = None, longest: int = LONGEST) -> Frames:
    """Loops of predictions (R, C, T, H, W), or pictures of (R, C, H, W), in the model's space.

    previewer: as `chosen_previewer` returns it, to decode by; without one the format's own colours are used.
    longest: pixels; the longer side may still be up to twice that.

    Raises:
        ValueError: latents that are neither pictures nor clips, such as sound.
    """
    clips = _clips(x0)
    count = clips.shape[2]
    if previewer is not None:
        clips = clips[:, :, picked(count, DECODED_FRAMES)]
        paint, note = _decoder(previewer, longest), ""
    else:
        clips = clips[:, :, picked(count, FRAMES)]
        paint, note = _by_factors(clips, latent_format) or (_by_directions(clips), NO_COLOURS)
    # one candidate at a time: all at once would take as much memory as the latents themselves
    loops = [_bytes(paint(clip.transpose(0, 1)), longest) for clip in clips]
    return Frames(_to_cpu(torch.stack(loops)), note)


def chosen_previewer(device: torch.device, latent_format: Any) -> Any:
    """ComfyUI's previewer where the user chose TAESD and has its file for this format; else None."""
    if args.preview_method != LatentPreviewMethod.TAESD:
        return None
    found = latent_preview.get_previewer(device, latent_format)
    return found if hasattr(found, "taesd") else None


def picked(count: int, most: int) -> list[int]:
    """At most that many of `count` frames, evenly, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return [round(i * (count - 1) / (most - 1)) for i in range(most)]


def _clips(x0: Tensor) -> Tensor:
    """(R, C, T, H, W) of whatever a sampler predicts; of video with sound, the video."""
    x0 = x0.unbind()[0] if getattr(x0, "is_nested", False) else x0
    if x0.ndim not in (4, 5) or 0 in x0.shape:
        raise ValueError(
            f"Latents of shape {tuple(x0.shape)} are neither pictures nor clips, so there is nothing to show of them. "
            "The candidates can still be told apart by their seeds and scores.")
    return x0.detach() if x0.ndim == 5 else x0.detach().unsqueeze(2)


def _by_factors(clips: Tensor, latent_format: Any) -> tuple[Paint, str] | None:
    """The format's own linear map to colours; None where it has none that fits."""
    given = getattr(latent_format, "latent_rgb_factors", None)
    if given is None:
        return None
    reshape = getattr(latent_format, "latent_rgb_factors_reshape", None) or (lambda frames: frames)
    factors = torch.tensor(given, dtype=torch.float32, device=clips.device)
    if reshape(clips[:1, :, 0]).shape[1] != len(factors):
        return None
    bias = getattr(latent_format, "latent_rgb_factors_bias", None) or (0.0, 0.0, 0.0)
    bias = torch.tensor(bias, dtype=torch.float32, device=clips.device).view(3, 1, 1)

    def paint(frames: Tensor) -> Tensor:
        return (torch.einsum("nchw,cd->ndhw", reshape(frames.float()), factors) + bias + 1) / 2
    return paint, ""


def _by_directions(clips: Tensor) -> Paint:
    """The three principal directions of all candidates together, shown as brightness and two colour differences."""
    # every so many pixels both ways: a copy of all of them could be too large for the device
    step = 1 + math.isqrt(clips[:, 0].numel() // POINTS)
    points = clips[..., ::step, ::step].movedim(1, -1).flatten(0, -2).float().nan_to_num(0.0, 0.0, 0.0)
    mean = points.mean(dim=0)
    covariance = ((points - mean).T @ (points - mean) / len(points)).cpu().double()    # eigh is not everywhere on GPUs
    strength, directions = torch.linalg.eigh(covariance)
    count = min(3, len(strength))
    directions, strength = directions.flip(1)[:, :count], strength.flip(0)[:count].clamp_min(1e-12)
    # a direction has no sign of its own: its largest part points up, so that pictures do not flip between steps
    largest = directions.gather(0, directions.abs().argmax(dim=0, keepdim=True))
    directions = directions * largest.sign() / strength.sqrt()
    shown = torch.tensor([[1.0, 1.0, 1.0], [0.5, -0.5, 0.0], [-0.25, -0.25, 0.5]], dtype=torch.float64)[:count] / 4
    factors = (directions @ shown).to(clips.device, torch.float32)

    def paint(frames: Tensor) -> Tensor:
        return torch.einsum("nchw,cd->ndhw", frames.float() - mean.view(-1, 1, 1), factors) + 0.5
    return paint


def _decoder(previewer: Any, longest: int) -> Paint:
    """A small decoder's pictures, a frame at a time as ComfyUI itself uses it, so that it takes little memory."""
    decode = previewer.taesd.decode
    if isinstance(previewer, latent_preview.TAEHVPreviewerImpl):
        def one(frame: Tensor) -> Tensor:
            return decode(frame[:, :, None])[0][0].movedim(-1, 0)
    else:
        def one(frame: Tensor) -> Tensor:
            return (decode(frame)[0] + 1) / 2

    def paint(frames: Tensor) -> Tensor:
        return torch.cat([_smaller(one(frame[None]).detach()[None], longest) for frame in frames])
    return paint


def _smaller(frames: Tensor, longest: int) -> Tensor:
    """Averaged by a whole number, which every device can do."""
    step = max(frames.shape[-2:]) // longest
    return F.avg_pool2d(frames, step) if step > 1 and min(frames.shape[-2:]) >= step else frames


def _bytes(frames: Tensor, longest: int) -> Tensor:
    """(n, H, W, 3) of colours (n, 3, H, W) between 0 and 1."""
    small = _smaller(frames.float().nan_to_num(0.5, 1.0, 0.0), longest).clamp(0, 1)
    return small.mul(255).round().to(torch.uint8).permute(0, 2, 3, 1)


def _to_cpu(pixels: Tensor) -> Callable[[], Tensor]:
    """Start the copy; the function that is returned waits for it. The sampler itself need not wait."""
    if pixels.device.type != "cuda":
        copied = pixels.cpu()
        return lambda: copied
    copied = pixels.to("cpu", non_blocking=True)
    event = torch.cuda.current_stream(pixels.device).record_event()

    def wait() -> Tensor:
        event.synchronize()
        return copied
    return wait
