"""Reading a backbone's hidden states during a model call, and ending that call where they have been read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from ...prism_core.backbones import Backbone, identify, text_mask, visual_tokens

COMPILE_KEY = "torch.compile"    # the key of ComfyUI's own compile wrapper
REFERENCE = "ref_conv"           # embeds a reference picture whose tokens come first, in some of Wan's variants


class Tapped(Exception):
    """Ends a model call at the tap and carries what was read there. Never leaves the probe."""

    def __init__(self, visual: Tensor, text: Tensor, text_mask: Tensor, grid: tuple[int, int, int]) -> None:
        super().__init__("model call ended at the tap")
        self.visual, self.text, self.text_mask, self.grid = visual, text, text_mask, grid


def backbone_of(model: Any) -> Backbone:
    """The family entry of a MODEL's diffusion module.

    Raises:
        UnknownBackbone: no head can read this model.
    """
    return identify(_module(model.model))


def _module(base: Any) -> nn.Module:
    module = base.diffusion_model
    return getattr(module, "_orig_mod", module)


@dataclass
class _Reading:
    """What the hooks of one model call have seen so far; each hook must return None, or it would alter the call."""

    grid: tuple[int, int, int] | None = None
    lead: int = 0
    text: tuple[Tensor, Tensor] | None = None

    def patches(self, module: nn.Module, args: tuple, output: Tensor) -> None:
        if self.grid is None:    # later calls embed references
            self.grid = tuple(output.shape[2:])

    def reference(self, module: nn.Module, args: tuple, output: Tensor) -> None:
        self.lead = output.flatten(2).shape[2]

    def words(self, module: nn.Module, args: tuple, output: Tensor) -> None:
        if self.text is None:
            self.text = output, text_mask(args[0])

    def block(self, module: nn.Module, args: tuple, output: Tensor) -> None:
        raise Tapped(visual_tokens(output, self.grid, self.lead), *self.text, self.grid)

    def install(self, module: nn.Module, backbone: Backbone, block: int) -> list:
        hooks = {backbone.patch_embedding_path: self.patches, backbone.text_embedding_path: self.words,
                 backbone.block_path(block): self.block}
        if getattr(module, REFERENCE, None) is not None:
            hooks[REFERENCE] = self.reference
        return [module.get_submodule(path).register_forward_hook(hook) for path, hook in hooks.items()]


def tap(backbone: Backbone, block: int) -> Callable:
    """An APPLY_MODEL wrapper that ends every model call after `block` blocks by raising `Tapped`.

    Hooks live for one call: the module is shared by every clone of the model.
    """
    def wrapper(executor, *args, **kwargs):
        hooks = _Reading().install(_module(executor.class_obj), backbone, block)
        try:
            return executor(*args, **kwargs)
        finally:
            for hook in hooks:
                hook.remove()
    return wrapper
