/**
 * What the chart says, in an artist's words; the words themselves lie in texts/.
 *
 * @typedef {import("../contract.mjs").View} View
 * @typedef {import("./curves.mjs").Curves} Curves
 * @typedef {import("./knobs.mjs").Knobs} Knobs
 * @typedef {import("./readout.mjs").Chance} Chance
 * @typedef {import("./readout.mjs").Reading} Reading
 */

import { says } from "../language.mjs";
import { callSeconds } from "./pace.mjs";
import { costOf, priceOf, total } from "./readout.mjs";
import { names } from "../words.mjs";

/** Runs that are so short need a word on what pruning can save at all, as in prism_core/schedule.py. */
const FEW_STEPS = 8;

/** The chart for a screen reader. @param {Curves} curves */
export function chartLabel({ candidates, sigmas, watches }) {
  return says().chart.picture(candidates, sigmas.length - 1, watches.length);
}

/** A marker's value for a screen reader. @param {Reading} reading @param {number} position */
export function cutValue(reading, position) {
  const { step, keep, movable } = reading.rounds[position];
  const { cutAt, cutFixed, sentences } = says().chart;
  return sentences([cutAt(step, reading.steps, keep), movable ? "" : cutFixed, costLine(reading), chanceLine(reading)]
    .filter(Boolean));
}

/** The read-out. @param {Reading} reading @param {Curves} curves @param {string} head its name; "" without one
 * @param {Knobs} knobs */
export function lines(reading, curves, head, knobs) {
  const { lora } = says().chart;
  if (reading.obstacle) return [runLine(curves), obstacle(reading)].filter(Boolean);
  return [cutLine(reading), fewLine(reading, curves), oddsLine(reading, curves, head), survivorsLine(reading, knobs),
    head && curves.loras.length ? lora(curves.loras) : "", runLine(curves)].filter(Boolean);
}

/** @param {Reading} reading */
function cutLine(reading) {
  const { keeping, line } = says().chart;
  return line(keeping(reading.rounds.map(({ step, keep }) => [step, keep])), costLine(reading));
}

/** What the shown run took and saved. Warming up is in what it took, and would have been in finishing all as well.
 * @param {Curves} curves */
function runLine({ cost, pace, candidates }) {
  if (!cost || !pace?.calls.length || cost.plain % candidates) return "";
  const { thisRun, thisRunAll, thisRunNothing } = says().chart;
  const calls = cost.plain / candidates;
  const each = callSeconds(pace.calls, candidates);
  const counted = pace.calls.reduce((sum, [, many]) => sum + many, 0);
  const own = (calls - counted) * each + pace.calls.reduce((sum, [, many, seconds]) => sum + many * seconds, 0) +
    pace.probes.reduce((sum, [, seconds]) => sum + seconds, 0);
  const [taken, saved] = [cost.seconds, calls * each - own];
  if (cost.spent === cost.plain) return thisRunAll(time(taken));
  return saved > taken / 100 ? thisRun(time(taken, taken + saved), time(saved, taken + saved), time(taken + saved))
    : thisRunNothing(time(taken));
}

/** @param {Reading} reading */
function costLine({ cost, seconds, candidates }) {
  if (!cost) return "";
  const { costs, costsMore, takes, takesLeast, takesMore, takesSame } = says().chart;
  const [spent, plain] = seconds ? [seconds.taken, seconds.all] : [total(cost), cost.plain];
  const share = Math.round((100 * Math.abs(plain - spent)) / plain);
  if (!seconds) {
    const clips = amount((spent / plain) * candidates);
    return plain >= spent ? costs(clips, candidates, share) : costsMore(clips, candidates, share);
  }
  if (seconds.least) return takesLeast(time(spent, plain), time(plain));
  if (share === 0) return takesSame(time(spent));
  return plain >= spent ? takes(time(spent, plain), time(plain - spent, plain), time(plain), share)
    : takesMore(time(spent), time(spent - plain, spent), share);
}

/** With few steps: what pruning can save at all. @param {Reading} reading @param {Curves} curves */
function fewLine({ steps, rounds, candidates }, curves) {
  if (steps > FEW_STEPS) return "";
  const { keep } = rounds[rounds.length - 1];
  const { spent, plain } = priceOf(curves, costOf(curves, [{ step: 1, keep, movable: true }], candidates));
  return says().chart.fewSteps(steps, keep, Math.round((100 * (plain - spent)) / plain));
}

/** @param {Reading} reading @param {Curves} curves @param {string} head */
function oddsLine(reading, curves, head) {
  return reading.chance ? says().chart.sentence(chanceLine(reading)) : riskUnknown(reading, curves, head);
}

/** @param {Reading} reading */
function chanceLine({ rounds, candidates, chance, other, joint }) {
  if (!chance || !rounds.length) return "";
  const { allKeep, firstKeeps, keeps, orKeeping } = says().chart;
  if (joint) return allKeep(often(joint.value));
  const more = other?.chance && rounds.length === 1 ? orKeeping(other.keep, often(other.chance.value, true)) : "";
  return (rounds.length > 1 ? firstKeeps : keeps)(rounds[0].keep, candidates, often(chance.value)) + more;
}

/** Why nobody can say how often the best is kept. @param {Reading} reading @param {Curves} curves
 * @param {string} head */
function riskUnknown({ candidates, rounds }, curves, head) {
  const { noHead, notHere, notMeasured, otherCount } = says().chart;
  if (!head) return noHead;
  if (curves.retention.every((chance) => chance === null)) return notMeasured;
  return candidates === curves.candidates ? notHere(rounds[0].step) : otherCount(curves.candidates, candidates);
}

/** @param {Reading} reading @param {Knobs} knobs */
function survivorsLine({ survivors, rounds }, { policy }) {
  if (!survivors) return "";
  const { survivors: kept, unknownDropped, unknownUnscored } = says().chart;
  const { rows, unknown, step } = survivors;
  if (unknown) return (unknown === "dropped" ? unknownDropped : unknownUnscored)(step);
  return kept(names(rows), rounds.length > 1, policy !== "top-k");
}

/** @param {Reading} reading */
function obstacle({ obstacle: kind, steps, candidates, rounds }) {
  const { nobody, order, outside, unreadable } = says().chart;
  const beyond = rounds.find(({ step }) => step < 1 || step >= steps)?.step ?? steps;
  return { unreadable, outside: outside(steps, beyond), order, nobody: nobody(candidates), "": "" }[kind];
}

/** How often, in tenths. @param {number} value @param {boolean} [short] */
export function often(value, short = false) {
  const { nearlyAll, nearlyAllShort, often: said, oftenShort, seldom } = says().chart;
  const tenths = Math.round(10 * value);
  if (tenths >= 10) return short ? nearlyAllShort : nearlyAll;
  return tenths === 0 ? seldom : (short ? oftenShort : said)(tenths);
}

/** @param {number} value in seconds @param {number} [beside] which the value is told, in the same unit */
export function time(value, beside = value) {
  const { hours, minutes, seconds } = says().chart;
  if (beside < 90) return seconds(value < 9.95 ? String(Number(value.toPrecision(2))) : String(Math.round(value)));
  const whole = value / 60;
  if (beside < 5400) return minutes(whole < 9.95 ? whole.toFixed(1) : String(Math.round(whole)));
  return hours(Math.floor(Math.round(whole) / 60), Math.round(whole) % 60);
}

/** @param {number} value */
export const amount = (value) => String(Number(value.toPrecision(3)));
