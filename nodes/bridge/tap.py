"""Reading a backbone's hidden states during a model call, and ending that call where they have been read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from comfy.patcher_extension import WrappersMP
from torch import Tensor, nn

from ...prism_core.backbones import Backbone, identify, text_mask, visual_tokens

COMPILE_KEY = "torch.compile"    # the key of ComfyUI's own compile wrapper
TAP_KEY = "prism_tap"
REFERENCE = "ref_conv"           # embeds a reference picture whose tokens come first, in some of Wan's variants


class Tapped(Exception):
    """Ends a model call at the tap and carries what was read there. Never leaves the probe."""

    def __init__(self, visual: Tensor, text: Tensor, text_mask: Tensor, grid: tuple[int, int, int]) -> None:
        super().__init__("model call ended at the tap")
        self.visual, self.text, self.text_mask, self.grid = visual, text, text_mask, grid

    def chunk(self, index: int, chunks: int) -> Tapped:
        """What was read of one conditioning entry, where a model call holds `chunks` of them one after the other."""
        size = len(self.visual) // chunks
        rows = slice(index * size, (index + 1) * size)
        return Tapped(self.visual[rows], self.text[rows], self.text_mask[rows], self.grid)


def backbone_of(model: Any) -> Backbone:
    """The family entry of a MODEL's diffusion module.

    Raises:
        UnknownBackbone: no head can read this model.
    """
    return identify(_module(model.model))


def is_compiled(model: Any, options: dict) -> bool:
    """Whether a model is called through torch.compile, whose graphs must not be traced with our hooks in them."""
    wrappers = options.get("transformer_options", {}).get("wrappers", {}).get(WrappersMP.APPLY_MODEL, {})
    return bool(wrappers.get(COMPILE_KEY)) or hasattr(model.diffusion_model, "_orig_mod")


def _module(base: Any) -> nn.Module:
    module = base.diffusion_model
    return getattr(module, "_orig_mod", module)


@contextmanager
def _eager(base: Any) -> Iterator[nn.Module]:
    """The diffusion module without torch.compile around it, for one call."""
    given, module = base.diffusion_model, _module(base)
    if module is given:
        yield module
        return
    base.diffusion_model = module
    try:
        yield module
    finally:
        base.diffusion_model = given


@dataclass
class _Reading:
    """What the hooks of one model call have seen so far; each hook must return None, or it would alter the call.

    Hooks sit on a module that other threads may be running too: they listen to their own thread only.
    """

    consume: Callable[[Tapped], None]
    thread: int
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
        self.consume(Tapped(visual_tokens(output, self.grid, self.lead), *self.text, self.grid))

    def _hook(self, read: Callable[..., None]) -> Callable[..., None]:
        def hook(module: nn.Module, args: tuple, output: Tensor) -> None:
            if threading.get_ident() == self.thread:
                read(module, args, output)
        return hook

    def install(self, module: nn.Module, backbone: Backbone, block: int) -> list:
        reads = {backbone.patch_embedding_path: self.patches, backbone.text_embedding_path: self.words,
                 backbone.block_path(block): self.block}
        if getattr(module, REFERENCE, None) is not None:
            reads[REFERENCE] = self.reference
        found = [(module.get_submodule(path), read) for path, read in reads.items()]    # may raise: before any hook
        return [part.register_forward_hook(self._hook(read)) for part, read in found]


def _end(read: Tapped) -> None:
    raise read


def tap(backbone: Backbone, block: int) -> Callable:
    """An APPLY_MODEL wrapper that ends every model call after `block` blocks by raising `Tapped`.

    Hooks live for one call: the module is shared by every clone of the model.
    """
    def wrapper(executor, *args, **kwargs):
        with _eager(executor.class_obj) as module:
            return _with_hooks(_Reading(_end, threading.get_ident()), module, backbone, block, executor, args, kwargs)
    return wrapper


def listen(backbone: Backbone, block: int, uuid: Any, consume: Callable[[Tapped], None]) -> Callable:
    """An APPLY_MODEL wrapper that hands `consume` what is read of one conditioning entry; the call goes on as it was.

    Hidden states are altered in place further on: whatever is to be made of them is made in `consume`.
    """
    def wrapper(executor, *args, **kwargs):
        options = args[5] if len(args) > 5 else kwargs.get("transformer_options", {})
        chunks = options.get("uuids", [])
        if uuid not in chunks:
            return executor(*args, **kwargs)
        reading = _Reading(lambda read: consume(read.chunk(chunks.index(uuid), len(chunks))), threading.get_ident())
        return _with_hooks(reading, _module(executor.class_obj), backbone, block, executor, args, kwargs)
    return wrapper


def _with_hooks(reading: _Reading, module: nn.Module, backbone: Backbone, block: int, executor, args, kwargs):
    hooks = reading.install(module, backbone, block)
    try:
        return executor(*args, **kwargs)
    finally:
        for hook in hooks:
            hook.remove()


def tapped_options(options: dict, wrapper: Callable, eager: bool) -> dict:
    """Model options for one call through a tap; `eager` leaves torch.compile out of it.

    Only what differs is copied: nodes keep state of their own in these dictionaries.
    """
    transformer = options.get("transformer_options", {})
    wrappers = transformer.get("wrappers", {})
    apply = {key: value for key, value in wrappers.get(WrappersMP.APPLY_MODEL, {}).items()
             if not (eager and key == COMPILE_KEY)}
    apply[TAP_KEY] = [wrapper]
    return {**options, "transformer_options": {**transformer, "wrappers": {**wrappers, WrappersMP.APPLY_MODEL: apply}}}
