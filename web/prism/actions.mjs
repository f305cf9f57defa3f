/**
 * The buttons: when each is there, and when it can be pressed. What they say lies in texts/.
 *
 * @typedef {import("./select.mjs").Shown} Shown
 * @typedef {"keep" | "more" | "best" | "all" | "stop" | "lock" | "unlock" | "compare"} Action
 * @typedef {"nobody" | "busy" | "nothingToRepeat"} Reason an entry of the texts of deeds
 *
 * @typedef {object} Button
 * @property {Action} action
 * @property {(shown: Shown) => boolean} there
 * @property {(shown: Shown) => Reason | null} obstacle why it cannot be pressed
 * @property {boolean} [main]
 */

import { canAnswer, chosenRows } from "./select.mjs";

/** @param {Shown} shown */
const waits = ({ view }) => view?.status === "waiting";
/** @param {Shown} shown @returns {Reason | null} */
const busy = (shown) => (canAnswer(shown) ? null : "busy");
/** @param {Shown} shown */
const choosing = (shown) => busy(shown) ?? (chosenRows(shown).length ? null : "nobody");
/** @param {Shown} shown */
const over = ({ view, staged }) => !staged && (!view || !["sampling", "waiting"].includes(view.status));

/** @type {Button[]} */
export const BUTTONS = [
  { action: "keep", main: true, there: waits, obstacle: choosing },
  { action: "best", there: (shown) => waits(shown) && shown.view?.waiting?.has_head === true, obstacle: busy },
  { action: "more", there: waits, obstacle: choosing },
  { action: "all", there: waits, obstacle: busy },
  { action: "stop", there: waits, obstacle: busy },
  // A run that was only watched kept everybody: to repeat that is no choice.
  { action: "lock", there: (shown) => over(shown) && shown.view?.status === "finished" && shown.view.judge !== "watch",
    obstacle: ({ view }) => (view?.replay ? null : "nothingToRepeat") },
  { action: "unlock", there: (shown) => shown.locked !== "" && (shown.staged || over(shown)), obstacle: () => null },
  { action: "compare", there: ({ view }) => (view?.sheet?.rows.length ?? 0) > 1, obstacle: () => null },
];
