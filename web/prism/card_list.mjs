/**
 * The cards of a panel, each known by its candidate's row. Tab leads to one of them.
 *
 * @typedef {import("./contract.mjs").Card} Card
 * @typedef {import("./card.mjs").CardParts} CardParts
 */

import { clearFilm } from "./card.mjs";
import { make, mark, show } from "./dom.mjs";

export class CardList {
  element = make("ul", "prism-cards", { role: "listbox", "aria-multiselectable": "true" });
  /** @type {Map<number, CardParts>} */
  cards = new Map();
  /** The row of the card that Tab leads to. */
  focus = 0;
  #make;
  #run = "";

  /** @param {(row: number) => CardParts} make */
  constructor(make) {
    this.#make = make;
    this.element.addEventListener("focusin", (event) => this.#lead(this.at(event.target)));
  }

  /** The row of the card that an event is about. @param {EventTarget | null} target @returns {number | null} */
  at(target) {
    const found = [...this.cards].find(([, { element }]) => target instanceof Node && element.contains(target));
    return found?.[0] ?? null;
  }

  /** Give a card the keyboard's focus. @param {number} row */
  focusOn(row) {
    const card = this.#lead(row);
    if (card && document.activeElement !== card.element) card.element.focus();
  }

  /** Show exactly these candidates, in this order. Cards of another run lose what they played.
   * @param {string} run @param {Card[]} candidates @param {(parts: CardParts, card: Card) => void} render */
  render(run, candidates, render) {
    const rows = candidates.map((card) => card.row);
    if (run !== this.#run) this.cards.forEach(clearFilm);
    this.#run = run;
    this.#removeOthers(rows);
    if (!rows.includes(this.focus)) this.focus = rows[0] ?? 0;
    show(this.element, rows.length > 0);
    for (const [position, card] of candidates.entries()) {
      const parts = this.cards.get(card.row) ?? this.#make(card.row);
      this.cards.set(card.row, parts);
      render(parts, card);
      mark(parts.element, "tabindex", card.row === this.focus ? "0" : "-1");
      this.#place(parts.element, position);
    }
  }

  /** @param {number[]} rows */
  #removeOthers(rows) {
    for (const [row, { element }] of this.cards) {
      if (rows.includes(row)) continue;
      element.remove();
      this.cards.delete(row);
    }
  }

  /** Put an element where it belongs, with the focus where it was. @param {HTMLElement} element
   * @param {number} position */
  #place(element, position) {
    const there = this.element.children[position] ?? null;
    if (there === element) return;
    const focused = element.contains(document.activeElement);
    this.element.insertBefore(element, there);
    if (focused) element.focus({ preventScroll: true });
  }

  /** Let Tab lead to a card. @param {number | null} row @returns {CardParts | undefined} */
  #lead(row) {
    const card = row === null ? undefined : this.cards.get(row);
    if (row === null || !card) return undefined;
    const before = this.cards.get(this.focus);
    if (before) mark(before.element, "tabindex", "-1");
    this.focus = row;
    mark(card.element, "tabindex", "0");
    return card;
  }
}
