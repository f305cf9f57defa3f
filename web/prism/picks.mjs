/**
 * The recorded choices, in ComfyUI's settings: how many there are, whether more are recorded, export and deletion.
 *
 * @typedef {import("./server.mjs").Fetch} Fetch
 *
 * @typedef {object} Status
 * @property {number} count
 * @property {number} bytes
 * @property {number} limit_bytes
 * @property {boolean} recording
 */

import { make, show, write } from "./dom.mjs";
import { says } from "./language.mjs";
import { saidOf, tell } from "./said.mjs";
import { read, send } from "./server.mjs";

const GIGABYTE = 1e9;
const LEAST = 0.01; // gigabytes

export class Picks {
  element;
  #fetch;
  #told = make("p", "prism-picks-told", { role: "status" });
  #problem = make("p", "prism-problem", { role: "alert" });
  #recording = make("input", "prism-picks-recording", { type: "checkbox" });
  #limit = make("input", "prism-picks-limit", { type: "number", min: String(LEAST), step: "any" });
  #export;
  #remove = button(says().picks.remove, () => this.#ask(true));
  #sure = make("div", "prism-picks-row", { role: "group", "aria-label": says().picks.confirm }, [
    text(says().picks.warning),
    button(says().picks.sure, () => this.#change("/prism/picks/delete", { confirm: "delete" })),
    button(says().picks.spare, () => this.#ask(false)),
  ]);
  /** @type {Status | null} */
  #status = null;

  /** @param {Fetch} fetch @param {string} address of the export */
  constructor(fetch, address) {
    const { lang, picks: words } = says();
    this.#fetch = fetch;
    this.#export = make("a", "prism-button", { href: address, download: "" }, [text(words.export)]);
    this.#recording.addEventListener("change", () => this.#save());
    this.#limit.addEventListener("change", () => this.#save());
    this.element = make("div", "prism-picks", { lang }, [
      this.#told,
      make("label", "prism-picks-row", {}, [this.#recording, text(words.record)]),
      make("label", "prism-picks-row", {}, [text(words.limit), this.#limit, text("GB")]),
      make("div", "prism-picks-row", {}, [this.#export, this.#remove]),
      this.#sure,
      this.#problem,
    ]);
    this.#draw("");
    void this.#work(() => read(fetch, "/prism/picks"));
  }

  /** @param {string} route @param {object} body */
  #change(route, body) {
    return this.#work(() => send(this.#fetch, route, body));
  }

  #save() {
    const limit = Math.max(LEAST, Number(this.#limit.value) || LEAST);
    void this.#change("/prism/picks/settings",
      { recording: this.#recording.checked, limit_bytes: Math.round(limit * GIGABYTE) });
  }

  /** @param {() => Promise<Status>} request */
  async #work(request) {
    try {
      this.#status = await request();
      this.#draw("");
    } catch (problem) {
      this.#draw(tell(saidOf(problem)));
    }
  }

  /** @param {boolean} asked */
  #ask(asked) {
    show(this.#sure, asked);
  }

  /** @param {string} problem */
  #draw(problem) {
    const status = this.#status;
    write(this.#told, status ? summary(status) : "");
    write(this.#problem, problem);
    show(this.#problem, problem !== "");
    show(this.#export, Boolean(status?.count));
    show(this.#remove, Boolean(status?.count));
    this.#ask(false);
    if (!status) return;
    this.#recording.checked = status.recording;
    this.#limit.value = String(Number((status.limit_bytes / GIGABYTE).toPrecision(4)));
  }
}

/** @param {Status} status */
function summary({ count, bytes, recording }) {
  const { headline, picks: words } = says();
  return headline.sentences([count ? words.stored(count, size(bytes)) : words.none, recording ? words.kept : words.off]);
}

/** @param {number} bytes */
function size(bytes) {
  return bytes < GIGABYTE ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / GIGABYTE).toFixed(2)} GB`;
}

/** @param {string} words @param {() => void} pressed */
function button(words, pressed) {
  const made = make("button", "prism-button", { type: "button" }, [document.createTextNode(words)]);
  made.addEventListener("click", pressed);
  return made;
}

/** @param {string} words */
function text(words) {
  return make("span", "prism-picks-text", {}, [document.createTextNode(words)]);
}
