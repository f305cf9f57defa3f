"""A ComfyUI page as a person uses it, for tests."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Error, Locator, Page

from launcher import layout
from launcher.client import Run, finished
from launcher.server import Server

RENDERERS = ("canvas", "nodes2")
THEMES = ("dark", "light")
SCREENSHOTS = layout.BUILD / "screenshots"
READY = "() => window.app?.vueAppReady && window.app.extensionManager?.workflow?.activeWorkflow"
# Execution ids as the server writes them: "12", and "12:5" for node 5 inside the subgraph node 12.
NODE = """path => {
    let graph = window.app.rootGraph, node = null;
    for (const id of String(path).split(":")) {
        node = graph?.getNodeById(Number(id));
        graph = node?.subgraph;
    }
    if (!node) throw new Error("no node " + path);
    return node;
}"""


class ComfyPage:
    """One page. `page` is Playwright's; `server` the ComfyUI behind it; `renderer` and `theme` what it was opened with.

    Nodes are named by execution id ("7", or "12:5" in a subgraph) or by type where there is only one of it.
    """

    def __init__(self, page: Page, server: Server, renderer: str, theme: str) -> None:
        self.page, self.server, self.renderer, self.theme = page, server, renderer, theme
        self.problems: list[str] = []
        self.prompts: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", self._fail)

    # What went wrong on the page

    def _hear(self, message: ConsoleMessage) -> None:
        source = (message.location or {}).get("url", "")
        if message.type in ("error", "warning") and ours(message.text, source):
            self.problems.append(f"{message.type}: {message.text} ({source})")

    def _fail(self, error: Error) -> None:
        # Whose it is cannot be told for sure: a mistake of ours may surface in the front end's own code.
        self.problems.append(f"uncaught: {error.stack or error.message}")

    def check_console(self) -> None:
        """Fail if the console heard an error or a warning of ours, or anybody's uncaught exception."""
        assert not self.problems, "the page complained:\n" + "\n".join(self.problems)

    # Opening

    def open(self) -> None:
        """Open the page and wait until ComfyUI has set itself up."""
        self.page.goto(self.server.address)
        self.wait_for(READY)

    def reload(self) -> None:
        """Press F5; the workflow comes back as the front end remembers it."""
        self.page.reload()
        self.wait_for(READY)

    def load_workflow(self, workflow: str | dict[str, Any], identity: str | None = None) -> None:
        """Open a workflow, or the file of that name in workflows/, without going through the template browser.

        The server tells runs apart by the workflow's identity: with a new one none of earlier tests shows up.
        """
        if isinstance(workflow, str):
            workflow = json.loads((layout.WORKFLOWS / f"{workflow}.json").read_text(encoding="utf-8"))
        if identity:
            workflow = workflow | {"id": identity}
        self.page.evaluate("workflow => window.app.loadGraphData(workflow)", workflow)

    def open_template(self, name: str) -> None:
        """Open a bundled workflow as a person does: Templates, our pack, its card."""
        self.page.get_by_role("button", name="Templates").first.click()
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_text(layout.PACK, exact=True).click()
        dialog.get_by_test_id(f"template-workflow-{name}").click()
        dialog.wait_for(state="hidden")
        self.wait_for("name => window.app.extensionManager.workflow.activeWorkflow?.filename.startsWith(name)", name)

    # The graph

    def graph(self, code: str, node: str | None = None, value: Any = None) -> Any:
        """Evaluate `code` with `app`, `graph` (the root graph), `node` and `value` at hand; returns what it does."""
        script = f"""([id, value]) => {{
            const app = window.app, graph = app.rootGraph, find = {NODE};
            const node = id === null ? null : find(id);
            return ({code});
        }}"""
        return self.page.evaluate(script, [self.node_id(node) if node else None, value])

    def node_id(self, node: str) -> str:
        """The id of a node given by id or by its type; AssertionError unless exactly one has that type."""
        if node[0].isdigit():
            return node
        found = self.page.evaluate(
            "type => window.app.rootGraph.nodes.filter(node => node.type === type).map(node => String(node.id))", node)
        assert len(found) == 1, f"{len(found)} nodes of type {node}"
        return found[0]

    def widget(self, node: str, name: str) -> Any:
        """The value of a widget."""
        return self.graph("node.widgets.find(widget => widget.name === value).value", node, name)

    def set_widget(self, node: str, **values: Any) -> None:
        """Set widgets by name, with the callbacks that a person's edit triggers."""
        for name, value in values.items():
            self.graph("""(() => {
                const widget = node.widgets.find(widget => widget.name === value[0]);
                widget.value = value[1];
                widget.callback?.(value[1], app.canvas, node);
            })()""", node, [name, value])

    def serialize(self) -> dict[str, Any]:
        """The workflow as it would be saved now."""
        return self.page.evaluate("() => JSON.parse(JSON.stringify(window.app.rootGraph.serialize()))")

    def prompt(self) -> dict[str, Any]:
        """What Run would send now: {"output": prompt in API format, "workflow": ...}."""
        return self.page.evaluate("async () => JSON.parse(JSON.stringify(await window.app.graphToPrompt()))")

    def show(self, node: str, zoom: float = 1.0) -> None:
        """Bring a node to the middle of the screen at this zoom (1 is 100 %)."""
        self.graph("app.canvas.ds.changeScale(value)", value=zoom)
        self.graph("app.canvas.centerOnNode(node)", node)
        self.graph("app.canvas.setDirty(true, true)")
        self.page.wait_for_timeout(150)  # both renderers place their elements in the frames that follow

    # Running

    def run(self) -> str:
        """Press Run; the id of the prompt that the server accepted."""
        with self.page.expect_response(lambda answer: answer.request.method == "POST"
                                       and answer.url.endswith("/api/prompt")) as sent:
            self.page.get_by_test_id("queue-button").click()
        answer = sent.value.json()
        assert "prompt_id" in answer, f"the server refused the prompt: {answer}"
        self.prompts.append(answer["prompt_id"])
        return answer["prompt_id"]

    def interrupt(self) -> None:
        """Press the button that cancels the current run."""
        self.page.get_by_role("button", name="Cancel current run").click()

    def wait_for_end(self, prompt_id: str | None = None, seconds: float = 60) -> Run:
        """Wait for the end of a run, the last one if none is named; how it ended is the Run's status."""
        wanted = prompt_id or self.prompts[-1]
        return finished(wanted, self.poll(lambda: self.server.client.history(wanted), seconds, f"the end of {wanted}"))

    def poll(self, question: Callable[[], Any], seconds: float = 30, what: str = "the page") -> Any:
        """The first true answer to a question, asked ten times a second; AssertionError after `seconds`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if answer := question():
                return answer
            self.page.wait_for_timeout(100)  # not time.sleep: the console is heard only while Playwright waits
        raise AssertionError(f"waited {seconds:g} seconds in vain for {what}")

    def wait_for(self, condition: str, value: Any = None, seconds: float = 60) -> None:
        """Wait until a JavaScript function, which is given `value`, returns something true."""
        self.page.wait_for_function(condition, arg=value, timeout=seconds * 1000)

    # Looking

    def screenshot(self, name: str) -> Path:
        """Keep a picture of the page as build/screenshots/<name>_<renderer>_<theme>.png."""
        path = SCREENSHOTS / f"{name}_{self.renderer}_{self.theme}.png"
        self.page.screenshot(path=path)
        return path

    def accessibility_problems(self, part: Locator | str) -> list[str]:
        """What axe finds serious or critical inside a part of the page (a CSS selector)."""
        found = Axe().run(self.page, context={"include": [[part]]} if isinstance(part, str) else part)
        return [f"{each['impact']} {each['id']}: {each['help']}\n" + "\n".join(
                    f"    {node['html']}\n    {node.get('failureSummary', '')}" for node in each["nodes"])
                for each in found.response["violations"] if each["impact"] in ("serious", "critical")]


def ours(text: str, source: str) -> bool:
    """Whether a console message comes from our files or is about them."""
    return f"/extensions/{layout.PACK}/" in source or layout.PACK in text.lower()
