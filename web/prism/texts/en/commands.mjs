/** Why a command did nothing. */

export const commands = {
  go: "No run waits for you.",
  keep: "No run waits for you, so there is nothing to continue with.",
  compare: "There are no two candidates with pictures yet.",
  lock: "No run of this node has come to its end, so there is nothing to lock.",
};
