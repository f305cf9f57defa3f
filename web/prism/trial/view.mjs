/**
 * The panel of a trial: built once, then changed where it differs from what is to be shown.
 *
 * @typedef {import("../card.mjs").CardParts} CardParts
 * @typedef {import("../contract.mjs").Card} Card
 * @typedef {import("../contract.mjs").View} View
 * @typedef {import("../layout.mjs").Layout} Layout
 * @typedef {import("../select.mjs").Shown} Shown
 *
 * @typedef {CardParts & { letter: HTMLElement }} ClipParts
 *
 * @typedef {object} Parts
 * @property {HTMLElement} root
 * @property {HTMLElement} head
 * @property {HTMLElement} foot
 * @property {HTMLElement} headline
 * @property {HTMLElement} spoken
 * @property {HTMLElement} progress
 * @property {HTMLElement} bar
 * @property {HTMLUListElement} list
 * @property {HTMLElement} problem
 * @property {HTMLElement} results
 * @property {HTMLElement} notes
 * @property {HTMLElement} advice
 * @property {HTMLElement} actions
 * @property {Map<string, HTMLButtonElement>} buttons
 * @property {Map<number, ClipParts>} clips by position
 * @property {string} run whose clips they are
 * @property {number} focus the position that Tab leads to
 */

import { clearFilm, makeCard } from "../card.mjs";
import { make, mark, show, style, write } from "../dom.mjs";
import { says } from "../language.mjs";
import { letterOf, placeOf } from "./ranking.mjs";
import { tell } from "../said.mjs";
import { canAnswer } from "../select.mjs";
import { announcement, clipLabel, headline, results } from "./words.mjs";

const NARROW = 150; // pixels of a card in which long words have no place
const BUTTONS = /** @type {const} */ (["done", "over", "skip"]);

/** @returns {Parts} */
export function build() {
  const headline = make("p", "prism-headline", { "aria-hidden": "true" });
  const spoken = make("p", "prism-spoken", { role: "status" });
  const bar = make("div", "prism-bar");
  const progress = make("div", "prism-progress", { "aria-hidden": "true" }, [bar]);
  const list = make("ul", "prism-cards", { role: "listbox", "aria-multiselectable": "true" });
  const problem = make("p", "prism-problem", { role: "alert" });
  const results = make("ul", "prism-results");
  const notes = make("ul", "prism-notes");
  const advice = make("p", "prism-advice");
  const buttons = new Map(BUTTONS.map((action) => [/** @type {string} */ (action),
    make("button", "prism-button", { type: "button", "data-action": action, "data-main": String(action === "done") })]));
  const actions = make("div", "prism-actions", {}, [...buttons.values()]);
  const head = make("div", "prism-head", {}, [headline, spoken, progress]);
  const foot = make("div", "prism-foot", {}, [problem, results, notes, advice, actions]);
  const root = make("section", "prism-panel prism-trial", {}, [head, list, foot]);
  return { root, head, foot, headline, spoken, progress, bar, list, problem, results, notes, advice, actions, buttons,
    clips: new Map(), run: "", focus: 0 };
}

/** Positions as they stand: by letter, and once they are ranked by place. @param {View | null} view
 * @returns {number[]} */
export function inPlaces(view) {
  const places = view?.reveal?.places ?? [];
  const positions = (view?.candidates ?? []).map((card) => card.row);
  return places.length ? positions.sort((a, b) => places[a] - places[b] || a - b) : positions;
}

/** @param {Shown} shown @param {Parts} parts @param {Layout} layout */
export function render(shown, parts, layout) {
  const { view, desk } = shown;
  const words = says().trial;
  mark(parts.root, "lang", says().lang);
  mark(parts.root, "aria-label", words.title);
  mark(parts.list, "aria-label", words.clips);
  mark(parts.root, "data-status", view?.status ?? "idle");
  mark(parts.root, "data-online", String(shown.online));
  style(parts.root, "--prism-height", `${layout.height}px`);
  style(parts.root, "--prism-columns", String(layout.columns));
  style(parts.root, "--prism-row", `${layout.row}px`);
  mark(parts.root, "data-narrow", String(layout.card < NARROW));
  write(parts.headline, headline(shown));
  write(parts.spoken, announcement(shown));
  sentence(parts.problem, tell(desk.error));
  sentence(parts.advice, canAnswer(shown) ? words.advice : "");
  lines(parts.results, results(view), "prism-result");
  lines(parts.notes, view?.status === "failed" ? [] : (view?.notes ?? []).map(tell), "prism-note");
  renderProgress(parts, view);
  renderClips(shown, parts);
  renderButtons(shown, parts);
}

/** @param {Parts} parts @param {View | null} view */
function renderProgress({ progress, bar }, view) {
  const visible = view?.status === "sampling" && view.step < view.steps;
  show(progress, visible);
  if (visible) style(bar, "transform", `scaleX(${view.step / view.steps})`);
}

/** @param {Shown} shown @param {Parts} parts */
function renderClips(shown, parts) {
  const { view } = shown;
  const order = view?.sheet ? inPlaces(view) : [];
  if (view?.run !== parts.run) parts.clips.forEach(clearFilm);
  parts.run = view?.run ?? "";
  for (const [position, { element }] of parts.clips) {
    if (order.includes(position)) continue;
    element.remove();
    parts.clips.delete(position);
  }
  if (!order.includes(parts.focus)) parts.focus = order[0] ?? 0;
  show(parts.list, order.length > 0);
  for (const [index, position] of order.entries()) {
    const clip = parts.clips.get(position) ?? makeClip(position);
    parts.clips.set(position, clip);
    renderClip(clip, position, shown);
    mark(clip.element, "tabindex", position === parts.focus ? "0" : "-1");
    if (parts.list.children[index] !== clip.element) move(parts.list, clip.element, index);
  }
}

/** Put an element where it belongs, with the focus where it was. @param {Element} list @param {HTMLElement} element
 * @param {number} index */
function move(list, element, index) {
  const focused = element.contains(document.activeElement);
  list.insertBefore(element, list.children[index] ?? null);
  if (focused) element.focus({ preventScroll: true });
}

/** A card whose number is a letter. @param {number} position @returns {ClipParts} */
function makeClip(position) {
  const parts = makeCard(position);
  const letter = /** @type {HTMLElement} */ (parts.element.querySelector(".prism-number"));
  letter.textContent = letterOf(position);
  parts.element.removeAttribute("data-row");
  mark(parts.element, "data-position", String(position));
  return { ...parts, letter };
}

/** @param {ClipParts} parts @param {number} position @param {Shown} shown */
function renderClip(parts, position, shown) {
  const { view, desk } = shown;
  const card = /** @type {Card} */ (view?.candidates[position]);
  const reveal = view?.reveal ?? null;
  const place = reveal ? reveal.places[position] ?? 0 : placeOf(desk.ranking, position);
  mark(parts.element, "data-chosen", String(place > 0 && !reveal));
  mark(parts.element, "data-active", String(canAnswer(shown)));
  mark(parts.element, "data-place", String(place));
  mark(parts.element, "data-state", reveal && card.imagined_at === null ? "kept" : "alive");
  mark(parts.element, "aria-selected", String(place > 0));
  mark(parts.element, "aria-label", clipLabel(position, shown));
  write(parts.rank, place ? says().trial.place(place) : "");
  write(parts.blank, "");
  const { kind, text, long = "" } = badge(card, reveal);
  mark(parts.badge, "data-kind", kind);
  write(parts.long, long);
  write(parts.short, text);
  write(parts.seed, reveal ? says().trial.candidate(reveal.rows[position], card.seed) : "");
  write(parts.score, card.score === null ? "" : card.score.toFixed(2));
  const reason = tell(card.reason);
  write(parts.reason, reason);
  mark(parts.reason, "title", reason || null);
  show(parts.facts, reveal !== null);
}

/** What PRISM does with a clip, as a shape and a word. @param {Card} card
 * @param {import("../contract.mjs").Reveal | null} reveal */
function badge({ imagined_at: step }, reveal) {
  if (!reveal) return { kind: "", text: "" };
  if (step === null) return { kind: "kept", text: says().trial.kept };
  const [long, text] = says().cards.imaginedBadge(step);
  return { kind: "imagined", text, long };
}

/** @param {Shown} shown @param {Parts} parts */
function renderButtons(shown, parts) {
  const waits = shown.view?.status === "waiting";
  const ranked = shown.desk.ranking.length > 0;
  const words = says().trial;
  show(parts.actions, waits);
  for (const action of BUTTONS) {
    const button = /** @type {HTMLButtonElement} */ (parts.buttons.get(action));
    const able = canAnswer(shown) && (ranked || action === "skip");
    // aria-disabled keeps the button in reach of the keyboard, so that its reason can be heard.
    mark(button, "aria-disabled", String(!able));
    mark(button, "title", !ranked && action !== "skip" ? says().deeds.rankOne : words.hints[action]);
    write(button, words.buttons[action]);
  }
}

/** @param {HTMLElement} list @param {string[]} texts @param {string} name of the class of each */
function lines(list, texts, name) {
  show(list, texts.length > 0);
  while (list.children.length > texts.length) list.lastElementChild?.remove();
  for (const [index, text] of texts.entries()) {
    write(list.children[index] ?? list.appendChild(make("li", name)), text);
  }
}

/** @param {HTMLElement} element @param {string} text */
function sentence(element, text) {
  write(element, text);
  show(element, text !== "");
}
