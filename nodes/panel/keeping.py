"""Where a person's choices are recorded on this machine, whether they are, and how candidates are shown.

They lie in a folder of ComfyUI's user directory that its own routes do not serve. Nothing is there before the first
choice is recorded or a setting is changed.
"""

from __future__ import annotations

import logging
import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import folder_paths

from .messages import Previewing, Recording

if TYPE_CHECKING:
    from ...prism_core.picks.pick import Pick
    from ...prism_core.picks.store import PickStore

logger = logging.getLogger(__name__)

SYSTEM_USER = "prism"
STORE, SETTINGS, PREVIEWS = "picks.sqlite3", "picks.json", "previews.json"


def folder() -> Path:
    """The pack's own folder below ComfyUI's user directory; it may not be there yet."""
    return Path(folder_paths.get_system_user_directory(SYSTEM_USER))


def settings() -> Recording:
    """What the person has set; where the file of that is damaged, nothing is recorded."""
    file = folder() / SETTINGS
    try:
        return Recording.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return Recording()
    except (OSError, ValueError) as error:
        logger.warning("PRISM: %s cannot be read, so no choices are recorded until they are switched on again in the "
                       "settings: %s", file, error)
        return Recording(recording=False)


def previews() -> Previewing:
    """How candidates are shown; as by default where nothing is set or the file of that is damaged."""
    file = folder() / PREVIEWS
    try:
        return Previewing.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return Previewing()
    except (OSError, ValueError) as error:
        logger.warning("PRISM: %s cannot be read, so previews are as by default until they are set again: %s", file, error)
        return Previewing()


def change(wanted: Recording | Previewing) -> None:
    """Set it, for this start of ComfyUI and later ones. Raises OSError where the folder cannot be written."""
    file = folder() / (SETTINGS if isinstance(wanted, Recording) else PREVIEWS)
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.{uuid.uuid4().hex}.part")
    try:
        part.write_text(wanted.model_dump_json(), encoding="utf-8")
        os.replace(part, file)
    finally:
        part.unlink(missing_ok=True)


def store() -> PickStore:
    """The store, with the limit that is set."""
    from ...prism_core.picks.store import PickStore    # brings a database: not at the start of ComfyUI

    return PickStore(folder() / STORE, settings().limit_bytes)


def record(pick: Pick) -> int | None:
    """Record a choice; its id, or None where recording is switched off.

    Raises:
        StoreError: it could not be recorded; the text says why, and the run goes on.
    """
    return store().add(pick) if settings().recording else None


def status() -> dict[str, Any]:
    """What the settings show. Raises StoreError where the store cannot be read."""
    found, picks = settings(), store()
    return {"count": picks.count, "bytes": picks.size_bytes, "limit_bytes": found.limit_bytes,
            "recording": found.recording}
