/**
 * Everything that the page knows, in one object, and the only functions that make a new one of it.
 *
 * @typedef {import("./contract.mjs").View} View
 * @typedef {import("./contract.mjs").Mark} Mark
 * @typedef {import("./said.mjs").Said} Said
 *
 * @typedef {object} Desk what a person has done on this page with one run
 * @property {number | null} question the wait that `chosen` and `sent` belong to
 * @property {number[] | null} chosen rows, ascending; null while the suggestion stands
 * @property {number[][]} ranking clips of a trial from best to worst, with those that are equally good
 * @property {boolean} sent whether an answer is on its way or was accepted
 * @property {Record<number, Mark>} marks pins and bans that the server has not confirmed yet
 * @property {Said | null} error what was refused
 * @property {Said | null} done what succeeded
 * @property {number | null} until when the wait is over, in milliseconds since 1970
 *
 * @typedef {object} State
 * @property {string} client this page's id
 * @property {string} workflow id of the graph that is open
 * @property {boolean} online
 * @property {string} language that the panels speak
 * @property {number} arrivals how many runs have been seen so far
 * @property {Record<string, View>} views by run
 * @property {Record<string, number>} seen when each run was first seen, counted in arrivals
 * @property {Record<string, Desk>} desks by run
 * @property {Record<string, Staged>} staged by workflow and node
 *
 * @typedef {object} Staged what PrismPruneLatents reported of its last run
 * @property {number[]} kept
 * @property {string[]} seeds one a candidate; "" where unknown
 * @property {number[] | null} scores
 * @property {Record<number, Mark>} marks for the next run
 */

import { said } from "./said.mjs";

/** How many runs the page remembers: a few more than the server. */
const REMEMBERED = 24;

/** @type {Readonly<Desk>} */
export const CLEAN = Object.freeze({
  question: null, chosen: null, ranking: [], sent: false, marks: {}, error: null, done: null, until: null,
});

/** @param {string} [client] @returns {State} */
export function initial(client = "") {
  return { client, workflow: "", online: true, language: "en", arrivals: 0, views: {}, seen: {}, desks: {}, staged: {} };
}

/** A message that overtook a newer one changes nothing. @param {State} state @param {View} view @param {number} now
 * @returns {State} */
export function received(state, view, now) {
  const known = state.views[view.run];
  if (known && known.seq >= view.seq) return state;
  const arrivals = known ? state.arrivals : state.arrivals + 1;
  const seen = known ? state.seen : { ...state.seen, [view.run]: arrivals };
  const desks = { ...state.desks, [view.run]: tidied(state.desks[view.run] ?? CLEAN, view, now) };
  return forgetful({ ...state, arrivals, seen, desks, views: { ...state.views, [view.run]: view } });
}

/** All that the server knows, newest first. @param {State} state @param {View[]} views @param {number} now
 * @returns {State} */
export function resynced(state, views, now) {
  const listed = new Set(views.map((view) => view.run));
  const lost = Object.values(state.views).filter((view) => isOpen(view) && !listed.has(view.run));
  const closed = lost.map((view) => ({
    ...view, seq: view.seq + 1, status: /** @type {const} */ ("failed"), waiting: null,
    notes: [...view.notes, said("lost")],
  }));
  /** @type {State} */
  let next = { ...state, online: true };
  for (const view of [...closed, ...views.toReversed()]) next = received(next, view, now);
  return next;
}

/** @param {State} state @param {Partial<Pick<State, "client" | "workflow" | "online" | "language">>} place @returns {State} */
export function moved(state, place) {
  return { ...state, ...place };
}

/** @param {State} state @param {string} run @param {number[]} rows @returns {State} */
export function chosen(state, run, rows) {
  return withDesk(state, run, { chosen: [...new Set(rows)].sort((a, b) => a - b), error: null });
}

/** Clips of a trial from best to worst. @param {State} state @param {string} run @param {number[][]} ranking
 * @returns {State} */
export function placed(state, run, ranking) {
  return withDesk(state, run, { ranking, error: null });
}

/** A pin or ban that is on its way to the server. @param {State} state @param {string} run @param {number} row
 * @param {Mark} mark @returns {State} */
export function marking(state, run, row, mark) {
  return withDesk(state, run, { marks: { ...deskOf(state, run).marks, [row]: mark }, error: null });
}

/** @param {State} state @param {string} run @returns {State} */
export function sending(state, run) {
  return withDesk(state, run, { sent: true, error: null, done: null });
}

/** What was wished did not happen: everything unconfirmed is taken back.
 * @param {State} state @param {string} run @param {Said} error @returns {State} */
export function refused(state, run, error) {
  return withDesk(state, run, { sent: false, marks: {}, error, done: null });
}

/** @param {State} state @param {string} run @param {Said} done @returns {State} */
export function succeeded(state, run, done) {
  return withDesk(state, run, { done, error: null });
}

/** @param {State} state @param {string} place @param {Staged} staged @returns {State} */
export function reported(state, place, staged) {
  return { ...state, staged: { ...state.staged, [place]: staged } };
}

/** @param {State} state @param {string} place @param {number} row @param {Mark} mark @returns {State} */
export function stagedMark(state, place, row, mark) {
  const before = state.staged[place];
  return before ? reported(state, place, { ...before, marks: { ...before.marks, [row]: mark } }) : state;
}

/** @param {State} state @param {string} run @returns {Desk} */
export function deskOf(state, run) {
  return state.desks[run] ?? CLEAN;
}

/** @param {View} view */
export function isOpen(view) {
  return view.status === "sampling" || view.status === "waiting";
}

/** @param {State} state @param {string} run @param {Partial<Desk>} change @returns {State} */
function withDesk(state, run, change) {
  return { ...state, desks: { ...state.desks, [run]: { ...deskOf(state, run), ...change } } };
}

/** A new question begins with a clean desk; confirmed marks are no longer on their way.
 * @param {Desk} desk @param {View} view @param {number} now @returns {Desk} */
function tidied(desk, view, now) {
  const question = view.waiting?.question ?? null;
  const agreed = view.candidates.filter((card) => desk.marks[card.row] === card.mark);
  const confirmed = new Set(agreed.map((card) => card.row));
  const marks = Object.fromEntries(Object.entries(desk.marks).filter(([row]) => !confirmed.has(Number(row))));
  const left = view.waiting?.deadline_s ?? null;
  const until = left === null ? null : now + left * 1000;
  return question === desk.question ? { ...desk, marks, until } : { ...CLEAN, marks, until, question, done: desk.done };
}

/** @param {State} state @returns {State} */
function forgetful(state) {
  const runs = Object.keys(state.views);
  if (runs.length <= REMEMBERED) return state;
  const finished = runs.filter((run) => !isOpen(state.views[run])).sort((a, b) => state.seen[a] - state.seen[b]);
  const gone = new Set(finished.slice(0, runs.length - REMEMBERED));
  /** @template Part @param {Record<string, Part>} parts */
  const kept = (parts) => Object.fromEntries(Object.entries(parts).filter(([run]) => !gone.has(run)));
  return { ...state, views: kept(state.views), seen: kept(state.seen), desks: kept(state.desks) };
}
