/**
 * The chart below the cards: what the run's scores did, what a cut at each step costs and risks, and a marker for each
 * cut, which moves the widgets of the node.
 *
 * @typedef {import("../contract.mjs").View} View
 * @typedef {import("./curves.mjs").Curves} Curves
 * @typedef {import("./knobs.mjs").Knobs} Knobs
 * @typedef {import("./readout.mjs").Reading} Reading
 * @typedef {import("./plot.mjs").Scale} Scale
 *
 * @typedef {object} ChartHands what the chart can have done
 * @property {(run: string) => Promise<unknown>} fetch the curves of a run
 * @property {(view: View) => Knobs | null} knobs of the run's node
 * @property {(view: View, cut: number, step: number) => void} cut move a cut to a step
 * @property {(view: View, step: number, keep: number) => boolean} set cut once, there; whether that could be set
 * @property {(view: View) => void} watch queue a run of the same candidates that drops nobody
 * @property {() => void} edited the artist has let go of a marker that was moved
 * @property {() => void} refresh draw in the next frame
 */

import { CutMarkers, cutAt, nearest } from "./cuts.mjs";
import { details } from "./details.mjs";
import { Drag } from "./drag.mjs";
import { chartLabel, lines } from "./words.mjs";
import { isCurves } from "./curves.mjs";
import { make, mark, show, style, write, writeEach } from "../dom.mjs";
import { says } from "../language.mjs";
import { makeLegend, renderLegend } from "./legend.mjs";
import { HEIGHT, drawCut, drawRun, makePlot, scaleOf, stepAt } from "./plot.mjs";
import { read } from "./readout.mjs";
import { SuggestForm } from "./suggest_form.mjs";

const PAUSE = 1000; // milliseconds between two requests while a run samples

export class Chart {
  #hands;
  #plot = makePlot();
  #markers = new CutMarkers();
  #legend = makeLegend();
  #readout = make("div", "prism-readout");
  #watch = make("button", "prism-button prism-watch", { type: "button" });
  #suggest = new SuggestForm((step, keep) => this.#set(step, keep));
  #figures = make("div", "prism-figures-text");
  #folded = folding("prism-figures", this.#figures, false);
  #stage = make("div", "prism-stage", {}, [this.#plot.svg, this.#markers.element]);
  #body = make("div", "prism-chart-body", {}, [this.#stage, this.#readout, this.#watch,
    this.#suggest.element, this.#legend.element, this.#folded]);
  /** @type {HTMLDetailsElement} */
  element = folding("prism-chart", this.#body, true);
  #run = "";
  #asked = { key: "", time: -Infinity, busy: false };
  /** @type {Curves | null} */
  #curves = null;
  #version = 0; // counts the answers of the server
  /** @type {View | null} */
  #view = null;
  /** @type {Reading | null} */
  #reading = null;
  /** @type {Scale | null} */
  #scale = null;
  #drawn = { run: "", cut: "" };
  #active = 0;
  #width = 0;
  #drag = new Drag((cut, step) => this.#view && this.#hands.cut(this.#view, cut, step));
  #moved = false;

  /** @param {ChartHands} hands */
  constructor(hands) {
    this.#hands = hands;
    const { element } = this;
    show(element, false);
    style(this.#stage, "height", `${HEIGHT}px`);
    element.addEventListener("toggle", () => this.#view && hands.refresh());
    this.#folded.addEventListener("toggle", () => {
      this.#drawn.cut = "";
      hands.refresh();
    });
    // A widget of a subgraph node, or one that another pack sets, tells nobody that it has changed.
    element.addEventListener("pointerenter", () => hands.refresh());
    element.addEventListener("keydown", (event) => this.#pressed(event));
    element.addEventListener("keyup", () => this.#letGo());
    element.addEventListener("focusin", (event) => this.#activate(cutAt(event.target)));
    this.#watch.addEventListener("click", (event) => {
      event.stopPropagation();
      if (this.#view) hands.watch(this.#view);
    });
    this.#stage.addEventListener("pointerdown", (event) => this.#down(event));
    this.#stage.addEventListener("pointermove", (event) => {
      const { cut } = this.#drag;
      if (cut >= 0) this.#move(cut, this.#stepAt(event), (step) => this.#drag.to(step));
    });
    for (const end of ["pointerup", "pointercancel"]) this.#stage.addEventListener(end, () => this.#letGo());
  }

  /** @param {View | null} view @param {number} width of the panel's inside, in pixels */
  update(view, width) {
    const told = view?.kind === "run" && view.judge !== "none"; // the curves of a run in a trial come after it
    if (view?.run !== this.#run) this.#forget(view);
    const found = told && view.steps > 1 && view.step > 0 ? this.#hands.knobs(view) : null;
    const knobs = found && this.#drag.over(found);
    this.#view = view;
    this.#width = width;
    show(this.element, knobs !== null && this.#asked.key !== "none");
    write(/** @type {Element} */ (this.element.firstElementChild), says().chart.title);
    if (!view || !knobs || !this.element.open) return;
    void this.#ask(view);
    show(this.#body, this.#curves !== null);
    if (this.#curves) this.#draw(view, this.#curves, knobs, Math.max(200, Math.floor(width)));
  }

  /** @param {View | null} view */
  #forget(view) {
    this.#letGo();
    this.#run = view?.run ?? "";
    this.#curves = null;
    this.#asked = { ...this.#asked, key: "" };
    this.#drawn = { run: "", cut: "" };
  }

  /** Ask the server for what a message has changed, not too often while messages come fast. @param {View} view */
  async #ask(view) {
    const { run } = view;
    const key = `${run} ${view.status} ${view.head ? view.step : ""}`; // without a head steps bring no scores
    const { busy, time } = this.#asked;
    const soon = view.status === "sampling" && performance.now() - time < PAUSE;
    if (busy || soon || key === this.#asked.key || this.#asked.key === "none") return;
    this.#asked = { key, time: performance.now(), busy: true };
    const told = await this.#hands.fetch(run).catch(() => null);
    this.#asked.busy = false;
    if (run === this.#run && isCurves(told)) this.#know(told);
    else if (run === this.#run && !this.#curves) this.#asked.key = "none"; // the server knows no chart of this run
    this.#hands.refresh();
  }

  /** @param {Curves} curves */
  #know(curves) {
    this.#curves = curves;
    this.#version += 1;
  }

  /** @param {View} view @param {Curves} curves @param {Knobs} knobs @param {number} width */
  #draw(view, curves, knobs, width) {
    const states = view.candidates.map((card) => card.state[0]).join("");
    const run = `${width} ${states} ${this.#version}`;
    const cut = `${run} ${this.#active} ${JSON.stringify(knobs)} ${says().chart.title}`;
    if (cut === this.#drawn.cut) return;
    const scale = scaleOf(curves, width);
    if (run !== this.#drawn.run) drawRun(this.#plot, scale, curves, view.candidates);
    this.#drawn = { run, cut };
    this.#scale = scale;
    const reading = read(curves, knobs, firstDrop(view));
    this.#reading = reading;
    this.#active = Math.min(this.#active, Math.max(0, reading.rounds.length - 1));
    drawCut(this.#plot, scale, curves, reading, this.#active);
    mark(this.#plot.svg, "aria-label", chartLabel(curves));
    this.#markers.render(reading, scale, knobs.settable);
    renderLegend(this.#legend, curves, reading, this.#active, view.candidates);
    writeEach(this.#readout, lines(reading, curves, view.head, knobs), "p", "");
    this.#suggest.render(curves, knobs);
    this.#tell(view, reading);
    if (this.#folded.open) writeEach(this.#figures, details(reading, curves, knobs, view.candidates), "p", "");
  }

  /** What stays the same while a language is spoken, and whether watching would tell more. @param {View} view
   * @param {Reading} reading */
  #tell(view, { survivors }) {
    const { details: more, watch, watchHint } = says().chart;
    write(/** @type {Element} */ (this.#folded.firstElementChild), more);
    write(this.#watch, watch);
    mark(this.#watch, "title", watchHint);
    show(this.#watch, Boolean(survivors?.unknown && view.head && view.judge !== "watch" && isOver(view)));
  }

  /** @param {number} step @param {number} keep */
  #set(step, keep) {
    const done = this.#view !== null && this.#hands.set(this.#view, step, keep);
    if (done) this.#hands.edited();
    this.#hands.refresh();
    return done;
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button !== 0 || !this.#reading) return;
    event.stopPropagation(); // neither the node nor the canvas is to move with the marker
    const cut = cutAt(event.target) ?? nearest(this.#reading, this.#stepAt(event));
    if (cut === null || !this.#markers.focus(cut)) return;
    event.preventDefault();
    this.#drag.hold(cut);
    this.#stage.setPointerCapture(event.pointerId);
    this.#move(cut, this.#stepAt(event), (step) => this.#drag.to(step));
  }

  /** @param {PointerEvent} event */
  #stepAt({ clientX }) {
    const { left, width } = this.#stage.getBoundingClientRect();
    const zoom = width / Math.max(1, this.#stage.offsetWidth);
    return stepAt(/** @type {Scale} */ (this.#scale), (clientX - left) / zoom, this.#reading?.steps ?? 1);
  }

  /** @param {number} cut @param {number} step wished for @param {(step: number) => void} set where it may be */
  #move(cut, step, set) {
    const allowed = this.#markers.within(cut, step);
    if (!this.#view || allowed === null || allowed === this.#reading?.rounds[cut].step) return;
    this.#moved = true;
    set(allowed);
    this.update(this.#view, this.#width); // at once: a second key may come before the next frame
  }

  #letGo() {
    this.#drag.letGo();
    if (this.#moved) this.#hands.edited();
    this.#moved = false;
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const typed = event.target instanceof HTMLInputElement && event.key !== "Enter";
    const meantElsewhere = !typed && (event.ctrlKey || event.metaKey || event.altKey);
    if (meantElsewhere || ["Tab", "Escape"].includes(event.key)) return;
    event.stopPropagation(); // what is typed here is meant neither for the cards nor for the canvas
    const cut = cutAt(event.target);
    const step = cut === null ? null : this.#markers.keyStep(cut, event.key);
    if (cut === null || step === null) return;
    event.preventDefault();
    this.#move(cut, step, (allowed) => this.#view && this.#hands.cut(this.#view, cut, allowed));
  }

  /** @param {number | null} cut */
  #activate(cut) {
    if (cut === null || cut === this.#active) return;
    this.#active = cut;
    this.#hands.refresh();
  }
}

/** @param {View} view */
const isOver = ({ status }) => status !== "sampling" && status !== "waiting";

/** The step at which the run first dropped somebody. @param {View} view */
function firstDrop({ candidates }) {
  const steps = candidates.map((card) => card.dropped_at).filter((step) => step !== null);
  return steps.length ? Math.min(...steps) : null;
}

/** What can be folded away under a title. @param {string} name @param {HTMLElement} body @param {boolean} open */
function folding(name, body, open) {
  const element = make("details", name, {}, [make("summary", `${name}-title`), body]);
  element.open = open;
  return element;
}
