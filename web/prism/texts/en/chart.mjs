/** The chart: what the lines mean, what a cut costs and risks, and what can be asked of it. Shares are per cent. */

/** @param {number} number @param {string} noun */
const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

export const chart = {
  title: "When to drop",
  details: "Details",

  legend: {
    score: () => "a candidate's score (left)",
    dropped: () => "dropped",
    kept: () => "kept",
    wouldKeep: () => "kept by a cut at the marker",
    chance: (/** @type {number} */ keep, /** @type {number} */ candidates) =>
      `runs of 10 that keep the best with ${keep} of ${candidates}, and how sure that is (right)`,
    cost: () => "time it takes, in tenths of finishing all (right)",
  },
  picture: (/** @type {number} */ candidates, /** @type {number} */ steps, /** @type {number} */ scored) =>
    `Scores of ${count(candidates, "candidate")} over ${count(steps, "step")}; ` +
    `${scored ? `scored at ${count(scored, "step")}` : "not scored"}.`,

  cut: (/** @type {number} */ number, /** @type {number} */ cuts) =>
    (cuts > 1 ? `Step of cut ${number} of ${cuts}` : "Step of the cut"),
  cutAt: (/** @type {number} */ step, /** @type {number} */ steps, /** @type {number} */ keep) =>
    `step ${step} of ${steps}, keeps ${keep}`,
  cutFixed: "set as a share or sigma in the schedule, not movable here",
  sentences: (/** @type {string[]} */ parts) => parts.join(". "),
  sentence: (/** @type {string} */ words) => `${words}.`,

  seconds: (/** @type {string} */ number) => `${number} s`,
  minutes: (/** @type {string} */ number) => `${number} min`,
  hours: (/** @type {number} */ hours, /** @type {number} */ minutes) => `${hours} h ${minutes} min`,

  line: (/** @type {string} */ heading, /** @type {string} */ cost) => `${heading}: ${cost}.`,
  keeping: (/** @type {[number, number][]} */ cuts) =>
    `Keeping ${cuts.map(([step, keep]) => `${keep} after step ${step}`).join(", then ")}`,
  takes: (/** @type {string} */ taken, /** @type {string} */ saved, /** @type {string} */ all,
    /** @type {number} */ share) => `takes about ${taken} and saves ${saved} of the ${all} for all (${share} %)`,
  takesLeast: (/** @type {string} */ taken, /** @type {string} */ all) =>
    `takes at least ${taken} of the ${all} for all; no run has shown yet how long fewer take`,
  takesMore: (/** @type {string} */ taken, /** @type {string} */ more, /** @type {number} */ share) =>
    `takes about ${taken}, ${more} (${share} %) more than dropping nobody`,
  takesSame: (/** @type {string} */ taken) => `takes about ${taken}, as long as dropping nobody`,
  costs: (/** @type {string} */ clips, /** @type {number} */ candidates, /** @type {number} */ share) =>
    `costs as much as finishing ${clips} of ${candidates} and saves ${share} %`,
  costsMore: (/** @type {string} */ clips, /** @type {number} */ candidates, /** @type {number} */ share) =>
    `costs as much as finishing ${clips} of ${candidates}: that is ${share} % more than dropping nobody`,
  thisRun: (/** @type {string} */ taken, /** @type {string} */ saved, /** @type {string} */ all) =>
    `This run took ${taken} and saved about ${saved}: finishing all would have taken about ${all}.`,
  thisRunAll: (/** @type {string} */ taken) => `This run took ${taken} and finished everybody.`,
  thisRunNothing: (/** @type {string} */ taken) => `This run took ${taken}; finishing all would have taken no longer.`,
  fewSteps: (/** @type {number} */ steps, /** @type {number} */ keep, /** @type {number} */ share) =>
    (share > 0 ? `With ${steps} steps, pruning as early as step 1 to keep ${keep} saves ${share} %, and later less.`
      : `With ${steps} steps, pruning to keep ${keep} saves nothing.`),

  keeps: (/** @type {number} */ keep, /** @type {number} */ candidates, /** @type {string} */ often) =>
    `Keeping ${keep} of ${candidates} here keeps the best in ${often}`,
  firstKeeps: (/** @type {number} */ keep, /** @type {number} */ candidates, /** @type {string} */ often) =>
    `The first cut, to ${keep} of ${candidates}, keeps the best in ${often}; the others can only lose more`,
  allKeep: (/** @type {string} */ often) => `All cuts together keep the best in ${often}`,
  orKeeping: (/** @type {number} */ keep, /** @type {string} */ often) => `; keeping ${keep}, in ${often}`,
  often: (/** @type {number} */ tenths) => `about ${count(tenths, "run")} of 10`,
  oftenShort: (/** @type {number} */ tenths) => `about ${tenths}`,
  nearlyAll: "nearly all runs",
  nearlyAllShort: "nearly all",
  seldom: "fewer than 1 run of 10",
  noHead: "Without a head nobody knows how often the best is kept.",
  notMeasured: "How reliable this head is was not measured, so nobody knows how often the best is kept.",
  otherCount: (/** @type {number} */ had, /** @type {number} */ wanted) =>
    `This run had ${count(had, "candidate")}: how often the best of ${wanted} is kept shows once they have run.`,
  notHere: (/** @type {number} */ step) =>
    `At step ${step} nobody knows how often the best is kept: the head was not measured so early or late.`,
  lora: (/** @type {string[]} */ names) =>
    `This head was not measured with ${names.length > 1 ? "these LoRAs" : "this LoRA"}` +
    `${names.some(Boolean) ? ` (${names.filter(Boolean).join(", ")})` : ""}: how often it is right may differ.`,

  survivors: (/** @type {string} */ names, /** @type {boolean} */ inTheEnd, /** @type {boolean} */ byScores) =>
    `${byScores ? "By the scores alone, this" : "This"} run would have kept ${names} ` +
    `${inTheEnd ? "in the end" : "here"}.`,
  unknownDropped: (/** @type {number} */ step) =>
    `Who would have been kept is unknown: at step ${step} some were dropped already.`,
  unknownUnscored: (/** @type {number} */ step) =>
    `Who would have been kept is unknown: not everybody was scored at step ${step}.`,

  unreadable: 'The schedule cannot be read. Write rounds such as "2:4, 5:2", step and how many to keep.',
  outside: (/** @type {number} */ steps, /** @type {number} */ step) =>
    `This run had ${steps} steps: a cut can fall on step 1 to ${steps - 1}, not on ${step}. Move the marker.`,
  order: "The cuts of the schedule fall on the same step or go backwards. Move the markers apart.",
  nobody: (/** @type {number} */ candidates) =>
    `Nobody would be dropped: each cut must keep at least 1, and fewer than the ${candidates} that start, or than ` +
    "the cut before it left.",

  watch: "Watch all once",
  watchHint: "Queues one run of the same candidates in which nobody is dropped, so that the chart shows who would " +
    "have been kept at any step. It finishes them all; your settings stay as they are.",

  suggestTitle: "Suggest a cut",
  wish: "Your wish",
  wishTime: "take at most",
  wishChance: "keep the best at least",
  amount: "How much",
  unitMinutes: "minutes",
  unitSeconds: "seconds",
  unitChance: "times in 10",
  suggest: "Suggest",
  replace: "Replace the schedule",
  suggested: (/** @type {number} */ step, /** @type {number} */ keep, /** @type {string} */ facts) =>
    `Set: keep ${keep} after step ${step}${facts && ` (${facts})`}.`,
  schedule: (/** @type {string} */ schedule) => ` In place of the schedule "${schedule}"; undo brings it back.`,
  wouldReplace: (/** @type {number} */ step, /** @type {number} */ keep, /** @type {string} */ facts,
    /** @type {string} */ schedule) =>
    `Keep ${keep} after step ${step}${facts && ` (${facts})`}. That would replace your schedule "${schedule}": press ` +
    "again to do it.",
  nothingMeets: (/** @type {number} */ step, /** @type {number} */ keep, /** @type {string} */ facts) =>
    `No single cut meets this wish. The nearest is to keep ${keep} after step ${step}${facts && ` (${facts})`}; ` +
    "nothing was changed.",
  takesFact: (/** @type {string} */ taken, /** @type {boolean} */ least) => `${least ? "at least" : "about"} ${taken}`,
  chanceFact: (/** @type {string} */ often) => `the best in ${often}`,
  facts: (/** @type {string[]} */ facts) => facts.join(", "),
  noTime: "How long a run takes is known once one has finished.",
  noAmount: "Write a number above 0.",
  tooOften: "Write a number from 1 to 10.",
  notSettable: "The widgets of this node are connected to something that PRISM cannot set.",

  sigmaAt: (/** @type {number} */ step, /** @type {string} */ sigma, /** @type {number} */ keep) =>
    `Step ${step}: noise left (sigma) ${sigma}, keeps ${keep}.`,
  accuracyAt: (/** @type {number} */ step, /** @type {number} */ value, /** @type {number} */ low,
    /** @type {number} */ high) =>
    `Of two candidates the head prefers the better one in ${value} % of pairs at step ${step} (${low} to ${high} %).`,
  chanceExact: (/** @type {number} */ value, /** @type {number} */ low, /** @type {number} */ high) =>
    `The best is kept in ${value} % of runs, with 95 % certainty between ${low} % and ${high} %.`,
  firstChanceExact: (/** @type {number} */ value, /** @type {number} */ low, /** @type {number} */ high) =>
    `The first cut keeps the best in ${value} % of runs, with 95 % certainty between ${low} % and ${high} %.`,
  jointExact: (/** @type {number} */ value, /** @type {number} */ low, /** @type {number} */ high) =>
    `All cuts together: ${value} %, worked out from what was measured for each cut as if scores and quality were ` +
    `normally spread. Without that assumption: between ${low} % and ${high} %.`,
  throughModel: (/** @type {string} */ spent, /** @type {string} */ probes, /** @type {string} */ plain) =>
    `Candidates through the model: ${spent}, scoring ${probes}; finishing all: ${plain}.`,
  callTook: (/** @type {number} */ candidates, /** @type {string} */ taken) =>
    `One step of ${count(candidates, "candidate")} took ${taken} in this run.`,
  guess: "All steps of this run had as many candidates; fewer are taken to need their share of the time, the least they can.",
  setup: (/** @type {string} */ taken) =>
    `Before its first step this run took ${taken}, such as for loading the model. That is not counted above.`,
  racing: "With racing these cuts are only the budget: it chooses its own steps, and drops whoever is unlikely to be " +
    "the best.",
  diverse: "With diverse, among nearly equal scores those that look different are kept.",
  reason: (/** @type {number} */ row, /** @type {string} */ reason) => `Candidate ${row}: ${reason}.`,
};
