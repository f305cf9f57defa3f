/**
 * One node's panel: draws what the state says, and turns clicks and keys into deeds.
 *
 * @typedef {import("./actions.mjs").Action} Action
 * @typedef {import("./contract.mjs").Mark} Mark
 * @typedef {import("./contract.mjs").View} View
 * @typedef {import("./select.mjs").Seat} Seat
 * @typedef {import("./select.mjs").Shown} Shown
 * @typedef {import("./store.mjs").Store} Store
 *
 * @typedef {object} Hands what a panel can have done
 * @property {(view: View, action: "keep" | "best" | "all" | "stop", rows: number[]) => void} answer
 * @property {(view: View, rows: number[]) => void} more
 * @property {(view: View, row: number, mark: Mark) => void} mark
 * @property {(row: number, mark: Mark) => void} stagedMark
 * @property {(view: View) => void} lock
 * @property {(view: View, row: number) => void} replay let Run make one candidate again
 * @property {(view: View | null) => void} unlock
 * @property {() => void} leave give the keyboard back to the canvas
 * @property {() => void} grow the panel's height has changed
 * @property {() => void} raise let no other node lie over the panel
 * @property {(route: string) => string} addressOf
 * @property {import("./chart/chart.mjs").ChartHands} chart
 */

import { BUTTONS } from "./actions.mjs";
import { Chart } from "./chart/chart.mjs";
import { Compare } from "./compare/compare.mjs";
import { wishOf } from "./keyboard.mjs";
import { arrange } from "./layout.mjs";
import { mark, style } from "./dom.mjs";
import { noPictures, showPictures } from "./pictures.mjs";
import { build, render } from "./render.mjs";
import { said } from "./said.mjs";
import { canAnswer, canMark, chosenRows, inOrder, markOf, runsOf, shownBy } from "./select.mjs";
import { chosen, isOpen, refused } from "./state.mjs";

/** @type {Record<Mark, Mark>} */
const NEXT = { none: "pin", pin: "ban", ban: "none" };

export class Panel {
  #parts = build();
  #pictures = noPictures();
  #looking = "";
  #news = "";
  #room = { width: 300, height: 0, frame: 40, chart: 0, count: 0, aspect: 4 / 3, lines: 1 };
  #layout = arrange(this.#room);
  #digit = { row: 0, time: 0 };
  #store;
  #seat;
  #hands;
  #chart;
  #compare;
  /** @type {ResizeObserver} */
  #sized;
  /** @type {Map<Element, DOMRectReadOnly>} */
  #sizes = new Map();
  /** @type {(() => void) | null} */
  #detach = null;
  /** @type {Shown | null} */
  #shown = null;

  /** @param {Store} store @param {Seat} seat @param {Hands} hands */
  constructor(store, seat, hands) {
    this.#store = store;
    this.#seat = seat;
    this.#hands = hands;
    this.#chart = new Chart(hands.chart);
    this.#compare = new Compare({
      answer: (view, row) => hands.answer(view, "keep", [row]),
      replay: (view, row) => hands.replay(view, row),
      changed: () => this.#shown && this.#draw(this.#shown),
    });
    this.#parts.foot.prepend(this.#compare.element);
    this.#parts.foot.append(this.#chart.element);
    this.#sized = new ResizeObserver((entries) => this.#measured(entries));
    const { root } = this.#parts;
    root.addEventListener("click", (event) => this.#clicked(event));
    root.addEventListener("keydown", (event) => this.#pressed(event));
    root.addEventListener("focusin", (event) => this.#focused(event));
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
    for (const part of [root, head, foot, this.#chart.element]) this.#sized.observe(part);
  }

  dispose() {
    this.#detach?.();
    this.#detach = null;
    this.#sized.disconnect();
  }

  update() {
    const shown = this.#look();
    if (!shown.staged) this.#chart.update(shown.view, this.#room.width);
    if (this.#shown && sameShown(shown, this.#shown)) return;
    const before = this.#shown?.view;
    if (shown.view?.run !== before?.run) this.#pictures = noPictures();
    this.#shown = shown;
    this.#draw(shown);
    if (comesUp(shown.view, before ?? null)) this.#hands.raise();
  }

  /** Do what one of the buttons does. @param {Action} action @returns {boolean} whether it could be done */
  perform(action) {
    this.update();
    const button = this.#parts.buttons.get(action);
    if (!button || button.hidden || button.getAttribute("aria-disabled") === "true") return false;
    this.#act(action, button);
    return true;
  }

  #look() {
    const runs = this.#seat.staged ? [] : runsOf(this.#store.state, this.#seat);
    // A new run, or one that begins to wait, is what the artist wants to see.
    const news = `${runs.length} ${runs.find((view) => view.status === "waiting")?.run}`;
    if (news !== this.#news) this.#looking = "";
    this.#news = news;
    return shownBy(this.#store.state, this.#seat, this.#looking);
  }

  /** @param {Shown} shown */
  #draw(shown) {
    const { view } = shown;
    const aspect = view?.sheet ? view.sheet.width / view.sheet.height : shown.staged ? 0 : 4 / 3;
    const lines = view ? linesOf(view) : 1;
    const comparing = this.#compare.open;
    this.#room = { ...this.#room, aspect, lines, count: comparing ? 0 : view?.candidates.length ?? 0 };
    const layout = arrange(this.#room);
    const grown = layout.height !== this.#layout.height;
    this.#layout = layout;
    style(this.element, "--prism-aspect", String(aspect));
    mark(this.element, "data-comparing", String(comparing));
    this.element.toggleAttribute("data-staged", shown.staged);
    render(shown, this.#parts, layout);
    this.#parts.buttons.get("compare")?.setAttribute("aria-expanded", String(comparing));
    if (view) void this.#load(view);
    this.#compare.update(shown, this.#pictures.films);
    if (grown) this.#hands.grow();
  }

  /** @param {View} view */
  async #load(view) {
    const pictures = this.#pictures;
    const news = await showPictures(pictures, view, this.#parts.cards, this.#hands.addressOf);
    if (news && this.#shown && pictures === this.#pictures) this.#compare.update(this.#shown, pictures.films);
  }

  /** The node has another width, or the texts around the cards another height.
   * @param {ResizeObserverEntry[]} entries */
  #measured(entries) {
    const { root, head, foot } = this.#parts;
    this.#sizes = entries.reduce((sizes, { target, contentRect }) => sizes.set(target, contentRect), this.#sizes);
    const { width = 0, height = 0 } = this.#sizes.get(root) ?? {};
    const frame = (this.#sizes.get(head)?.height ?? 0) + (this.#sizes.get(foot)?.height ?? 0);
    const before = this.#room;
    const same = width === before.width && height === before.height && frame === before.frame;
    if (same || width < 1) return; // it has no width while it is hidden
    const chart = this.#sizes.get(this.#chart.element)?.height ?? 0;
    this.#room = { ...before, width, height, frame, chart };
    if (!this.#shown) return;
    if (!this.#shown.staged) this.#chart.update(this.#shown.view, width);
    this.#draw(this.#shown);
  }

  /** @param {Event} event */
  #focused(event) {
    const row = rowAt(event.target);
    if (row !== null) this.#focusOn(row, false);
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (button) return this.#act(/** @type {Action | "older" | "newer"} */ (button.dataset.action), button);
    const row = rowAt(event.target);
    if (row === null) return undefined;
    this.#focusOn(row, true);
    return event.shiftKey || !canAnswer(this.#look()) ? this.#cycle(row) : this.#toggle(row);
  }

  /** @param {Action | "older" | "newer"} action @param {HTMLButtonElement} button */
  #act(action, button) {
    if (button.getAttribute("aria-disabled") === "true") return;
    const shown = this.#look();
    const { view } = shown;
    if (action === "older" || action === "newer") return this.#turn(shown.run + (action === "older" ? 1 : -1));
    if (action === "unlock") return this.#hands.unlock(view);
    if (!view) return;
    if (action === "compare") return this.#compareWith(null);
    if (action === "lock") return this.#hands.lock(view);
    if (action === "more") return this.#hands.more(view, chosenRows(shown));
    this.#hands.answer(view, action, chosenRows(shown));
  }

  /** @param {number} position */
  #turn(position) {
    this.#looking = runsOf(this.#store.state, this.#seat)[position]?.run ?? "";
    this.#store.refresh();
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const onButton = event.target instanceof Element && event.target.closest("button") !== null;
    if (onButton && (event.key === "Enter" || event.key === " ")) return event.stopPropagation();
    if (this.#compare.open) return this.#compare.pressed(event);
    const shown = this.#look();
    const place = { focus: this.#parts.focus, columns: this.#layout.columns, digit: this.#digit };
    const wish = wishOf(event, shown, place);
    if (!wish) return undefined;
    // Whatever is typed on the panel is meant for it: no shortcut of the canvas may fire beside it.
    event.stopPropagation();
    event.preventDefault();
    if (/^[0-9]$/u.test(event.key)) this.#digit = { row: Number(event.key), time: event.timeStamp };
    return this.#fulfil(wish, shown);
  }

  /** @param {import("./keyboard.mjs").Wish} wish @param {Shown} shown */
  #fulfil({ wish, row = -1, instead }, shown) {
    if (row >= 0 && wish !== "pin" && wish !== "ban") this.#focusOn(row, true);
    if (instead !== undefined && wish === "toggle") this.#toggle(instead);
    switch (wish) {
      case "toggle": return this.#toggle(row);
      case "cycle": return this.#cycle(row);
      case "pin": case "ban": return this.#setMark(row, wish);
      case "compare": return this.#compareWith(row);
      case "continue": return this.#continue(shown);
      case "everyone": return this.#choose(shown, inOrder(/** @type {View} */ (shown.view)).map((card) => card.row));
      case "clear": return chosenRows(shown).length ? this.#choose(shown, []) : this.#hands.leave();
      case "leave": return this.#hands.leave();
      default: return undefined;
    }
  }

  /** @param {number | null} row to begin with */
  #compareWith(row) {
    if (this.#compare.open) this.#compare.close();
    else this.#compare.begin(this.#look(), this.#pictures.films, row);
    if (this.#compare.open) this.#hands.raise();
  }

  /** @param {Shown} shown */
  #continue(shown) {
    const keep = BUTTONS[0];
    const obstacle = keep.obstacle(shown);
    if (!shown.view) return;
    if (obstacle) this.#store.change(refused, shown.view.run, said(obstacle));
    else this.#hands.answer(shown.view, "keep", chosenRows(shown));
  }

  /** @param {number} row */
  #toggle(row) {
    const shown = this.#look();
    if (!canAnswer(shown) || !isAlive(shown, row)) return;
    const rows = chosenRows(shown);
    this.#choose(shown, rows.includes(row) ? rows.filter((other) => other !== row) : [...rows, row]);
  }

  /** @param {Shown} shown @param {number[]} rows */
  #choose(shown, rows) {
    if (shown.view) this.#store.change(chosen, shown.view.run, rows.filter((row) => isAlive(shown, row)));
  }

  /** @param {number} row */
  #cycle(row) {
    const shown = this.#look();
    const card = shown.view?.candidates.find((other) => other.row === row);
    if (card) this.#setMark(row, NEXT[markOf(card, shown.desk)], true);
  }

  /** @param {number} row @param {Mark} mark @param {boolean} [exactly] else the same mark twice takes it away */
  #setMark(row, mark, exactly = false) {
    const shown = this.#look();
    const card = shown.view?.candidates.find((other) => other.row === row);
    if (!shown.view || !card || !canMark(shown, card)) return;
    const wanted = !exactly && markOf(card, shown.desk) === mark ? "none" : mark;
    if (shown.staged) this.#hands.stagedMark(row, wanted);
    else this.#hands.mark(shown.view, row, wanted);
  }

  /** @param {number} row @param {boolean} move whether the keyboard's focus is to follow */
  #focusOn(row, move) {
    const { cards } = this.#parts;
    const next = cards.get(row);
    if (!next) return;
    cards.get(this.#parts.focus)?.element.setAttribute("tabindex", "-1");
    this.#parts.focus = row;
    next.element.setAttribute("tabindex", "0");
    if (move && document.activeElement !== next.element) next.element.focus();
  }
}

/** Whether there is something new that no other node may lie over: a run that began, or one that begins to wait.
 * @param {View | null} view @param {View | null} before */
function comesUp(view, before) {
  if (!view || !isOpen(view)) return false;
  return view.run !== before?.run || (view.status === "waiting" && before.status !== "waiting");
}

/** How many lines of text the cards need below their pictures. @param {View} view */
function linesOf({ candidates }) {
  const facts = candidates.some((card) => card.reason || card.score !== null);
  return Number(candidates.some((card) => card.seed)) + Number(facts);
}

/** @param {EventTarget | null} target @returns {number | null} */
function rowAt(target) {
  const card = target instanceof Element ? target.closest(".prism-card") : null;
  return card instanceof HTMLElement ? Number(card.dataset.row) : null;
}

/** @param {Shown} shown @param {number} row */
function isAlive({ view }, row) {
  return view?.candidates.some((card) => card.row === row && card.state === "alive") ?? false;
}

/** @param {Shown} a @param {Shown} b */
function sameShown(a, b) {
  return /** @type {(keyof Shown)[]} */ (Object.keys(a)).every((key) => a[key] === b[key] ||
    (a.staged && key !== "locked" && JSON.stringify(a[key]) === JSON.stringify(b[key])));
}
