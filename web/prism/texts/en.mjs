/** What the panel says, in English. An entry is a text, or a function that makes one; Chinese follows its type. */

import { panel } from "./en/panel.mjs";

export const en = { panel };
