/**
 * What the panel says of a run, put together from the sentences of the language that is spoken. Candidates are counted
 * from 0, as everywhere in PRISM.
 *
 * @typedef {import("./contract.mjs").Card} Card
 * @typedef {import("./contract.mjs").View} View
 * @typedef {import("./select.mjs").Shown} Shown
 */

import { says } from "./language.mjs";
import { tell } from "./said.mjs";
import { canAnswer, canMark, chosenRows, markOf } from "./select.mjs";

/** A longer list is told as its length. */
const LISTED = 12;

/** Without AM and PM, which are words. @type {Intl.DateTimeFormatOptions} */
const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };

/** The line at the top. @param {Shown} shown */
export function headline(shown) {
  const { view, locked, staged, online } = shown;
  const words = says().headline;
  if (!online) return words.offline;
  if (staged) return stagedLine(shown);
  if (view) return words.sentences(SAY[view.status](shown, view));
  return locked ? words.locked(listed(locked)) : words.idle;
}

/** Sentences. @type {Record<View["status"], (shown: Shown, view: View) => string[]>} */
const SAY = {
  sampling: (shown, view) => [says().headline.doing(doing(view), view.step, view.steps), outlook(shown, view)],
  waiting: (shown, view) => [invitation(shown, view), timeLimit(shown, view)],
  finished: (_, view) => (view.judge === "watch" ? [watched(view)]
    : [says().headline.finished(keptOf(view), view.candidates.length), losses(view)]),
  stopped: (_, view) => [says().headline.stopped(view.step, view.steps)],
  failed: (_, view) => [says().headline.failed(view.step, view.steps),
    tell(view.notes.at(-1) ?? null) || says().headline.seeError],
};

/** What a screen reader says when it changes: the line at the top without what counts up. @param {Shown} shown */
export function announcement(shown) {
  const { view, online } = shown;
  const words = says().headline;
  if (view?.status !== "sampling" || !online) return headline(shown);
  return words.sentences([words.doing(doing(view)), outlook(shown, view)]);
}

/** How to use the cards just now; "" where they only show. @param {Shown} shown */
export function advice(shown) {
  const { view, staged } = shown;
  const words = says().panel;
  if (canAnswer(shown)) return words.choose;
  if (staged && view) return words.markNext;
  return view?.candidates.some((card) => canMark(shown, card)) ? words.mark : "";
}

/** A card for a screen reader. @param {Card} card @param {Shown} shown */
export function cardLabel(card, shown) {
  const { view, desk } = shown;
  const words = says().cards;
  const alive = view?.candidates.filter((other) => other.state === "alive").length ?? 0;
  const mark = markOf(card, desk);
  const chosen = canAnswer(shown) && chosenRows(shown).includes(card.row) ? words.chosen : "";
  return words.facts([
    words.candidate(card.row),
    card.seed && words.seed(card.seed),
    card.score === null ? "" : words.score(card.score.toFixed(2)),
    card.rank === null ? "" : words.rank(card.rank, card.state === "alive" ? alive : 0),
    { none: "", pin: words.pinned, ban: words.banned }[mark],
    card.state === "alive" ? chosen : fate(card, shown),
    tell(card.reason),
    canMark(shown, card) && !canAnswer(shown) ? words.space[mark] : "",
  ].filter(Boolean));
}

/** What became of a candidate; "" while that is open. @param {Card} card @param {Shown} shown */
export function fate(card, { view }) {
  const words = says().cards;
  if (card.imagined_at !== null) return words.imaginedAt(card.imagined_at);
  if (card.state === "kept") return view?.judge === "watch" ? words.wouldKeep : words.kept;
  if (card.state === "alive") return view?.status === "stopped" ? words.unfinished : "";
  if (view?.judge === "replay") return words.leftOut;
  return card.dropped_at === null ? words.dropped : words.droppedAt(card.dropped_at);
}

/** @param {number[]} rows such as "candidate 3" or "candidates 1, 4" */
export function names(rows) {
  const words = says().cards;
  if (rows.length > LISTED) return words.counted(rows.length);
  return rows.length === 0 ? words.nobody : words.named(words.list(rows), rows.length > 1);
}

/** The same for the text of a kept widget. @param {string} kept */
function listed(kept) {
  const rows = kept.replace(/#.*/u, "").split(/[,\s]+/u).filter(Boolean); // without the hash of a replay
  return says().cards.named(says().cards.list(rows), rows.length > 1);
}

/** @param {Shown} shown */
function stagedLine({ view, locked, keep }) {
  const words = says().headline;
  if (locked) return words.stagedLocked(listed(locked));
  return view ? words.staged(keptOf(view), view.candidates.length, keep) : words.stagedIdle;
}

/** @param {View} view */
function doing(view) {
  const words = says().headline;
  const alive = rowsIn(view, "alive");
  if (view.judge === "replay") return words.again(names(alive));
  return alive.length < view.candidates.length ? words.finishing(names(alive)) : words.sampling(alive.length);
}

/** @param {Shown} shown @param {View} view */
function outlook(shown, view) {
  const words = says().headline;
  if (shown.desk.sent) return words.sent;
  const next = view.cuts.find(([step, keep]) => step > view.step && keep < rowsIn(view, "alive").length);
  if (view.judge === "watch") return words.watching;
  if (!next || view.judge === "replay") return losses(view);
  if (view.judge === "person") return words.youChoose(next[0]);
  return view.judge === "head" ? words.headChooses(next[0], view.head, next[1]) : "";
}

/** @param {Shown} shown @param {View} view */
function invitation(shown, view) {
  const words = says().headline;
  if (shown.desk.sent) return words.sent;
  const rows = chosenRows(shown);
  const step = view.kind === "run" ? view.step : 0;
  if (!rows.length) return words.choose(step, rowsIn(view, "alive").length);
  const asked = view.waiting?.keep ?? rows.length;
  return words.chosen(step, names(rows), asked === rows.length ? 0 : asked);
}

/** A time of day rather than a countdown: it stays true without a timer. @param {Shown} shown @param {View} view */
export function timeLimit({ desk }, view) {
  if (desk.until === null || !view.waiting) return "";
  const time = new Date(desk.until).toLocaleTimeString([], CLOCK);
  return says().headline.until(time, view.waiting.outcome);
}

/** Who was dropped when. @param {View} view */
function losses(view) {
  if (view.judge === "replay") return "";
  const { headline: words, cards } = says();
  const steps = [...new Set(view.candidates.filter((card) => card.state === "dropped").map((card) => card.dropped_at))];
  return words.sentences(steps.sort((a, b) => (a ?? 0) - (b ?? 0)).map((step) => {
    const lost = view.candidates.filter((card) => card.state === "dropped" && card.dropped_at === step);
    const rows = lost.map((card) => card.row).sort((a, b) => a - b);
    return words.dropped(rows.length > LISTED ? String(rows.length) : cards.list(rows), step);
  }));
}

/** @param {View} view */
function watched({ candidates, head }) {
  const chosen = candidates.filter((card) => card.imagined_at === null).map((card) => card.row);
  return says().headline.watched(candidates.length, head, names(chosen));
}

/** @param {View} view */
const keptOf = (view) => names(rowsIn(view, "kept"));

/** @param {View} view @param {Card["state"]} state */
function rowsIn(view, state) {
  return view.candidates.filter((card) => card.state === state).map((card) => card.row);
}
