"""Starting Chromium, and opening a ComfyUI server in it."""

from __future__ import annotations

import shutil
from importlib.metadata import version

from playwright.sync_api import Browser, Playwright

from launcher.server import Server
from tests.web.comfy_page import ComfyPage

VIEWPORT = {"width": 1600, "height": 1000}
PROGRAMS = ("chromium", "google-chrome", "chromium-browser", "google-chrome-stable")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run",
         # Pages talk to this machine only: the front end's default workflow asks a model hub for sizes. To intercept
         # requests instead would switch the cache off and make every page a second slower.
         "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
TIMEOUT = 15_000  # milliseconds until something that is not there counts as missing
# No greeting, no question, and nothing over the graph that a picture would show in its place.
SETTINGS = {
    "Comfy.TutorialCompleted": True, "Comfy.InstalledVersion": version("comfyui-frontend-package"),
    "Comfy.Notification.ShowVersionUpdates": False,
    "Comfy.VueNodes.AutoScaleLayout": False, "Comfy.AppBuilder.VueNodeSwitchDismissed": True,
    "Comfy.Minimap.Visible": False, "Comfy.Graph.CanvasInfo": False, "Comfy.Workflow.ShowMissingModelsWarning": False,
    "Comfy.Window.UnloadConfirmation": False, "Comfy.VersionCompatibility.DisableWarnings": True,
}


def program() -> str | None:
    """The Chromium of this machine."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


def launch(playwright: Playwright, path: str) -> Browser:
    """Chromium without a window."""
    return playwright.chromium.launch(executable_path=path, args=list(FLAGS))


def new_page(browser: Browser, server: Server, renderer: str, theme: str, scale: float = 1) -> ComfyPage:
    """A page, not opened yet, like another person's browser: its own client id and nothing remembered.

    `scale` is how many pixels of the screen make one of the page.
    """
    server.client.post("/settings", SETTINGS | {
        "Comfy.VueNodes.Enabled": renderer == "nodes2", "Comfy.ColorPalette": theme})
    context = browser.new_context(viewport=VIEWPORT, device_scale_factor=scale, reduced_motion="no-preference")
    context.set_default_timeout(TIMEOUT)
    return ComfyPage(context.new_page(), server, renderer, theme)
