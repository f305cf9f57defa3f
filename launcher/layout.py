"""Where things lie in a checkout. Everything that running creates is in folders that git ignores."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
WORKFLOWS = ROOT / "workflows"

ENVIRONMENT = ROOT / ".venv"
COMFYUI = ROOT / ".comfyui"
BUILD = ROOT / "build"
OUTPUT = ROOT / "output"

PACK = "prism"  # the folder name under which ComfyUI sees the pack
