/**
 * A marker under the artist's hand. The chart shows at once where it is; the widgets follow a few times a second, for
 * ComfyUI draws its own field anew whenever they do, which takes longer than all of the chart.
 *
 * @typedef {import("./knobs.mjs").Knobs} Knobs
 */

import { withCut } from "./knobs.mjs";

const PAUSE = 120; // milliseconds between two changes of the widgets

export class Drag {
  #set;
  #cut = -1;
  /** @type {number | null} */
  #step = null; // that the widgets do not have yet
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {(cut: number, step: number) => void} set move a cut to a step, in the widgets */
  constructor(set) {
    this.#set = set;
  }

  /** The cut that is held; -1 for none. */
  get cut() {
    return this.#cut;
  }

  /** @param {number} cut */
  hold(cut) {
    this.#cut = cut;
  }

  /** @param {number} step */
  to(step) {
    this.#step = step;
    this.#timer ??= setTimeout(() => this.#follow(), PAUSE);
  }

  /** Nothing is held any more, and the widgets have what was last shown. */
  letGo() {
    this.#follow();
    this.#cut = -1;
  }

  /** What the widgets are about to hold. @param {Knobs} knobs what they hold now */
  over(knobs) {
    return this.#step === null ? knobs : withCut(knobs, this.#cut, this.#step);
  }

  #follow() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#step === null) return;
    const step = this.#step;
    this.#step = null;
    this.#set(this.#cut, step);
  }
}
