/**
 * A ranking in the making: positions of clips from best to worst, with those that are equally good.
 *
 * @typedef {number[][]} Ranking
 */

/** The place of a clip, 1 for the best; 0 where it has none yet. @param {Ranking} ranking @param {number} position */
export function placeOf(ranking, position) {
  return 1 + ranking.findIndex((place) => place.includes(position));
}

/** Whether others share a clip's place. @param {Ranking} ranking @param {number} position */
export function isShared(ranking, position) {
  return (ranking.find((place) => place.includes(position))?.length ?? 0) > 1;
}

/**
 * Give a clip the next place, or that of the one before it; take its place away where it has one.
 *
 * @param {Ranking} ranking
 * @param {number} position
 * @param {boolean} equal whether it is as good as the one before
 * @returns {Ranking}
 */
export function toggled(ranking, position, equal) {
  if (placeOf(ranking, position)) return without(ranking, position);
  return equal && ranking.length ? [...ranking.slice(0, -1), [...ranking[ranking.length - 1], position]]
    : [...ranking, [position]];
}

/** Take back the last place that was given. @param {Ranking} ranking @returns {Ranking} */
export function undone(ranking) {
  const last = ranking.at(-1)?.at(-1);
  return last === undefined ? ranking : without(ranking, last);
}

/** @param {Ranking} ranking @param {number} position @returns {Ranking} */
function without(ranking, position) {
  return ranking.map((place) => place.filter((other) => other !== position)).filter((place) => place.length > 0);
}

/** What a clip is called while nobody may know more: A to Z, then AA and so on. @param {number} position
 * @returns {string} */
export function letterOf(position) {
  const letter = String.fromCharCode(65 + (position % 26));
  return position < 26 ? letter : letterOf(Math.floor(position / 26) - 1) + letter;
}
