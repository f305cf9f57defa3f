/** The recorded choices, in ComfyUI's settings. */

export const picks = {
  none: "No choices are recorded.",
  /** @param {number} count @param {string} size */
  stored: (count, size) => `${count === 1 ? "1 choice" : `${count.toLocaleString("en")} choices`}, ${size}.`,
  kept: "They stay on this machine, to train a head from.",
  off: "Recording is off.",
  record: "Record what I keep, drop, pin and ban",
  limit: "Use at most",
  export: "Export as one file",
  remove: "Delete all…",
  confirm: "Confirm",
  warning: "They cannot be brought back.",
  sure: "Delete them",
  spare: "Keep them",
};
