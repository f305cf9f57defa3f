/**
 * The panel: built once, then changed where it differs from what is to be shown.
 *
 * @typedef {import("./actions.mjs").Action} Action
 * @typedef {import("./card.mjs").CardParts} CardParts
 * @typedef {import("./contract.mjs").View} View
 * @typedef {import("./layout.mjs").Layout} Layout
 * @typedef {import("./select.mjs").Shown} Shown
 *
 * @typedef {object} Parts
 * @property {HTMLElement} root
 * @property {HTMLElement} head
 * @property {HTMLElement} foot
 * @property {HTMLElement} headline
 * @property {HTMLElement} spoken
 * @property {HTMLElement} progress
 * @property {HTMLElement} bar
 * @property {HTMLElement} ticks
 * @property {HTMLElement} problem
 * @property {HTMLElement} success
 * @property {HTMLUListElement} list
 * @property {HTMLElement} notes
 * @property {HTMLElement} advice
 * @property {HTMLElement} history
 * @property {HTMLElement} position
 * @property {Map<Action, HTMLButtonElement>} buttons
 * @property {Map<number, CardParts>} cards by row
 * @property {string} run whose candidates the cards are
 * @property {number} focus the row that Tab leads to
 */

import { BUTTONS } from "./actions.mjs";
import { clearFilm, makeCard, renderCard } from "./card.mjs";
import { make, mark, show, style, write } from "./dom.mjs";
import { says } from "./language.mjs";
import { said, tell } from "./said.mjs";
import { chosenRows, inOrder } from "./select.mjs";
import { advice, announcement, headline } from "./words.mjs";

const NARROW = 130; // pixels of a card in which long words have no place

/** @returns {Parts} */
export function build() {
  const headline = make("p", "prism-headline", { "aria-hidden": "true" });
  const spoken = make("p", "prism-spoken", { role: "status" });
  const bar = make("div", "prism-bar");
  const ticks = make("div", "prism-ticks");
  const progress = make("div", "prism-progress", { "aria-hidden": "true" }, [bar, ticks]);
  const problem = make("p", "prism-problem", { role: "alert" });
  const success = make("p", "prism-success", { role: "status" });
  const list = make("ul", "prism-cards", { role: "listbox", "aria-multiselectable": "true" });
  const notes = make("ul", "prism-notes");
  const advice = make("p", "prism-advice");
  const position = make("span", "prism-position");
  const history = make("div", "prism-history", { role: "group" }, [turn("older", "‹"), position, turn("newer", "›")]);
  const buttons = new Map(BUTTONS.map(({ action, main = false }) => [action,
    make("button", "prism-button", { type: "button", "data-action": action, "data-main": String(main) })]));
  const actions = make("div", "prism-actions", {}, [...buttons.values(), history]);
  const head = make("div", "prism-head", {}, [headline, spoken, progress]);
  const foot = make("div", "prism-foot", {}, [problem, success, notes, advice, actions]);
  const root = make("section", "prism-panel", {}, [head, list, foot]);
  return { root, head, foot, headline, spoken, progress, bar, ticks, problem, success, list, notes, advice, history,
    position, buttons, cards: new Map(), run: "", focus: 0 };
}

/** @param {Shown} shown @param {Parts} parts @param {Layout} layout */
export function render(shown, parts, layout) {
  const { view, desk } = shown;
  renderLabels(parts, shown);
  mark(parts.root, "data-status", view?.status ?? "idle");
  mark(parts.root, "data-online", String(shown.online));
  style(parts.root, "--prism-height", `${layout.height}px`);
  style(parts.root, "--prism-columns", String(layout.columns));
  style(parts.root, "--prism-row", `${layout.row}px`);
  mark(parts.root, "data-narrow", String(layout.card < NARROW));
  write(parts.headline, headline(shown));
  write(parts.spoken, announcement(shown));
  sentence(parts.problem, tell(desk.error));
  sentence(parts.success, tell(desk.done));
  sentence(parts.advice, advice(shown));
  renderProgress(parts, view);
  renderNotes(parts.notes, view?.status === "failed" ? [] : view?.notes ?? []);
  renderCards(shown, parts);
  renderButtons(shown, parts);
}

/** What is always called the same, in the language of the moment. @param {Parts} parts @param {Shown} shown */
function renderLabels({ root, list, notes, history }, { language }) {
  const { panel } = says();
  const [older, , newer] = history.children;
  mark(root, "lang", language);
  mark(root, "aria-label", panel.title);
  mark(list, "aria-label", panel.candidates);
  mark(notes, "aria-label", panel.notes);
  mark(history, "aria-label", panel.runs);
  for (const name of ["aria-label", "title"]) {
    mark(older, name, panel.older);
    mark(newer, name, panel.newer);
  }
}

/** @param {Shown} shown @param {Parts} parts */
function renderCards(shown, parts) {
  const { view } = shown;
  const cards = view ? inOrder(view) : [];
  const rows = new Set(cards.map((card) => card.row));
  if (view?.run !== parts.run) parts.cards.forEach(clearFilm);
  parts.run = view?.run ?? "";
  for (const [row, { element }] of parts.cards) {
    if (!rows.has(row)) element.remove();
    if (!rows.has(row)) parts.cards.delete(row);
  }
  if (!rows.has(parts.focus)) parts.focus = cards[0]?.row ?? 0;
  show(parts.list, cards.length > 0);
  for (const [position, card] of cards.entries()) {
    const part = parts.cards.get(card.row) ?? makeCard(card.row);
    parts.cards.set(card.row, part);
    renderCard(part, card, shown);
    mark(part.element, "tabindex", card.row === parts.focus ? "0" : "-1");
    place(parts.list, part.element, position);
  }
}

/** Put an element where it belongs, with the focus where it was. @param {Element} list @param {HTMLElement} element
 * @param {number} position */
function place(list, element, position) {
  if (list.children[position] === element) return;
  const focused = element.contains(document.activeElement);
  list.insertBefore(element, list.children[position] ?? null);
  if (focused) element.focus({ preventScroll: true });
}

/** @param {Shown} shown @param {Parts} parts */
function renderButtons(shown, parts) {
  const words = says();
  for (const { action, there, obstacle } of BUTTONS) {
    const button = /** @type {HTMLButtonElement} */ (parts.buttons.get(action));
    const visible = there(shown);
    show(button, visible);
    if (!visible) continue;
    const reason = obstacle(shown);
    // aria-disabled keeps the button in reach of the keyboard, so that its reason can be heard.
    mark(button, "aria-disabled", String(reason !== null));
    mark(button, "title", reason ? tell(said(reason)) : words.buttons[action].hint);
    write(button, words.buttons[action].label(chosenRows(shown).length));
  }
  show(parts.history, shown.runs > 1);
  write(parts.position, words.panel.position(shown.runs - shown.run, shown.runs));
  mark(parts.history.children[0], "aria-disabled", String(shown.run >= shown.runs - 1));
  mark(parts.history.children[2], "aria-disabled", String(shown.run === 0));
}

/** @param {Parts} parts @param {View | null} view */
function renderProgress({ progress, bar, ticks }, view) {
  const visible = Boolean(view && view.steps > 0);
  show(progress, visible);
  if (!view || !visible) return;
  style(bar, "transform", `scaleX(${Math.min(1, view.step / view.steps)})`);
  const cuts = view.cuts.filter(([step]) => step > 0 && step < view.steps);
  while (ticks.children.length > cuts.length) ticks.lastElementChild?.remove();
  for (const [position, [step]] of cuts.entries()) {
    const tick = ticks.children[position] ?? ticks.appendChild(make("span", "prism-tick"));
    style(/** @type {HTMLElement} */ (tick), "left", `${(step / view.steps) * 100}%`);
  }
}

/** @param {HTMLElement} list @param {import("./said.mjs").Said[]} notes */
function renderNotes(list, notes) {
  show(list, notes.length > 0);
  while (list.children.length > notes.length) list.lastElementChild?.remove();
  for (const [position, note] of notes.entries()) {
    write(list.children[position] ?? list.appendChild(make("li", "prism-note")), tell(note));
  }
}

/** @param {HTMLElement} element @param {string} text */
function sentence(element, text) {
  write(element, text);
  show(element, text !== "");
}

/** @param {string} action @param {string} sign */
function turn(action, sign) {
  const button = make("button", "prism-turn", { type: "button", "data-action": action });
  button.textContent = sign;
  return button;
}
