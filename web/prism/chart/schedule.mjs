/**
 * The schedule as text, "2:4, 10%:2, s0.5:1": reading it as prism_core/schedule.py does, and moving one of its steps.
 *
 * @typedef {import("./knobs.mjs").Knobs} Knobs
 *
 * @typedef {object} Round
 * @property {number} step
 * @property {number} keep
 * @property {boolean} movable whether it is written as a step; shares of the steps and sigmas are left as they are
 */

const ROUND = /^\s*([sS]?)\s*([0-9]{0,6}(?:\.[0-9]{0,20})?)\s*(%?)\s*:\s*([0-9]{1,6})\s*$/u;

/** The rounds that the widgets ask for; null where the schedule cannot be read.
 * @param {Knobs} knobs @param {number[]} sigmas @returns {Round[] | null} */
export function roundsOf({ schedule, pruneStep, keep }, sigmas) {
  if (!schedule.trim()) return [{ step: pruneStep, keep, movable: true }];
  const parts = schedule.split(",");
  if (parts.length > 1 && !parts[parts.length - 1].trim()) parts.pop(); // a comma may end the text
  const rounds = parts.map((part) => roundIn(part, sigmas));
  return rounds.every((round) => round !== null) ? rounds : null;
}

/** The text with another step in one of its rounds; all else stays as it was written.
 * @param {string} schedule @param {number} index @param {number} step */
export function withStep(schedule, index, step) {
  const move = (/** @type {string} */ part) => part.replace(/^(\s*)[0-9]+(?=\s*:)/u, `$1${step}`);
  return schedule.split(",").map((part, position) => (position === index ? move(part) : part)).join(",");
}

/** @param {string} part @param {number[]} sigmas @returns {Round | null} */
function roundIn(part, sigmas) {
  const [, sigma, number, percent, keep] = ROUND.exec(part) ?? [];
  if (!number || number === "." || (sigma && percent)) return null;
  if (!sigma && !percent && number.includes(".")) return null;
  const value = Number(number);
  if (!sigma && !percent) return { step: value, keep: Number(keep), movable: true };
  if (value <= 0 || (sigma ? value > 1 : value >= 100)) return null;
  const step = sigma ? reached(sigmas, value) : Math.max(1, Math.round((value / 100) * (sigmas.length - 1)));
  return { step, keep: Number(keep), movable: false };
}

/** The first step with that sigma or less. @param {number[]} sigmas @param {number} wanted */
function reached(sigmas, wanted) {
  const step = sigmas.findIndex((sigma) => sigma <= wanted);
  return step < 0 ? sigmas.length : step;
}
