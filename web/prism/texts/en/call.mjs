/** Calling the artist while a run waits. */

export const call = {
  elsewhere: "PRISM waits for your choice.",
  away: "PRISM waits for your choice in another workflow.",
  gone: "PRISM waits for your choice, but its node is no longer in the graph. Undo its removal, or cancel the run.",
  show: "Show",
  tab: "● Your choice, please",
};
