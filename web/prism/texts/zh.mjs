/** What the panel says, in Simplified Chinese.
 *
 * @type {typeof import("./en.mjs").en}
 */

import { buttons } from "./zh/buttons.mjs";
import { call } from "./zh/call.mjs";
import { cards } from "./zh/cards.mjs";
import { chart } from "./zh/chart.mjs";
import { commands } from "./zh/commands.mjs";
import { compare } from "./zh/compare.mjs";
import { deeds } from "./zh/deeds.mjs";
import { headline } from "./zh/headline.mjs";
import { panel } from "./zh/panel.mjs";
import { picks } from "./zh/picks.mjs";
import { previews } from "./zh/previews.mjs";
import { server } from "./zh/server.mjs";
import { trial } from "./zh/trial.mjs";

export const zh = {
  lang: "zh-CN",
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
