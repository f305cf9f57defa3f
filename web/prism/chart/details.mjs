/**
 * What the chart says only to those who ask: noise, accuracy, reasons, and where the figures come from.
 *
 * @typedef {import("../contract.mjs").Card} Card
 * @typedef {import("./curves.mjs").Curves} Curves
 * @typedef {import("./knobs.mjs").Knobs} Knobs
 * @typedef {import("./readout.mjs").Reading} Reading
 */

import { amount, time } from "./words.mjs";
import { says } from "../language.mjs";
import { isGuess } from "./pace.mjs";
import { tell } from "../said.mjs";

/** Share of a run that must have gone before its first step to be told. */
const MUCH = 0.05;

/** @param {Reading} reading @param {Curves} curves @param {Knobs} knobs @param {Card[]} cards */
export function details(reading, curves, { policy }, cards) {
  const { racing, diverse } = says().chart;
  return [...cutDetails(reading, curves), ...chanceDetails(reading), ...timeDetails(reading, curves),
    policy === "racing" ? racing : policy === "diverse" ? diverse : "", ...reasons(cards)].filter(Boolean);
}

/** @param {Reading} reading @param {Curves} curves */
function cutDetails({ cost, rounds }, { accuracy, sigmas }) {
  const { accuracyAt, sigmaAt } = says().chart;
  return !cost ? [] : rounds.flatMap(({ step, keep }) => {
    const right = accuracy[step]?.map(percent);
    return [sigmaAt(step, sigmas[step].toFixed(3), keep), right ? accuracyAt(step, right[0], right[1], right[2]) : ""];
  });
}

/** @param {Reading} reading */
function chanceDetails({ chance, joint, rounds }) {
  const { chanceExact, firstChanceExact, jointExact } = says().chart;
  const exact = rounds.length > 1 ? firstChanceExact : chanceExact;
  return [chance ? exact(percent(chance.value), percent(chance.low), percent(chance.high)) : "",
    joint ? jointExact(percent(joint.value), percent(joint.low), percent(joint.high)) : ""];
}

/** @param {Reading} reading @param {Curves} curves */
function timeDetails({ cost }, { pace, cost: spent }) {
  const { callTook, guess, setup, throughModel } = says().chart;
  const through = cost ? throughModel(amount(cost.spent), amount(cost.probes), amount(cost.plain)) : "";
  if (!pace || !spent) return [through];
  const measured = pace.calls.filter(([, many]) => many > 0);
  return [through, ...measured.map(([rows, , seconds]) => callTook(rows, time(seconds))), isGuess(pace) ? guess : "",
    pace.setup > MUCH * spent.seconds ? setup(time(pace.setup)) : ""];
}

/** Why each candidate was dropped, or would have been. @param {Card[]} cards */
function reasons(cards) {
  return cards.filter((card) => card.reason).map((card) => says().chart.reason(card.row, tell(card.reason)));
}

/** @param {number} value */
const percent = (value) => Math.round(100 * value);
