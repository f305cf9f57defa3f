/**
 * Writing a run's choice and seed into the widgets, so that the same graph makes the same clips again.
 *
 * @typedef {import("./contract.mjs").View} View
 * @typedef {import("./graph.mjs").GraphNode} GraphNode
 * @typedef {import("./graph.mjs").Place} Place
 * @typedef {import("./graph.mjs").Widget} Widget
 *
 * @typedef {object} Control where the value of an input is set
 * @property {Widget} widget
 * @property {GraphNode} owner the node on which the artist sees it
 * @property {Widget | null} control its control_after_generate
 *
 * @typedef {Control & Used} SeedWidget
 * @typedef {object} Used
 * @property {string} sampler execution id of the node that uses it
 * @property {string} input that node's input
 */

import { idOf, source, targets } from "./graph.mjs";
import { Obstacle, said } from "./said.mjs";

const SEEDS = ["seed", "noise_seed"];
const CONTROL = "control_after_generate";
const CARRIERS = ["MODEL", "GUIDER"]; // what a patched model travels as

/** The widget of that name on a node. @param {GraphNode} node @param {string} name @returns {Widget | null} */
export function widgetOf(node, name) {
  return node.widgets?.find((widget) => widget?.name === name) ?? null;
}

/** Set a widget as if the artist had. @param {Widget} widget @param {any} value @param {GraphNode} node */
export function setWidget(widget, value, node) {
  if (widget.value === value) return;
  widget.value = value;
  widget.callback?.(value, undefined, node);
}

/**
 * The seeds that a PRISM node's candidates grow from: its own, those of the samplers that use its model, or, behind
 * PrismPick, those of the samplers that made its latent.
 *
 * @param {Place} place of the PRISM node
 * @returns {SeedWidget[]}
 */
export function seedsOf(place) {
  const own = seedAt(place);
  const found = own.length ? own : place.node.comfyClass === "PrismPick" ? above(place) : below(place);
  return found.filter((seed, position) => found.findIndex((other) => other.widget === seed.widget) === position);
}

/** @param {Place} start @returns {SeedWidget[]} */
function below(start) {
  return walk(start, (place) => (place.node.outputs ?? []).flatMap((output, slot) =>
    CARRIERS.includes(String(output.type)) ? targets(place, slot) : []));
}

/** @param {Place} start @returns {SeedWidget[]} */
function above(start) {
  return walk(start, (place) => into(place, "LATENT"));
}

/** Breadth first; a node with a seed of its own is an end. @param {Place} start
 * @param {(place: Place) => Place[]} next @returns {SeedWidget[]} */
function walk(start, next) {
  const seen = new Set([idOf(start)]);
  /** @type {SeedWidget[]} */
  const found = [];
  let edge = next(start);
  while (edge.length) {
    const fresh = edge.filter((place) => !seen.has(idOf(place)) && seen.add(idOf(place)));
    const ended = fresh.map((place) => ({ place, seeds: [...seedAt(place), ...into(place, "NOISE").flatMap(seedAt)] }));
    found.push(...ended.flatMap(({ seeds }) => seeds));
    edge = ended.filter(({ seeds }) => !seeds.length).flatMap(({ place }) => next(place));
  }
  return found;
}

/** The nodes that feed a node's inputs of one type. @param {Place} place @param {string} type @returns {Place[]} */
function into(place, type) {
  return (place.node.inputs ?? []).flatMap((input, slot) => {
    const from = String(input.type) === type ? source(place, slot) : null;
    return from && !from.outside ? [inside(from.place, from.slot)] : [];
  }).flat();
}

/** The node inside a subgraph node that gives an output. @param {Place} place @param {number} slot
 * @returns {Place[]} */
function inside(place, slot) {
  const { subgraph } = place.node;
  if (!subgraph) return [place];
  const hosts = [...place.hosts, place];
  return (subgraph.outputs?.[slot]?.linkIds ?? []).flatMap((id) => {
    const link = subgraph.getLink?.(id);
    const node = link && subgraph.getNodeById(link.origin_id);
    return node ? inside({ node, graph: subgraph, hosts }, link.origin_slot) : [];
  });
}

/** A node's own seed. @param {Place} place @returns {SeedWidget[]} */
function seedAt(place) {
  const { node } = place;
  const input = SEEDS.find((seed) => widgetOf(node, seed) || node.inputs?.some((slot) => slot.name === seed));
  const found = input ? controlBehind(place, input) : null;
  return input && found ? [{ ...found, sampler: idOf(place), input }] : [];
}

/** Where an input gets its value from: the node's own widget, one of a subgraph node, or that of a primitive.
 * @param {Place} place @param {string} name @returns {Control | null} */
export function controlBehind(place, name) {
  const slot = place.node.inputs?.findIndex((input) => input.name === name) ?? -1;
  const from = slot < 0 ? null : source(place, slot);
  const inner = widgetOf(place.node, name);
  const owner = from?.place.node ?? place.node;
  const widget = from ? behind(owner, from) : inner;
  return widget && { widget, owner, control: controlOf(owner, widget) ?? controlOf(place.node, inner) };
}

/** @param {GraphNode} owner @param {{ slot: number, outside: boolean }} from @returns {Widget | null} */
function behind(owner, { slot, outside }) {
  const input = outside ? owner.inputs?.[slot] : undefined;
  if (input) return owner.getWidgetFromSlot?.(input) ?? widgetOf(owner, input.widget?.name ?? input.name);
  return owner.widgets?.find((widget) => [...SEEDS, "value"].includes(widget.name)) ?? null;
}

/** @param {GraphNode} node @param {Widget | null} widget @returns {Widget | null} */
function controlOf(node, widget) {
  if (!widget) return null;
  const linked = widget.linkedWidgets?.find((other) => other?.name === CONTROL);
  return linked ?? (node.widgets?.includes(widget) ? widgetOf(node, CONTROL) : null);
}

/** Decimal text as a number that a widget can hold. Raises Obstacle for a seed that the browser would round.
 * @param {string} text */
export function seedNumber(text) {
  const value = Number(text);
  if (text !== "" && Number.isSafeInteger(value)) return value;
  throw new Obstacle(said("seedTooLarge", { seed: text, most: Number.MAX_SAFE_INTEGER }));
}

/** @param {SeedWidget} seed @param {number} value */
export function fixSeed({ widget, owner, control }, value) {
  setWidget(widget, value, owner);
  if (control) setWidget(control, "fixed", owner);
}

/**
 * The value that a seed had in a queued prompt, followed through its links; null where the prompt does not tell.
 *
 * @param {any} prompt in API format
 * @param {string} node
 * @param {string} input
 * @returns {number | null}
 */
export function seedInPrompt(prompt, node, input) {
  const value = prompt?.[node]?.inputs?.[input];
  if (Number.isSafeInteger(value)) return value;
  if (!Array.isArray(value)) return null;
  const behindIt = prompt[value[0]]?.inputs ?? {};
  return [...SEEDS, "value"].map((name) => behindIt[name]).find(Number.isSafeInteger) ?? null;
}
