/**
 * The panel of PrismTrial: clips without names, which the artist ranks; then whose they were, and how far PRISM agreed.
 *
 * @typedef {import("../contract.mjs").View} View
 * @typedef {import("./ranking.mjs").Ranking} Ranking
 * @typedef {import("../select.mjs").Seat} Seat
 * @typedef {import("../select.mjs").Shown} Shown
 * @typedef {import("../store.mjs").Store} Store
 *
 * @typedef {object} TrialHands what the panel can have done
 * @property {(view: View, ranking: Ranking) => void} rank an empty one skips the question
 * @property {() => void} leave give the keyboard back to the canvas
 * @property {() => void} grow the panel's height has changed
 * @property {() => void} raise let no other node lie over the panel
 * @property {(route: string) => string} addressOf
 */

import { mark, style } from "../dom.mjs";
import { arrange } from "../layout.mjs";
import { noPictures, showPictures } from "../pictures.mjs";
import { toggled, undone } from "./ranking.mjs";
import { said } from "../said.mjs";
import { canAnswer, runsOf, shownBy } from "../select.mjs";
import { placed, refused } from "../state.mjs";
import { wishOf } from "./keys.mjs";
import { build, inPlaces, render } from "./view.mjs";

const LEAST = 140; // pixels of a clip: it is to be judged, not only told from others

export class TrialPanel {
  #parts = build();
  #pictures = noPictures();
  #room = { width: 300, height: 0, frame: 40, chart: 0, count: 0, aspect: 4 / 3, lines: 0, least: LEAST };
  #layout = arrange(this.#room);
  #store;
  #seat;
  #hands;
  #sized;
  /** @type {Map<Element, DOMRectReadOnly>} */
  #sizes = new Map();
  /** @type {(() => void) | null} */
  #detach = null;
  /** @type {Shown | null} */
  #shown = null;

  /** @param {Store} store @param {Seat} seat @param {TrialHands} hands */
  constructor(store, seat, hands) {
    this.#store = store;
    this.#seat = seat;
    this.#hands = hands;
    this.#sized = new ResizeObserver((entries) => this.#measured(entries));
    const { root } = this.#parts;
    root.addEventListener("click", (event) => this.#clicked(event));
    root.addEventListener("keydown", (event) => this.#pressed(event));
    root.addEventListener("focusin", (event) => this.#focusOn(positionAt(event.target), false));
    this.attach();
  }

  get element() {
    return this.#parts.root;
  }

  /** Pixels that the panel needs. */
  get height() {
    return this.#layout.height;
  }

  /** Begin to follow the state; again after dispose(), where a node comes back. */
  attach() {
    this.#detach ??= this.#store.attach(() => this.update());
    const { root, head, foot } = this.#parts;
    for (const part of [root, head, foot]) this.#sized.observe(part);
  }

  dispose() {
    this.#detach?.();
    this.#detach = null;
    this.#sized.disconnect();
  }

  /** Do what a command asks for, as if its button had been pressed: continuing gives the ranking.
   * @param {string} deed @returns {boolean} whether that could be done */
  perform(deed) {
    this.update();
    const done = this.#parts.buttons.get("done");
    if (deed !== "keep" || !done || this.#parts.actions.hidden) return false;
    if (done.getAttribute("aria-disabled") === "true") return false;
    this.#act(done);
    return true;
  }

  update() {
    const shown = this.#look();
    const before = this.#shown;
    if (before && shown.view === before.view && shown.desk === before.desk && shown.online === before.online &&
      shown.language === before.language) return;
    if (shown.view?.run !== before?.view?.run) this.#pictures = noPictures();
    this.#shown = shown;
    this.#draw(shown);
    if (shown.view?.status === "waiting" && before?.view?.status !== "waiting") this.#hands.raise();
  }

  #look() {
    const [run] = runsOf(this.#store.state, this.#seat);
    return shownBy(this.#store.state, this.#seat, run?.run);
  }

  /** @param {Shown} shown */
  #draw(shown) {
    const { view } = shown;
    const aspect = view?.sheet ? view.sheet.width / view.sheet.height : 4 / 3;
    this.#room = { ...this.#room, aspect, lines: view?.reveal ? 2 : 0, count: view?.sheet ? view.candidates.length : 0 };
    const layout = arrange(this.#room);
    const grown = layout.height !== this.#layout.height;
    this.#layout = layout;
    style(this.element, "--prism-aspect", String(aspect));
    render(shown, this.#parts, layout);
    if (view) void showPictures(this.#pictures, view, this.#parts.clips, this.#hands.addressOf);
    if (grown) this.#hands.grow();
  }

  /** The node has another width, or the texts around the clips another height.
   * @param {ResizeObserverEntry[]} entries */
  #measured(entries) {
    const { root, head, foot } = this.#parts;
    this.#sizes = entries.reduce((sizes, { target, contentRect }) => sizes.set(target, contentRect), this.#sizes);
    const { width = 0, height = 0 } = this.#sizes.get(root) ?? {};
    const frame = (this.#sizes.get(head)?.height ?? 0) + (this.#sizes.get(foot)?.height ?? 0);
    const before = this.#room;
    if (width === before.width && height === before.height && frame === before.frame || width < 1) return;
    this.#room = { ...before, width, height, frame };
    if (this.#shown) this.#draw(this.#shown);
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (button) return this.#act(button);
    const position = positionAt(event.target);
    this.#focusOn(position, true);
    return position === null ? undefined : this.#rank(position, event.shiftKey);
  }

  /** @param {HTMLButtonElement} button */
  #act(button) {
    const { view, desk } = this.#look();
    if (!view) return;
    const { action } = button.dataset;
    if (action === "over") return this.#place([]);
    if (action === "done" && !desk.ranking.length) return this.#store.change(refused, view.run, said("rankOne"));
    if (button.getAttribute("aria-disabled") !== "true") this.#hands.rank(view, action === "done" ? desk.ranking : []);
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const onButton = event.target instanceof Element && event.target.closest("button") !== null;
    if (onButton && (event.key === "Enter" || event.key === " ")) return event.stopPropagation();
    const shown = this.#look();
    const wish = wishOf(event, { order: inPlaces(shown.view), focus: this.#parts.focus, columns: this.#layout.columns,
      asked: canAnswer(shown) });
    if (!wish) return undefined;
    // Whatever is typed on the panel is meant for it: no shortcut of the canvas may fire beside it.
    event.stopPropagation();
    event.preventDefault();
    return this.#fulfil(wish);
  }

  /** @param {import("./keys.mjs").Wish} wish */
  #fulfil({ wish, position }) {
    this.#focusOn(position ?? null, true);
    if (wish === "leave") this.#hands.leave();
    if (wish === "undo") this.#place(undone(this.#look().desk.ranking));
    if (position !== undefined && (wish === "rank" || wish === "equal")) this.#rank(position, wish === "equal");
  }

  /** @param {number} position @param {boolean} equal */
  #rank(position, equal) {
    this.#place(toggled(this.#look().desk.ranking, position, equal));
  }

  /** @param {Ranking} ranking */
  #place(ranking) {
    const shown = this.#look();
    if (shown.view && canAnswer(shown)) this.#store.change(placed, shown.view.run, ranking);
  }

  /** @param {number | null} position @param {boolean} move whether the keyboard's focus is to follow */
  #focusOn(position, move) {
    const { clips } = this.#parts;
    const next = position === null ? undefined : clips.get(position);
    if (!next || position === null) return;
    const before = clips.get(this.#parts.focus);
    if (before) mark(before.element, "tabindex", "-1");
    this.#parts.focus = position;
    mark(next.element, "tabindex", "0");
    if (move && document.activeElement !== next.element) next.element.focus();
  }
}

/** @param {EventTarget | null} target @returns {number | null} */
function positionAt(target) {
  const clip = target instanceof Element ? target.closest(".prism-card") : null;
  return clip instanceof HTMLElement ? Number(clip.dataset.position) : null;
}
