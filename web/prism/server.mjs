/**
 * Requests to the pack's own routes.
 *
 * @typedef {(route: string, options?: RequestInit) => Promise<Response>} Fetch
 */

import { Obstacle, isSaid, said, verbatim } from "./said.mjs";

/**
 * Get JSON. Raises Obstacle with the server's own words.
 *
 * @param {Fetch} fetch
 * @param {string} route
 * @returns {Promise<any>}
 */
export async function read(fetch, route) {
  return settle(await attempt(() => fetch(route)));
}

/**
 * Post JSON. Raises Obstacle with the server's own words.
 *
 * @param {Fetch} fetch
 * @param {string} route
 * @param {object} body
 * @returns {Promise<any>}
 */
export async function send(fetch, route, body) {
  const headers = { "Content-Type": "application/json" };
  return settle(await attempt(() => fetch(route, { method: "POST", headers, body: JSON.stringify(body) })));
}

/** @param {() => Promise<Response>} request */
async function attempt(request) {
  try {
    return await request();
  } catch {
    throw new Obstacle(said("noAnswer"));
  }
}

/** @param {Response} response */
async function settle(response) {
  const told = await response.json().catch(() => null);
  if (response.ok) return told;
  const { status } = response;
  if (isSaid(told?.said)) throw new Obstacle(told.said);
  throw new Obstacle(typeof told?.error === "string" ? verbatim(told.error) : said("badAnswer", { status }));
}
