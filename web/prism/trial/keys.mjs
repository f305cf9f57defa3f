/**
 * What a key means while clips are ranked.
 *
 * @typedef {object} Wish
 * @property {"go" | "rank" | "equal" | "undo" | "leave" | "none"} wish
 * @property {number} [position]
 */

import { isLeftAlone, step } from "../keyboard.mjs";

/**
 * @param {KeyboardEvent} event
 * @param {{ order: number[], focus: number, columns: number, asked: boolean }} place order: positions as they stand;
 * asked: whether a ranking can be given now
 * @returns {Wish | null} null where the key is not for the panel
 */
export function wishOf(event, { order, focus, columns, asked }) {
  if (isLeftAlone(event)) return null;
  const target = step(event.key, order.indexOf(focus), order.length, columns);
  if (target !== null) return { wish: "go", position: order[target] };
  if (event.key === "Escape") return { wish: "leave" };
  return asked ? rankingWish(event, focus, order.length) : { wish: "none" };
}

/** @param {KeyboardEvent} event @param {number} focus @param {number} count @returns {Wish} */
function rankingWish({ key, shiftKey }, focus, count) {
  const wish = shiftKey ? "equal" : "rank";
  if (key === " " || key === "Enter") return { wish, position: focus };
  if (key === "=") return { wish: "equal", position: focus };
  if (key === "Backspace") return { wish: "undo" };
  const position = /^[a-z]$/iu.test(key) ? key.toLowerCase().charCodeAt(0) - 97 : count;
  return position < count ? { wish, position } : { wish: "none" };
}
