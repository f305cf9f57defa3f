/**
 * What the comparison looks like: built once, then changed where it differs.
 *
 * @typedef {import("./pairs.mjs").Pair} Pair
 * @typedef {import("./pairs.mjs").Side} Side
 * @typedef {import("../pictures.mjs").Film} Film
 * @typedef {import("../pictures.mjs").Films} Films
 * @typedef {import("../select.mjs").Shown} Shown
 *
 * @typedef {object} SideParts
 * @property {HTMLElement} element
 * @property {HTMLElement} film
 * @property {HTMLElement} number
 * @property {HTMLSelectElement} choice
 * @property {HTMLElement} facts
 * @property {HTMLElement} fate
 * @property {HTMLButtonElement} use
 *
 * @typedef {object} CompareParts
 * @property {HTMLElement} element
 * @property {HTMLElement} stage holds the clock that both films run by
 * @property {Record<Side, SideParts>} sides
 * @property {HTMLButtonElement} play
 * @property {HTMLInputElement} scrubber
 * @property {HTMLElement} frame
 * @property {HTMLButtonElement} swap
 * @property {HTMLButtonElement} close
 * @property {HTMLElement} advice
 */

import { lineOf } from "../card.mjs";
import { make, mark, show, style, write } from "../dom.mjs";
import { says } from "../language.mjs";
import { useObstacle } from "./pairs.mjs";
import { tell } from "../said.mjs";
import { fate } from "../words.mjs";

/** @type {Side[]} */
export const SIDES = ["left", "right"];

/** @returns {CompareParts} */
export function build() {
  const sides = { left: makeSide("left"), right: makeSide("right") };
  const play = button("play");
  const scrubber = make("input", "prism-scrubber", { type: "range", min: "0", step: "1", value: "0" });
  const slider = make("div", "prism-slider", {}, [scrubber]);
  const frame = make("span", "prism-frame", { "aria-hidden": "true" });
  const swap = button("swap");
  const close = button("close");
  const controls = make("div", "prism-compare-controls", {}, [play, slider, frame, swap, close]);
  const pair = make("div", "prism-compare-pair", {}, [sides.left.element, sides.right.element]);
  const stage = make("div", "prism-compare-stage", {}, [pair, controls]);
  const advice = make("p", "prism-advice");
  const element = make("div", "prism-compare", { role: "group" }, [stage, advice]);
  show(element, false);
  return { element, stage, sides, play, scrubber, frame, swap, close, advice };
}

/** @param {Side} side @returns {SideParts} */
function makeSide(side) {
  const film = make("div", "prism-compare-film");
  const number = make("span", "prism-number");
  const picture = make("div", "prism-compare-picture", { "aria-hidden": "true" }, [film, number]);
  const choice = make("select", "prism-compare-choice");
  const facts = make("p", "prism-compare-facts");
  const fate = make("p", "prism-compare-fate");
  const use = button("use");
  const element = make("div", "prism-compare-side", { role: "group", "data-side": side },
    [picture, choice, facts, fate, use]);
  return { element, film, number, choice, facts, fate, use };
}

/** @param {string} does */
function button(does) {
  return make("button", "prism-button", { type: "button", "data-does": does });
}

/**
 * @param {CompareParts} parts
 * @param {Shown} shown
 * @param {Films} films
 * @param {number[]} rows that can be compared
 * @param {Pair} pair
 */
export function render(parts, shown, films, rows, pair) {
  mark(parts.element, "aria-label", says().compare.title);
  style(parts.stage, "--frames", String(framesOf(films, pair)));
  for (const side of SIDES) renderSide(parts.sides[side], side, shown, films.get(pair[side]), rows, pair[side]);
  for (const does of /** @type {const} */ (["swap", "close"])) {
    write(parts[does], does === "swap" ? "⇄" : "✕");
    label(parts[does], says().compare[does]);
  }
  write(parts.advice, says().compare.advice);
}

/** How many frames are played: those of the longer film. @param {Films} films @param {Pair} pair */
export function framesOf(films, pair) {
  return Math.max(1, ...SIDES.map((side) => films.get(pair[side])?.sheet.frames ?? 1));
}

/** @param {SideParts} parts @param {Side} side @param {Shown} shown @param {Film | undefined} film
 * @param {number[]} rows @param {number} row */
function renderSide(parts, side, shown, film, rows, row) {
  const { cards, compare: texts } = says();
  mark(parts.element, "aria-label", `${texts.side[side]}: ${cards.candidate(row)}`);
  mark(parts.choice, "aria-label", texts.side[side]);
  write(parts.number, String(row));
  renderChoice(parts.choice, rows, row);
  const card = shown.view?.candidates.find((other) => other.row === row);
  const alive = shown.view?.candidates.filter((other) => other.state === "alive").length ?? 0;
  write(parts.facts, [
    card?.seed && cards.seed(card.seed),
    card && card.score !== null && cards.score(card.score.toFixed(2)),
    card && card.rank !== null && cards.rank(card.rank, alive || rows.length),
  ].filter(Boolean).join(" · "));
  const [became, why] = card ? [fate(card, shown), tell(card.reason)] : ["", ""];
  write(parts.fate, became && why ? texts.because(became, why) : became || why);
  if (film) showFilm(parts.film, film);
  renderUse(parts.use, shown, row);
}

/** @param {HTMLSelectElement} choice @param {number[]} rows @param {number} row */
function renderChoice(choice, rows, row) {
  while (choice.length > rows.length) choice.remove(choice.length - 1);
  for (const [position, value] of rows.entries()) {
    const option = choice.options[position] ?? choice.appendChild(make("option", ""));
    if (option.value !== String(value)) option.value = String(value);
    write(option, says().cards.candidate(value));
  }
  if (choice.value !== String(row)) choice.value = String(row);
}

/** @param {HTMLElement} element @param {Film} film */
function showFilm(element, { sheet, address, position }) {
  style(element, "aspect-ratio", `${sheet.width} / ${sheet.height}`);
  style(element, "--own", String(sheet.frames));
  style(element, "--lines", String(sheet.rows.length));
  style(element, "--line", `${lineOf(position, sheet.rows.length)}%`);
  style(element, "background-image", `url("${address}")`);
}

/** @param {HTMLButtonElement} use @param {Shown} shown @param {number} row */
function renderUse(use, shown, row) {
  const obstacle = useObstacle(shown, row);
  mark(use, "aria-disabled", String(obstacle !== ""));
  const { use: label, useWaiting, useFinished } = says().compare;
  mark(use, "title", obstacle || (shown.view?.status === "waiting" ? useWaiting : useFinished));
  write(use, label);
}

/** The clock: where it stands, or that it runs from there on.
 * @param {CompareParts} parts @param {number} frame @param {number} frames @param {boolean} playing */
export function renderClock({ stage, play, scrubber, frame: told }, frame, frames, playing) {
  const texts = says().compare;
  for (const part of [play, scrubber, told]) show(part, frames > 1);
  mark(stage, "data-playing", String(playing));
  style(stage, "--prism-frame", String(frame));
  style(stage, "--prism-since", String(frame + 0.5)); // the middle of a frame: no rounding leads to the one before
  mark(scrubber, "max", String(frames - 1));
  if (scrubber.value !== String(frame)) scrubber.value = String(frame);
  mark(scrubber, "aria-label", texts.frame);
  mark(scrubber, "aria-valuetext", playing ? texts.playing : texts.frameOf(frame + 1, frames));
  write(told, playing ? "" : `${frame + 1} / ${frames}`);
  write(play, playing ? "❚❚" : "►");
  label(play, playing ? texts.pause : texts.play);
}

/** The frame that is seen while the clock runs. @param {HTMLElement} stage */
export function frameSeen(stage) {
  return Number(getComputedStyle(stage).getPropertyValue("--prism-frame")) || 0;
}

/** @param {HTMLElement} element @param {string} text */
function label(element, text) {
  mark(element, "aria-label", text);
  mark(element, "title", text);
}
