/**
 * What a key means on the panel.
 *
 * @typedef {import("./select.mjs").Shown} Shown
 *
 * @typedef {object} Wish
 * @property {"go" | "toggle" | "pin" | "ban" | "cycle" | "continue" | "everyone" | "clear" | "leave" | "compare" |
 *   "none"} wish
 * @property {number} [row]
 * @property {number} [instead] a row whose toggling is to be undone, since its digit began a longer number
 */

import { buttonOf } from "./dom.mjs";
import { canAnswer, inOrder } from "./select.mjs";

const LONGER = 900; // milliseconds within which a second digit makes a number of two

/** Keys that browsers and screen readers need. */
const LEFT_ALONE = new Set(["Tab", "Shift", "Control", "Alt", "Meta", "F5", "F11", "F12"]);

/** Whether a key is not the panel's: it is of a shortcut, or browsers and screen readers need it.
 * @param {KeyboardEvent} event */
export function isLeftAlone({ key, ctrlKey, metaKey, altKey }) {
  return ctrlKey || metaKey || altKey || LEFT_ALONE.has(key);
}

/** Whether a key presses the button that has the focus, which the browser sees to. @param {KeyboardEvent} event */
export function pressesButton(event) {
  return (event.key === "Enter" || event.key === " ") && buttonOf(event) !== null;
}

/** Whatever is typed on the panel is meant for it: no shortcut of the canvas may fire beside it.
 * @param {KeyboardEvent} event */
export function claim(event) {
  event.stopPropagation();
  event.preventDefault();
}

/**
 * What a key asks for; null where it is not for the panel.
 *
 * @param {KeyboardEvent} event
 * @param {Shown} shown
 * @param {{ focus: number, columns: number, digit: { row: number, time: number } }} place digit: the one typed last
 * @returns {Wish | null}
 */
export function wishOf(event, shown, place) {
  const answering = canAnswer(shown);
  const all = (event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "a";
  if (all && answering) return { wish: "everyone" };
  if (isLeftAlone(event)) return null;
  const rows = shown.view ? inOrder(shown.view).map((card) => card.row) : [];
  if (/^[0-9]$/u.test(event.key)) return digitWish(Number(event.key), event.timeStamp, rows, answering, place.digit);
  const target = step(event.key, rows.indexOf(place.focus), rows.length, place.columns);
  if (target !== null) return { wish: "go", row: rows[target] };
  return letterWish(event.key, place.focus, answering);
}

/** @param {string} key @param {number} row @param {boolean} answering @returns {Wish} */
function letterWish(key, row, answering) {
  switch (key.toLowerCase()) {
    case " ": return { wish: answering ? "toggle" : "cycle", row };
    case "p": return { wish: "pin", row };
    case "b": return { wish: "ban", row };
    case "c": return { wish: "compare", row };
    case "enter": return { wish: answering ? "continue" : "none" };
    case "escape": return { wish: answering ? "clear" : "leave" };
    default: return { wish: "none" };
  }
}

/**
 * The position that a key leads to; null for other keys.
 *
 * @param {string} key
 * @param {number} from
 * @param {number} count
 * @param {number} columns
 */
export function step(key, from, count, columns) {
  /** @type {Record<string, number>} */
  const targets = { ArrowLeft: from - 1, ArrowRight: from + 1, ArrowUp: from - columns, ArrowDown: from + columns,
    Home: 0, End: count - 1, PageUp: from % columns, PageDown: count - 1 };
  if (!Object.hasOwn(targets, key) || count === 0) return null;
  const target = targets[key];
  return target < 0 || target >= count ? from : target;
}

/**
 * A digit names a candidate; two in quick succession name one above 9.
 *
 * @param {number} digit
 * @param {number} time
 * @param {number[]} rows
 * @param {boolean} answering
 * @param {{ row: number, time: number }} last
 * @returns {Wish}
 */
function digitWish(digit, time, rows, answering, last) {
  const wish = answering ? "toggle" : "go";
  const longer = last.row * 10 + digit;
  const quick = last.row > 0 && time - last.time < LONGER;
  if (quick && rows.includes(longer)) return { wish, row: longer, instead: last.row };
  return rows.includes(digit) ? { wish, row: digit } : { wish: "none" };
}
