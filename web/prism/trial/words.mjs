/**
 * What the panel of a trial says.
 *
 * @typedef {import("../contract.mjs").View} View
 * @typedef {import("../select.mjs").Shown} Shown
 */

import { says } from "../language.mjs";
import { isShared, letterOf, placeOf } from "./ranking.mjs";
import { tell } from "../said.mjs";
import { timeLimit } from "../words.mjs";

/** The line at the top. @param {Shown} shown */
export function headline(shown) {
  const { view, online } = shown;
  if (!online) return says().headline.offline;
  return view ? SAY[view.status](shown, view) : says().trial.idle;
}

/** @type {Record<View["status"], (shown: Shown, view: View) => string>} */
const SAY = {
  sampling: (_, { step, steps }) => (step < steps ? says().trial.decoding(step, steps) : says().trial.adding),
  waiting: (shown, view) => says().headline.sentences([waiting(shown, view), timeLimit(shown, view)]),
  finished: (_, { reveal }) => {
    const words = says().trial;
    if (!reveal?.agreement) return words.unranked;
    return reveal.agreement.best_kept ? words.bestKept : words.bestDropped;
  },
  stopped: () => says().trial.stopped,
  failed: (_, { notes }) => says().headline.sentences([says().trial.failed,
    tell(notes.at(-1) ?? null) || says().headline.seeError]),
};

/** @param {Shown} shown @param {View} view */
function waiting({ desk }, { candidates }) {
  const words = says().trial;
  if (desk.sent) return words.sent;
  const ranked = desk.ranking.flat().length;
  return ranked ? words.ranked(ranked, candidates.length) : words.ask(candidates.length);
}

/** What a screen reader says when it changes: the line at the top without what counts up. @param {Shown} shown */
export function announcement(shown) {
  return shown.view?.status === "sampling" ? says().trial.decodingAll : headline(shown);
}

/** A clip for a screen reader. @param {number} position @param {Shown} shown */
export function clipLabel(position, { view, desk }) {
  const words = says().trial;
  const reveal = view?.reveal ?? null;
  const card = view?.candidates[position];
  const place = reveal ? reveal.places[position] ?? 0 : placeOf(desk.ranking, position);
  const shared = !reveal && isShared(desk.ranking, position);
  return says().cards.facts([
    words.clip(letterOf(position)),
    place ? words.placed(place, shared) : reveal ? "" : words.unplaced,
    ...(reveal && card ? told(card, reveal.rows[position]) : []),
  ].filter(Boolean));
}

/** Whose a clip is, and what PRISM thinks of it. @param {import("../contract.mjs").Card} card @param {number} row */
function told({ seed, score, imagined_at: step, reason }, row) {
  const words = says().trial;
  return [words.candidate(row, seed), score === null ? "" : says().cards.score(score.toFixed(2)),
    step === null ? words.kept : words.dropped(step), tell(reason)];
}

/** How far PRISM agreed, and what it would have saved. @param {View | null} view @returns {string[]} */
export function results(view) {
  const words = says().trial;
  const reveal = view?.reveal;
  if (!view || !reveal) return [];
  const { agreement, totals, keep, saved, saved_s: seconds } = reveal;
  const lines = agreement ? [
    words.chance(keep, view.candidates.length, percent(agreement.chance)),
    agreement.pairs[1] ? words.pairs(agreement.pairs[0], agreement.pairs[1]) : "",
    agreement.ordered[1] ? words.ordered(agreement.ordered[0], agreement.ordered[1]) : "",
  ] : [];
  const cost = saved < 0 ? words.costsMore(percent(-saved)) : words.saved(percent(saved), duration(seconds));
  return [...lines, cost, totals ? total(totals) : ""].filter(Boolean);
}

/** @param {import("../contract.mjs").Totals} totals */
function total({ trials, best, low, high, chance }) {
  const words = says().trial;
  if (trials === 1) return words.oneTrial;
  return words.totals(Math.round(best * trials), trials, percent(low), percent(high), percent(chance));
}

/** @param {number} share */
const percent = (share) => `${Math.round(100 * share)} %`;

/** @param {number} seconds */
function duration(seconds) {
  const words = says().trial;
  return seconds < 120 ? words.seconds(seconds < 10 ? seconds.toFixed(1) : seconds.toFixed(0))
    : words.minutes((seconds / 60).toFixed(1));
}
