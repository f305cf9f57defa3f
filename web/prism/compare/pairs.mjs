/**
 * Which two candidates stand side by side, and whether one can be used just now.
 *
 * @typedef {import("../pictures.mjs").Films} Films
 * @typedef {import("../select.mjs").Shown} Shown
 * @typedef {"left" | "right"} Side
 * @typedef {Record<Side, number>} Pair a row each
 */

import { says } from "../language.mjs";
import { canAnswer, chosenRows, inOrder } from "../select.mjs";
import { isOpen } from "../state.mjs";

/** The rows that can be compared, in the order in which they stand. @param {Shown} shown @param {Films} films */
export function comparable({ view }, films) {
  return view ? inOrder(view).map((card) => card.row).filter((row) => films.has(row)) : [];
}

/** The two to begin with: the one asked for, then those chosen, then the best. @param {Shown} shown
 * @param {number[]} rows that can be compared @param {number | null} first @returns {Pair | null} */
export function firstPair(shown, rows, first) {
  const rank = new Map(shown.view?.candidates.map((card) => [card.row, card.rank ?? Infinity]));
  const best = rows.toSorted((a, b) => (rank.get(a) ?? Infinity) - (rank.get(b) ?? Infinity) || 0);
  const wanted = [...first === null ? [] : [first], ...chosenRows(shown), ...best];
  const [left, right] = [...new Set(wanted)].filter((row) => rows.includes(row));
  return right === undefined ? null : { left, right };
}

/** Put a row on a side; where it stands on the other one already, the two change places.
 * @param {Pair} pair @param {Side} side @param {number} row @returns {Pair} */
export function placed(pair, side, row) {
  const other = side === "left" ? "right" : "left";
  return pair[other] === row ? swapped(pair) : { ...pair, [side]: row };
}

/** @param {Pair} pair @returns {Pair} */
export function swapped({ left, right }) {
  return { left: right, right: left };
}

/** Lead one side on by so many candidates, round and round, past the one on the other side.
 * @param {Pair} pair @param {Side} side @param {number[]} rows @param {number} by @returns {Pair} */
export function moved(pair, side, rows, by) {
  const others = rows.filter((row) => row === pair[side] || ![pair.left, pair.right].includes(row));
  const next = (others.indexOf(pair[side]) + by + others.length) % others.length;
  return { ...pair, [side]: others[next] };
}

/** Why a candidate cannot be used now; "" where it can. @param {Shown} shown @param {number} row */
export function useObstacle(shown, row) {
  const { view } = shown;
  const alive = view?.candidates.some((card) => card.row === row && card.state === "alive");
  if (canAnswer(shown)) return alive ? "" : says().compare.gone(row);
  if (view && isOpen(view)) return says().compare.sampling;
  return view?.replay ? "" : says().compare.noReplay;
}

/** The text for the kept widget that makes one row of a finished run again.
 * @param {string} replay @param {number} row */
export function replayOf(replay, row) {
  const digest = /#[0-9a-f]+\s*$/u.exec(replay)?.[0].trim();
  return digest ? `${row} ${digest}` : String(row);
}
