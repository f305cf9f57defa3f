/**
 * The picture of the chart: where everything lies, and the SVG of it. Lengths in CSS pixels of the node.
 *
 * @typedef {import("../contract.mjs").Card} Card
 * @typedef {import("./curves.mjs").Curves} Curves
 * @typedef {import("./readout.mjs").Reading} Reading
 *
 * @typedef {object} Scale
 * @property {number} width
 * @property {(step: number) => number} x
 * @property {(score: number) => number} score
 * @property {(share: number) => number} share from 0 to 1, on the scale to the right
 * @property {number} low the lowest score
 * @property {number} high
 *
 * @typedef {object} Plot
 * @property {SVGSVGElement} svg
 * @property {SVGPathElement} grid
 * @property {SVGPathElement} band
 * @property {SVGPathElement} middle of the band
 * @property {SVGPathElement} cost
 * @property {SVGGElement} lines
 * @property {SVGGElement} ends
 * @property {SVGGElement} rings
 * @property {SVGGElement} ticks
 */

import { mark, write } from "../dom.mjs";
import { chanceAt, costOf, priceOf } from "./readout.mjs";

export const HEIGHT = 160;
const LEFT = 34;
const RIGHT = 40;
const TOP = 22; // room for the grips of the markers
const BOTTOM = 18;
const LABEL = 10; // pixels that a candidate's number takes up

/** @returns {Plot} */
export function makePlot() {
  const svg = shape("svg", "prism-plot", { role: "img", height: String(HEIGHT) });
  const plot = { svg, grid: shape("path", "prism-grid"), band: shape("path", "prism-band"),
    middle: shape("path", "prism-middle"), cost: shape("path", "prism-cost"), lines: shape("g", "prism-lines"),
    ends: shape("g", "prism-ends"), rings: shape("g", "prism-rings"), ticks: shape("g", "prism-axis") };
  svg.append(plot.grid, plot.band, plot.middle, plot.cost, plot.lines, plot.ends, plot.rings, plot.ticks);
  return plot;
}

/** @param {Curves} curves @param {number} width @returns {Scale} */
export function scaleOf({ sigmas, watches }, width) {
  const scores = watches.flatMap((watch) => watch.scores);
  const low = scores.reduce((least, score) => Math.min(least, score), Infinity);
  const high = scores.reduce((most, score) => Math.max(most, score), -Infinity);
  const inner = Math.max(1, width - LEFT - RIGHT);
  const y = (/** @type {number} */ part) => round(HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM));
  return { width, low, high, x: (step) => round(LEFT + (step / (sigmas.length - 1)) * inner), share: y,
    score: (score) => y(high > low ? 0.05 + (0.9 * (score - low)) / (high - low) : 0.5) };
}

/** The step below a point that lies `offset` pixels from the left. @param {Scale} scale @param {number} offset
 * @param {number} steps */
export function stepAt(scale, offset, steps) {
  return Math.round(((offset - LEFT) / Math.max(1, scale.width - LEFT - RIGHT)) * steps);
}

/** What only the run decides. @param {Plot} plot @param {Scale} scale @param {Curves} curves @param {Card[]} cards */
export function drawRun(plot, scale, curves, cards) {
  const { svg, grid, ticks } = plot;
  mark(svg, "viewBox", `0 0 ${scale.width} ${HEIGHT}`);
  mark(svg, "width", String(scale.width));
  const [left, right] = [LEFT, scale.width - RIGHT];
  mark(grid, "d", [0, 0.5, 1].map((part) => `M${left} ${scale.share(part)}H${right}`).join(""));
  drawTicks(ticks, scale, curves);
  drawLines(plot, scale, curves, cards);
}

/** What hangs on the widgets: the chance and the cost of cutting at each step, and whom the cuts would keep.
 * @param {Plot} plot @param {Scale} scale @param {Curves} curves @param {Reading} reading
 * @param {number} active the marker in question */
export function drawCut({ band, middle, cost, rings }, scale, curves, reading, active) {
  const steps = reading.obstacle && reading.obstacle !== "outside" ? [] : range(1, reading.steps - 1);
  const keep = reading.rounds[active]?.keep ?? 1;
  const known = reading.candidates === curves.candidates
    ? steps.map((step) => ({ step, chance: chanceAt(curves, step, keep) })).filter(({ chance }) => chance) : [];
  const edge = (/** @type {"value" | "low" | "high"} */ part) =>
    known.map(({ step, chance }) => `${scale.x(step)} ${scale.share(chance?.[part] ?? 0)}`);
  mark(band, "d", known.length ? `M${edge("high").join("L")}L${edge("low").reverse().join("L")}Z` : "");
  mark(middle, "d", known.length ? `M${edge("value").join("L")}` : "");
  const costs = between(reading, active, steps).map((step) => {
    const rounds = reading.rounds.map((one, position) => (position === active ? { ...one, step } : one));
    const { spent, plain } = priceOf(curves, costOf(curves, rounds, reading.candidates));
    return `${scale.x(step)} ${scale.share(Math.min(1, spent / plain))}`;
  });
  mark(cost, "d", costs.length ? `M${costs.join("L")}` : "");
  drawRings(rings, scale, curves, reading);
}

/** The steps that a marker can be moved to without passing another. @param {Reading} reading @param {number} active
 * @param {number[]} steps */
function between({ rounds }, active, steps) {
  const [before, after] = [rounds[active - 1]?.step ?? 0, rounds[active + 1]?.step ?? Infinity];
  return steps.filter((step) => step > before && step < after);
}

/** A ring around each candidate that the cuts would keep. @param {SVGGElement} rings @param {Scale} scale
 * @param {Curves} curves @param {Reading} reading */
function drawRings(rings, scale, { watches }, { rounds, survivors }) {
  const step = rounds[rounds.length - 1]?.step;
  const watch = watches.find((other) => other.step === step);
  const rows = watch && survivors ? survivors.rows : [];
  const score = (/** @type {number} */ row) => watch?.scores[watch.rows.indexOf(row)] ?? 0;
  each(rings, "circle", rows, (ring, row) => {
    mark(ring, "class", "prism-ring");
    mark(ring, "r", "5");
    mark(ring, "cx", String(scale.x(step)));
    mark(ring, "cy", String(scale.score(score(row))));
  });
}

/** @param {Plot} plot @param {Scale} scale @param {Curves} curves @param {Card[]} cards */
function drawLines({ lines, ends }, scale, curves, cards) {
  /** @type {Map<number, [number, number][]>} */
  const points = new Map();
  for (const { step, rows, scores } of curves.watches) {
    rows.forEach((row, position) => points.set(row, [...points.get(row) ?? [], [step, scores[position]]]));
  }
  // Whoever lives is drawn last, so that they lie above the others.
  const drawn = cards.filter((card) => points.has(card.row))
    .sort((a, b) => Number(a.state !== "dropped") - Number(b.state !== "dropped") || a.row - b.row);
  const at = (/** @type {[number, number]} */ [step, score]) => `${scale.x(step)} ${scale.score(score)}`;
  each(lines, "path", drawn, (line, card) => {
    mark(line, "class", "prism-line");
    mark(line, "data-state", card.state);
    const found = points.get(card.row) ?? [];
    mark(line, "d", `M${found.map(at).join("L")}${found.length === 1 ? "h0.01" : ""}`);
  });
  drawEnds(ends, scale, drawn, points);
}

/** What became of each candidate, as a shape, and its number beside it where there is room.
 * @param {SVGGElement} ends @param {Scale} scale @param {Card[]} cards
 * @param {Map<number, [number, number][]>} points */
function drawEnds(ends, scale, cards, points) {
  const placed = cards.map((card) => {
    const [step, score] = points.get(card.row)?.at(-1) ?? [0, 0];
    return { card, x: scale.x(step), y: scale.score(score) };
  });
  const labels = spread(placed.map(({ card, x, y }) => ({ row: card.row, x, y })));
  each(ends, "g", placed, (end, { card, x, y }) => {
    mark(end, "data-state", card.state);
    mark(end, "data-row", String(card.row));
    const sign = end.children[0] ?? end.appendChild(shape("path", "prism-sign"));
    mark(sign, "d", card.state === "dropped" ? `M${x - 3} ${y - 3}l6 6m0 -6l-6 6`
      : card.state === "kept" ? `M${x - 3} ${y}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0` : "");
    const number = end.children[1] ?? end.appendChild(shape("text", "prism-end"));
    const place = labels.get(card.row);
    write(number, place === undefined ? "" : String(card.row));
    mark(number, "x", String(x + 6));
    mark(number, "y", String((place ?? y) + 3));
  });
}

/** Heights at which numbers do not cover each other; those who live come first, and whoever finds no room has none.
 * @param {{ row: number, x: number, y: number }[]} wanted the most important last @returns {Map<number, number>} */
export function spread(wanted) {
  /** @type {{ row: number, x: number, y: number }[]} */
  const placed = [];
  for (const { row, x, y } of [...wanted].reverse()) {
    const free = [0, 1, -1, 2, -2, 3, -3].map((shift) => round(y + shift * (LABEL / 2)))
      .find((height) => placed.every((other) => Math.abs(other.x - x) > 16 || Math.abs(other.y - height) >= LABEL));
    if (free !== undefined) placed.push({ row, x, y: free });
  }
  return new Map(placed.map(({ row, y }) => [row, y]));
}

/** @param {SVGGElement} ticks @param {Scale} scale @param {Curves} curves */
function drawTicks(ticks, scale, { sigmas }) {
  const steps = sigmas.length - 1;
  const apart = Math.ceil(steps / 10);
  const bottom = range(0, steps).filter((step) => step % apart === 0)
    .map((step) => ({ text: String(step), x: scale.x(step), y: HEIGHT - 4, anchor: "middle" }));
  const left = scale.high > scale.low ? [scale.low, scale.high] : Number.isFinite(scale.low) ? [scale.low] : [];
  const labels = [...bottom,
    ...left.map((score) => ({ text: score.toFixed(1), x: LEFT - 6, y: scale.score(score) + 4, anchor: "end" })),
    ...[0, 5, 10].map((part) =>
      ({ text: String(part), x: scale.width - 4, y: scale.share(part / 10) + 4, anchor: "end" }))];
  each(ticks, "text", labels, (label, { text, x, y, anchor }) => {
    mark(label, "x", String(x));
    mark(label, "y", String(y));
    mark(label, "text-anchor", anchor);
    write(label, text);
  });
}

/** As many children as there are items, each made to fit its own.
 * @template {keyof SVGElementTagNameMap} Tag @template Item
 * @param {Element} parent @param {Tag} tag @param {Item[]} items @param {(child: Element, item: Item) => void} fit */
function each(parent, tag, items, fit) {
  while (parent.children.length > items.length) parent.lastElementChild?.remove();
  items.forEach((item, position) => fit(parent.children[position] ?? parent.appendChild(shape(tag, "")), item));
}

/** @template {keyof SVGElementTagNameMap} Tag @param {Tag} tag @param {string} name
 * @param {Record<string, string>} [attributes] @returns {SVGElementTagNameMap[Tag]} */
export function shape(tag, name, attributes = {}) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries({ class: name, ...attributes })) element.setAttribute(key, value);
  return element;
}

/** @param {number} first @param {number} last */
const range = (first, last) => Array.from({ length: Math.max(0, last - first + 1) }, (_, offset) => first + offset);
/** @param {number} value */
const round = (value) => Math.round(value * 10) / 10;
