/** Two candidates side by side. */

export const compare = {
  title: "Compare two candidates",
  side: { left: "Left candidate", right: "Right candidate" },
  /** @param {string} fate @param {string} why */
  because: (fate, why) => `${fate}: ${why}`,
  use: "Use this candidate",
  useWaiting: "Keep this candidate alone and go on.",
  useFinished: "Set the widgets so that Run makes exactly this candidate.",
  sampling: "The run is under way: wait until it asks you, or until it has ended.",
  /** @param {number} row */
  gone: (row) => `Candidate ${row} is no longer in this run. Once the run has ended, it can be made again from here.`,
  noReplay: "This run did not come to its end, so it left nothing that could be repeated.",
  play: "Play (Space)",
  pause: "Pause (Space)",
  swap: "Swap sides (X)",
  close: "Close the comparison (Esc)",
  frame: "Frame",
  /** @param {number} frame counted from 1 @param {number} frames */
  frameOf: (frame, frames) => `frame ${frame} of ${frames}`,
  playing: "playing",
  advice: "Keys: arrows change the candidate, Space plays, comma and full stop go a frame, X swaps, Esc closes.",
};
