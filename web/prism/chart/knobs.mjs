/**
 * The widgets by which an artist says when to drop and how many to keep, wherever they are set.
 *
 * @typedef {import("../graph.mjs").Place} Place
 *
 * @typedef {object} Knobs
 * @property {number} candidates
 * @property {number} pruneStep
 * @property {number} keep
 * @property {string} schedule
 * @property {string} policy
 * @property {boolean} settable whether the steps can be changed here
 */

import { controlBehind, setWidget, widgetOf } from "../lock.mjs";
import { withStep } from "./schedule.mjs";

/** The widgets that a chart follows. */
export const FOLLOWED = ["candidates", "prune_step", "keep", "schedule", "policy"];

/** @param {Place} place @returns {Knobs | null} null for a node that has no prune step */
export function knobsOf(place) {
  const step = widgetOf(place.node, "prune_step");
  if (!step) return null;
  const value = (/** @type {string} */ name) =>
    (controlBehind(place, name)?.widget ?? widgetOf(place.node, name))?.value;
  const schedule = String(value("schedule") ?? "");
  return { candidates: Number(value("candidates")), pruneStep: Number(value("prune_step")), keep: Number(value("keep")),
    schedule, policy: String(value("policy") ?? "top-k"), settable: controlBehind(place, moving(schedule)) !== null };
}

/** Let the cut of that position fall on another step. @param {Place} place @param {number} index
 * @param {number} step */
export function moveCut(place, index, step) {
  const schedule = String(controlBehind(place, "schedule")?.widget.value ?? "");
  const control = controlBehind(place, moving(schedule));
  if (control) setWidget(control.widget, schedule.trim() ? withStep(schedule, index, step) : step, control.owner);
}

/** The same with the cut of that position on another step. @param {Knobs} knobs @param {number} index
 * @param {number} step @returns {Knobs} */
export function withCut(knobs, index, step) {
  const { schedule } = knobs;
  return schedule.trim() ? { ...knobs, schedule: withStep(schedule, index, step) } : { ...knobs, pruneStep: step };
}

/** @param {string} schedule */
const moving = (schedule) => (schedule.trim() ? "schedule" : "prune_step");

/** Cut once, after that step and to so many; a schedule that is written stays one. @param {Place} place
 * @param {number} step @param {number} keep @returns {boolean} whether that could be set */
export function setCut(place, step, keep) {
  const schedule = controlBehind(place, "schedule");
  const [one, other] = ["prune_step", "keep"].map((name) => controlBehind(place, name));
  const wanted = schedule?.widget.value?.trim() ? [{ control: schedule, value: `${step}:${keep}` }]
    : [{ control: one, value: step }, { control: other, value: keep }];
  if (wanted.some(({ control }) => !control)) return false;
  for (const { control, value } of wanted) if (control) setWidget(control.widget, value, control.owner);
  return true;
}
