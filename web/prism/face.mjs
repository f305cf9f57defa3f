/**
 * What the panel of a node that prunes looks like: built once, then changed where it differs from what is to be shown.
 *
 * @typedef {import("./contract.mjs").View} View
 * @typedef {import("./layout.mjs").Layout} Layout
 * @typedef {import("./select.mjs").Shown} Shown
 */

import { BUTTONS } from "./actions.mjs";
import { makeCard, renderCard } from "./card.mjs";
import { make, mark, show, style, write } from "./dom.mjs";
import { Frame, renderButton, renderSentence } from "./frame.mjs";
import { says } from "./language.mjs";
import { said, tell } from "./said.mjs";
import { chosenRows, inOrder } from "./select.mjs";
import { advice, announcement, headline } from "./words.mjs";

const NARROW = 130; // pixels of a card in which long words have no place

export class PanelFace {
  frame = new Frame(makeCard, BUTTONS);
  /** Whether a comparison stands in the place of the cards. */
  comparing = false;
  #ticks = make("div", "prism-ticks");
  #success = make("p", "prism-success", { role: "status" });
  #position = make("span", "prism-position");
  #older = turn("older", "‹");
  #newer = turn("newer", "›");
  #history = make("div", "prism-history", { role: "group" }, [this.#older, this.#position, this.#newer]);

  /** @param {HTMLElement} chart */
  constructor(chart) {
    this.chart = chart;
    const { foot, problem, progress, actions } = this.frame;
    progress.append(this.#ticks);
    problem.after(this.#success);
    actions.append(this.#history);
    foot.append(chart);
  }

  /** @param {Shown} shown */
  room({ view }) {
    return { count: this.comparing ? 0 : view?.candidates.length ?? 0, lines: view ? linesOf(view) : 1 };
  }

  /** @param {Shown} shown @param {Layout} layout */
  render(shown, layout) {
    const { view } = shown;
    const { root } = this.frame;
    mark(root, "data-comparing", String(this.comparing));
    mark(root, "data-narrow", String(layout.card < NARROW));
    root.toggleAttribute("data-staged", shown.staged);
    const { title, candidates, notes } = says().panel;
    mark(this.frame.notes, "aria-label", notes);
    this.frame.render(shown, layout, { title, cards: candidates, headline: headline(shown),
      spoken: announcement(shown), advice: advice(shown) });
    renderSentence(this.#success, tell(shown.desk.done));
    this.#renderProgress(view);
    this.frame.list.render(view?.run ?? "", view ? inOrder(view) : [], (parts, card) => renderCard(parts, card, shown));
    this.#renderButtons(shown);
    this.#renderHistory(shown);
  }

  /** @param {View | null} view */
  #renderProgress(view) {
    this.frame.renderProgress(view && view.steps > 0 ? Math.min(1, view.step / view.steps) : null);
    if (!view || view.steps <= 0) return;
    const cuts = view.cuts.filter(([step]) => step > 0 && step < view.steps);
    while (this.#ticks.children.length > cuts.length) this.#ticks.lastElementChild?.remove();
    for (const [position, [step]] of cuts.entries()) {
      const tick = this.#ticks.children[position] ?? this.#ticks.appendChild(make("span", "prism-tick"));
      style(/** @type {HTMLElement} */ (tick), "left", `${(step / view.steps) * 100}%`);
    }
  }

  /** @param {Shown} shown */
  #renderButtons(shown) {
    const { buttons: words } = says();
    for (const { action, there, obstacle } of BUTTONS) {
      const button = /** @type {HTMLButtonElement} */ (this.frame.buttons.get(action));
      const visible = there(shown);
      show(button, visible);
      if (!visible) continue;
      const reason = obstacle(shown);
      const hint = reason ? tell(said(reason)) : words[action].hint;
      renderButton(button, reason === null, words[action].label(chosenRows(shown).length), hint);
    }
    mark(/** @type {HTMLButtonElement} */ (this.frame.buttons.get("compare")), "aria-expanded", String(this.comparing));
  }

  /** @param {Shown} shown */
  #renderHistory({ run, runs }) {
    const { panel } = says();
    show(this.#history, runs > 1);
    mark(this.#history, "aria-label", panel.runs);
    write(this.#position, panel.position(runs - run, runs));
    renderTurn(this.#older, run < runs - 1, panel.older);
    renderTurn(this.#newer, run > 0, panel.newer);
  }
}

/** How many lines of text the cards need below their pictures. @param {View} view */
function linesOf({ candidates }) {
  const facts = candidates.some((card) => card.reason || card.score !== null);
  return Number(candidates.some((card) => card.seed)) + Number(facts);
}

/** A button that turns to another run. @param {string} action @param {string} sign */
function turn(action, sign) {
  const button = make("button", "prism-turn", { type: "button", "data-action": action });
  button.textContent = sign;
  return button;
}

/** @param {HTMLButtonElement} button @param {boolean} able @param {string} label */
function renderTurn(button, able, label) {
  mark(button, "aria-disabled", String(!able));
  mark(button, "aria-label", label);
  mark(button, "title", label);
}
