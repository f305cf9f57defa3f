/** Around the cards.
 *
 * @type {typeof import("../en/panel.mjs").panel}
 */

export const panel = {
  candidates: "候选",
};
