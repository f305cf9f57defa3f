"""The pages that are open on this ComfyUI, and what reaches them."""

from __future__ import annotations

import logging
import sys
from typing import Any

logger = logging.getLogger(__name__)


def server() -> Any:
    """ComfyUI's server; None where there is none, as in tests."""
    return getattr(getattr(sys.modules.get("server"), "PromptServer", None), "instance", None)


def listening() -> bool:
    """Whether any page, or another program, listens to the server."""
    return bool(getattr(server(), "sockets", None))


def send(event: str, data: dict) -> None:
    """Tell all pages."""
    found = server()
    if found is None:
        return
    try:
        found.send_sync(event, data, None)
    except RuntimeError as error:    # the server's loop has ended; a run outlives it by a moment
        logger.debug("A message to the pages was not sent: %s", error)
