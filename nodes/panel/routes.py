"""What pages, and other programs, ask of the server and tell it; everything below /prism/.

Runs are known by the ids on the board alone, and no path is ever made from a request. ComfyUI's own middleware has
refused requests of foreign sites before they come here, and a body must be JSON by name, which no plain form can send.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import folder_paths
from aiohttp import web
from pydantic import BaseModel, ValidationError

from ...prism_core.said import Said, say
from . import keeping, pages
from .board import BOARD, Closed
from .messages import Answer, Deletion, Mark, Previewing, Recording, Sentence, View

LARGEST = 64 * 1024      # bytes of a body
CHUNK = 1 << 20
COMPLAINTS = 3           # of a malformed body that are told

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Body = TypeVar("Body", bound=BaseModel)


class Refused(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


def register(routes: web.RouteTableDef | None = None) -> None:
    """Add the routes to ComfyUI's server. Without a running server, as in tests, there are none."""
    if routes is None:
        routes = getattr(pages.server(), "routes", None)
    if routes is None:
        return
    for path, handler in GETS.items():
        routes.get(path)(_answering(handler))
    for path, handler in POSTS.items():
        routes.post(path)(_answering(handler))


def _answering(handler: Handler) -> Handler:
    """The handler with its refusals as answers."""
    async def answered(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refused as refused:
            said = {"said": Sentence.of(refused.text).model_dump(mode="json")} if isinstance(refused.text, Said) else {}
            return web.json_response({"error": str(refused), **said}, status=refused.status)
    return answered


# Runs

async def runs(request: web.Request) -> web.Response:
    """Every run that the board knows."""
    return web.json_response({"runs": [_json(view) for view in BOARD.views()]})


async def sheet(request: web.Request) -> web.Response:
    """The picture of one version, which never changes."""
    view, version = _view(request), int(request.match_info["version"])
    found = BOARD.sheet(view.run, version)
    if found is None:
        raise Refused(404, f"There is no picture {version} of this run any more; the run's state names the latest one.")
    headers = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
    return web.Response(body=found[0], content_type=found[1], headers=headers)


async def chart(request: web.Request) -> web.Response:
    """What the chart of a run shows."""
    run = _view(request).run
    curves = BOARD.curves(run)
    if curves is None:
        raise Refused(404, "This run has no chart: nothing was sampled in it.")
    # a batch of a size that was not measured takes some arithmetic, which must not keep other requests waiting
    return web.json_response(await asyncio.to_thread(curves.json))


async def answer(request: web.Request) -> web.Response:
    """Answer the question that a run waits with."""
    view, given = _view(request), await _body(request, Answer)
    run, question = view.run, BOARD.question(view.run)
    if question is None or question.id != given.question:
        raise Refused(409, say("tooLate", "This run no longer waits for that answer: somebody else answered, it went on "
                               "by itself, or it was stopped."))
    if given.action == "best" and view.waiting is not None and not view.waiting.has_head:
        raise Refused(409, say("noHead", "There is no head in this run whose choice could be taken. Name the "
                               "candidates to keep."))
    try:
        question.put(given)
    except Closed:
        raise Refused(409, say("answered", "Somebody else has answered already.")) from None
    except ValueError as error:
        raise Refused(409, error.args[0]) from None
    return _state(run)


async def mark(request: web.Request) -> web.Response:
    """Pin or ban a candidate of a run."""
    run, given = _view(request).run, await _body(request, Mark)
    try:
        BOARD.mark(run, given)
    except KeyError:    # forgotten while the body came
        raise Refused(404, say("forgotten", "This run is not known any more.")) from None
    except ValueError as error:
        raise Refused(409, error.args[0]) from None
    return _state(run)


# Recorded choices

async def picks(request: web.Request) -> web.Response:
    """How much is recorded."""
    return web.json_response(await _kept(keeping.status))


async def export(request: web.Request) -> web.StreamResponse:
    """The store of choices as one file."""
    store = keeping.store()
    if not store.path.exists():
        raise Refused(404, "No choices are recorded yet, so there is nothing to export.")
    copy = Path(folder_paths.get_temp_directory()) / f"prism_picks_{uuid4().hex}.sqlite3"
    try:
        await _kept(_copied, store, copy)
        return await _sent(request, copy, f"prism_picks_{time.strftime('%Y-%m-%d')}.sqlite3")
    finally:
        with suppress(OSError):
            copy.unlink()


async def set_recording(request: web.Request) -> web.Response:
    """Switch recording on or off, and set its limit."""
    wanted = await _body(request, Recording, complete=True)
    await _kept(keeping.change, wanted)
    return web.json_response(await _kept(keeping.status))


async def delete_picks(request: web.Request) -> web.Response:
    """Delete every recorded choice."""
    await _body(request, Deletion)
    await _kept(lambda: keeping.store().delete_everything())
    return web.json_response(await _kept(keeping.status))


# Settings

async def previews(request: web.Request) -> web.Response:
    """How candidates are shown."""
    return web.json_response(_json(await _kept(keeping.previews)))


async def set_previews(request: web.Request) -> web.Response:
    """Set how candidates are shown, from the next run on."""
    wanted = await _body(request, Previewing, complete=True)
    await _kept(keeping.change, wanted)
    return web.json_response(_json(await _kept(keeping.previews)))


GETS: dict[str, Handler] = {
    "/prism/runs": runs,
    "/prism/runs/{run}/sheets/{version:[0-9]{1,16}}": sheet,
    "/prism/runs/{run}/chart": chart,
    "/prism/picks": picks,
    "/prism/picks/export": export,
    "/prism/previews": previews,
}
POSTS: dict[str, Handler] = {
    "/prism/runs/{run}/answer": answer,
    "/prism/runs/{run}/marks": mark,
    "/prism/picks/settings": set_recording,
    "/prism/picks/delete": delete_picks,
    "/prism/previews": set_previews,
}


# Requests and responses

def _json(message: BaseModel) -> dict[str, Any]:
    return message.model_dump(mode="json")


def _view(request: web.Request) -> View:
    found = BOARD.get(request.match_info["run"])
    if found is None:
        raise Refused(404, say("unknownRun", "This run is not known: it is long over, or ComfyUI was restarted since."))
    return found


def _state(run: str) -> web.Response:
    view = BOARD.get(run)
    return web.json_response({"run": view and _json(view)})


async def _body(request: web.Request, kind: type[Body], complete: bool = False) -> Body:
    """The body as a message of that kind. `complete`: nothing may be left to its default."""
    if request.content_type != "application/json":
        raise Refused(415, f"The body is {request.content_type}; send JSON as application/json.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Refused(415, "The body is compressed; send it as it is.")
    data = bytearray()
    async for chunk in request.content.iter_chunked(LARGEST):
        data += chunk
        if len(data) > LARGEST:
            raise Refused(413, f"The body is larger than {LARGEST // 1024} KiB, which no message of ours is.")
    try:
        found = kind.model_validate_json(bytes(data))
    except ValidationError as error:
        raise Refused(400, _complaint(error)) from None
    missing = kind.model_fields.keys() - found.model_fields_set if complete else ()
    if missing:
        raise Refused(400, f"The body lacks {', '.join(sorted(missing))}.")
    return found


def _complaint(error: ValidationError) -> str:
    """What is wrong with a body, without repeating it."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    texts = [f"{'.'.join(map(str, entry['loc'])) or 'the body'}: {entry['msg']}"[:200] for entry in found[:COMPLAINTS]]
    return "The message cannot be understood. " + "; ".join(texts)


async def _kept(function: Callable[..., Any], *given: Any) -> Any:
    """Call what reads or writes the disk in another thread, with its troubles as answers."""
    from ...prism_core.picks.errors import StoreError

    try:
        return await asyncio.to_thread(function, *given)
    except (StoreError, OSError) as error:
        raise Refused(409, str(error)) from error


def _copied(store: Any, copy: Path) -> None:
    copy.parent.mkdir(parents=True, exist_ok=True)
    store.export(copy)


async def _sent(request: web.Request, file: Path, name: str) -> web.StreamResponse:
    """Send a file that is gone as soon as it is sent."""
    response = web.StreamResponse(headers={
        "Content-Type": "application/vnd.sqlite3", "Content-Length": str(file.stat().st_size),
        "Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"})
    await response.prepare(request)
    with file.open("rb") as source:
        while chunk := await asyncio.to_thread(source.read, CHUNK):
            await response.write(chunk)
    await response.write_eof()
    return response
