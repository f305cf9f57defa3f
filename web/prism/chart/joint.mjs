/**
 * How often the best survives several cuts, worked out from how often it survives each of them alone.
 *
 * Quality and scores are taken as normal, with the correlation that explains each cut's own retention
 * (prism_core/forecast.py), and a later score as an earlier one with more seen: what errs in both is as large as it can
 * be for scores that grow better so. The draws are always the same ones.
 *
 * @typedef {import("./schedule.mjs").Round} Round
 */

const DRAWS = 12_000; // numbers a round, shared by the candidates
/** @type {Map<string, Float64Array>} */
const drawn = new Map();

/**
 * The share of runs in which the best is among those whom every cut keeps.
 *
 * @param {Round[]} rounds in order
 * @param {number} candidates
 * @param {number[]} correlations of scores and quality at each round, in [0, 1)
 * @returns {number}
 */
export function surviving(rounds, candidates, correlations) {
  const runs = Math.max(200, Math.floor(DRAWS / candidates));
  const size = runs * candidates;
  const quality = normals(0, size);
  const scores = scoresOf(quality, correlations, size);
  let kept = 0;
  for (let start = 0; start < size; start += candidates) {
    const rows = Array.from({ length: candidates }, (_, row) => start + row);
    kept += Number(survives(rows, quality, rounds, scores));
  }
  return kept / runs;
}

/** Scores at each round. @param {Float64Array} quality @param {number[]} correlations @param {number} size */
function scoresOf(quality, correlations, size) {
  let [noise, seen] = [normals(1, size), 0];
  return correlations.map((correlation, round) => {
    const known = correlation ** 2 / (1 - correlation ** 2); // as much as is seen of the quality, in noises
    const shared = round ? Math.sqrt(Math.min(1, seen / Math.max(known, 1e-9))) : 0;
    const fresh = normals(round + 1, size);
    const rest = Math.sqrt(1 - shared ** 2);
    noise = round ? noise.map((value, at) => shared * value + rest * fresh[at]) : noise;
    seen = known;
    const loud = Math.sqrt(1 - correlation ** 2);
    return noise.map((value, at) => correlation * quality[at] + loud * value);
  });
}

/** @param {number[]} rows of one run @param {Float64Array} quality @param {Round[]} rounds
 * @param {Float64Array[]} scores */
function survives(rows, quality, rounds, scores) {
  const best = rows.reduce((first, row) => (quality[row] > quality[first] ? row : first));
  let alive = rows;
  for (const [round, { keep }] of rounds.entries()) {
    const score = scores[round];
    if (alive.filter((row) => score[row] > score[best]).length >= keep) return false;
    if (round < rounds.length - 1) alive = alive.toSorted((a, b) => score[b] - score[a]).slice(0, keep);
  }
  return true;
}

/** As many standard normal numbers, the same at every call. @param {number} seed @param {number} size */
function normals(seed, size) {
  const key = `${seed} ${size}`;
  const known = drawn.get(key);
  if (known) return known;
  const uniform = generator(seed);
  const made = Float64Array.from({ length: size },
    () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()));
  if (drawn.size > 32) drawn.clear();
  drawn.set(key, made);
  return made;
}

/** Uniform numbers in [0, 1): a Weyl sequence, mixed as in MurmurHash3. @param {number} seed */
function generator(seed) {
  let state = Math.imul(seed + 1, 0x9e3779b1);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}
