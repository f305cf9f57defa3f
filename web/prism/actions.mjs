/**
 * The buttons: when each is there, when it can be pressed, and what it says.
 *
 * @typedef {import("./select.mjs").Shown} Shown
 * @typedef {"keep" | "more" | "best" | "all" | "stop" | "lock" | "unlock"} Action
 *
 * @typedef {object} Button
 * @property {Action} action
 * @property {(shown: Shown) => string} label
 * @property {(shown: Shown) => boolean} there
 * @property {(shown: Shown) => string} obstacle why it cannot be pressed; "" when it can
 * @property {string} hint
 * @property {boolean} [main]
 */

import { canAnswer, chosenRows } from "./select.mjs";

const NOBODY = "Choose at least one candidate first.";

/** @param {Shown} shown */
const waits = ({ view }) => view?.status === "waiting";
/** @param {Shown} shown */
const busy = (shown) => (canAnswer(shown) ? "" : "The answer is on its way, or ComfyUI cannot be reached.");
/** @param {Shown} shown */
const choosing = (shown) => busy(shown) || (chosenRows(shown).length ? "" : NOBODY);
/** @param {Shown} shown */
const over = ({ view, staged }) => !staged && (!view || !["sampling", "waiting"].includes(view.status));

/** @type {Button[]} */
export const BUTTONS = [
  {
    action: "keep", main: true, there: waits, obstacle: choosing, label: () => "Continue with these",
    hint: "Finish the chosen candidates and drop the others (Enter).",
  },
  {
    action: "best", there: (shown) => waits(shown) && shown.view?.waiting?.has_head === true, obstacle: busy,
    label: () => "Keep the head's choice", hint: "Let the head decide, as it would have without you.",
  },
  {
    action: "more", there: waits, obstacle: choosing,
    label: (shown) => `Keep ${chosenRows(shown).length > 1 ? "these" : "this one"} and try more`,
    hint: "Finish what is chosen, and queue another run with new seeds behind it.",
  },
  { action: "all", there: waits, obstacle: busy, label: () => "All", hint: "Drop nobody: finish every candidate." },
  { action: "stop", there: waits, obstacle: busy, label: () => "Stop", hint: "End this run; nothing is kept." },
  {
    action: "lock", there: (shown) => over(shown) && shown.view?.status === "finished",
    obstacle: ({ view }) => (view?.replay ? "" : "This run left nothing that could be repeated."), label: () => "Lock",
    hint: "Write the kept candidates and the seed into the widgets: Run then makes only these, and the same.",
  },
  {
    action: "unlock", there: (shown) => shown.locked !== "" && (shown.staged || over(shown)), obstacle: () => "",
    label: () => "Unlock", hint: "Empty the kept widget: the next run offers candidates again.",
  },
];
