/**
 * What the server tells the page of one run; messages.schema.json is the same in a form that can be checked.
 *
 * @typedef {import("./said.mjs").Said} Said
 * @typedef {"none" | "pin" | "ban"} Mark
 *
 * @typedef {object} Card one candidate
 * @property {number} row counted from 0
 * @property {string} seed decimal text, since it can exceed what a JavaScript number holds; "" where unknown
 * @property {"alive" | "dropped" | "kept"} state
 * @property {number | null} score
 * @property {number | null} rank 1 is the best of those alive
 * @property {Mark} mark
 * @property {number | null} dropped_at the step
 * @property {number | null} imagined_at the step at which it would have been dropped, in a run that is only watched
 * @property {Said | null} reason
 *
 * @typedef {object} Sheet one picture with the previews of several candidates: rows downwards, frames to the right
 * @property {number} version
 * @property {number} step
 * @property {number} frames
 * @property {number} width of one frame, in pixels
 * @property {number} height of one frame, in pixels
 * @property {number[]} rows the candidates from top to bottom
 *
 * @typedef {object} Waiting the run stands still until a person answers
 * @property {number} question
 * @property {number} keep how many were asked for
 * @property {number[]} suggested
 * @property {number | null} deadline_s seconds left when it was sent
 * @property {"best" | "all" | "stop" | "skip"} outcome what happens when the time is up
 * @property {boolean} has_head
 *
 * @typedef {object} Agreement how far PRISM and the artist agree on the clips of a trial
 * @property {boolean} best_kept
 * @property {number} chance of that, where as many are kept at random
 * @property {number[]} pairs of a kept and a dropped clip in which the kept one was ranked higher, and of how many
 * @property {number[]} ordered pairs that the scores order as the ranking does, and of how many
 *
 * @typedef {object} Totals how often the best clip was kept over several trials: shares, with a 95 % interval
 * @property {number} trials
 * @property {number} best
 * @property {number} low
 * @property {number} high
 * @property {number} chance
 *
 * @typedef {object} Reveal what a trial told nobody before the clips were ranked
 * @property {number[]} rows the candidate of each card
 * @property {number[]} places of each card, 1 is the best; empty where nobody ranked them
 * @property {number} keep how many PRISM keeps
 * @property {Agreement | null} agreement
 * @property {Totals | null} totals
 * @property {number} saved share of the work, negative where pruning costs more
 * @property {number} saved_s seconds
 *
 * @typedef {object} View of a trial, cards have positions for rows until `reveal` says whose they are
 * @property {1} version
 * @property {string} run
 * @property {number} seq
 * @property {string} node execution id, "12:5" inside a subgraph
 * @property {string} workflow
 * @property {string} client
 * @property {string} prompt
 * @property {"run" | "pick" | "trial"} kind
 * @property {"sampling" | "waiting" | "finished" | "stopped" | "failed"} status
 * @property {number} step
 * @property {number} steps
 * @property {number[][]} cuts pairs of step and keep
 * @property {"head" | "person" | "replay" | "watch" | "none"} judge
 * @property {string} head
 * @property {string} seed
 * @property {Card[]} candidates
 * @property {Sheet | null} sheet
 * @property {Waiting | null} waiting
 * @property {Reveal | null} reveal
 * @property {string} replay text for the kept widget; "" until it is finished
 * @property {number} group
 * @property {Said[]} notes
 *
 * @typedef {object} Answer
 * @property {number} question
 * @property {"keep" | "best" | "all" | "stop" | "rank" | "skip"} action
 * @property {number[]} [rows]
 * @property {number[][]} [ranking] from best to worst, with those that are equally good
 */

export {};
