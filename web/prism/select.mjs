/**
 * What one panel shows, worked out from the state.
 *
 * @typedef {import("./contract.mjs").Card} Card
 * @typedef {import("./contract.mjs").Mark} Mark
 * @typedef {import("./contract.mjs").View} View
 * @typedef {import("./state.mjs").Desk} Desk
 * @typedef {import("./state.mjs").Staged} Staged
 * @typedef {import("./state.mjs").State} State
 *
 * @typedef {object} Seat the node that a panel belongs to
 * @property {(node: string) => boolean} owns whether an execution id leads to it
 * @property {() => string} kept the text of its kept widget
 * @property {boolean} staged whether it is PrismPruneLatents, which has no live run
 * @property {() => number} keep how many it is set to keep
 *
 * @typedef {object} Shown
 * @property {View | null} view
 * @property {Desk} desk
 * @property {boolean} staged
 * @property {boolean} online
 * @property {string} language that is spoken
 * @property {string} locked the kept widget's text
 * @property {number} keep
 * @property {number} run position of the shown run among those of this node, 0 is the newest
 * @property {number} runs how many there are
 */

import { CLEAN, deskOf, isOpen } from "./state.mjs";

/**
 * Whether a run belongs to the graph that is open. Graphs are told apart by their id; a run without one comes from a
 * client that sent no workflow, and is only this page's if this page queued it.
 *
 * @param {State} state
 * @param {View} view
 */
export function isHere(state, view) {
  return view.workflow ? view.workflow === state.workflow : view.client === state.client;
}

/** The runs that wait for an answer of this page. @param {State} state @returns {View[]} */
export function waitingFor(state) {
  if (!state.online) return [];
  return Object.values(state.views).filter((view) => view.status === "waiting" && !state.desks[view.run]?.sent &&
    (view.client === state.client || view.workflow === state.workflow));
}

/**
 * This node's runs, the one that matters most first: whoever waits for an answer, then this page's own, then the
 * newest.
 *
 * @param {State} state
 * @param {Seat} seat
 * @returns {View[]}
 */
export function runsOf(state, seat) {
  /** @param {View} view */
  const weight = (view) => [view.status === "waiting", view.client === state.client && isOpen(view), isOpen(view),
    view.client === state.client].map(Number);
  return Object.values(state.views)
    .filter((view) => isHere(state, view) && seat.owns(view.node))
    .sort((a, b) => compare(weight(b), weight(a)) || state.seen[b.run] - state.seen[a.run]);
}

/**
 * @param {State} state
 * @param {Seat} seat
 * @param {string} [looking] an earlier run that the artist went back to
 * @returns {Shown}
 */
export function shownBy(state, seat, looking = "") {
  const common = { online: state.online, language: state.language, locked: seat.kept().trim(), keep: seat.keep(),
    staged: seat.staged };
  if (seat.staged) {
    const staged = stagedOf(state, seat);
    const desk = { ...CLEAN, marks: staged?.marks ?? {} };
    return { ...common, view: staged && asView(staged), desk, run: 0, runs: 1 };
  }
  const runs = runsOf(state, seat);
  const run = Math.max(0, runs.findIndex((view) => view.run === looking));
  const view = runs[run] ?? null;
  return { ...common, view, desk: view ? deskOf(state, view.run) : CLEAN, run, runs: runs.length };
}

/** @param {State} state @param {Seat} seat @returns {Staged | null} */
export function stagedOf(state, seat) {
  return state.staged[stagedPlace(state, seat)] ?? null;
}

/** The key under which this node's report lies; "" where there is none. @param {State} state @param {Seat} seat */
export function stagedPlace(state, seat) {
  const start = `${state.workflow}/`;
  const places = Object.keys(state.staged).filter((place) => place.startsWith(start));
  return places.find((place) => seat.owns(place.slice(start.length))) ?? "";
}

/** The candidates in the order in which they stand: the head's ranking once it is asked for, else by seed.
 * @param {View} view @returns {Card[]} */
export function inOrder(view) {
  const cards = [...view.candidates].sort((a, b) => a.row - b.row);
  const ranked = view.status !== "sampling" && cards.some((card) => card.rank !== null);
  return ranked ? cards.sort((a, b) => (a.rank ?? Infinity) - (b.rank ?? Infinity) || a.row - b.row) : cards;
}

/** The rows that an answer would keep now. @param {Shown} shown @returns {number[]} */
export function chosenRows({ view, desk }) {
  if (!view?.waiting) return [];
  const alive = new Set(view.candidates.filter((card) => card.state === "alive").map((card) => card.row));
  return (desk.chosen ?? view.waiting.suggested).filter((row) => alive.has(row));
}

/** Pinned, banned or neither, as the artist last said. @param {Card} card @param {Desk} desk @returns {Mark} */
export function markOf(card, desk) {
  return desk.marks[card.row] ?? card.mark;
}

/** Whether a card can be pinned or banned now. @param {Shown} shown @param {Card} card */
export function canMark({ view, staged, online }, card) {
  if (!view || !online) return false;
  return staged || (isOpen(view) && !["replay", "watch"].includes(view.judge) && card.state === "alive");
}

/** Whether the panel waits for an answer that can be given now. @param {Shown} shown */
export function canAnswer({ view, desk, online }) {
  return Boolean(view?.waiting) && view?.status === "waiting" && online && !desk.sent;
}

/** @param {Staged} staged @returns {View} */
function asView(staged) {
  const kept = new Set(staged.kept);
  const ranks = rankings(staged.scores);
  const candidates = staged.seeds.map((seed, row) => ({
    row, seed, state: kept.has(row) ? /** @type {const} */ ("kept") : /** @type {const} */ ("dropped"),
    score: staged.scores?.[row] ?? null, rank: ranks?.[row] ?? null, mark: /** @type {const} */ ("none"),
    dropped_at: null, imagined_at: null, reason: null,
  }));
  return { version: 1, run: "staged", seq: 0, node: "", workflow: "", client: "", prompt: "", kind: "run",
    status: "finished", step: 0, steps: 0, cuts: [], judge: staged.scores ? "head" : "none", head: "", seed: "",
    candidates, sheet: null, waiting: null, reveal: null, replay: "", group: 0, notes: [] };
}

/** @param {number[] | null} scores @returns {number[] | null} 1 for the highest */
function rankings(scores) {
  return scores && scores.map((score) => 1 + scores.filter((other) => other > score).length);
}

/** @param {number[]} a @param {number[]} b */
function compare(a, b) {
  return a.map((value, position) => value - b[position]).find((difference) => difference !== 0) ?? 0;
}
