/**
 * What the panel says, in an artist's words. Candidates are counted from 0, as everywhere in PRISM.
 *
 * @typedef {import("./contract.mjs").Card} Card
 * @typedef {import("./contract.mjs").View} View
 * @typedef {import("./select.mjs").Shown} Shown
 */

import { canAnswer, canMark, chosenRows, markOf } from "./select.mjs";

/** @type {Record<string, string>} */
const OUTCOMES = { best: "the best ones go on", all: "all go on", stop: "the run stops" };

/** A longer list is told as its length. */
const LISTED = 12;

/** The line at the top. @param {Shown} shown */
export function headline(shown) {
  const { view, locked, staged, online } = shown;
  if (!online) return "Lost the connection to ComfyUI. What is shown may be out of date.";
  if (staged) return stagedLine(shown);
  if (view) return SAY[view.status](shown, view);
  return locked ? `Locked to ${several(locked)}: Run makes only that again. Unlock to choose anew.`
    : "Press Run: the candidates appear here while they form.";
}

/** @type {Record<View["status"], (shown: Shown, view: View) => string>} */
const SAY = {
  sampling: (shown, view) => `${doing(view)}${atStep(view)}. ${outlook(shown, view)}`.trim(),
  waiting: (shown, view) => `${invitation(shown, view)} ${timeLimit(shown, view)}`.trim(),
  finished: (_, view) => view.judge === "watch" ? watched(view) : `Finished: kept ${keptOf(view)}. ${losses(view)}`.trim(),
  stopped: (_, view) => `Stopped${atStep(view, " at")}. Nothing was kept.`,
  failed: (_, view) => `The run failed${atStep(view, " at")}. ${view.notes.at(-1) ?? "ComfyUI shows what went wrong."}`,
};

/** What a screen reader says when it changes: the line at the top without what counts up. @param {Shown} shown */
export function announcement(shown) {
  const { view } = shown;
  return view?.status === "sampling" ? `${doing(view)}. ${outlook(shown, view)}` : headline(shown);
}

/** How to use the cards just now; "" where they only show. @param {Shown} shown */
export function advice(shown) {
  const { view, staged } = shown;
  if (canAnswer(shown)) return "Click to choose, Shift+click pins or bans. Keys: arrows, Space, digits, P, B, Enter.";
  if (staged && view) return "Click once to pin for the next run, twice to ban.";
  if (view?.candidates.some((card) => canMark(shown, card))) return "Click once to pin, twice to ban.";
  return "";
}

/** A card for a screen reader. @param {Card} card @param {Shown} shown */
export function cardLabel(card, shown) {
  const { view, desk } = shown;
  const alive = view?.candidates.filter((other) => other.state === "alive").length ?? 0;
  const mark = markOf(card, desk);
  return [
    `Candidate ${card.row}`,
    card.seed && `seed ${card.seed}`,
    card.score !== null && `score ${card.score.toFixed(2)}`,
    card.rank !== null && (card.state === "alive" ? `rank ${card.rank} of ${alive}` : `rank ${card.rank}`),
    { none: "", pin: "pinned", ban: "banned" }[mark],
    card.state === "alive" ? canAnswer(shown) && chosenRows(shown).includes(card.row) && "chosen" : fate(card, shown),
    card.reason,
    canMark(shown, card) && !canAnswer(shown) &&
      { none: "Space pins", pin: "Space bans", ban: "Space clears" }[mark],
  ].filter(Boolean).join(", ");
}

/** What became of a candidate; "" while that is open. @param {Card} card @param {Shown} shown */
export function fate(card, { view }) {
  if (card.imagined_at !== null) return `would be dropped at step ${card.imagined_at}`;
  if (card.state === "kept") return view?.judge === "watch" ? "would be kept" : "kept";
  if (card.state === "alive") return view?.status === "stopped" ? "not finished" : "";
  if (view?.judge === "replay") return "left out";
  return card.dropped_at === null ? "dropped" : `dropped at step ${card.dropped_at}`;
}

/** @param {number[]} rows such as "candidate 3" or "candidates 1, 4" */
export function names(rows) {
  if (rows.length > LISTED) return `${rows.length} candidates`;
  return rows.length === 0 ? "nothing" : several(rows.join(", "));
}

/** @param {string} list */
function several(list) {
  const rows = list.replace(/#.*/u, "").trim(); // without the hash of a replay
  return `${/[,\s]/u.test(rows) ? "candidates" : "candidate"} ${rows}`;
}

/** @param {Shown} shown */
function stagedLine({ view, locked, keep }) {
  if (locked) return `The next run keeps ${several(locked)}, whatever the scores say. Unlock to let the scores decide.`;
  if (!view) return `Press Run: who was kept is shown here, and can be changed for the next run.`;
  return `Kept ${keptOf(view)}. Pin or ban to choose the ${keep} of the next run.`;
}

/** @param {View} view */
function doing(view) {
  const alive = rowsIn(view, "alive");
  if (view.judge === "replay") return `Making ${names(alive)} again`;
  return alive.length < view.candidates.length ? `Finishing ${names(alive)}` : `Sampling ${alive.length} candidates`;
}

/** @param {Shown} shown @param {View} view */
function outlook(shown, view) {
  if (shown.desk.sent) return "Your choice is on its way.";
  const next = view.cuts.find(([step, keep]) => step > view.step && keep < rowsIn(view, "alive").length);
  if (view.judge === "watch") return "Nobody is dropped.";
  if (!next || view.judge === "replay") return losses(view);
  if (view.judge === "person") return `After step ${next[0]} you choose.`;
  return view.judge === "head" ? `After step ${next[0]} ${view.head || "the head"} keeps ${next[1]}.` : "";
}

/** @param {Shown} shown @param {View} view */
function invitation(shown, view) {
  if (shown.desk.sent) return "Your choice is on its way.";
  const rows = chosenRows(shown);
  const step = view.kind === "run" ? ` after step ${view.step}` : "";
  if (rows.length) return `Waiting for you${step}: ${names(rows)} chosen${wish(view, rows.length)}.`;
  return `Waiting for you${step}: choose at least one of ${rowsIn(view, "alive").length}.`;
}

/** @param {View} view @param {number} count */
function wish(view, count) {
  const asked = view.waiting?.keep ?? count;
  return asked === count ? "" : ` (${asked} asked for; more or fewer is fine)`;
}

/** A time of day rather than a countdown: it stays true without a timer. @param {Shown} shown @param {View} view */
function timeLimit({ desk }, view) {
  if (desk.until === null || !view.waiting) return "";
  const time = new Date(desk.until).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  return `At ${time} ${OUTCOMES[view.waiting.outcome]}.`;
}

/** Who was dropped when. @param {View} view */
function losses(view) {
  if (view.judge === "replay") return "";
  const steps = [...new Set(view.candidates.filter((card) => card.state === "dropped").map((card) => card.dropped_at))];
  return steps.sort((a, b) => (a ?? 0) - (b ?? 0)).map((step) => {
    const lost = view.candidates.filter((card) => card.state === "dropped" && card.dropped_at === step);
    const rows = lost.map((card) => card.row).sort((a, b) => a - b);
    const who = rows.length > LISTED ? rows.length : rows.join(", ");
    return `Dropped${step === null ? "" : ` at step ${step}`}: ${who}.`;
  }).join(" ");
}

/** A run in which nobody was dropped. @param {View} view */
function watched({ candidates, head }) {
  const chosen = candidates.filter((card) => card.imagined_at === null).map((card) => card.row);
  return `Finished all ${candidates.length}: ${head || "the head"} would have kept ${names(chosen)}.`;
}

/** @param {View} view */
function keptOf(view) {
  return `${names(rowsIn(view, "kept"))} of ${view.candidates.length}`;
}

/** @param {View} view @param {string} [word] */
function atStep(view, word = ":") {
  return view.steps > 0 ? `${word} step ${view.step} of ${view.steps}` : "";
}

/** @param {View} view @param {Card["state"]} state */
function rowsIn(view, state) {
  return view.candidates.filter((card) => card.state === state).map((card) => card.row);
}
