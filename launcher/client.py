"""Talking to a ComfyUI server over its HTTP interface."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .errors import LauncherError
from .events import EventStream

Prompt = dict[str, dict[str, Any]]
OnEvent = Callable[[str, dict[str, Any]], None]


class PromptRejected(LauncherError):
    """The server refused a prompt before running it. `details` is its answer."""

    def __init__(self, details: dict[str, Any]) -> None:
        super().__init__("ComfyUI refused the workflow:\n" + "\n".join(f"    {line}" for line in complaints(details)))
        self.details = details


class RunFailed(LauncherError):
    """A node raised an error, or the run was interrupted."""

    def __init__(self, run: Run) -> None:
        super().__init__(f"The workflow did not finish: {run.error or run.status}")
        self.run = run


@dataclass(frozen=True)
class Run:
    """A finished prompt: status "success", "error" or "interrupted", and what each node showed or saved."""

    id: str
    status: str
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    messages: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def error(self) -> str | None:
        """The failing node's error, such as "PrismPruneLatents: keep is 9, ..."."""
        for kind, data in self.messages:
            if kind == "execution_error":
                return f"{data.get('node_type')}: {str(data.get('exception_message', '')).strip()}"
        return None

    @property
    def cached(self) -> set[str]:
        """Ids of the nodes whose result was taken from an earlier run."""
        return {node for kind, data in self.messages if kind == "execution_cached" for node in data.get("nodes", ())}

    def files(self, node: str | None = None) -> Iterator[dict[str, str]]:
        """Descriptions of the files that one node (or any node) saved, in order."""
        shown = [self.outputs.get(node, {})] if node is not None else self.outputs.values()
        for output in shown:
            for items in output.values():
                yield from (item for item in items if isinstance(item, dict) and "filename" in item)


class Client:
    """One person's connection to a server; `id` is what the server knows it by."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port, self.id = host, port, uuid.uuid4().hex

    def answers(self) -> bool:
        """Whether the server is up."""
        try:
            self.get("/system_stats")
            return True
        except OSError:
            return False

    def object_info(self) -> dict[str, dict[str, Any]]:
        """Every node's inputs and outputs, by node id."""
        return self.get("/object_info")

    def history(self, prompt_id: str) -> dict[str, Any] | None:
        """What is kept of a finished prompt; None while it is queued or running."""
        return self.get(f"/history/{prompt_id}").get(prompt_id)

    def interrupt(self) -> None:
        """Stop the running prompt."""
        self.post("/interrupt", {})

    def free(self) -> None:
        """Make the server forget cached results and loaded models."""
        # This one wish stands for both. Two are set one after the other, and a server that wakes up in between fulfils the
        # second only after the next prompt.
        self.post("/free", {"free_memory": True})

    def queue(self, prompt: Prompt, workflow: dict[str, Any] | None = None) -> str:
        """Queue a prompt in API format and return its id; `workflow` is stored in the files that are saved.

        Raises PromptRejected if the server finds it invalid.
        """
        extra = {"extra_pnginfo": {"workflow": workflow}} if workflow else {}
        try:
            return self.post("/prompt", {"prompt": prompt, "client_id": self.id, "extra_data": extra})["prompt_id"]
        except urllib.error.HTTPError as answer:
            if answer.code != 400:
                raise
            raise PromptRejected(json.load(answer)) from None

    def run(self, prompt: Prompt, *, workflow: dict[str, Any] | None = None, on_event: OnEvent | None = None,
            seconds: float = 600) -> Run:
        """Queue a prompt and wait for it. `on_event(kind, data)` hears what the server says meanwhile.

        Raises PromptRejected, and LauncherError after `seconds`; a failing node is not an exception, see Run.status.
        """
        with EventStream(self.host, self.port, f"/ws?clientId={self.id}") as events:
            return self.wait(self.queue(prompt, workflow), events, on_event, seconds)

    def wait(self, prompt_id: str, events: EventStream, on_event: OnEvent | None, seconds: float) -> Run:
        """Wait until a queued prompt has finished, passing on its events."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            event = events.receive(timeout=0.25)
            if event and on_event:
                on_event(event["type"], event.get("data", {}))
            # Only a pause or the end of the prompt is worth asking for; progress comes many times a second.
            if (event is None or event["type"] == "executing") and (entry := self.history(prompt_id)):
                return finished(prompt_id, entry)
        self.interrupt()
        raise LauncherError(f"The workflow had not finished after {seconds:.0f} seconds and was stopped.")

    def view(self, file: dict[str, str]) -> bytes:
        """The contents of a file that a node saved, as described by Run.files()."""
        query = urllib.parse.urlencode({key: file.get(key, "") for key in ("filename", "subfolder", "type")})
        with opener.open(self.url(f"/view?{query}"), timeout=60) as answer:
            return answer.read()

    def url(self, path: str) -> str:
        """The address of a path on the server."""
        return f"http://{self.host}:{self.port}{path}"

    def get(self, path: str) -> Any:
        """The JSON at a path."""
        with opener.open(self.url(path), timeout=60) as answer:
            return json.load(answer)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Send JSON; the answer's JSON, or None if it is empty."""
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url(path), json.dumps(body).encode(), headers)
        with opener.open(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text.strip() else None


# A proxy configured for the outside world must not see, or fail to reach, this machine's own server.
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def finished(prompt_id: str, entry: dict[str, Any]) -> Run:
    """A history entry as a Run."""
    status = entry.get("status") or {}
    messages = [(kind, data) for kind, data in status.get("messages", ())]
    kinds = {kind for kind, _ in messages}
    outcome = "interrupted" if "execution_interrupted" in kinds else status.get("status_str", "success")
    return Run(prompt_id, outcome, entry.get("outputs", {}), messages)


def complaints(details: dict[str, Any]) -> list[str]:
    """A refusal's reasons, one a line."""
    lines = []
    for node, problem in (details.get("node_errors") or {}).items():
        for error in problem.get("errors", ()):
            where = f"node {node} ({problem.get('class_type')})"
            lines.append(f"{where}: {error.get('message')} {error.get('details', '')}")
    error = details.get("error") or {}
    general = error if isinstance(error, str) else f"{error.get('message', '')} {error.get('details', '')}".strip()
    return lines or [general or "no reason given"]
