/**
 * What is remembered to be told, in whichever language is spoken when it is shown.
 *
 * @typedef {typeof import("./texts/en/deeds.mjs").deeds} Deeds
 *
 * @typedef {object} Said
 * @property {string} code of an entry in texts/<language>/deeds.mjs, or server.mjs; "" where there is none
 * @property {Record<string, any>} values that the entry needs
 * @property {string} text in English, for what has no entry
 */

import { says } from "./language.mjs";

/**
 * @template {keyof Deeds} Code
 * @param {Code} code
 * @param {Deeds[Code] extends (values: infer Values) => string ? Values : {}} [values]
 * @returns {Said}
 */
export const said = (code, values) => ({ code, values: values ?? {}, text: "" });

/** @param {string} text in nobody's words but those @returns {Said} */
export const verbatim = (text) => ({ code: "", values: {}, text });

/** @param {Said | null} sentence @returns {string} */
export function tell(sentence) {
  if (!sentence) return "";
  const { code, values, text } = sentence;
  /** @type {Record<string, any>} */
  const entries = { ...says().server, ...says().deeds };
  const entry = Object.hasOwn(entries, code) ? entries[code] : text;
  if (typeof entry !== "function") return entry;
  const parts = Object.entries(values).map(([name, value]) => [name, isSaid(value) ? tell(value) : value]);
  return entry(Object.fromEntries(parts));
}

/** Whether something is a sentence, such as one that is part of another. @param {any} value @returns {value is Said} */
export function isSaid(value) {
  return typeof value?.text === "string" && typeof value.code === "string" && typeof value.values === "object" &&
    value.values !== null;
}

/** Something stood in the way, which the artist is told. */
export class Obstacle extends Error {
  /** @param {Said} sentence */
  constructor(sentence) {
    super(tell(sentence));
    this.said = sentence;
  }
}

/** What to tell of anything that was thrown. @param {unknown} problem @returns {Said} */
export function saidOf(problem) {
  if (problem instanceof Obstacle) return problem.said;
  return verbatim(problem instanceof Error ? problem.message : String(problem));
}
