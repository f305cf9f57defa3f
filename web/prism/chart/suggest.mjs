/**
 * The cut that meets an artist's wish: so many seconds at most, or the best kept so often at least.
 *
 * @typedef {import("./curves.mjs").Curves} Curves
 * @typedef {import("./readout.mjs").Chance} Chance
 *
 * @typedef {{ kind: "time", most: number } | { kind: "chance", least: number }} Wish `most` in seconds, `least` a share
 *
 * @typedef {object} Option one cut
 * @property {number} step
 * @property {number} keep
 * @property {number} price in evaluations
 * @property {number | null} seconds null where no run has been measured
 * @property {boolean} least whether it may be more
 * @property {Chance | null} chance null where it is not known
 *
 * @typedef {object} Suggestion
 * @property {Option | null} option what meets the wish, or comes nearest to it; null where nothing can be said
 * @property {boolean} met
 */

import { secondsOf } from "./pace.mjs";
import { chanceAt, costOf, total } from "./readout.mjs";

/** @param {Curves} curves of a finished run @param {number} candidates that the next one starts @param {Wish} wish
 * @returns {Suggestion} */
export function suggest(curves, candidates, wish) {
  const options = optionsOf(curves, candidates);
  return wish.kind === "time" ? withinTime(options, wish.most) : oftenEnough(options, wish.least);
}

/** Every cut of one round, the earliest first. @param {Curves} curves @param {number} candidates @returns {Option[]} */
function optionsOf(curves, candidates) {
  const share = (curves.depth ?? 0) * curves.share;
  const same = candidates === curves.candidates;
  return span(curves.sigmas.length - 2).flatMap((step) => span(candidates - 1).map((keep) => {
    const cost = costOf(curves, [{ step, keep, movable: true }], candidates);
    const found = secondsOf(curves.pace, cost, share);
    const [seconds, least] = [found?.taken ?? null, found?.least ?? false];
    return { step, keep, price: total(cost), seconds, least, chance: same ? chanceAt(curves, step, keep) : null };
  }));
}

/** The cheapest that keeps the best often enough. @param {Option[]} options @param {number} least
 * @returns {Suggestion} */
function oftenEnough(options, least) {
  const known = options.filter(({ chance }) => chance);
  const enough = known.filter((option) => chance(option) >= least);
  if (enough.length) return { option: first(enough, price, (option) => -chance(option)), met: true };
  return { option: first(known, (option) => -chance(option), price), met: false };
}

/** The surest that takes no longer; where no chances are known, what sees and keeps the most.
 * @param {Option[]} options @param {number} most @returns {Suggestion} */
function withinTime(options, most) {
  const timed = options.filter(({ seconds }) => seconds !== null);
  const within = timed.filter((option) => taken(option) <= most);
  if (!within.length) return { option: first(timed, taken), met: false };
  const known = within.filter((option) => option.chance);
  if (known.length) return { option: first(known, (option) => -chance(option), taken), met: true };
  return { option: first(within, ({ step }) => -step, ({ keep }) => -keep), met: true };
}

/** The option that comes first by these figures, the second one among equals. @param {Option[]} options
 * @param {...((option: Option) => number)} figures @returns {Option | null} */
function first(options, ...figures) {
  const order = (/** @type {Option} */ a, /** @type {Option} */ b) =>
    figures.map((figure) => figure(a) - figure(b)).find((difference) => difference !== 0) ?? 0;
  return options.reduce((/** @type {Option | null} */ best, option) =>
    (best === null || order(option, best) < 0 ? option : best), null);
}

/** @param {Option} option */
const price = (option) => option.price;
/** @param {Option} option */
const taken = ({ seconds }) => seconds ?? Infinity;
/** @param {Option} option */
const chance = (option) => option.chance?.value ?? 0;
/** 1 to the last. @param {number} last */
const span = (last) => Array.from({ length: Math.max(0, last) }, (_, offset) => offset + 1);
