/**
 * Everything of ours on one page: the state, the messages that change it, and the panels that show it.
 *
 * @typedef {import("./contract.mjs").View} View
 * @typedef {import("./deeds.mjs").Front} DeedFront
 * @typedef {import("./graph.mjs").GraphNode} GraphNode
 * @typedef {import("./select.mjs").Seat} Seat
 *
 * @typedef {object} PageFront what the adapter knows beyond what deeds need
 * @property {() => string} client this page's id
 * @property {() => string} workflow id of the open graph
 * @property {(route: string) => string} addressOf
 * @property {() => void} redraw the canvas, where a widget has another value
 * @property {() => void} leave give the keyboard back to the canvas
 * @property {(node: GraphNode) => void} fit give a node the room that its widgets need
 * @property {(node: GraphNode, panel: HTMLElement) => void} raise bring a node before the others
 * @property {(place: import("./graph.mjs").Place) => void} open bring a node into view
 * @property {() => GraphNode[]} selected the nodes that the artist has selected
 * @property {(text: string) => void} tell show a line for a moment
 * @property {(place: import("./graph.mjs").Place) => boolean} opened whether its graph is the one on the canvas
 *
 * @typedef {DeedFront & PageFront} Front
 */

import { Attention } from "./attention.mjs";
import { Bell } from "./bell.mjs";
import { fault } from "./check.mjs";
import { answer, keepAndTryMore, lock, rank, replay, setMark, unlock, watchOnce } from "./deeds.mjs";
import { knobsOf, moveCut, setCut } from "./chart/knobs.mjs";
import { setWidget, widgetOf } from "./lock.mjs";
import { Panel } from "./panel.mjs";
import { isHere, stagedOf, stagedPlace, waitingFor } from "./select.mjs";
import { read } from "./server.mjs";
import { says, speak } from "./language.mjs";
import { keptText, readReport } from "./staged.mjs";
import { moved, received, reported, resynced, stagedMark } from "./state.mjs";
import { Store } from "./store.mjs";
import { TrialPanel } from "./trial/trial.mjs";

export const STAGED = "PrismPruneLatents";
export const TRIAL = "PrismTrial";
export const FLASH = "PRISM.TitleFlash";
export const SOUND = "PRISM.Sound";

export class Page {
  store = new Store();
  #front;
  #schema;
  /** @type {Map<GraphNode, Panel | TrialPanel>} */
  #panels = new Map();
  /** @type {Promise<void> | null} */
  #syncing = null;

  /** @param {Front} front @param {import("./check.mjs").Schema} schema of a view */
  constructor(front, schema) {
    this.#front = front;
    this.#schema = schema;
    const attention = new Attention({ flashes: () => front.setting(FLASH) !== false, sight: (view) => this.#sight(view),
      lead: (view) => this.#lead(view) });
    this.store.watch((state) => attention.watch(state));
    const bell = new Bell(() => front.setting(SOUND) === true);
    this.store.watch((state) => bell.watch(state));
  }

  /** One message of the server. Whatever is wrong with it, the page goes on. @param {unknown} message */
  receive(message) {
    this.#locate();
    if (this.#isView(message)) this.store.change(received, message, Date.now());
  }

  /** A node has been executed. @param {string} node @param {unknown} output */
  executed(node, output) {
    const report = this.#front.place(node)?.node.comfyClass === STAGED ? readReport(output) : null;
    if (!report) return;
    this.#locate();
    this.store.change(reported, `${this.store.state.workflow}/${node}`, report);
  }

  /** @param {unknown} locale of ComfyUI */
  speak(locale) {
    const language = speak(locale);
    if (language !== this.store.state.language) this.store.change(moved, { language });
  }

  /** @param {boolean} online */
  connected(online) {
    this.store.change(moved, { online });
    if (online) void this.sync();
  }

  /** A graph has been opened, perhaps the same as before. */
  opened() {
    if (this.#locate()) void this.sync();
    this.store.refresh();
  }

  /** Ask once for all that the server knows; a second call while the first is under way adds nothing. */
  sync() {
    this.#syncing ??= this.#sync().finally(() => { this.#syncing = null; });
    return this.#syncing;
  }

  /** A panel for a node. @param {GraphNode} node @returns {Panel | TrialPanel} */
  addPanel(node) {
    const panel = node.comfyClass === TRIAL ? this.#makeTrial(node) : this.#makePanel(node);
    panel.attach();
    this.#panels.set(node, panel);
    return panel;
  }

  /** @param {GraphNode} node @returns {TrialPanel} */
  #makeTrial(node) {
    const { store } = this;
    const front = this.#front;
    /** @type {TrialPanel} */
    const panel = new TrialPanel(store, this.#seat(node), {
      rank: (view, ranking) => void rank(store, front, view, ranking),
      leave: () => front.leave(),
      grow: () => front.fit(node),
      raise: () => front.raise(node, panel.element),
      addressOf: (route) => front.addressOf(route),
    });
    return panel;
  }

  /** @param {GraphNode} node @returns {Panel} */
  #makePanel(node) {
    const { store } = this;
    const front = this.#front;
    const seat = this.#seat(node);
    /** @type {Panel} */
    const panel = new Panel(store, seat, {
      answer: (view, action, rows) => void answer(store, front, view, action, rows),
      more: (view, rows) => void keepAndTryMore(store, front, view, rows),
      mark: (view, row, mark) => void setMark(store, front, view, row, mark),
      stagedMark: (row, mark) => this.#markStaged(node, seat, row, mark),
      lock: (view) => void lock(store, front, view).then(() => store.refresh()),
      replay: (view, row) => void replay(store, front, view, row).then(() => store.refresh()),
      unlock: (view) => this.#unlock(node, seat, view),
      leave: () => front.leave(),
      grow: () => front.fit(node),
      raise: () => front.raise(node, panel.element),
      addressOf: (route) => front.addressOf(route),
      chart: this.#chartHands(),
    });
    return panel;
  }

  /** @param {GraphNode} node */
  removePanel(node) {
    this.#panels.get(node)?.dispose();
  }

  /** What a command asks for: of the node that is selected, else of the run that matters most.
   * @param {import("./commands.mjs").Deed} deed */
  perform(deed) {
    this.#locate();
    const waiting = waitingFor(this.store.state);
    const here = waiting.find((view) => isHere(this.store.state, view));
    if (deed === "go" && here) return this.#lead(here);
    if (deed === "go") return this.#front.tell(waiting.length ? says().call.away : says().commands.go);
    const node = this.#selected() ?? this.#nodeOf(here ?? newest(this.store.state));
    const panel = node && this.#panels.get(node);
    if (!panel?.perform(deed)) this.#front.tell(says().commands[deed]);
    else if (node?.graph && !onScreen(panel.element)) this.#front.open({ node, graph: node.graph, hosts: [] });
  }

  #selected() {
    return this.#front.selected().find((node) => this.#panels.has(node));
  }

  /** @param {View | undefined} view */
  #nodeOf(view) {
    return view && this.#front.place(view.node)?.node;
  }

  /** @returns {import("./chart/chart.mjs").ChartHands} */
  #chartHands() {
    const front = this.#front;
    return {
      fetch: (run) => read(front.fetch, `/prism/runs/${run}/chart`),
      knobs: (view) => {
        const place = front.place(view.node);
        return place && knobsOf(place);
      },
      cut: (view, cut, step) => {
        const place = front.place(view.node);
        if (place) moveCut(place, cut, step);
        front.redraw();
      },
      set: (view, step, keep) => {
        const place = front.place(view.node);
        const done = place !== null && setCut(place, step, keep);
        front.redraw();
        return done;
      },
      watch: (view) => void watchOnce(this.store, front, view).then(() => this.store.refresh()),
      edited: () => front.edited(),
      refresh: () => this.store.refresh(),
    };
  }

  async #sync() {
    const told = await read(this.#front.fetch, "/prism/runs").catch(() => null);
    if (!told) return; // the panel says that the connection is lost, or nothing has run yet
    this.#locate();
    const views = Array.isArray(told.runs) ? told.runs.filter((/** @type {unknown} */ view) => this.#isView(view)) : [];
    this.store.change(resynced, views, Date.now());
  }

  /** @param {unknown} message @returns {message is View} */
  #isView(message) {
    const found = fault(message, this.#schema);
    if (found) console.debug(`PRISM: a message was left out, because ${found}.`);
    return found === null;
  }

  /** Note where we are. @returns {boolean} whether that is another graph than before */
  #locate() {
    const place = { client: this.#front.client(), workflow: this.#front.workflow() };
    const { client, workflow } = this.store.state;
    if (place.client !== client || place.workflow !== workflow) this.store.change(moved, place);
    return place.workflow !== workflow;
  }

  /** @param {GraphNode} node @returns {Seat} */
  #seat(node) {
    return {
      owns: (id) => this.#front.place(id)?.node === node,
      kept: () => String(widgetOf(node, "kept")?.value ?? ""),
      keep: () => Number(widgetOf(node, "keep")?.value ?? 1),
      staged: node.comfyClass === STAGED,
    };
  }

  /** @param {GraphNode} node @param {Seat} seat @param {number} row @param {import("./contract.mjs").Mark} mark */
  #markStaged(node, seat, row, mark) {
    this.store.change(stagedMark, stagedPlace(this.store.state, seat), row, mark);
    const staged = stagedOf(this.store.state, seat);
    const kept = widgetOf(node, "kept");
    if (!staged || !kept) return;
    setWidget(kept, keptText(staged, seat.keep()), node);
    this.#front.edited();
  }

  /** @param {GraphNode} node @param {Seat} seat @param {View | null} view */
  #unlock(node, seat, view) {
    const { graph } = node;
    const place = (view && this.#front.place(view.node)) ?? (graph ? { node, graph, hosts: [] } : null);
    if (place) unlock(this.#front, place);
    const staged = stagedOf(this.store.state, seat);
    if (staged) this.store.change(reported, stagedPlace(this.store.state, seat), { ...staged, marks: {} });
    this.store.refresh();
  }

  /** @param {View} view @returns {import("./attention.mjs").Sight} */
  #sight(view) {
    if (!isHere(this.store.state, view)) return "away";
    const place = this.#front.place(view.node);
    const panel = place && this.#panels.get(place.node);
    if (!place || !panel) return "gone";
    return this.#front.opened(place) && onScreen(panel.element) ? "seen" : "elsewhere";
  }

  /** @param {View} view */
  #lead(view) {
    const place = this.#front.place(view.node);
    if (!place) return;
    this.#front.open(place);
    const focus = () => this.#panels.get(place.node)?.element.querySelector(".prism-card[tabindex='0']");
    requestAnimationFrame(() => requestAnimationFrame(() => /** @type {HTMLElement | null} */ (focus())?.focus()));
  }
}

/** The run of the open graph that was seen last.
 * @param {import("./state.mjs").State} state @returns {View | undefined} */
function newest(state) {
  const views = Object.values(state.views).filter((view) => isHere(state, view));
  return views.sort((a, b) => state.seen[b.run] - state.seen[a.run])[0];
}

/** @param {HTMLElement} element */
function onScreen(element) {
  if (!element.isConnected || element.checkVisibility?.() === false) return false;
  const { left, right, top, bottom } = element.getBoundingClientRect();
  return right > 0 && bottom > 0 && left < window.innerWidth && top < window.innerHeight;
}
