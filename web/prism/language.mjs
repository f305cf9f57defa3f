/**
 * Which language the panel speaks. Texts lie in texts/, one folder a language, one file a part of the panel; both
 * languages have the same entries, which the type checker holds them to.
 */

import { en } from "./texts/en.mjs";
import { zh } from "./texts/zh.mjs";

let spoken = en;

/** The texts of the language that is spoken now: look them up at every use, since it may change. */
export const says = () => spoken;

/** Speak the language of ComfyUI's locale, such as "zh" or "en-GB"; English where we have no other.
 * @param {unknown} locale @returns {string} what is spoken now, as HTML calls it */
export function speak(locale) {
  spoken = /^zh(?:$|-(?!TW|HK|Hant))/u.test(String(locale)) ? zh : en;
  return spoken.lang;
}
