/**
 * How long settings take, from what each model call of a finished run took.
 *
 * A call of few candidates takes longer a candidate than one of many, so seconds are read off lines between the numbers
 * of candidates that the run had. Where it had one number only, fewer are taken to need their share, which is the least
 * that they can.
 *
 * @typedef {import("./curves.mjs").Pace} Pace
 * @typedef {import("./readout.mjs").Cost} Cost
 *
 * @typedef {object} Seconds
 * @property {number} taken by these settings, from the first model call to the end
 * @property {number} all with nothing dropped
 * @property {boolean} least whether `taken` may be more, since no run has had so few
 */

/** Seconds of a model call of so many candidates. @param {Pace["calls"]} calls in order of candidates
 * @param {number} rows */
export function callSeconds(calls, rows) {
  const measured = rising(calls);
  const above = measured.findIndex(([known]) => known >= rows);
  const last = above < 0 ? measured.length - 1 : Math.max(1, above);
  const [low, high] = [measured[last - 1], measured[last]];
  if (!low || !high) return (measured[0][1] * rows) / measured[0][0];
  const line = low[1] + ((high[1] - low[1]) * (rows - low[0])) / (high[0] - low[0]);
  // Fewer than were measured take their share of that at least.
  return rows < low[0] ? Math.max(line, (low[1] * rows) / low[0]) : line;
}

/** Seconds of a call of the last candidate, which no head scores any more: where none was measured, its share of a call
 * of several, all of which were scored. @param {Pace["calls"]} calls in order of candidates */
function loneSeconds(calls) {
  const [[rows, seconds]] = rising(calls);
  return rows > 1 ? seconds / rows : callSeconds(calls, 1);
}

/** Candidates and seconds, without what a restless machine pretends: that more candidates take less time.
 * @param {Pace["calls"]} calls @returns {[number, number][]} */
function rising(calls) {
  /** @type {{ rows: number[], seconds: number, weight: number }[]} */
  const levels = [];
  for (const [rows, many, seconds] of calls) {
    let level = { rows: [rows], seconds, weight: Math.max(1, many) };
    for (let before = levels.at(-1); before && before.seconds > level.seconds; before = levels.at(-1)) {
      const weight = before.weight + level.weight;
      level = { rows: [...before.rows, ...level.rows], weight,
        seconds: (before.seconds * before.weight + level.seconds * level.weight) / weight };
      levels.pop();
    }
    levels.push(level);
  }
  return levels.flatMap(({ rows, seconds }) => rows.map((known) => /** @type {[number, number]} */ ([known, seconds])));
}

/** Seconds that scoring so many candidates takes in a call of its own, which ends before a whole one would.
 * @param {Pace} pace @param {number} rows @param {number} share that it should take of a model call */
function probeSeconds({ calls, probes }, rows, share) {
  const [known, seconds] = probes.at(-1) ?? [0, 0];
  if (!known) return share * callSeconds(calls, rows);
  return Math.min(1, seconds / callSeconds(calls, known)) * callSeconds(calls, rows);
}

/** @param {Pace | null} pace @param {Cost} cost @param {number} share of a call that a probe should take
 * @returns {Seconds | null} null where no run has been measured */
export function secondsOf(pace, cost, share) {
  if (!pace?.calls.length) return null;
  const phases = cost.phases.map(([rows, calls]) =>
    calls * (rows === 1 && share > 0 ? loneSeconds(pace.calls) : callSeconds(pace.calls, rows)));
  const probes = cost.probed.map((rows) => probeSeconds(pace, rows, share));
  const sum = (/** @type {number[]} */ parts) => parts.reduce((whole, part) => whole + part, 0);
  return { taken: sum(phases) + sum(probes), all: cost.calls * callSeconds(pace.calls, cost.candidates),
    least: isGuess(pace) && cost.candidates === pace.calls[0][0] };
}

/** Whether all calls had as many candidates, so that what fewer take is a guess. @param {Pace | null} pace */
export const isGuess = (pace) => pace?.calls.length === 1;
