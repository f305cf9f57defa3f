/** Of blind trials. Shares come as text, such as "40 %". */

export const trial = {
  title: "PRISM trial",
  clips: "Clips to rank",

  // The line at the top
  idle: "Press Run: every candidate is finished, and then you rank the clips here without knowing which is which.",
  /** @param {number} done @param {number} count */
  decoding: (done, count) => `Decoding the clips: ${done} of ${count}.`,
  decodingAll: "Decoding the clips.",
  adding: "Adding up.",
  /** @param {number} count */
  ask: (count) => `Which of these ${count} is best? Click them from best to worst.`,
  /** @param {number} ranked @param {number} count */
  ranked: (ranked, count) =>
    (ranked < count ? `Ranked ${ranked} of ${count}. Those that are left share the last place.` : `Ranked all ${count}.`),
  sent: "Your ranking is on its way.",
  bestKept: "PRISM keeps your best clip.",
  bestDropped: "PRISM would have dropped your best clip.",
  unranked: "Nobody ranked these clips, so there is nothing to compare.",
  stopped: "Stopped. Nothing was ranked.",
  failed: "The trial failed.",

  // What can be done
  advice: "Click once for the next place, again to take it back; Shift+click: as good as the one before. " +
    "Keys: letters, arrows, Space, =, Backspace.",
  buttons: { done: "Done", over: "Start over", skip: "Skip" },
  hints: {
    done: "Give this ranking, and see what PRISM would have done.",
    over: "Take all places back.",
    skip: "Go on without a ranking.",
  },

  // On a clip
  /** @param {number} place */
  place: (place) => `#${place}`,
  /** @param {number} row @param {string} seed "" where unknown */
  candidate: (row, seed) => (seed ? `candidate ${row}, seed ${seed}` : `candidate ${row}`),
  kept: "PRISM keeps it",
  /** @param {number} step */
  dropped: (step) => `would go at step ${step}`,

  // For a screen reader
  /** @param {string} letter */
  clip: (letter) => `Clip ${letter}`,
  /** @param {number} place @param {boolean} shared */
  placed: (place, shared) => (shared ? `place ${place}, shared` : `place ${place}`),
  unplaced: "not ranked yet",

  // How far PRISM agreed
  /** @param {number} keep @param {number} count @param {string} chance */
  chance: (keep, count, chance) => `Keeping ${keep} of ${count} at random keeps your best in ${chance} of trials.`,
  /** @param {number} agreed @param {number} count */
  pairs: (agreed, count) =>
    `In ${agreed} of ${count} pairs of a kept and a dropped clip you rank the kept one higher; chance: ${count / 2}.`,
  /** @param {number} agreed @param {number} count */
  ordered: (agreed, count) => `Its scores order ${agreed} of ${count} pairs of clips as you do; chance: ${count / 2}.`,
  /** @param {string} share @param {string} time */
  saved: (share, time) => `It would have saved ${share} of the work, about ${time}.`,
  /** @param {string} share */
  costsMore: (share) => `It would have cost ${share} more: scoring costs more than it saves here.`,
  oneTrial: "1 trial says little. Run more, with other prompts and seeds.",
  /** @param {number} kept @param {number} trials @param {string} low @param {string} high @param {string} chance */
  totals: (kept, trials, low, high, chance) =>
    `In ${kept} of ${trials} trials with this head your best was kept (95 % interval: ${low} to ${high}; chance: ${chance}).`,
  /** @param {string} amount */
  seconds: (amount) => `${amount} s`,
  /** @param {string} amount */
  minutes: (amount) => `${amount} min`,
};
