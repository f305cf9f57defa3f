/**
 * What a cut costs and what it risks: numbers only, worked out on the page so that nobody waits for them.
 *
 * An evaluation is one candidate through one model call of the sampler, as in prism_core/cost.py.
 *
 * @typedef {import("./curves.mjs").Curves} Curves
 * @typedef {import("./knobs.mjs").Knobs} Knobs
 * @typedef {import("./schedule.mjs").Round} Round
 *
 * @typedef {object} Cost in evaluations
 * @property {number} spent by the sampler's own model calls
 * @property {number} probes by scoring beside them
 * @property {number} plain by the same run with nothing dropped
 * @property {number} candidates that start
 * @property {number} calls of the model in all
 * @property {[number, number][]} phases candidates alive, and how many calls are made with them
 * @property {number[]} probed how many each probe scores
 *
 * @typedef {{ value: number, low: number, high: number }} Chance with its 95 % interval
 *
 * @typedef {object} Survivors whom the last run's scores would have kept
 * @property {number[]} rows ascending; empty where that is not known
 * @property {"" | "unscored" | "dropped"} unknown why: nobody was scored at the step, or some were gone by then
 * @property {number} step at which it ceases to be known
 *
 * @typedef {object} Joint
 * @property {number} value worked out from what was measured for each cut
 * @property {number} low what it is at least, by what was measured for each cut, whatever their errors have in common
 * @property {number} high what it is at most
 *
 * @typedef {object} Reading
 * @property {Round[]} rounds
 * @property {"" | "unreadable" | "outside" | "order" | "nobody"} obstacle why these settings cannot be run
 * @property {number} steps of the sampler
 * @property {number} candidates that the next run starts
 * @property {Cost | null} cost null where there is an obstacle
 * @property {import("./pace.mjs").Seconds | null} seconds from a finished run; null where there is none
 * @property {Chance | null} chance that the first cut keeps the best
 * @property {{ keep: number, chance: Chance | null } | null} other the same for keeping more
 * @property {Joint | null} joint chance that all cuts together keep the best; null with one cut
 * @property {Survivors | null} survivors null where nothing was scored at all
 */

import { surviving } from "./joint.mjs";
import { secondsOf } from "./pace.mjs";
import { roundsOf } from "./schedule.mjs";

/**
 * Model calls made before each step, and their total; a sampler that calls twice a step does so but for the last.
 *
 * @param {number} steps
 * @param {number} calls in all
 * @returns {number[]}
 */
export function callTable(steps, calls) {
  const each = Math.max(1, Math.ceil(calls / steps));
  return Array.from({ length: steps + 1 }, (_, step) => (step === steps ? calls : Math.min(each * step, calls)));
}

/**
 * The exact cost of a schedule, as prism_core.cost.predicted tells it.
 *
 * @param {[number, number][]} rounds step and keep
 * @param {number} candidates
 * @param {number[]} table as from callTable
 * @param {number | null} depth of a probe; null costs nothing
 * @param {number} share
 * @returns {Cost}
 */
export function predicted(rounds, candidates, table, depth, share) {
  const last = table[table.length - 1];
  const decisions = new Map(rounds.map(([step, keep]) => [table[step], keep]));
  let [alive, done] = [candidates, 0];
  /** @type {Cost} */
  const cost = { spent: 0, probes: 0, plain: candidates * last, candidates, calls: last, phases: [], probed: [] };
  const run = (/** @type {number} */ until) => {
    cost.spent += alive * (until - done);
    cost.phases.push([alive, until - done]);
    done = until;
  };
  for (const [call, keep] of [...decisions].sort(([one], [other]) => one - other)) {
    if (keep >= alive) continue;
    const probe = alive * (depth ?? 0) * share;
    const probing = probe < alive - keep;
    run(Math.min(probing ? call : call + 1, last));
    if (probing) {
      cost.probes += probe;
      cost.probed.push(alive);
    }
    alive = keep;
  }
  run(last);
  return cost;
}

/** @param {Cost} cost */
export const total = ({ spent, probes }) => spent + probes;

/** Model calls of the run's sampler, from what it counted; one a step until it has, and at least that: a replay counts
 * only the candidates that it makes. @param {Curves} curves */
function tableOf({ candidates, sigmas, cost }) {
  const steps = sigmas.length - 1;
  return callTable(steps, Math.max(steps, Math.round((cost?.plain ?? 0) / candidates)));
}

/** @param {Curves} curves @param {Round[]} rounds @param {number} candidates @returns {Cost} */
export function costOf(curves, rounds, candidates) {
  const pairs = rounds.map(({ step, keep }) => /** @type {[number, number]} */ ([step, keep]));
  return predicted(pairs, candidates, tableOf(curves), curves.depth, curves.share);
}

/** What a cost comes to beside finishing all: in seconds where they were measured, else in evaluations.
 * @param {Curves} curves @param {Cost} cost */
export function priceOf(curves, cost) {
  const seconds = secondsOf(curves.pace, cost, (curves.depth ?? 0) * curves.share);
  return seconds ? { spent: seconds.taken, plain: seconds.all } : { spent: total(cost), plain: cost.plain };
}

/** @param {Curves} curves @param {number} step @param {number} keep @returns {Chance | null} */
export function chanceAt({ retention }, step, keep) {
  const found = retention[step]?.[keep - 1];
  return found ? { value: found[0], low: found[1], high: found[2] } : null;
}

/** Whom the scores would have kept: known as long as everybody in question was scored.
 * @param {Curves} curves @param {Round[]} rounds @param {number | null} gone step of the first drop
 * @returns {Survivors} */
export function survivorsOf({ candidates, watches }, rounds, gone) {
  let rows = Array.from({ length: candidates }, (_, row) => row);
  for (const { step, keep } of rounds) {
    const watch = watches.find((other) => other.step === step);
    const scores = new Map(watch?.rows.map((row, position) => [row, watch.scores[position]]));
    const late = gone !== null && step > gone;
    if (rows.some((row) => !scores.has(row))) return { rows: [], unknown: late ? "dropped" : "unscored", step };
    const score = (/** @type {number} */ row) => scores.get(row) ?? 0;
    rows = rows.sort((a, b) => score(b) - score(a) || a - b).slice(0, keep).sort((a, b) => a - b);
  }
  return { rows, unknown: "", step: 0 };
}

/** Why a sampler of that many steps cannot run these rounds. @param {Round[] | null} rounds @param {number} steps
 * @param {number} candidates @returns {Reading["obstacle"]} */
export function obstacleTo(rounds, steps, candidates) {
  if (!rounds) return "unreadable";
  const before = (/** @type {number} */ position) => rounds[position - 1] ?? { step: 0, keep: candidates };
  if (rounds.some(({ step }) => step < 1 || step >= steps)) return "outside";
  if (rounds.some(({ step }, position) => step <= before(position).step)) return "order";
  return rounds.some(({ keep }, position) => keep < 1 || keep >= before(position).keep) ? "nobody" : "";
}

/** All that the page can say of these settings. @param {Curves} curves @param {Knobs} knobs
 * @param {number | null} gone step of the run's first drop
 * @returns {Reading} */
export function read(curves, knobs, gone) {
  const steps = curves.sigmas.length - 1;
  const found = roundsOf(knobs, curves.sigmas);
  const rounds = found ?? [];
  const { candidates } = knobs;
  const obstacle = obstacleTo(found, steps, candidates);
  const common = { rounds, obstacle, steps, candidates };
  if (obstacle) {
    return { ...common, cost: null, seconds: null, chance: null, other: null, joint: null, survivors: null };
  }
  const same = candidates === curves.candidates;
  const [{ step, keep }] = rounds;
  const more = wider(keep, candidates);
  const cost = costOf(curves, rounds, candidates);
  return { ...common, cost, seconds: secondsOf(curves.pace, cost, (curves.depth ?? 0) * curves.share),
    chance: same ? chanceAt(curves, step, keep) : null,
    other: same && more ? { keep: more, chance: chanceAt(curves, step, more) } : null,
    joint: same ? jointOf(curves, rounds) : null,
    survivors: curves.watches.length ? survivorsOf(curves, rounds, gone) : null };
}

/** How many to compare with: half of all, or all but one. @param {number} keep @param {number} candidates */
function wider(keep, candidates) {
  const half = Math.floor(candidates / 2);
  return keep < half ? half : keep < candidates - 1 ? candidates - 1 : 0;
}

/** How often all cuts together keep the best. Whoever is among the best so many of all is so among fewer, so the cuts'
 * own chances to lose the best add up to the most that can be lost. @param {Curves} curves @param {Round[]} rounds
 * @returns {Joint | null} */
function jointOf(curves, rounds) {
  const chances = rounds.map(({ step, keep }) => chanceAt(curves, step, keep)?.value);
  const correlations = rounds.map(({ step, keep }) => curves.correlation[step]?.[keep - 1]);
  if (rounds.length < 2 || chances.includes(undefined) || correlations.includes(undefined)) return null;
  const known = /** @type {number[]} */ (chances);
  const low = Math.max(0, known.reduce((left, chance) => left - (1 - chance), 1));
  const value = surviving(rounds, curves.candidates, /** @type {number[]} */ (correlations));
  return { low, high: known[0], value: Math.min(known[0], Math.max(low, value)) };
}
