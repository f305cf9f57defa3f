/**
 * The markers of the cuts: sliders over the chart, one a round.
 *
 * @typedef {import("./plot.mjs").Scale} Scale
 * @typedef {import("./readout.mjs").Reading} Reading
 */

import { cutValue } from "./words.mjs";
import { make, mark, style, write } from "../dom.mjs";
import { says } from "../language.mjs";

const LEAP = 5; // steps that Page Up and Page Down move by

export class CutMarkers {
  element = make("div", "prism-cuts");
  /** @type {Reading | null} */
  #reading = null;
  #settable = true;

  /** @param {Reading} reading @param {Scale} scale @param {boolean} settable */
  render(reading, scale, settable) {
    this.#reading = reading;
    this.#settable = settable;
    const { children } = this.element;
    while (children.length > reading.rounds.length) children[children.length - 1].remove();
    for (const [cut, round] of reading.rounds.entries()) {
      const marker = /** @type {HTMLElement} */ (children[cut] ?? this.element.appendChild(makeMarker(cut)));
      const { least, most } = this.#limits(cut);
      const shown = Math.min(reading.steps, Math.max(0, round.step));
      style(marker, "transform", `translateX(${scale.x(shown)}px)`);
      write(/** @type {Element} */ (marker.firstElementChild), String(round.step));
      mark(marker, "data-step", String(round.step));
      mark(marker, "aria-label", says().chart.cut(cut + 1, reading.rounds.length));
      mark(marker, "aria-valuemin", String(Math.min(least, shown)));
      mark(marker, "aria-valuemax", String(Math.max(most, shown)));
      mark(marker, "aria-valuenow", String(shown));
      mark(marker, "aria-valuetext", cutValue(reading, cut));
      mark(marker, "aria-readonly", this.#movable(cut) ? null : "true");
    }
  }

  /** Give a marker the keyboard; whether it can be moved. @param {number} cut */
  focus(cut) {
    /** @type {HTMLElement | undefined} */ (this.element.children[cut])?.focus({ preventScroll: true });
    return this.#movable(cut);
  }

  /** The step nearest to the wished one that a cut can be moved to; null where it cannot be moved.
   * @param {number} cut @param {number} step */
  within(cut, step) {
    const { least, most } = this.#limits(cut);
    return this.#movable(cut) && least <= most ? Math.min(most, Math.max(least, step)) : null;
  }

  /** Where a key moves a cut to; null for other keys. @param {number} cut @param {string} key */
  keyStep(cut, key) {
    const now = this.#reading?.rounds[cut]?.step ?? 0;
    const { least, most } = this.#limits(cut);
    /** @type {Record<string, number>} */
    const targets = { ArrowLeft: now - 1, ArrowDown: now - 1, ArrowRight: now + 1, ArrowUp: now + 1, Home: least,
      End: most, PageDown: now - LEAP, PageUp: now + LEAP };
    return Object.hasOwn(targets, key) ? targets[key] : null;
  }

  /** Between the cuts before and behind it. @param {number} cut */
  #limits(cut) {
    const { rounds, steps } = this.#reading ?? { rounds: [], steps: 1 };
    return { least: (rounds[cut - 1]?.step ?? 0) + 1, most: Math.min(steps, rounds[cut + 1]?.step ?? steps) - 1 };
  }

  /** @param {number} cut */
  #movable(cut) {
    return this.#settable && this.#reading?.rounds[cut]?.movable === true;
  }
}

/** The cut whose marker an event is about; null for none. @param {EventTarget | null} target
 * @returns {number | null} */
export function cutAt(target) {
  const marker = target instanceof Element ? target.closest(".prism-cut") : null;
  return marker instanceof HTMLElement ? Number(marker.dataset.cut) : null;
}

/** The movable cut that is nearest to a step. @param {Reading} reading @param {number} step @returns {number | null} */
export function nearest({ rounds }, step) {
  const away = (/** @type {number} */ cut) => Math.abs(rounds[cut].step - step);
  const cuts = rounds.flatMap((round, cut) => (round.movable ? [cut] : [])).sort((a, b) => away(a) - away(b));
  return cuts[0] ?? null;
}

/** @param {number} cut */
function makeMarker(cut) {
  const grip = make("span", "prism-grip", { "aria-hidden": "true" });
  return make("div", "prism-cut",
    { role: "slider", tabindex: "0", "aria-orientation": "horizontal", "data-cut": String(cut) }, [grip]);
}
