/** Around the cards. */

export const panel = {
  title: "PRISM candidates",
  candidates: "Candidates",
  notes: "Notes",
  runs: "Runs of this node",
  older: "An earlier run",
  newer: "A later run",
  /** @param {number} run @param {number} runs */
  position: (run, runs) => `run ${run} of ${runs}`,

  // How to use the cards just now
  choose: "Click to choose, Shift+click pins or bans. Keys: arrows, Space, digits, P, B, Enter.",
  mark: "Click once to pin, twice to ban.",
  markNext: "Click once to pin for the next run, twice to ban.",
};
