/** Of candidates: lists of them, and what their cards say. */

export const cards = {
  // As part of a sentence
  /** @param {string} rows one row or a list @param {boolean} several */
  named: (rows, several) => `${several ? "candidates" : "candidate"} ${rows}`,
  /** @param {number} count */
  counted: (count) => `${count} candidates`,
  nobody: "nothing",
  /** @param {(number | string)[]} rows */
  list: (rows) => rows.join(", "),

  // What became of one
  kept: "kept",
  dropped: "dropped",
  /** @param {number} step */
  droppedAt: (step) => `dropped at step ${step}`,
  wouldKeep: "would be kept",
  /** @param {number} step */
  imaginedAt: (step) => `would be dropped at step ${step}`,
  unfinished: "not finished",
  leftOut: "left out",

  // On the card; the second half stands alone where there is little room
  /** @param {number} step @returns {[string, string]} */
  droppedBadge: (step) => ["dropped at ", `step ${step}`],
  /** @param {number} step @returns {[string, string]} */
  imaginedBadge: (step) => ["would go at ", `step ${step}`],
  /** @returns {[string, string]} */
  pinnedChosenBadge: () => ["pinned, ", "chosen"],
  pinned: "pinned",
  banned: "banned",
  chosen: "chosen",
  noPicture: "no picture yet",
  /** @param {string} seed */
  seed: (seed) => `seed ${seed}`,

  // For a screen reader
  /** @param {number} row */
  candidate: (row) => `Candidate ${row}`,
  /** @param {string} score */
  score: (score) => `score ${score}`,
  /** @param {number} rank @param {number} of how many; 0 where that does not matter any more */
  rank: (rank, of) => (of ? `rank ${rank} of ${of}` : `rank ${rank}`),
  space: { none: "Space pins", pin: "Space bans", ban: "Space clears" },
  /** @param {string[]} facts */
  facts: (facts) => facts.join(", "),
};
