/**
 * What the lines and shapes of the chart mean; only what is there is named.
 *
 * @typedef {import("../contract.mjs").Card} Card
 * @typedef {import("./curves.mjs").Curves} Curves
 * @typedef {import("./readout.mjs").Reading} Reading
 * @typedef {keyof typeof import("../texts/en/chart.mjs").chart.legend} Sign
 *
 * @typedef {object} Legend
 * @property {HTMLUListElement} element
 * @property {Map<Sign, { item: HTMLElement, text: HTMLElement }>} entries
 */

import { make, show, write } from "../dom.mjs";
import { says } from "../language.mjs";
import { shape } from "./plot.mjs";

/** A small picture of each: class of the shape, and its path in a box of 18 x 10 pixels.
 * @type {Record<Sign, [string, string][]>} */
const PICTURES = {
  score: [["prism-line", "M1 8L9 4L17 2"]],
  dropped: [["prism-sign", "M6 2l6 6m0 -6l-6 6"]],
  kept: [["prism-sign prism-full", "M6 5a3 3 0 1 0 6 0a3 3 0 1 0 -6 0"]],
  wouldKeep: [["prism-ring", "M5 5a4 4 0 1 0 8 0a4 4 0 1 0 -8 0"]],
  chance: [["prism-band", "M1 8L17 5V0L1 4Z"], ["prism-middle", "M1 6L17 2.5"]],
  cost: [["prism-cost", "M1 8L17 2"]],
};

/** @returns {Legend} */
export function makeLegend() {
  /** @type {Legend["entries"]} */
  const entries = new Map();
  for (const sign of /** @type {Sign[]} */ (Object.keys(PICTURES))) {
    const picture = shape("svg", "prism-swatch", { width: "18", height: "10", "aria-hidden": "true" });
    picture.append(...PICTURES[sign].map(([name, d]) => shape("path", name, { d })));
    const text = make("span", "");
    entries.set(sign, { item: make("li", "prism-legend-item", {}, [picture, text]), text });
  }
  const items = [...entries.values()].map(({ item }) => item);
  return { element: make("ul", "prism-legend", {}, items), entries };
}

/** @param {Legend} legend @param {Curves} curves @param {Reading} reading @param {number} active
 * @param {Card[]} cards */
export function renderLegend({ entries }, curves, reading, active, cards) {
  const scored = curves.watches.length > 0;
  const has = (/** @type {Card["state"]} */ state) => scored && cards.some((card) => card.state === state);
  const keep = reading.rounds[active]?.keep ?? 1;
  /** @type {Record<Sign, boolean>} */
  const there = { score: scored, dropped: has("dropped"), kept: has("kept"),
    wouldKeep: Boolean(reading.survivors?.rows.length), cost: reading.rounds.length > 0,
    chance: reading.candidates === curves.candidates && curves.retention.some((chances) => chances?.[keep - 1]) };
  for (const [sign, { item, text }] of entries) {
    show(item, there[sign]);
    write(text, says().chart.legend[sign](keep, curves.candidates));
  }
}
