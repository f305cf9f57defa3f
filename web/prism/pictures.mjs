/**
 * The looping previews: a sheet is loaded in the background and shown when it is there, so that nothing flickers.
 *
 * @typedef {import("./card.mjs").CardParts} CardParts
 * @typedef {import("./contract.mjs").Sheet} Sheet
 * @typedef {import("./contract.mjs").View} View
 *
 * @typedef {object} Film one candidate's line of a sheet
 * @property {Sheet} sheet
 * @property {string} address
 * @property {number} position of the candidate in the sheet
 *
 * @typedef {Map<number, Film>} Films by row
 *
 * @typedef {object} Pictures what is loaded and what is being loaded
 * @property {string} shown address of the sheet on the cards
 * @property {string} coming address of the newest sheet that was asked for
 * @property {Films} films what each candidate was last seen in
 */

import { playFilm } from "./card.mjs";

/** @returns {Pictures} */
export function noPictures() {
  return { shown: "", coming: "", films: new Map() };
}

/** @param {View} view @param {(route: string) => string} addressOf @returns {string} "" without a sheet */
export function sheetAddress(view, addressOf) {
  return view.sheet ? addressOf(`/prism/runs/${view.run}/sheets/${view.sheet.version}`) : "";
}

/**
 * Show a view's sheet once it has arrived. One that a newer one has overtaken, or that could not be loaded, changes
 * nothing: the cards keep what they have.
 *
 * @param {Pictures} pictures
 * @param {View} view
 * @param {Map<number, CardParts>} cards
 * @param {(route: string) => string} addressOf
 * @returns {Promise<boolean>} whether there is something new to see
 */
export async function showPictures(pictures, view, cards, addressOf) {
  const { sheet } = view;
  const address = sheetAddress(view, addressOf);
  if (!sheet || address === pictures.coming) return false;
  pictures.coming = address;
  const image = new Image();
  image.src = address;
  const loaded = await image.decode().then(() => true, () => false);
  if (pictures.coming !== address) return false;
  if (!loaded) {
    pictures.coming = pictures.shown;
    return false;
  }
  pictures.shown = address;
  for (const [position, row] of sheet.rows.entries()) {
    const film = { sheet, address, position };
    pictures.films.set(row, film);
    const card = cards.get(row);
    if (card) playFilm(card, film);
  }
  return true;
}
