/** The buttons below the cards: what they say, and what they do. */

export const buttons = {
  keep: {
    label: () => "Continue with these",
    hint: "Finish the chosen candidates and drop the others (Enter).",
  },
  best: {
    label: () => "Keep the head's choice",
    hint: "Let the head decide, as it would have without you.",
  },
  more: {
    /** @param {number} chosen how many */
    label: (chosen) => `Keep ${chosen > 1 ? "these" : "this one"} and try more`,
    hint: "Finish what is chosen, and queue another run with new seeds behind it.",
  },
  all: { label: () => "All", hint: "Drop nobody: finish every candidate." },
  stop: { label: () => "Stop", hint: "End this run; nothing is kept." },
  lock: {
    label: () => "Lock",
    hint: "Write the kept candidates and the seed into the widgets: Run then makes only these, and the same.",
  },
  unlock: { label: () => "Unlock", hint: "Empty the kept widget: the next run offers candidates again." },
  compare: { label: () => "Compare", hint: "See two candidates large, side by side (C on a card)." },
};
