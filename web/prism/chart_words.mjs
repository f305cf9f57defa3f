/**
 * What the chart says, in an artist's words.
 *
 * @typedef {import("./curves.mjs").Curves} Curves
 * @typedef {import("./knobs.mjs").Knobs} Knobs
 * @typedef {import("./readout.mjs").Chance} Chance
 * @typedef {import("./readout.mjs").Reading} Reading
 */

import { total } from "./readout.mjs";
import { names } from "./words.mjs";

export const TITLE = "When to drop";
export const DETAILS = "Details";

/** What the lines and shapes mean. @param {number} keep of the marker's cut @param {number} candidates */
export const LEGEND = {
  score: () => "a candidate's score (left)",
  dropped: () => "dropped",
  kept: () => "kept",
  wouldKeep: () => "kept by a cut at the marker",
  chance: (/** @type {number} */ keep, /** @type {number} */ candidates) =>
    `runs of 10 that keep the best with ${keep} of ${candidates}, and how sure that is (right)`,
  cost: () => "time it takes, in tenths of finishing all (right)",
};

/** The chart for a screen reader. @param {Curves} curves */
export function chartLabel({ candidates, sigmas, watches }) {
  const scored = watches.length ? `scored at ${count(watches.length, "step")}` : "not scored";
  return `Scores of ${count(candidates, "candidate")} over ${count(sigmas.length - 1, "step")}; ${scored}.`;
}

/** @param {number} position @param {number} rounds */
export function cutLabel(position, rounds) {
  return rounds > 1 ? `Step of cut ${position + 1} of ${rounds}` : "Step of the cut";
}

/** A marker's value for a screen reader. @param {Reading} reading @param {number} position */
export function cutValue(reading, position) {
  const { step, keep, movable } = reading.rounds[position];
  const fixed = movable ? "" : "set as a share or sigma in the schedule, not movable here";
  return [`step ${step} of ${reading.steps}, keeps ${keep}`, fixed, costLine(reading), chanceLine(reading, null)]
    .filter(Boolean).join(". ");
}

/** The read-out. @param {Reading} reading @param {Curves} curves @param {string} head its name; "" without one
 * @param {Knobs} knobs */
export function lines(reading, curves, head, knobs) {
  if (reading.obstacle) return [obstacle(reading)];
  return [`${heading(reading)}: ${costLine(reading)}.`, `${chanceLine(reading, riskUnknown(reading, curves, head))}.`,
    survivorsLine(reading, knobs)].filter(Boolean);
}

/** What is only for those who ask. @param {Reading} reading @param {Curves} curves @param {Knobs} knobs */
export function figures(reading, curves, { policy }) {
  if (!reading.cost) return [];
  const { spent, probes, plain } = reading.cost;
  return [
    ...reading.rounds.map(({ step, keep }) =>
      `Step ${step}: noise left (sigma) ${curves.sigmas[step]?.toFixed(3)}, keeps ${keep}.`),
    reading.chance && `The best is kept in ${percent(reading.chance.value)} of runs, with 95 % certainty between ` +
      `${percent(reading.chance.low)} and ${percent(reading.chance.high)}.`,
    `Candidates through the model: ${amount(spent)}, scoring ${amount(probes)}; finishing all: ${amount(plain)}.`,
    reading.pace !== null && `Measured in this run: ${amount(reading.pace)} s to take one candidate through the model.`,
    policy === "racing" && "With racing these cuts are only the budget: it chooses its own steps, and drops whoever " +
      "is unlikely to be the best.",
    policy === "diverse" && "With diverse, among nearly equal scores those that look different are kept.",
  ].filter((line) => typeof line === "string");
}

/** @param {Reading} reading */
function heading({ rounds }) {
  const cuts = rounds.map(({ step, keep }) => `${keep} after step ${step}`).join(", then ");
  return `Keeping ${cuts}`;
}

/** @param {Reading} reading */
function costLine({ cost, pace, candidates }) {
  if (!cost) return "";
  const saved = cost.plain - total(cost);
  const share = `${Math.round((100 * Math.abs(saved)) / cost.plain)} %`;
  if (pace === null) {
    const clips = `costs as much as finishing ${amount((total(cost) / cost.plain) * candidates)} of ${candidates}`;
    return saved >= 0 ? `${clips} and saves ${share}` : `${clips}: that is ${share} more than dropping nobody`;
  }
  const taken = `takes about ${time(total(cost) * pace)}`;
  const all = `of the ${time(cost.plain * pace)} for all`;
  return saved >= 0 ? `${taken} and saves ${time(saved * pace)} ${all} (${share})`
    : `${taken}, ${time(-saved * pace)} (${share}) more than dropping nobody`;
}

/** @param {Reading} reading @param {string | null} unknown what to say where nothing is known */
function chanceLine({ rounds, candidates, chance, other }, unknown) {
  if (!chance || !rounds.length) return unknown ?? "";
  const keep = `${rounds[0].keep} of ${candidates}`;
  const more = other?.chance ? `; keeping ${other.keep}, in ${often(other.chance, "")}` : "";
  if (rounds.length > 1) {
    return `The first cut, to ${keep}, keeps the best in ${often(chance)}${more}; the others can only lose more`;
  }
  return `Keeping ${keep} here keeps the best in ${often(chance)}${more}`;
}

/** Why nobody can say how often the best is kept. @param {Reading} reading @param {Curves} curves
 * @param {string} head */
function riskUnknown({ candidates, rounds }, curves, head) {
  if (!head) return "Without a head nobody knows how often the best is kept";
  if (curves.retention.every((chance) => chance === null)) {
    return "How reliable this head is was not measured, so nobody knows how often the best is kept";
  }
  if (candidates !== curves.candidates) {
    return `This run had ${curves.candidates} candidates: how often the best of ${candidates} is kept shows once ` +
      "they have run";
  }
  return `At step ${rounds[0].step} nobody knows how often the best is kept: the head was not measured so early ` +
    "or late";
}

/** @param {Reading} reading @param {Knobs} knobs */
function survivorsLine({ survivors, rounds }, { policy }) {
  if (!survivors) return "";
  const { rows, unknown, step } = survivors;
  if (unknown === "dropped") return `Who would have been kept is unknown: at step ${step} some were dropped already.`;
  if (unknown === "unscored") return `Who would have been kept is unknown: not everybody was scored at step ${step}.`;
  const how = policy === "top-k" ? "" : "By the scores alone, ";
  const said = `${how}this run would have kept ${names(rows)}${rounds.length > 1 ? " in the end" : " here"}.`;
  return said[0].toUpperCase() + said.slice(1);
}

/** @param {Reading} reading */
function obstacle({ obstacle: kind, steps, candidates, rounds }) {
  const outside = rounds.find(({ step }) => step < 1 || step >= steps)?.step;
  return {
    unreadable: 'The schedule cannot be read. Write rounds such as "2:4, 5:2", step and how many to keep.',
    outside: `This run had ${steps} steps: a cut can fall on step 1 to ${steps - 1}, not on ${outside}. ` +
      "Move the marker.",
    order: "The cuts of the schedule fall on the same step or go backwards. Move the markers apart.",
    nobody: `Nobody would be dropped: each cut must keep at least 1, and fewer than the ${candidates} that start, ` +
      "or than the cut before it left.",
    "": "",
  }[kind];
}

/** @param {Chance} chance @param {string} [unit] */
function often({ value }, unit = value < 0.15 ? " run of 10" : " runs of 10") {
  const tenths = Math.round(10 * value);
  if (tenths >= 10) return `nearly all${unit && " runs"}`;
  return tenths === 0 ? `fewer than 1${unit && " run of 10"}` : `about ${tenths}${unit}`;
}

/** @param {number} seconds */
export function time(seconds) {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = seconds / 60;
  if (minutes < 10) return `${minutes.toFixed(1)} min`;
  if (minutes < 90) return `${Math.round(minutes)} min`;
  return `${Math.floor(minutes / 60)} h ${Math.round(minutes % 60)} min`;
}

/** @param {number} value */
const amount = (value) => String(Number(value.toPrecision(3)));
/** @param {number} value */
const percent = (value) => `${Math.round(100 * value)} %`;
/** @param {number} value @param {string} noun */
const count = (value, noun) => `${value} ${noun}${value === 1 ? "" : "s"}`;
