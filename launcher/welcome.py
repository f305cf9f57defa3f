"""What a person reads once their ComfyUI runs: the way to a first picture."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from .server import Server

FIRST = "prism_best_of_n_shapes"  # it needs nothing that PRISM does not bring
OPENED_BY_LINK = re.compile(r"[A-Za-z0-9_.-]+")  # ComfyUI's page takes no other names from its address


def welcome(server: Server) -> str:
    """Where to start, where the examples are, and where everything goes."""
    link = start_link(server)
    return "\n".join([
        *([f"Start here: {link}"] if link else []),
        f"ComfyUI {server.comfyui.version} with PRISM runs at {server.address}",
        f"The examples are under Workflow > Browse Templates > {server.pack_name}: those named *_shapes run at once, "
        "the others need the models that they name.",
        f"What you save goes to {server.output}, the log is {server.log}. Ctrl-C ends it.",
    ])


def start_link(server: Server) -> str | None:
    """The address that opens the first example; None if the pack lies in a folder whose name the page refuses."""
    if not OPENED_BY_LINK.fullmatch(server.pack_name):
        return None
    return f"{server.address}/?{urlencode({'template': FIRST, 'source': server.pack_name})}"
