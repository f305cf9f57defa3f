/**
 * Requests to the pack's own routes.
 *
 * @typedef {(route: string, options?: RequestInit) => Promise<Response>} Fetch
 */

/** The server refused something; the message is for the artist. */
export class Refused extends Error {
  /** @param {string} message @param {number} status */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/**
 * Get JSON. Raises Refused with the server's own words.
 *
 * @param {Fetch} fetch
 * @param {string} route
 * @returns {Promise<any>}
 */
export async function read(fetch, route) {
  return settle(await attempt(() => fetch(route)));
}

/**
 * Post JSON. Raises Refused with the server's own words.
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
    throw new Refused("ComfyUI did not answer. Check that it is still running, then try again.", 0);
  }
}

/** @param {Response} response */
async function settle(response) {
  const told = await response.json().catch(() => null);
  if (response.ok) return told;
  const reason = typeof told?.error === "string" ? told.error : `ComfyUI answered ${response.status}.`;
  throw new Refused(reason, response.status);
}
