/**
 * What is remembered to be told, in whichever language is spoken when it is shown.
 *
 * @typedef {typeof import("./texts/en/deeds.mjs").deeds} Deeds
 *
 * @typedef {object} Said
 * @property {string} code of an entry in texts/<language>/deeds.mjs; "" where there is none
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

/** @param {Said | null} sentence */
export function tell(sentence) {
  if (!sentence) return "";
  const { code, values, text } = sentence;
  /** @type {Record<string, any>} */
  const { deeds } = says();
  const entry = Object.hasOwn(deeds, code) ? deeds[code] : text;
  return typeof entry === "function" ? entry(values) : entry;
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
