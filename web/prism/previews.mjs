/**
 * How candidates are shown while they form, in ComfyUI's settings. The server holds it, for every page.
 *
 * @typedef {import("./server.mjs").Fetch} Fetch
 * @typedef {{ size: number, rate: number }} Previewing longer side in pixels; new pictures a second at most
 */

import { make, show, write } from "./dom.mjs";
import { says } from "./language.mjs";
import { saidOf, tell } from "./said.mjs";
import { read, send } from "./server.mjs";

const ROUTE = "/prism/previews";
const SIZE = { least: 64, most: 512, step: 8 };
const RATE = { least: 0.1, most: 10, step: 0.1 };

export class Previews {
  element;
  #fetch;
  #size = number("size", SIZE);
  #rate = number("rate", RATE);
  #problem = make("p", "prism-problem", { role: "alert" });
  /** @type {Previewing | null} */
  #set = null;

  /** @param {Fetch} fetch */
  constructor(fetch) {
    const { lang, previews: words } = says();
    this.#fetch = fetch;
    for (const input of [this.#size, this.#rate]) input.addEventListener("change", () => this.#save());
    this.element = make("div", "prism-picks", { lang }, [
      make("label", "prism-picks-row", {}, [text(words.size), this.#size, text(words.pixels)]),
      make("label", "prism-picks-row", {}, [text(words.rate), this.#rate, text(words.aSecond)]),
      make("p", "prism-note", {}, [document.createTextNode(words.about)]),
      this.#problem,
    ]);
    this.#draw("");
    void this.#work(() => read(fetch, ROUTE));
  }

  #save() {
    if (!this.#set) return; // what the server has is not known yet
    const size = within(this.#size.value, SIZE, this.#set.size);
    const rate = within(this.#rate.value, RATE, this.#set.rate);
    void this.#work(() => send(this.#fetch, ROUTE, { size, rate }));
  }

  /** @param {() => Promise<Previewing>} request */
  async #work(request) {
    try {
      this.#set = await request();
      this.#draw("");
    } catch (problem) {
      this.#draw(tell(saidOf(problem)));
    }
  }

  /** @param {string} problem */
  #draw(problem) {
    write(this.#problem, problem);
    show(this.#problem, problem !== "");
    for (const input of [this.#size, this.#rate]) input.disabled = this.#set === null;
    if (!this.#set) return;
    this.#size.value = String(this.#set.size);
    this.#rate.value = String(this.#set.rate);
  }
}

/** A number that the server takes: the nearest to what was typed.
 * @param {string} typed @param {typeof SIZE} range @param {number} otherwise */
function within(typed, { least, most, step }, otherwise) {
  const value = typed.trim() === "" || Number.isNaN(Number(typed)) ? otherwise : Number(typed);
  const whole = Number((Math.round(value / step) * step).toFixed(3));
  return Math.min(most, Math.max(least, whole));
}

/** @param {string} name @param {typeof SIZE} range */
function number(name, { least, most, step }) {
  return make("input", "prism-picks-limit",
    { type: "number", name, min: String(least), max: String(most), step: String(step) });
}

/** @param {string} words */
function text(words) {
  return make("span", "prism-picks-text", {}, [document.createTextNode(words)]);
}
