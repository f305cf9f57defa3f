"""PRISM's library: preference heads on a frozen video model's own features.

Pure torch, numpy and safetensors; nothing here knows ComfyUI. Import the module you need
(`prism_core.head`, `prism_core.preference`, ...): the package itself imports nothing.
"""

VERSION = "0.1.0"
