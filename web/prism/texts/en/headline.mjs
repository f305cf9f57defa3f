/** The line at the top of the panel. `who` names candidates, as cards.named does; steps are counted from 1. */

const OUTCOMES = { best: "the best ones go on", all: "all go on", stop: "the run stops", skip: "it goes on without you" };

export const headline = {
  offline: "Lost the connection to ComfyUI. What is shown may be out of date.",
  idle: "Press Run: the candidates appear here while they form.",
  /** @param {string} who */
  locked: (who) => `Locked to ${who}: Run makes only that again. Unlock to choose anew.`,

  // PrismPruneLatents, whose choice is made for the next run
  stagedIdle: "Press Run: who was kept is shown here, and can be changed for the next run.",
  /** @param {string} who */
  stagedLocked: (who) => `The next run keeps ${who}, whatever the scores say. Unlock to let the scores decide.`,
  /** @param {string} who @param {number} count @param {number} keep */
  staged: (who, count, keep) => `Kept ${who} of ${count}. Pin or ban to choose the ${keep} of the next run.`,

  // While it samples
  /** @param {string} who */
  again: (who) => `Making ${who} again`,
  /** @param {string} who */
  finishing: (who) => `Finishing ${who}`,
  /** @param {number} count */
  sampling: (count) => `Sampling ${count} candidates`,
  /** @param {string} doing @param {number} step @param {number} steps 0 where nobody counts them */
  doing: (doing, step = 0, steps = 0) => (steps ? `${doing}: step ${step} of ${steps}.` : `${doing}.`),
  /** @param {number} step */
  youChoose: (step) => `After step ${step} you choose.`,
  /** @param {number} step @param {string} head @param {number} keep */
  headChooses: (step, head, keep) => `After step ${step} ${head || "the head"} keeps ${keep}.`,
  watching: "Nobody is dropped.",
  sent: "Your choice is on its way.",

  // While it waits; step 0 where there was no sampling
  /** @param {number} step @param {number} count */
  choose: (step, count) => `${waiting(step)}: choose at least one of ${count}.`,
  /** @param {number} step @param {string} who @param {number} asked how many, where not as many as are chosen; else 0 */
  chosen: (step, who, asked) =>
    `${waiting(step)}: ${who} chosen${asked ? ` (${asked} asked for; more or fewer is fine)` : ""}.`,
  /** @param {string} time @param {keyof typeof OUTCOMES} outcome */
  until: (time, outcome) => `At ${time} ${OUTCOMES[outcome]}.`,

  // When it is over
  /** @param {string} who @param {number} count */
  finished: (who, count) => `Finished: kept ${who} of ${count}.`,
  /** @param {number} count @param {string} head @param {string} who */
  watched: (count, head, who) => `Finished all ${count}: ${head || "the head"} would have kept ${who}.`,
  /** @param {number} step @param {number} steps 0 where nobody counts them */
  stopped: (step, steps) => `Stopped${at(step, steps)}. Nothing was kept.`,
  /** @param {number} step @param {number} steps 0 where nobody counts them */
  failed: (step, steps) => `The run failed${at(step, steps)}.`,
  seeError: "ComfyUI shows what went wrong.",
  /** @param {string} rows @param {number | null} step */
  dropped: (rows, step) => `Dropped${step === null ? "" : ` at step ${step}`}: ${rows}.`,

  /** @param {string[]} parts whole sentences; empty ones are left out */
  sentences: (parts) => parts.filter(Boolean).join(" "),
};

/** @param {number} step */
const waiting = (step) => (step ? `Waiting for you after step ${step}` : "Waiting for you");
/** @param {number} step @param {number} steps */
const at = (step, steps) => (steps ? ` at step ${step} of ${steps}` : "");
