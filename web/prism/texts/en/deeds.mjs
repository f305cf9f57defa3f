/** What came of the artist's wishes, and what stood in their way. An entry is a text, or makes one of its values. */

export const deeds = {
  nobody: "Choose at least one candidate first.",
  busy: "The answer is on its way, or ComfyUI cannot be reached.",
  nothingToRepeat: "This run left nothing that could be repeated.",
  noAnswer: "ComfyUI did not answer. Check that it is still running, then try again.",
  /** @param {{ status: number }} values */
  badAnswer: ({ status }) => `ComfyUI answered ${status}.`,
  lost: "ComfyUI no longer knows this run; it was probably restarted.",
  rankOne: "Choose the best clip at least.",
  nodeGone: "The node of this run is no longer in the graph. Undo its removal, then try again.",

  keptNotOurs: "The 'kept' input of this node is connected to something that PRISM cannot set. Take the connection " +
    "away, then lock again.",
  noSeedForMore: "PRISM found no sampler with a seed of its own behind this node. Your choice is being finished; for " +
    "more, change the seed and run.",
  /** @param {{ seed: string, most: number }} values */
  seedTooLarge: ({ seed, most }) => `The seed ${seed || "of this run"} cannot be written into a widget: browsers ` +
    `count exactly only to ${most}. Use smaller seeds to lock runs.`,

  /** @param {{ seed: number }} values */
  queued: ({ seed }) => `Queued a run with new seeds, from ${seed} on.`,
  /** @param {{ replay: string, seeds: { node: string, seed: number }[] }} values */
  locked: ({ replay, seeds }) =>
    `Locked to ${replay}; the seed of ${seeds.map(({ node, seed }) => `${node} to ${seed}`).join(", ")}, fixed.`,
  /** @param {{ replay: string, seed: string }} values */
  lockedWithoutSeed: ({ replay, seed }) => `Locked to ${replay}. PRISM found no sampler with a seed of its own ` +
    `behind this node. Set it to ${seed || "that of this run"} yourself.`,
  /** @param {{ row: number, kept: string, seeds: { node: string, seed: number }[], seed: string, group: number }} values */
  replaySet: ({ row, kept, seeds, seed, group }) => [
    `Set to candidate ${row} (${kept}). Press Run to make it.`,
    ...seeds.map((each) => `The seed of ${each.node} is ${each.seed}, fixed.`),
    seeds.length ? "" : `PRISM found no sampler with a seed of its own: set it to ${seed || "that of this run"} yourself.`,
    group > 1 ? `Alone it may round otherwise than in its group of ${group}, by less than the eye sees.` : "",
  ].filter(Boolean).join(" "),

  watchQueued: "Queued one run of the same candidates that drops nobody. Your settings are as they were.",
  noSeedToWatch: "PRISM found no sampler with a seed of its own behind this node, so it cannot make the same " +
    "candidates again.",
  chooseNotOurs: "The 'choose' or 'kept' input of this node is connected to something that PRISM cannot set. Take the " +
    "connection away, then try again.",
};
