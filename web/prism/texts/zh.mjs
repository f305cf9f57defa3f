/** What the panel says, in Simplified Chinese.
 *
 * @type {typeof import("./en.mjs").en}
 */

import { panel } from "./zh/panel.mjs";

export const zh = { panel };
