/**
 * Calling the artist while a run waits: the title of the tab flashes, and where the panel is out of sight a small
 * button leads to it. The only timer of the page lives here, and only while something waits.
 *
 * @typedef {import("./contract.mjs").View} View
 * @typedef {import("./state.mjs").State} State
 *
 * @typedef {"seen" | "elsewhere" | "away" | "gone"} Sight "away": its graph is not open; "gone": the node is deleted
 *
 * @typedef {object} Caller
 * @property {() => boolean} flashes whether the artist wants the title to flash
 * @property {(view: View) => Sight} sight of the panel
 * @property {(view: View) => void} lead bring the node into view
 */

import { make, mark, show, write } from "./dom.mjs";
import { says } from "./language.mjs";
import { waitingFor } from "./select.mjs";

const BEAT = 1000; // milliseconds

export class Attention {
  #title = "";
  #call = ""; // what stands in its place
  #timer = 0;
  /** @type {View[]} */
  #waiting = [];
  #caller;
  #text = make("span", "prism-call-text");
  #go = make("button", "prism-call-go", { type: "button" });
  #hint = make("div", "prism-call", { role: "status" }, [this.#text, this.#go]);

  /** @param {Caller} caller */
  constructor(caller) {
    this.#caller = caller;
    this.#go.addEventListener("click", () => this.#waiting[0] && this.#caller.lead(this.#waiting[0]));
  }

  /** @param {State} state */
  watch(state) {
    this.#waiting = waitingFor(state);
    if (this.#waiting.length && !this.#timer) this.#timer = window.setInterval(() => this.#beat(), BEAT);
    if (this.#waiting.length) this.#place();
    else this.#rest();
  }

  #beat() {
    this.#place();
    if (!this.#caller.flashes()) return this.#restoreTitle();
    if (document.title === this.#call) return this.#restoreTitle();
    this.#title = document.title;
    this.#call = says().call.tab;
    document.title = this.#call;
  }

  /** The front end may have given the tab another title meanwhile: only our own is taken away. */
  #restoreTitle() {
    if (document.title === this.#call) document.title = this.#title;
  }

  #place() {
    const view = this.#waiting[0];
    const sight = this.#caller.sight(view);
    if (sight === "seen") return this.#hint.remove();
    const { lang, call } = says();
    mark(this.#hint, "lang", lang);
    write(this.#text, call[sight]);
    write(this.#go, call.show);
    show(this.#go, sight === "elsewhere");
    if (!this.#hint.isConnected) document.body.append(this.#hint);
  }

  #rest() {
    window.clearInterval(this.#timer);
    this.#timer = 0;
    this.#restoreTitle();
    this.#hint.remove();
  }
}
