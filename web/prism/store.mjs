/**
 * Holds the one state and tells the panels, at most once a frame.
 *
 * @typedef {import("./state.mjs").State} State
 */

import { initial } from "./state.mjs";

export class Store {
  /** @type {State} */
  state = initial();
  /** @type {Set<() => void>} */
  #panels = new Set();
  /** @type {Set<(state: State) => void>} */
  #watchers = new Set();
  #asked = false;

  /**
   * @template {unknown[]} Given
   * @param {(state: State, ...given: Given) => State} reducer
   * @param {Given} given
   */
  change(reducer, ...given) {
    const next = reducer(this.state, ...given);
    if (next === this.state) return;
    this.state = next;
    for (const watcher of this.#watchers) watcher(next);
    this.refresh();
  }

  /** Draw the panels in the next frame. */
  refresh() {
    if (this.#asked || !this.#panels.size) return;
    this.#asked = true;
    requestAnimationFrame(() => {
      this.#asked = false;
      for (const update of this.#panels) update();
    });
  }

  /** @param {() => void} update draws one panel @returns {() => void} what ends it */
  attach(update) {
    this.#panels.add(update);
    this.refresh();
    return () => void this.#panels.delete(update);
  }

  /** Unlike panels, a watcher is told at once, even where the page is hidden and draws nothing.
   * @param {(state: State) => void} watcher */
  watch(watcher) {
    this.#watchers.add(watcher);
  }
}
