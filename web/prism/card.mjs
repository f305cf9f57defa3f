/**
 * One candidate.
 *
 * @typedef {import("./contract.mjs").Card} Card
 * @typedef {import("./select.mjs").Shown} Shown
 *
 * @typedef {object} CardParts
 * @property {HTMLLIElement} element
 * @property {HTMLElement} film
 * @property {HTMLElement} blank
 * @property {HTMLElement} badge
 * @property {HTMLElement} long what a narrow badge leaves out
 * @property {HTMLElement} short
 * @property {HTMLElement} rank
 * @property {HTMLElement} seed
 * @property {HTMLElement} facts the line of score and reason
 * @property {HTMLElement} score
 * @property {HTMLElement} reason
 */

import { make, mark, show, style, write } from "./dom.mjs";
import { says } from "./language.mjs";
import { tell } from "./said.mjs";
import { canAnswer, canMark, chosenRows, markOf } from "./select.mjs";
import { cardLabel, fate } from "./words.mjs";

/** @param {number} row @returns {CardParts} */
export function makeCard(row) {
  const film = make("div", "prism-film");
  const blank = make("span", "prism-blank");
  const long = make("span", "prism-long");
  const short = make("span", "prism-short");
  const badge = make("span", "prism-badge", {}, [long, short]);
  const rank = make("span", "prism-rank");
  const seed = make("div", "prism-seed");
  const score = make("b", "prism-score");
  const reason = make("span", "prism-reason");
  const facts = make("div", "prism-facts", {}, [score, reason]);
  const number = make("span", "prism-number");
  number.textContent = String(row);
  const picture = make("div", "prism-picture", {}, [blank, film, number, rank, badge]);
  // What is inside is for the eyes; a screen reader gets it in one sentence.
  const inside = make("div", "prism-inside", { "aria-hidden": "true" }, [picture, seed, facts]);
  const element = make("li", "prism-card", { role: "option", tabindex: "-1", "data-row": String(row) }, [inside]);
  return { element, film, blank, badge, long, short, rank, seed, facts, score, reason };
}

/** @param {CardParts} parts @param {Card} card @param {Shown} shown */
export function renderCard(parts, card, shown) {
  const words = says().cards;
  const wish = markOf(card, shown.desk);
  const chosen = canAnswer(shown) && chosenRows(shown).includes(card.row);
  const open = card.state === "alive";
  mark(parts.element, "data-state", card.state);
  mark(parts.element, "data-mark", wish);
  mark(parts.element, "data-chosen", String(chosen));
  mark(parts.element, "data-active", String(canMark(shown, card) || (open && canAnswer(shown))));
  const certain = card.state === "kept" || (wish === "pin" && !canAnswer(shown));
  mark(parts.element, "aria-selected", String(chosen || certain));
  mark(parts.element, "aria-label", cardLabel(card, shown));
  const badge = badgeOf(card, shown, chosen);
  mark(parts.badge, "data-kind", badge.kind);
  write(parts.long, badge.long ?? "");
  write(parts.short, badge.text);
  write(parts.rank, card.rank === null ? "" : `#${card.rank}`);
  write(parts.score, card.score === null ? "" : card.score.toFixed(2));
  write(parts.seed, card.seed.length > SHORT ? card.seed : card.seed && words.seed(card.seed));
  mark(parts.seed, "title", card.seed ? words.seed(card.seed) : null);
  const reason = tell(card.reason);
  write(parts.reason, reason);
  show(parts.facts, card.score !== null || reason !== "");
  mark(parts.reason, "title", reason || null);
  write(parts.blank, shown.staged || card.state !== "alive" ? "" : words.noPicture);
}

/** Let a card play its row of a sheet. A candidate that is no longer in the newest sheet keeps its last pictures.
 * @param {CardParts} parts @param {import("./pictures.mjs").Film} film */
export function playFilm({ film, blank }, { sheet, address, position }) {
  const count = sheet.rows.length;
  style(film, "--frames", String(sheet.frames));
  style(film, "background-size", `${sheet.frames * 100}% ${count * 100}%`);
  style(film, "background-position", `0 ${lineOf(position, count)}%`);
  style(film, "background-image", `url("${address}")`);
  mark(film, "data-moving", String(sheet.frames > 1));
  show(blank, false);
}

/** Where a line of a sheet lies, in percent of what background-position counts. @param {number} position
 * @param {number} count */
export function lineOf(position, count) {
  return count > 1 ? (position / (count - 1)) * 100 : 0;
}

/** @param {CardParts} parts */
export function clearFilm({ film, blank }) {
  film.removeAttribute("style");
  film.removeAttribute("data-moving");
  show(blank, true);
}

/** The most important thing about a card, as a shape and a word.
 * @param {Card} card @param {Shown} shown @param {boolean} chosen
 * @returns {{ kind: string, text: string, long?: string }} */
function badgeOf(card, shown, chosen) {
  const words = says().cards;
  const wish = markOf(card, shown.desk);
  const marked = { none: { kind: "", text: "" }, pin: { kind: "pin", text: words.pinned },
    ban: { kind: "ban", text: words.banned } }[wish];
  if (shown.staged && wish !== "none") return marked;
  if (card.state === "dropped" && card.dropped_at !== null && shown.view?.judge !== "replay") {
    const [long, text] = words.droppedBadge(card.dropped_at);
    return { kind: "dropped", long, text };
  }
  if (card.imagined_at !== null) {
    const [long, text] = words.imaginedBadge(card.imagined_at);
    return { kind: "imagined", long, text };
  }
  if (card.state !== "alive") return { kind: card.state, text: fate(card, shown) };
  if (!chosen) return marked;
  const [long, text] = words.pinnedChosenBadge();
  return { kind: "chosen", long: wish === "pin" ? long : "", text };
}

const SHORT = 9; // digits of a seed that leave room for the word
