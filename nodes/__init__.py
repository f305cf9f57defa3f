"""The ComfyUI side of PRISM. Everything below this package may import comfy; nothing in `prism_core` may."""
