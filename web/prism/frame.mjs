/**
 * What every panel has: above its cards how far it is, below them what is to be said, and the buttons.
 *
 * @typedef {import("./layout.mjs").Layout} Layout
 * @typedef {import("./select.mjs").Shown} Shown
 *
 * @typedef {object} FrameTexts
 * @property {string} title of the panel, for a screen reader
 * @property {string} cards what they are, for a screen reader
 * @property {string} headline
 * @property {string} spoken what a screen reader says when it changes
 * @property {string} advice
 */

import { CardList } from "./card_list.mjs";
import { make, mark, show, style, write, writeEach } from "./dom.mjs";
import { tell } from "./said.mjs";

/** @template {string} Action */
export class Frame {
  #headline = make("p", "prism-headline", { "aria-hidden": "true" });
  #spoken = make("p", "prism-spoken", { role: "status" });
  #bar = make("div", "prism-bar");
  progress = make("div", "prism-progress", { "aria-hidden": "true" }, [this.#bar]);
  problem = make("p", "prism-problem", { role: "alert" });
  notes = make("ul", "prism-notes");
  #advice = make("p", "prism-advice");
  head = make("div", "prism-head", {}, [this.#headline, this.#spoken, this.progress]);

  /** @param {(row: number) => import("./card.mjs").CardParts} makeCard
   * @param {readonly { action: Action, main?: boolean }[]} kinds of buttons */
  constructor(makeCard, kinds) {
    this.list = new CardList(makeCard);
    this.buttons = new Map(kinds.map(({ action, main = false }) => [action,
      make("button", "prism-button", { type: "button", "data-action": action, "data-main": String(main) })]));
    this.actions = make("div", "prism-actions", {}, [...this.buttons.values()]);
    this.foot = make("div", "prism-foot", {}, [this.problem, this.notes, this.#advice, this.actions]);
    this.root = make("section", "prism-panel", {}, [this.head, this.list.element, this.foot]);
  }

  /** @param {Shown} shown @param {Layout} layout @param {FrameTexts} texts */
  render({ view, desk, online, language }, layout, texts) {
    const { root } = this;
    mark(root, "lang", language);
    mark(root, "aria-label", texts.title);
    mark(this.list.element, "aria-label", texts.cards);
    mark(root, "data-status", view?.status ?? "idle");
    mark(root, "data-online", String(online));
    style(root, "--prism-height", `${layout.height}px`);
    style(root, "--prism-columns", String(layout.columns));
    style(root, "--prism-row", `${layout.row}px`);
    write(this.#headline, texts.headline);
    write(this.#spoken, texts.spoken);
    renderSentence(this.problem, tell(desk.error));
    renderSentence(this.#advice, texts.advice);
    // Why a run failed is in the headline.
    renderLines(this.notes, view?.status === "failed" ? [] : (view?.notes ?? []).map(tell), "prism-note");
  }

  /** @param {number | null} share of the work that is done; null hides the bar */
  renderProgress(share) {
    show(this.progress, share !== null);
    if (share !== null) style(this.#bar, "background-size", `${(share * 100).toFixed(1)}% 100%`);
  }
}

/** @param {HTMLButtonElement} button @param {boolean} able @param {string} label @param {string} hint */
export function renderButton(button, able, label, hint) {
  // aria-disabled keeps the button in reach of the keyboard, so that its reason can be heard.
  mark(button, "aria-disabled", String(!able));
  mark(button, "title", hint);
  write(button, label);
}

/** @param {HTMLElement} element @param {string} text */
export function renderSentence(element, text) {
  write(element, text);
  show(element, text !== "");
}

/** @param {HTMLElement} list @param {string[]} texts @param {string} name of the class of each */
export function renderLines(list, texts, name) {
  show(list, texts.length > 0);
  writeEach(list, texts, "li", name);
}
