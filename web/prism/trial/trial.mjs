/**
 * The panel of PrismTrial: clips without names, which the artist ranks; then whose they were, and how far PRISM agreed.
 *
 * @typedef {import("../contract.mjs").View} View
 * @typedef {import("./ranking.mjs").Ranking} Ranking
 * @typedef {import("../select.mjs").Seat} Seat
 * @typedef {import("../store.mjs").Store} Store
 *
 * @typedef {object} RankHands what this panel can have done
 * @property {(view: View, ranking: Ranking) => void} rank an empty one skips the question
 *
 * @typedef {import("../node_panel.mjs").PanelHands & RankHands} TrialHands
 */

import { buttonOf } from "../dom.mjs";
import { claim, pressesButton } from "../keyboard.mjs";
import { NodePanel } from "../node_panel.mjs";
import { toggled, undone } from "./ranking.mjs";
import { said } from "../said.mjs";
import { canAnswer } from "../select.mjs";
import { placed, refused } from "../state.mjs";
import { wishOf } from "./keys.mjs";
import { TrialFace, inPlaces } from "./face.mjs";

/** @extends {NodePanel<TrialHands, TrialFace>} */
export class TrialPanel extends NodePanel {
  /** @param {Store} store @param {Seat} seat @param {TrialHands} hands */
  constructor(store, seat, hands) {
    super(store, seat, hands, new TrialFace());
    this.element.addEventListener("click", (event) => this.#clicked(event));
    this.element.addEventListener("keydown", (event) => this.#pressed(event));
  }

  /** Do what a command asks for, as if its button had been pressed: continuing gives the ranking.
   * @param {string} deed @returns {boolean} whether that could be done */
  perform(deed) {
    this.update();
    const { actions, buttons } = this.face.frame;
    const done = buttons.get("done");
    if (deed !== "keep" || !done || actions.hidden || done.getAttribute("aria-disabled") === "true") return false;
    this.#act(done);
    return true;
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const button = buttonOf(event);
    if (button) return this.#act(button);
    const position = this.list.at(event.target);
    if (position === null) return undefined;
    this.list.focusOn(position);
    return this.#rank(position, event.shiftKey);
  }

  /** @param {HTMLButtonElement} button */
  #act(button) {
    const { view, desk } = this.look();
    if (!view) return;
    const { action } = button.dataset;
    if (action === "over") return this.#place([]);
    if (action === "done" && !desk.ranking.length) return this.store.change(refused, view.run, said("rankOne"));
    if (button.getAttribute("aria-disabled") !== "true") this.hands.rank(view, action === "done" ? desk.ranking : []);
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (pressesButton(event)) return event.stopPropagation();
    const shown = this.look();
    const order = inPlaces(shown.view).map((card) => card.row);
    const wish = wishOf(event, { order, focus: this.list.focus, columns: this.columns, asked: canAnswer(shown) });
    if (!wish) return undefined;
    claim(event);
    return this.#fulfil(wish);
  }

  /** @param {import("./keys.mjs").Wish} wish */
  #fulfil({ wish, position }) {
    if (position !== undefined) this.list.focusOn(position);
    if (wish === "leave") this.hands.leave();
    if (wish === "undo") this.#place(undone(this.look().desk.ranking));
    if (position !== undefined && (wish === "rank" || wish === "equal")) this.#rank(position, wish === "equal");
  }

  /** @param {number} position @param {boolean} equal */
  #rank(position, equal) {
    this.#place(toggled(this.look().desk.ranking, position, equal));
  }

  /** @param {Ranking} ranking */
  #place(ranking) {
    const shown = this.look();
    if (shown.view && canAnswer(shown)) this.store.change(placed, shown.view.run, ranking);
  }
}
