/**
 * What the server tells of one run for its chart, at GET /prism/runs/{run}/chart.
 *
 * @typedef {object} Watched the scores of the living candidates at a step
 * @property {number} step
 * @property {number[]} rows
 * @property {number[]} scores
 *
 * @typedef {object} Spent what the run took, once it has finished; all but seconds counted in evaluations
 * @property {number} seconds
 * @property {number} spent by the sampler's own model calls
 * @property {number} probes by scoring beside them
 * @property {number} plain by the same run with nothing dropped
 *
 * @typedef {object} Pace seconds that the parts of a finished run took
 * @property {number} setup before the first model call, such as loading the model
 * @property {[number, number, number][]} calls candidates, how many such calls, seconds each; in order of candidates;
 *   none where an earlier run told the seconds
 * @property {[number, number][]} probes candidates, seconds
 *
 * @typedef {object} Curves lists with an entry a step hold null where nothing is known
 * @property {number} candidates
 * @property {number[]} sigmas noise fraction at each step, 0 to the last
 * @property {number} share of a model call that a probe needs beside its depth
 * @property {number | null} depth blocks that a probe runs through, through all; null without a head
 * @property {Watched[]} watches in order of step
 * @property {string[]} loras that the head was not measured with; "" for patches of the model that have no name
 * @property {(number[][] | null)[]} retention [step][keep - 1] is [chance, low, high]
 * @property {(number[] | null)[]} accuracy [step] is [share of pairs ordered rightly, low, high]
 * @property {(number[] | null)[]} correlation [step][keep - 1] is that of scores and true quality which explains retention
 * @property {Spent | null} cost
 * @property {Pace | null} pace
 */

import { fault } from "../check.mjs";

const NUMBER = { type: "number" };
const COUNT = { type: "integer", minimum: 0 };
/** @param {object} items @param {number} [most] */
const list = (items, most = 20_000) => ({ type: "array", maxItems: most, items });
/** @param {number} length */
const numbers = (length) => ({ ...list(NUMBER, length), minItems: length });
/** @param {Record<string, object>} properties */
const record = (properties) => ({ type: "object", required: Object.keys(properties), properties });
/** @param {object} schema */
const orNull = (schema) => ({ anyOf: [schema, { type: "null" }] });

/** @type {import("../check.mjs").Schema} */
const SCHEMA = record({
  candidates: { type: "integer", minimum: 1 },
  sigmas: { ...list(NUMBER), minItems: 2 },
  share: NUMBER,
  depth: orNull(NUMBER),
  watches: list(record({ step: COUNT, rows: list(COUNT), scores: list(NUMBER) })),
  loras: list({ type: "string" }),
  retention: list(orNull(list(numbers(3)))),
  accuracy: list(orNull(numbers(3))),
  correlation: list(orNull(list(NUMBER))),
  cost: orNull(record({ seconds: NUMBER, spent: NUMBER, probes: NUMBER, plain: NUMBER })),
  pace: orNull(record({ setup: NUMBER, calls: list(numbers(3)), probes: list(numbers(2)) })),
});

/** Whether the server's answer can be drawn. @param {unknown} told @returns {told is Curves} */
export function isCurves(told) {
  return fault(told, SCHEMA) === null;
}
