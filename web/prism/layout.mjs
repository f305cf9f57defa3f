/**
 * How many cards stand side by side, and how high the panel has to be. All lengths in CSS pixels of the node.
 *
 * @typedef {{ columns: number, card: number, row: number, height: number }} Layout card: its width, row: its height
 *
 * @typedef {object} Room
 * @property {number} width inside the panel
 * @property {number} height inside the panel, as it is
 * @property {number} frame height of what stands above and below the cards
 * @property {number} chart how much of that is the chart
 * @property {number} count of cards
 * @property {number} aspect of a picture, width through height; 0 where there are none
 * @property {number} lines of text below a picture
 * @property {number} [least] narrowest card
 */

const CARD = 90; // narrowest card whose texts can be read
const LARGEST = 280; // widest card that a preview of about 100 pixels can fill
const GAP = 8;
const LINE = 16;
const RIM = 10; // padding and border of a card, and the space below its picture
const PLATE = 50; // stands in the place of a picture, with two rows of labels
const EDGES = 18; // padding and border of the panel
const HIGHEST = 640; // more than that scrolls, unless the artist makes the node higher

/**
 * The height asked for is that of the smallest cards; where the artist gives more, the cards grow into it.
 *
 * @param {Room} room
 * @returns {Layout}
 */
export function arrange(room) {
  const { width, height, frame, chart, count, least = CARD } = room;
  if (count === 0) return { columns: 1, card: width, row: 0, height: Math.ceil(EDGES + frame) };
  const most = columnsFor(width, count, least);
  const needed = Math.ceil(Math.min(HIGHEST + chart, heightWith(most, room)));
  /** @param {number} columns */
  const fits = (columns) => heightWith(columns, room) <= height + EDGES && cardWith(columns, width) <= LARGEST;
  let columns = most;
  while (columns > 1 && fits(columns - 1)) columns -= 1;
  return { columns, card: cardWith(columns, width), row: rowWith(columns, room), height: needed };
}

/** @param {number} columns @param {Room} room */
function heightWith(columns, room) {
  const rows = Math.ceil(room.count / columns);
  return EDGES + room.frame + 2 * GAP + rows * rowWith(columns, room) + (rows - 1) * GAP;
}

/** @param {number} columns @param {Room} room */
function rowWith(columns, { width, aspect, lines }) {
  const picture = aspect ? (cardWith(columns, width) - RIM + 2) / aspect : PLATE;
  return Math.ceil(picture + lines * LINE + RIM);
}

/** @param {number} columns @param {number} width */
function cardWith(columns, width) {
  return (width - (columns - 1) * GAP) / columns;
}

/**
 * As many columns as fit, evened out so that the last row is not nearly empty.
 *
 * @param {number} width
 * @param {number} count
 * @param {number} least
 */
function columnsFor(width, count, least) {
  const most = Math.max(1, Math.min(count, Math.floor((width + GAP) / (least + GAP))));
  return Math.ceil(count / Math.ceil(count / most));
}
