/**
 * Two candidates side by side, large and in step: one clock moves both films, so that they never part.
 *
 * @typedef {import("../contract.mjs").View} View
 * @typedef {import("./pairs.mjs").Pair} Pair
 * @typedef {import("./pairs.mjs").Side} Side
 * @typedef {import("../pictures.mjs").Films} Films
 * @typedef {import("../select.mjs").Shown} Shown
 *
 * @typedef {object} CompareHands what the comparison can have done
 * @property {(view: View, row: number) => void} answer keep this one alone
 * @property {(view: View, row: number) => void} replay let Run make this one again
 * @property {() => void} changed it was opened or closed
 */

import { SIDES, build, frameSeen, framesOf, render, renderClock } from "./view.mjs";
import { buttonOf, show } from "../dom.mjs";
import { isLeftAlone } from "../keyboard.mjs";
import { keepsStill } from "../motion.mjs";
import { comparable, firstPair, moved, placed, swapped, useObstacle } from "./pairs.mjs";
import { canAnswer } from "../select.mjs";

/** Keys that move a range input. */
const SCRUBBING = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"]);
/** @type {Record<string, number>} */
const ARROWS = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };

export class Compare {
  #parts = build();
  #hands;
  /** @type {Shown | null} */
  #shown = null;
  /** @type {Films} */
  #films = new Map();
  /** @type {Pair} */
  #pair = { left: -1, right: -1 };
  #frame = 0;
  #playing = false;
  /** @type {Element | null} */
  #back = null;

  /** @param {CompareHands} hands */
  constructor(hands) {
    this.#hands = hands;
    const { element, scrubber } = this.#parts;
    element.addEventListener("click", (event) => this.#clicked(event));
    element.addEventListener("change", (event) => this.#chose(event));
    scrubber.addEventListener("input", () => this.#seek(Number(scrubber.value)));
    // A pointer on the controls is meant neither for the node nor for the canvas.
    element.addEventListener("pointerdown", (event) => {
      const held = event.target instanceof Element && event.target.closest("input, select");
      if (held && event.button === 0) event.stopPropagation();
    });
  }

  get element() {
    return this.#parts.element;
  }

  get open() {
    return !this.element.hidden;
  }

  /** Open it. @param {Shown} shown @param {Films} films @param {number | null} first the candidate asked for */
  begin(shown, films, first) {
    const pair = firstPair(shown, comparable(shown, films), first);
    if (!pair) return;
    this.#back = document.activeElement;
    this.#pair = pair;
    this.#frame = 0;
    this.#playing = !keepsStill();
    this.#shown = shown;
    show(this.element, true);
    this.update(shown, films);
    this.#hands.changed();
    this.#parts.sides.right.choice.focus({ preventScroll: true });
  }

  close() {
    if (!this.open) return;
    const focused = this.element.contains(document.activeElement);
    this.#playing = false;
    show(this.element, false);
    this.#hands.changed();
    if (focused && this.#back instanceof HTMLElement) this.#back.focus({ preventScroll: true });
    this.#back = null;
  }

  /** @param {Shown} shown @param {Films} films */
  update(shown, films) {
    if (!this.open) return;
    if (shown.view?.run !== this.#shown?.view?.run) return this.close();
    this.#shown = shown;
    this.#films = films;
    const rows = comparable(shown, films);
    if (!SIDES.every((side) => rows.includes(this.#pair[side]))) return this.close();
    render(this.#parts, shown, films, rows, this.#pair);
    this.#tick();
  }

  /** A key that was pressed anywhere on the panel. @param {KeyboardEvent} event */
  pressed(event) {
    if (isLeftAlone(event)) return;
    event.stopPropagation(); // no shortcut of the canvas may fire beside it
    const { scrubber } = this.#parts;
    if (event.target === scrubber && SCRUBBING.has(event.key)) return this.#pause(); // the browser does the rest
    const deed = this.#deed(event.key, sideAt(event.target));
    if (!deed) return;
    event.preventDefault();
    deed();
  }

  /** @param {string} key @param {Side | null} side @returns {(() => void) | undefined} */
  #deed(key, side) {
    if (Object.hasOwn(ARROWS, key)) {
      const rows = this.#shown ? comparable(this.#shown, this.#films) : [];
      return () => this.#show(moved(this.#pair, side ?? "right", rows, ARROWS[key]));
    }
    return {
      " ": () => this.#turn(), ",": () => this.#step(-1), ".": () => this.#step(1),
      x: () => this.#show(swapped(this.#pair)), c: () => this.close(), escape: () => this.close(),
    }[key.toLowerCase()];
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    event.stopPropagation(); // the panel's own buttons lie elsewhere
    const button = buttonOf(event);
    switch (button?.dataset.does) {
      case "play": return this.#turn();
      case "swap": return this.#show(swapped(this.#pair));
      case "close": return this.close();
      case "use": return this.#use(this.#pair[sideAt(button) ?? "left"]);
      default: return undefined;
    }
  }

  /** @param {Event} event */
  #chose({ target }) {
    const side = sideAt(target);
    if (side && target instanceof HTMLSelectElement) this.#show(placed(this.#pair, side, Number(target.value)));
  }

  /** @param {Pair} pair */
  #show(pair) {
    this.#pair = pair;
    if (this.#shown) this.update(this.#shown, this.#films);
  }

  /** @param {number} row */
  #use(row) {
    const shown = this.#shown;
    if (!shown?.view || useObstacle(shown, row)) return;
    if (!canAnswer(shown)) return this.#hands.replay(shown.view, row);
    this.close();
    this.#hands.answer(shown.view, row);
  }

  // The clock

  #turn() {
    if (this.#playing) return this.#pause();
    this.#playing = true;
    this.#tick();
  }

  #pause() {
    if (this.#playing) this.#seek(frameSeen(this.#parts.stage));
  }

  /** @param {number} by */
  #step(by) {
    const frames = framesOf(this.#films, this.#pair);
    this.#pause();
    this.#seek((this.#frame + by + frames) % frames);
  }

  /** @param {number} frame */
  #seek(frame) {
    this.#playing = false;
    this.#frame = frame;
    this.#tick();
  }

  #tick() {
    const frames = framesOf(this.#films, this.#pair);
    this.#frame = Math.min(this.#frame, frames - 1);
    renderClock(this.#parts, this.#frame, frames, this.#playing && frames > 1);
  }
}

/** @param {EventTarget | null} target @returns {Side | null} */
function sideAt(target) {
  const side = target instanceof Element ? target.closest("[data-side]") : null;
  return side instanceof HTMLElement ? /** @type {Side} */ (side.dataset.side) : null;
}
