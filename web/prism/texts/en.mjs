/** What the panel says, in English. An entry is a text, or a function that makes one; Chinese follows its type. */

import { buttons } from "./en/buttons.mjs";
import { call } from "./en/call.mjs";
import { cards } from "./en/cards.mjs";
import { chart } from "./en/chart.mjs";
import { commands } from "./en/commands.mjs";
import { compare } from "./en/compare.mjs";
import { deeds } from "./en/deeds.mjs";
import { headline } from "./en/headline.mjs";
import { panel } from "./en/panel.mjs";
import { picks } from "./en/picks.mjs";
import { previews } from "./en/previews.mjs";
import { server } from "./en/server.mjs";
import { trial } from "./en/trial.mjs";

/** `lang`: as HTML and the browser's own formats call the language. */
export const en = {
  lang: "en",
  buttons,
  call,
  cards,
  chart,
  commands,
  compare,
  deeds,
  headline,
  panel,
  picks,
  previews,
  server,
  trial,
};
