/**
 * PrismPruneLatents has no live run: its choice is made for the next one, as the text of its kept widget.
 *
 * @typedef {import("./contract.mjs").Mark} Mark
 * @typedef {import("./state.mjs").Staged} Staged
 */

/** The report of an executed node, or null if it is none. @param {unknown} output @returns {Staged | null} */
export function readReport(output) {
  const text = /** @type {any} */ (output)?.prism_kept?.[0];
  if (typeof text !== "string") return null;
  try {
    const told = JSON.parse(text);
    const rows = Array.isArray(told.kept) && Array.isArray(told.dropped) ? [...told.kept, ...told.dropped] : [];
    if (!isPermutation(rows)) return null;
    return { kept: told.kept, seeds: rows.map((_, row) => named(told.seeds, row)), marks: {},
      scores: isScores(told.scores, rows.length) ? told.scores : null };
  } catch {
    return null;
  }
}

/**
 * The text for the kept widget: pins stay, bans go, and the places left are filled as the last run would have.
 * Without any mark it is empty, and the scores decide.
 *
 * @param {Staged} staged
 * @param {number} keep
 */
export function keptText(staged, keep) {
  const rows = staged.seeds.map((_, row) => row);
  const pinned = rows.filter((row) => staged.marks[row] === "pin");
  if (!rows.some((row) => (staged.marks[row] ?? "none") !== "none")) return "";
  const free = rows.filter((row) => (staged.marks[row] ?? "none") === "none");
  const filled = free.sort(preference(staged)).slice(0, Math.max(0, keep - pinned.length));
  return [...pinned, ...filled].sort((a, b) => a - b).join(", ");
}

/** @param {Staged} staged @returns {(a: number, b: number) => number} */
function preference({ scores, kept }) {
  return scores ? (a, b) => scores[b] - scores[a] || a - b
    : (a, b) => Number(kept.includes(b)) - Number(kept.includes(a)) || a - b;
}

/** @param {unknown} rows */
function isPermutation(rows) {
  return Array.isArray(rows) && rows.length > 0 && rows.length <= 4096 && new Set(rows).size === rows.length &&
    rows.every((row) => Number.isInteger(row) && row >= 0 && row < rows.length);
}

/** @param {unknown} scores @param {number} count @returns {scores is number[]} */
function isScores(scores, count) {
  return Array.isArray(scores) && scores.length === count && scores.every(Number.isFinite);
}

/** @param {unknown} seeds @param {number} row */
function named(seeds, row) {
  const seed = Array.isArray(seeds) ? seeds[row] : undefined;
  return typeof seed === "string" || Number.isSafeInteger(seed) ? String(seed) : "";
}
