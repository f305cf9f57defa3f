/**
 * What the panels of all our nodes have in common: they follow the state, fit into their node and get their pictures.
 * What one of them looks like is its face, and what clicks and keys mean is its own.
 *
 * @typedef {import("./contract.mjs").View} View
 * @typedef {import("./layout.mjs").Layout} Layout
 * @typedef {import("./layout.mjs").Room} Room
 * @typedef {import("./select.mjs").Seat} Seat
 * @typedef {import("./select.mjs").Shown} Shown
 * @typedef {import("./store.mjs").Store} Store
 *
 * @typedef {object} PanelHands what every panel can have done
 * @property {() => void} leave give the keyboard back to the canvas
 * @property {() => void} grow the panel's height has changed
 * @property {() => void} raise let no other node lie over the panel
 * @property {(route: string) => string} addressOf
 *
 * @typedef {object} Face
 * @property {import("./frame.mjs").Frame<string>} frame
 * @property {HTMLElement} [chart] what may make the panel higher than cards may
 * @property {(shown: Shown) => Pick<Room, "count" | "lines" | "least">} room what the cards need
 * @property {(shown: Shown, layout: Layout) => void} render
 */

import { style } from "./dom.mjs";
import { arrange } from "./layout.mjs";
import { noPictures, showPictures } from "./pictures.mjs";
import { shownBy } from "./select.mjs";
import { Sizes } from "./sizes.mjs";

/** @template {PanelHands} Hands @template {Face} Looks */
export class NodePanel {
  /** @protected */
  store;
  /** @protected */
  seat;
  /** @protected */
  hands;
  /** @protected */
  face;
  /** @protected @type {Shown | null} */
  shown = null;
  /** @type {Room} */
  #room = { width: 300, height: 0, frame: 40, chart: 0, count: 0, aspect: 4 / 3, lines: 0 };
  #layout = arrange(this.#room);
  #pictures = noPictures();
  #sizes;
  /** @type {(() => void) | null} */
  #detach = null;

  /** @param {Store} store @param {Seat} seat @param {Hands} hands @param {Looks} face */
  constructor(store, seat, hands, face) {
    this.store = store;
    this.seat = seat;
    this.hands = hands;
    this.face = face;
    const { root, head, foot } = face.frame;
    this.#sizes = new Sizes([root, head, foot, ...(face.chart ? [face.chart] : [])], () => this.#measured());
  }

  get element() {
    return this.face.frame.root;
  }

  /** Pixels that the panel needs. */
  get height() {
    return this.#layout.height;
  }

  /** @protected */
  get list() {
    return this.face.frame.list;
  }

  /** Pixels inside the panel. @protected */
  get width() {
    return this.#room.width;
  }

  /** @protected */
  get columns() {
    return this.#layout.columns;
  }

  /** @protected */
  get films() {
    return this.#pictures.films;
  }

  /** Begin to follow the state; again after dispose(), where a node comes back. */
  attach() {
    this.#detach ??= this.store.attach(() => this.update());
    this.#sizes.observe();
  }

  dispose() {
    this.#detach?.();
    this.#detach = null;
    this.#sizes.disconnect();
  }

  update() {
    this.show(this.look());
  }

  /** What is to be shown now. @protected */
  look() {
    return shownBy(this.store.state, this.seat);
  }

  /** @protected @param {Shown} shown @param {boolean} [again] even where it is what stands there */
  show(shown, again = false) {
    const before = this.shown;
    if (!again && before && sameShown(shown, before)) return;
    if (shown.view?.run !== before?.view?.run) this.#pictures = noPictures();
    this.shown = shown;
    this.draw(shown);
    if (this.comesUp(shown.view, before?.view ?? null)) this.hands.raise();
  }

  /** Show the same again, where something else than the state has changed. @protected */
  redraw() {
    if (this.shown) this.show(this.shown, true);
  }

  /** @protected @param {Shown} shown */
  draw(shown) {
    const { sheet } = shown.view ?? {};
    const aspect = sheet ? sheet.width / sheet.height : shown.staged ? 0 : 4 / 3;
    this.#room = { ...this.#room, ...this.face.room(shown), aspect };
    const before = this.#layout;
    this.#layout = arrange(this.#room);
    const grown = this.#layout.height !== before.height;
    style(this.element, "--prism-aspect", String(aspect));
    this.face.render(shown, this.#layout);
    if (shown.view) void this.load(shown.view);
    if (grown) this.hands.grow();
  }

  /** @protected @param {View} view @returns {Promise<boolean>} whether there is something new to see */
  async load(view) {
    const pictures = this.#pictures;
    const news = await showPictures(pictures, view, this.list.cards, this.hands.addressOf);
    return news && pictures === this.#pictures;
  }

  /** Whether there is something new that no other node may lie over: a run that begins to wait.
   * @protected @param {View | null} view @param {View | null} before */
  comesUp(view, before) {
    return view?.status === "waiting" && before?.status !== "waiting";
  }

  /** The node has another width, or the texts around the cards another height. */
  #measured() {
    const { root, head, foot } = this.face.frame;
    const { width, height } = this.#sizes.of(root);
    const frame = this.#sizes.of(head).height + this.#sizes.of(foot).height;
    const before = this.#room;
    const same = width === before.width && height === before.height && frame === before.frame;
    if (same || width < 1) return; // it has no width while it is hidden
    const chart = this.face.chart ? this.#sizes.of(this.face.chart).height : 0;
    this.#room = { ...before, width, height, frame, chart };
    this.redraw();
  }
}

/** @param {Shown} a @param {Shown} b */
function sameShown(a, b) {
  return /** @type {(keyof Shown)[]} */ (Object.keys(a)).every((key) => a[key] === b[key] ||
    (a.staged && key !== "locked" && JSON.stringify(a[key]) === JSON.stringify(b[key])));
}
