/**
 * The panel of a node that prunes: its candidates, which the artist chooses among, a comparison of two, and the chart.
 *
 * @typedef {import("./actions.mjs").Action} Action
 * @typedef {import("./contract.mjs").Mark} Mark
 * @typedef {import("./contract.mjs").View} View
 * @typedef {import("./select.mjs").Seat} Seat
 * @typedef {import("./select.mjs").Shown} Shown
 * @typedef {import("./store.mjs").Store} Store
 *
 * @typedef {object} ChoiceHands what this panel can have done
 * @property {(view: View, action: "keep" | "best" | "all" | "stop", rows: number[]) => void} answer
 * @property {(view: View, rows: number[]) => void} more
 * @property {(view: View, row: number, mark: Mark) => void} mark
 * @property {(row: number, mark: Mark) => void} stagedMark
 * @property {(view: View) => void} lock
 * @property {(view: View, row: number) => void} replay let Run make one candidate again
 * @property {(view: View | null) => void} unlock
 * @property {import("./chart/chart.mjs").ChartHands} chart
 *
 * @typedef {import("./node_panel.mjs").PanelHands & ChoiceHands} Hands
 */

import { BUTTONS } from "./actions.mjs";
import { Chart } from "./chart/chart.mjs";
import { Compare } from "./compare/compare.mjs";
import { buttonOf } from "./dom.mjs";
import { claim, pressesButton, wishOf } from "./keyboard.mjs";
import { NodePanel } from "./node_panel.mjs";
import { PanelFace } from "./face.mjs";
import { said } from "./said.mjs";
import { canAnswer, canMark, chosenRows, inOrder, markOf, runsOf, shownBy } from "./select.mjs";
import { chosen, isOpen, refused } from "./state.mjs";

/** @type {Record<Mark, Mark>} */
const NEXT = { none: "pin", pin: "ban", ban: "none" };

/** @extends {NodePanel<Hands, PanelFace>} */
export class Panel extends NodePanel {
  #looking = "";
  #news = "";
  #digit = { row: 0, time: 0 };
  #chart;
  #compare;

  /** @param {Store} store @param {Seat} seat @param {Hands} hands */
  constructor(store, seat, hands) {
    const chart = new Chart(hands.chart);
    super(store, seat, hands, new PanelFace(chart.element));
    this.#chart = chart;
    this.#compare = new Compare({
      answer: (view, row) => hands.answer(view, "keep", [row]),
      replay: (view, row) => hands.replay(view, row),
      changed: () => this.redraw(),
    });
    this.face.frame.foot.prepend(this.#compare.element);
    this.element.addEventListener("click", (event) => this.#clicked(event));
    this.element.addEventListener("keydown", (event) => this.#pressed(event));
  }

  /** Do what one of the buttons does. @param {Action} action @returns {boolean} whether it could be done */
  perform(action) {
    this.update();
    const button = this.face.frame.buttons.get(action);
    if (!button || button.hidden || button.getAttribute("aria-disabled") === "true") return false;
    this.#act(action, button);
    return true;
  }

  /** @override */
  look() {
    const runs = this.seat.staged ? [] : runsOf(this.store.state, this.seat);
    // A new run, or one that begins to wait, is what the artist wants to see.
    const news = `${runs.length} ${runs.find((view) => view.status === "waiting")?.run}`;
    if (news !== this.#news) this.#looking = "";
    this.#news = news;
    return shownBy(this.store.state, this.seat, this.#looking);
  }

  /** The chart looks at the node's widgets as well, of which the state knows nothing.
   * @override @param {Shown} shown @param {boolean} [again] */
  show(shown, again) {
    if (!shown.staged) this.#chart.update(shown.view, this.width);
    super.show(shown, again);
  }

  /** @override @param {Shown} shown */
  draw(shown) {
    this.face.comparing = this.#compare.open;
    super.draw(shown);
    this.#compare.update(shown, this.films);
  }

  /** @override @param {View} view */
  async load(view) {
    const news = await super.load(view);
    if (news && this.shown) this.#compare.update(this.shown, this.films);
    return news;
  }

  /** A run that begins comes up too. @override @param {View | null} view @param {View | null} before */
  comesUp(view, before) {
    return (view !== null && isOpen(view) && view.run !== before?.run) || super.comesUp(view, before);
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const button = buttonOf(event);
    if (button) return this.#act(/** @type {Action | "older" | "newer"} */ (button.dataset.action), button);
    const row = this.list.at(event.target);
    if (row === null) return undefined;
    this.list.focusOn(row);
    return event.shiftKey || !canAnswer(this.look()) ? this.#cycle(row) : this.#toggle(row);
  }

  /** @param {Action | "older" | "newer"} action @param {HTMLButtonElement} button */
  #act(action, button) {
    if (button.getAttribute("aria-disabled") === "true") return;
    const shown = this.look();
    const { view } = shown;
    if (action === "older" || action === "newer") return this.#turn(shown.run + (action === "older" ? 1 : -1));
    if (action === "unlock") return this.hands.unlock(view);
    if (!view) return;
    if (action === "compare") return this.#compareWith(null);
    if (action === "lock") return this.hands.lock(view);
    if (action === "more") return this.hands.more(view, chosenRows(shown));
    this.hands.answer(view, action, chosenRows(shown));
  }

  /** @param {number} position */
  #turn(position) {
    this.#looking = runsOf(this.store.state, this.seat)[position]?.run ?? "";
    this.store.refresh();
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (pressesButton(event)) return event.stopPropagation();
    if (this.#compare.open) return this.#compare.pressed(event);
    const shown = this.look();
    const place = { focus: this.list.focus, columns: this.columns, digit: this.#digit };
    const wish = wishOf(event, shown, place);
    if (!wish) return undefined;
    claim(event);
    if (/^[0-9]$/u.test(event.key)) this.#digit = { row: Number(event.key), time: event.timeStamp };
    return this.#fulfil(wish, shown);
  }

  /** @param {import("./keyboard.mjs").Wish} wish @param {Shown} shown */
  #fulfil({ wish, row = -1, instead }, shown) {
    if (row >= 0 && wish !== "pin" && wish !== "ban") this.list.focusOn(row);
    if (instead !== undefined && wish === "toggle") this.#toggle(instead);
    switch (wish) {
      case "toggle": return this.#toggle(row);
      case "cycle": return this.#cycle(row);
      case "pin": case "ban": return this.#setMark(row, wish);
      case "compare": return this.#compareWith(row);
      case "continue": return this.#continue(shown);
      case "everyone": return this.#choose(shown, inOrder(/** @type {View} */ (shown.view)).map((card) => card.row));
      case "clear": return chosenRows(shown).length ? this.#choose(shown, []) : this.hands.leave();
      case "leave": return this.hands.leave();
      default: return undefined;
    }
  }

  /** @param {number | null} row to begin with */
  #compareWith(row) {
    if (this.#compare.open) this.#compare.close();
    else this.#compare.begin(this.look(), this.films, row);
    if (this.#compare.open) this.hands.raise();
  }

  /** @param {Shown} shown */
  #continue(shown) {
    const keep = BUTTONS[0];
    const obstacle = keep.obstacle(shown);
    if (!shown.view) return;
    if (obstacle) this.store.change(refused, shown.view.run, said(obstacle));
    else this.hands.answer(shown.view, "keep", chosenRows(shown));
  }

  /** @param {number} row */
  #toggle(row) {
    const shown = this.look();
    if (!canAnswer(shown) || !isAlive(shown, row)) return;
    const rows = chosenRows(shown);
    this.#choose(shown, rows.includes(row) ? rows.filter((other) => other !== row) : [...rows, row]);
  }

  /** @param {Shown} shown @param {number[]} rows */
  #choose(shown, rows) {
    if (shown.view) this.store.change(chosen, shown.view.run, rows.filter((row) => isAlive(shown, row)));
  }

  /** @param {number} row */
  #cycle(row) {
    const shown = this.look();
    const card = shown.view?.candidates.find((other) => other.row === row);
    if (card) this.#setMark(row, NEXT[markOf(card, shown.desk)], true);
  }

  /** @param {number} row @param {Mark} mark @param {boolean} [exactly] else the same mark twice takes it away */
  #setMark(row, mark, exactly = false) {
    const shown = this.look();
    const card = shown.view?.candidates.find((other) => other.row === row);
    if (!shown.view || !card || !canMark(shown, card)) return;
    const wanted = !exactly && markOf(card, shown.desk) === mark ? "none" : mark;
    if (shown.staged) this.hands.stagedMark(row, wanted);
    else this.hands.mark(shown.view, row, wanted);
  }
}

/** @param {Shown} shown @param {number} row */
function isAlive({ view }, row) {
  return view?.candidates.some((card) => card.row === row && card.state === "alive") ?? false;
}
