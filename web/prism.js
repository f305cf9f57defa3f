/**
 * The adapter to ComfyUI's front end, and the only file that knows it. All else lies in prism/.
 *
 * @typedef {import("./prism/graph.mjs").Graph} Graph
 * @typedef {import("./prism/graph.mjs").GraphNode} GraphNode
 * @typedef {import("./prism/graph.mjs").Place} Place
 */

import { api } from "../../scripts/api.js";
import { app } from "../../scripts/app.js";
import { COMMANDS } from "./prism/commands.mjs";
import { placeOf } from "./prism/graph.mjs";
import { FOLLOWED } from "./prism/chart/knobs.mjs";
import { widgetOf } from "./prism/lock.mjs";
import { setMotion } from "./prism/motion.mjs";
import { FLASH, Page, SOUND } from "./prism/page.mjs";
import { Picks } from "./prism/picks.mjs";
import { Previews } from "./prism/previews.mjs";

const NODES = ["PrismKSampler", "PrismBestOfN", "PrismPruneLatents", "PrismPick", "PrismTrial"];
const LOCALE = "Comfy.Locale"; // the setting
const MARGIN = 8; // pixels around the panel, where the canvas draws the node
const NARROWEST = 220; // of a node without a panel: ComfyUI leaves the title less room than it draws it with
const WIDTH = 420; // of a new node: three cards side by side
const WIDER = { PrismTrial: 620 }; // where clips are to be judged

/** Of what the front end offers, no version has all. */
const shell = /** @type {any} */ (app);

/** @returns {Graph & { id?: unknown }} */
const root = () => shell.rootGraph ?? shell.graph;

/** Whether nodes are drawn by Nodes 2.0 and not on the canvas. */
const nodes2 = () => /** @type {any} */ (globalThis).LiteGraph?.vueNodesMode === true;

/** On the canvas a node has to be told its height; in Nodes 2.0 the page lays it out. @param {any} node */
function fit(node) {
  const needed = nodes2() ? 0 : node.computeSize?.()[1] ?? 0;
  if (node.size[1] < needed) node.setSize([node.size[0], needed]);
  node.setDirtyCanvas?.(true, true);
}

/** @type {import("./prism/page.mjs").Front} */
const front = {
  fetch: (route, options) => api.fetchApi(route, options),
  addressOf: (route) => api.apiURL(route),
  client: () => api.clientId ?? "",
  workflow: () => String(root()?.id ?? ""),
  place: (node) => root() && placeOf(root(), node),
  queue: () => app.queuePrompt(0, 1),
  edited: () => {
    shell.canvas?.setDirty(true, true);
    const tracker = shell.extensionManager?.workflow?.activeWorkflow?.changeTracker;
    (tracker?.captureCanvasState ?? tracker?.checkState)?.call(tracker);
  },
  redraw: () => shell.canvas?.setDirty(true, true),
  leave: () => shell.canvas?.canvas?.focus(),
  fit,
  raise: (node, panel) => {
    if (!nodes2()) return shell.canvas?.bringToFront?.(node);
    // Nodes 2.0 has no call for it: it brings forward what a pointer comes down on. Not bubbling, this selects nothing.
    panel.dispatchEvent(new PointerEvent("pointerdown", { bubbles: false }));
  },
  opened: (place) => shell.canvas?.graph === place.graph,
  open: ({ node, graph }) => {
    if (shell.canvas.graph !== graph) shell.canvas.setGraph(graph);
    shell.canvas.centerOnNode(node);
  },
  selected: () => Object.values(shell.canvas?.selected_nodes ?? {}),
  tell: (detail) => shell.extensionManager?.toast?.add({ severity: "info", summary: "PRISM", detail, life: 5000 }),
  setting: (name) => shell.extensionManager?.setting?.get(name),
};

/** @param {string} name of a file of ours */
const ours = (name) => new URL(`./prism/${name}`, import.meta.url).href;

document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: ours("panel.css") }));

const page = new Page(front, await (await fetch(ours("messages.schema.json"))).json());

/** @param {any} node of litegraph */
function addPanel(node) {
  const panel = page.addPanel(node);
  letThrough(panel.element);
  const widget = node.addDOMWidget("prism_panel", "prism_panel", panel.element, {
    serialize: false, // not in prompts
    hideInPanel: true, // the side panel would take the element out of the node
    hideOnZoom: false, margin: MARGIN, getMinHeight: () => panel.height + 2 * MARGIN,
  });
  widget.serialize = false; // not in workflows
  node.setSize?.([Math.max(node.size[0], /** @type {any} */ (WIDER)[node.comfyClass] ?? WIDTH), node.size[1]]);
  chain(node, "onRemoved", () => page.removePanel(node));
  chain(node, "onAdded", () => panel.attach());
  for (const widget of ["kept", ...FOLLOWED].map((name) => widgetOf(node, name))) {
    if (widget) chain(widget, "callback", () => page.store.refresh());
  }
}

/** What moves the canvas moves it over a panel too: the wheel where there is nothing to scroll, and the middle button.
 * @param {HTMLElement} element */
function letThrough(element) {
  element.addEventListener("wheel", (event) => {
    const list = element.querySelector(".prism-cards");
    const scrolls = list && list.scrollHeight > list.clientHeight && !event.ctrlKey && !event.metaKey;
    if (scrolls) event.stopPropagation();
    else if (!nodes2()) shell.canvas.processMouseWheel(event); // Nodes 2.0 hands it on itself
  }, { passive: false });
  for (const [type, method] of [["down", "Down"], ["move", "Move"], ["up", "Up"]]) {
    element.addEventListener(`pointer${type}`, (/** @type {any} */ event) => {
      if (event.button === 1 || event.buttons & 4) shell.canvas[`processMouse${method}`](event);
    });
  }
}

/** Let something happen after a method, which another pack may have chained as well.
 * @param {any} owner @param {string} name @param {() => void} then */
function chain(owner, name, then) {
  const before = owner[name];
  owner[name] = function chained(/** @type {unknown[]} */ ...given) {
    const result = before?.apply(this, given);
    then();
    return result;
  };
}

app.registerExtension({
  name: "PRISM",
  settings: [{
    id: FLASH, name: "Flash the title of the browser tab while a run waits for your choice", type: "boolean",
    defaultValue: true, category: ["PRISM", "Choosing", "TitleFlash"],
  }, {
    id: SOUND, name: "A soft sound when a run begins to wait for your choice", type: "boolean", defaultValue: false,
    category: ["PRISM", "Choosing", "Sound"],
  }, {
    id: "PRISM.Motion", name: "Moving previews", type: "combo", defaultValue: "system",
    category: ["PRISM", "Previews", "Motion"],
    tooltip: "Whether the candidates' previews play by themselves. In a comparison you can always play them.",
    options: [{ text: "System", value: "system" }, { text: "Still", value: "still" },
      { text: "Moving", value: "moving" }],
    onChange: setMotion,
  }, {
    id: "PRISM.Previews", name: "Size and rate of previews", defaultValue: null,
    category: ["PRISM", "Previews", "Store"],
    tooltip: "How large the candidates are shown while they form, and how often. " +
      "Larger and more take more memory in the browser.",
    type: () => new Previews(front.fetch).element,
  }, {
    id: "PRISM.RecordedChoices", name: "Your choices", defaultValue: null,
    category: ["PRISM", "Recorded choices", "Store"],
    tooltip: "What you chose among, and what you chose. Nothing of it leaves this machine.",
    type: () => new Picks(front.fetch, front.addressOf("/prism/picks/export")).element,
  }],

  commands: COMMANDS.map(({ id, deed, label, icon }) => ({ id, label, icon, function: () => page.perform(deed) })),
  keybindings: COMMANDS.map(({ id, key }) => ({ commandId: id, combo: { key, shift: true } })),
  menuCommands: [{ path: ["PRISM"], commands: COMMANDS.map(({ id }) => id) }],

  setup() {
    const listen = /** @type {(type: string, heard: (event: CustomEvent) => void) => void} */ (
      api.addEventListener.bind(api));
    listen("prism.run", ({ detail }) => page.receive(detail));
    listen("executed", ({ detail }) => page.executed(String(detail?.display_node ?? detail?.node), detail?.output));
    listen("reconnecting", () => page.connected(false));
    listen("reconnected", () => page.connected(true));
    page.speak(front.setting(LOCALE));
    shell.ui?.settings?.addEventListener?.(`${LOCALE}.change`, (/** @type {any} */ event) =>
      page.speak(event.detail?.value));
    void page.sync();
  },

  afterConfigureGraph() {
    page.opened();
  },

  nodeCreated(node) {
    const kind = String(/** @type {any} */ (node).comfyClass);
    if (NODES.includes(kind)) addPanel(node);
    if (kind.startsWith("Prism") && node.size[0] < NARROWEST) node.setSize?.([NARROWEST, node.size[1]]);
  },
});
