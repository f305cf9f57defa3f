"""What a head sees: one tap of a frozen backbone."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Features:
    """Hidden states after the tap block, with the backbone's own embedded text tokens.

    visual     (B, Lv, Dv)  visual tokens, frame by frame, then row by row; Lv = T * H * W of `grid`
    text       (B, Lt, Dt)  output of the backbone's text embedding layer, not of a deep block
    text_mask  (B, Lt) bool, True for a real token; None when every token is real
    grid       (T, H, W)    tokens in time, height and width
    sigma      (B,)         noise fraction of each row, in [0, 1]

    Raises ValueError when the shapes do not belong together.
    """

    visual: Tensor
    text: Tensor
    text_mask: Tensor | None
    grid: tuple[int, int, int]
    sigma: Tensor

    def __post_init__(self) -> None:
        check_tokens(self.visual, self.text, self.text_mask)
        frames, height, width = self.grid
        if frames * height * width != self.visual.shape[1]:
            raise ValueError(
                f"A grid of {frames} x {height} x {width} tokens has {frames * height * width}, "
                f"but the visual tokens are {tuple(self.visual.shape)}; remove the reference or "
                "context tokens of the model first (backbones.visual_tokens)."
            )
        if self.sigma.shape != self.visual.shape[:1]:
            raise ValueError(
                f"sigma has shape {tuple(self.sigma.shape)} for {self.visual.shape[0]} rows of "
                "tokens; give one sigma a row."
            )

    @property
    def rows(self) -> int:
        """Number of candidates, B."""
        return self.visual.shape[0]


def check_tokens(visual: Tensor, text: Tensor, text_mask: Tensor | None) -> None:
    """Raise ValueError unless visual (B, Lv, Dv), text (B, Lt, Dt) and mask (B, Lt) agree."""
    shapes = f"visual {tuple(visual.shape)}, text {tuple(text.shape)}"
    if visual.ndim != 3 or text.ndim != 3:
        raise ValueError(f"Tokens must be (rows, tokens, channels), but got {shapes}.")
    if visual.shape[0] != text.shape[0]:
        raise ValueError(
            f"Rows of visual and text tokens differ: {shapes}; repeat the text for every row."
        )
    if visual.shape[1] == 0:
        raise ValueError(f"There are no visual tokens to score: {shapes}.")
    if text_mask is None:
        return
    if text_mask.shape != text.shape[:2] or text_mask.dtype != torch.bool:
        raise ValueError(
            f"The text mask is {text_mask.dtype} of shape {tuple(text_mask.shape)}; text tokens of "
            f"shape {tuple(text.shape)} need a bool mask of shape {tuple(text.shape[:2])}."
        )
