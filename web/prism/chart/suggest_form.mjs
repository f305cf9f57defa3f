/**
 * The artist's wish, and what is suggested for it.
 *
 * @typedef {import("./curves.mjs").Curves} Curves
 * @typedef {import("./knobs.mjs").Knobs} Knobs
 * @typedef {import("./suggest.mjs").Option} Option
 * @typedef {import("./suggest.mjs").Wish} Wish
 */

import { often, time } from "./words.mjs";
import { make, mark, show, write } from "../dom.mjs";
import { says } from "../language.mjs";
import { callSeconds } from "./pace.mjs";
import { suggest } from "./suggest.mjs";

const LONG = 120; // seconds for all candidates from which on an artist thinks in minutes

export class SuggestForm {
  #wish = make("select", "prism-wish", {}, ["chance", "time"].map((value) => make("option", "", { value })));
  #amount = make("input", "prism-amount", { type: "number", min: "0", step: "any", value: "8" });
  #unit = make("span", "prism-unit");
  #button = make("button", "prism-button", { type: "submit" });
  #said = make("p", "prism-said", { role: "status" });
  element = make("form", "prism-suggest", {}, [this.#wish, this.#amount, this.#unit, this.#button, this.#said]);
  /** @type {Curves | null} */
  #curves = null;
  /** @type {Knobs | null} */
  #knobs = null;
  #long = false;
  #asked = ""; // the suggestion that is to replace a schedule, once it is asked for again
  #apply;

  /** @param {(step: number, keep: number) => boolean} apply a suggestion; whether the widgets could be set */
  constructor(apply) {
    this.#apply = apply;
    const { element } = this;
    element.noValidate = true; // what is wrong with a number is said beside it
    element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#suggest();
    });
    element.addEventListener("input", () => this.#say(""));
    this.#wish.addEventListener("change", () => this.#suit());
    // The panel and the canvas have their own plans with what is pressed here.
    for (const type of ["click", "pointerdown", "dblclick"]) {
      element.addEventListener(type, (event) => event.stopPropagation());
    }
  }

  /** @param {Curves} curves @param {Knobs} knobs */
  render(curves, knobs) {
    const timed = Boolean(curves.pace?.calls.length);
    const chances = curves.retention.some(Boolean) && knobs.candidates === curves.candidates;
    if (this.#curves !== curves) this.#said.textContent = "";
    this.#curves = curves;
    this.#knobs = knobs;
    show(this.element, (timed || chances) && knobs.candidates > 1);
    const all = timed && curves.pace && curves.cost
      ? (curves.cost.plain / curves.candidates) * callSeconds(curves.pace.calls, knobs.candidates) : 0;
    this.#long = all >= LONG;
    const [chance, within] = this.#wish.options;
    chance.disabled = !chances;
    within.disabled = !timed;
    if (this.#wish.selectedOptions[0]?.disabled) this.#choose(chances ? "chance" : "time", all);
    this.#label();
  }

  #label() {
    const { amount, replace, suggest: ask, suggestTitle, unitChance, unitMinutes, unitSeconds, wish, wishChance,
      wishTime } = says().chart;
    const [chance, within] = this.#wish.options;
    write(chance, wishChance);
    write(within, wishTime);
    mark(this.element, "aria-label", suggestTitle);
    mark(this.#wish, "aria-label", wish);
    mark(this.#amount, "aria-label", amount);
    write(this.#unit, this.#wish.value === "chance" ? unitChance : this.#long ? unitMinutes : unitSeconds);
    write(this.#button, this.#asked ? replace : ask);
  }

  /** @param {Wish["kind"]} kind @param {number} all seconds for all candidates */
  #choose(kind, all) {
    this.#wish.value = kind;
    this.#amount.value = kind === "chance" ? "8" : String(Number((all / 2 / (this.#long ? 60 : 1)).toPrecision(2)));
  }

  /** Another wish needs another number. */
  #suit() {
    const { pace, cost, candidates } = this.#curves ?? {};
    const all = pace && cost && candidates ? (cost.plain / candidates) * callSeconds(pace.calls, candidates) : 0;
    this.#choose(this.#wish.value === "time" ? "time" : "chance", all);
    this.#say("");
  }

  #suggest() {
    const [curves, knobs] = [this.#curves, this.#knobs];
    if (!curves || !knobs) return;
    const wish = this.#wished();
    if (!wish) return this.#say(this.#wish.value === "chance" ? says().chart.tooOften : says().chart.noAmount);
    const { option, met } = suggest(curves, knobs.candidates, wish);
    const { noTime, nothingMeets } = says().chart;
    if (!option) return this.#say(noTime);
    if (!met) return this.#say(nothingMeets(option.step, option.keep, factsOf(option)));
    this.#set(option, knobs.schedule.trim());
  }

  /** @returns {Wish | null} null for a number that is none */
  #wished() {
    const number = this.#amount.valueAsNumber;
    if (!(number > 0)) return null;
    if (this.#wish.value === "time") return { kind: "time", most: number * (this.#long ? 60 : 1) };
    return number <= 10 ? { kind: "chance", least: number / 10 } : null;
  }

  /** @param {Option} option @param {string} written schedule, which is replaced only if that is asked for twice */
  #set(option, written) {
    const { step, keep } = option;
    const { notSettable, schedule, suggested, wouldReplace } = says().chart;
    const asked = `${step}:${keep} for ${written}`;
    if (written && written !== `${step}:${keep}` && this.#asked !== asked) {
      return this.#say(wouldReplace(step, keep, factsOf(option), written), asked);
    }
    if (!this.#apply(step, keep)) return this.#say(notSettable);
    this.#say(suggested(step, keep, factsOf(option)) + (this.#asked ? schedule(written) : ""));
  }

  /** @param {string} words @param {string} [asked] */
  #say(words, asked = "") {
    this.#asked = asked;
    write(this.#said, words);
    this.#label();
  }
}

/** What the suggestion takes and risks. @param {Option} option */
function factsOf({ seconds, least, chance }) {
  const { chanceFact, facts, takesFact } = says().chart;
  return facts([seconds === null ? "" : takesFact(time(seconds), least),
    chance ? chanceFact(often(chance.value)) : ""].filter(Boolean));
}
