/**
 * Finding one's way in a graph with subgraphs, with nothing but the public shape of litegraph's objects.
 *
 * @typedef {object} Widget
 * @property {string} name
 * @property {any} value
 * @property {any} [options]
 * @property {Widget[]} [linkedWidgets] such as control_after_generate
 * @property {(value: any, ...rest: any[]) => void} [callback]
 *
 * @typedef {object} InputSlot
 * @property {string} name
 * @property {unknown} type
 * @property {unknown} [link] id of the link that leads in
 * @property {{ name: string }} [widget]
 *
 * @typedef {object} OutputSlot
 * @property {unknown} type
 * @property {unknown[] | null} [links]
 *
 * @typedef {object} GraphNode
 * @property {string | number} id
 * @property {string} [type]
 * @property {string} [title]
 * @property {string} [comfyClass]
 * @property {InputSlot[]} [inputs]
 * @property {OutputSlot[]} [outputs]
 * @property {Widget[]} [widgets]
 * @property {Graph | null} [graph]
 * @property {Graph} [subgraph] what is inside, where the node is a subgraph
 * @property {(slot: any) => Widget | undefined} [getWidgetFromSlot]
 *
 * @typedef {object} Link
 * @property {string | number} origin_id
 * @property {number} origin_slot
 * @property {string | number} target_id
 * @property {number} target_slot
 *
 * @typedef {object} Graph
 * @property {(id: any) => GraphNode | null | undefined} getNodeById
 * @property {(id: any) => Link | null | undefined} [getLink]
 * @property {any} [links]
 * @property {{ linkIds: unknown[] }[]} [inputs] a subgraph's own
 * @property {{ linkIds: unknown[] }[]} [outputs]
 *
 * @typedef {object} Place a node as it is reached through these subgraph nodes, outermost first
 * @property {GraphNode} node
 * @property {Graph} graph
 * @property {Place[]} hosts
 */

const SUBGRAPH_INPUT = "-10";
const SUBGRAPH_OUTPUT = "-20";

/** Where an execution id such as "12:5" leads to. @param {Graph} root @param {string} id @returns {Place | null} */
export function placeOf(root, id) {
  /** @type {Place[]} */
  const hosts = [];
  let graph = root;
  const steps = id.split(":");
  for (const [depth, step] of steps.entries()) {
    const node = graph.getNodeById(Number.isNaN(Number(step)) ? step : Number(step)) ?? graph.getNodeById(step);
    if (!node) return null;
    const place = { node, graph, hosts: [...hosts] };
    if (depth === steps.length - 1) return place;
    if (!node.subgraph) return null;
    hosts.push(place);
    graph = node.subgraph;
  }
  return null;
}

/** What an input is connected to, through the borders of subgraphs; null where it is not connected.
 * @param {Place} place @param {number} slot @returns {{ place: Place, slot: number, outside: boolean } | null}
 * `outside`: it ends at an input of a subgraph node that nothing is connected to */
export function source({ node, graph, hosts }, slot) {
  const link = linkIn(graph, node.inputs?.[slot]?.link);
  if (!link) return null;
  if (String(link.origin_id) === SUBGRAPH_INPUT) {
    const host = hosts.at(-1);
    if (!host) return null;
    return source(host, link.origin_slot) ?? { place: host, slot: link.origin_slot, outside: true };
  }
  const origin = graph.getNodeById(link.origin_id);
  return origin ? { place: { node: origin, graph, hosts }, slot: link.origin_slot, outside: false } : null;
}

/** The nodes that an output leads to, through the borders of subgraphs. @param {Place} place @param {number} slot
 * @returns {Place[]} */
export function targets({ node, graph, hosts }, slot) {
  return ends(graph, hosts, node.outputs?.[slot]?.links ?? []);
}

/** @param {Graph} graph @param {Place[]} hosts @param {unknown[]} ids @returns {Place[]} */
function ends(graph, hosts, ids) {
  return ids.flatMap((id) => {
    const link = linkIn(graph, id);
    if (!link) return [];
    if (String(link.target_id) === SUBGRAPH_OUTPUT) {
      const host = hosts.at(-1);
      return host ? targets(host, link.target_slot) : [];
    }
    const node = graph.getNodeById(link.target_id);
    if (!node) return [];
    const place = { node, graph, hosts };
    if (!node.subgraph) return [place];
    return ends(node.subgraph, [...hosts, place], node.subgraph.inputs?.[link.target_slot]?.linkIds ?? []);
  });
}

/** @param {Graph} graph @param {unknown} id @returns {Link | null} */
function linkIn(graph, id) {
  if (id === null || id === undefined) return null;
  return graph.getLink?.(id) ?? graph.links?.get?.(id) ?? graph.links?.[/** @type {string} */ (id)] ?? null;
}

/** The execution id of a place. @param {Place} place */
export function idOf({ node, hosts }) {
  return [...hosts.map((host) => host.node.id), node.id].join(":");
}
