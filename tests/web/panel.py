"""The panel of one node, as a person sees and uses it."""

from __future__ import annotations

from playwright.sync_api import Locator

from tests.web.comfy_page import ComfyPage


class Panel:
    """The panel of a node that is given as for ComfyPage."""

    def __init__(self, comfy: ComfyPage, node: str = "PrismBestOfN") -> None:
        self.comfy, self.node = comfy, comfy.node_id(node)
        # The element says nothing of its node, and there may be several.
        comfy.graph("node.widgets.find(widget => widget.name === 'prism_panel').element.dataset.node = value",
                    self.node, self.node)
        self.root = comfy.page.locator(f'.prism-panel[data-node="{self.node}"]')
        self.cards = self.root.locator(".prism-card")

    @property
    def status(self) -> str:
        """What the run is doing; "idle" without one."""
        return self.root.get_attribute("data-status") or ""

    @property
    def headline(self) -> str:
        """The line at the top."""
        return self.root.locator(".prism-headline").inner_text()

    def wait(self, status: str, seconds: float = 30) -> None:
        """Wait until the run is at this."""
        self.comfy.poll(lambda: self.status == status, seconds, f"a panel that is {status}, not {self.status}")

    def card(self, row: int) -> Locator:
        """The card of a candidate."""
        return self.root.locator(f'.prism-card[data-row="{row}"]')

    def label(self, row: int) -> str:
        """What a screen reader says of a candidate."""
        return self.card(row).get_attribute("aria-label") or ""

    def rows(self, **data: str) -> list[int]:
        """Rows of the cards with these data attributes, such as state="dropped", in the order in which they stand."""
        wanted = "".join(f'[data-{name}="{value}"]' for name, value in data.items())
        cards = self.root.locator(f".prism-card{wanted}")
        return [int(row) for row in cards.evaluate_all("cards => cards.map(card => card.dataset.row)")]

    def playing(self) -> list[int]:
        """Rows of the cards that show a moving picture."""
        films = self.root.locator(".prism-card:has(.prism-film[data-moving=true])")
        return [int(row) for row in films.evaluate_all("cards => cards.map(card => card.dataset.row)")]

    def bring_up(self) -> None:
        """Move the graph until the cards are in the middle of the screen."""
        box, screen = self.root.locator(".prism-cards").bounding_box(), self.comfy.page.viewport_size
        assert box and screen, "there are no cards"
        way = [screen["width"] / 2 - box["x"] - box["width"] / 2, screen["height"] / 2 - box["y"] - box["height"] / 2]
        self.comfy.graph("""(({ ds }) => {
            ds.offset[0] += value[0] / ds.scale;
            ds.offset[1] += value[1] / ds.scale;
            app.canvas.setDirty(true, true);
        })(app.canvas)""", value=way)
        self.comfy.page.wait_for_timeout(150)

    def press(self, action: str) -> None:
        """Press a button: keep, best, more, all, stop, lock or unlock."""
        self.root.locator(f'button[data-action="{action}"]').click()

    def can(self, action: str) -> bool:
        """Whether a button is there and can be pressed."""
        button = self.root.locator(f'button[data-action="{action}"]')
        return button.is_visible() and button.get_attribute("aria-disabled") != "true"
