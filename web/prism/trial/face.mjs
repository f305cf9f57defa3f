/**
 * What the panel of a trial looks like: built once, then changed where it differs from what is to be shown.
 *
 * @typedef {import("../card.mjs").CardParts} CardParts
 * @typedef {import("../contract.mjs").Card} Card
 * @typedef {import("../contract.mjs").View} View
 * @typedef {import("../layout.mjs").Layout} Layout
 * @typedef {import("../select.mjs").Shown} Shown
 */

import { makeCard } from "../card.mjs";
import { make, mark, show, write } from "../dom.mjs";
import { Frame, renderButton, renderLines } from "../frame.mjs";
import { says } from "../language.mjs";
import { letterOf, placeOf } from "./ranking.mjs";
import { tell } from "../said.mjs";
import { canAnswer } from "../select.mjs";
import { announcement, clipLabel, headline, results } from "./words.mjs";

const NARROW = 150; // pixels of a card in which long words have no place
const LEAST = 140; // pixels of a clip: it is to be judged, not only told from others
const BUTTONS = /** @type {const} */ ([{ action: "done", main: true }, { action: "over" }, { action: "skip" }]);

export class TrialFace {
  frame = new Frame(makeClip, BUTTONS);
  #results = make("ul", "prism-results");

  constructor() {
    this.frame.root.classList.add("prism-trial");
    this.frame.problem.after(this.#results);
  }

  /** @param {Shown} shown */
  room({ view }) {
    return { count: view?.sheet ? view.candidates.length : 0, lines: view?.reveal ? 2 : 0, least: LEAST };
  }

  /** @param {Shown} shown @param {Layout} layout */
  render(shown, layout) {
    const { view } = shown;
    const words = says().trial;
    mark(this.frame.root, "data-narrow", String(layout.card < NARROW));
    this.frame.render(shown, layout, { title: words.title, cards: words.clips, headline: headline(shown),
      spoken: announcement(shown), advice: canAnswer(shown) ? words.advice : "" });
    renderLines(this.#results, results(view), "prism-result");
    const sampling = view?.status === "sampling" && view.step < view.steps;
    this.frame.renderProgress(sampling ? view.step / view.steps : null);
    const clips = view?.sheet ? inPlaces(view) : [];
    this.frame.list.render(view?.run ?? "", clips, (parts, card) => renderClip(parts, card, shown));
    this.#renderButtons(shown);
  }

  /** @param {Shown} shown */
  #renderButtons(shown) {
    const { buttons, hints } = says().trial;
    const ranked = shown.desk.ranking.length > 0;
    show(this.frame.actions, shown.view?.status === "waiting");
    for (const [action, button] of this.frame.buttons) {
      const unranked = !ranked && action !== "skip";
      renderButton(button, canAnswer(shown) && !unranked, buttons[action],
        unranked ? says().deeds.rankOne : hints[action]);
    }
  }
}

/** The clips as they stand: by letter, and once they are ranked by place. @param {View | null} view
 * @returns {Card[]} */
export function inPlaces(view) {
  const places = view?.reveal?.places ?? [];
  const clips = view?.candidates ?? [];
  return places.length ? clips.toSorted((a, b) => places[a.row] - places[b.row] || a.row - b.row) : clips;
}

/** A card whose number is a letter. @param {number} position @returns {CardParts} */
function makeClip(position) {
  const parts = makeCard(position);
  const letter = /** @type {HTMLElement} */ (parts.element.querySelector(".prism-number"));
  letter.textContent = letterOf(position);
  parts.element.removeAttribute("data-row");
  mark(parts.element, "data-position", String(position));
  return parts;
}

/** @param {CardParts} parts @param {Card} card whose row is a position @param {Shown} shown */
function renderClip(parts, card, shown) {
  const position = card.row;
  const reveal = shown.view?.reveal ?? null;
  const place = reveal ? reveal.places[position] ?? 0 : placeOf(shown.desk.ranking, position);
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
