/**
 * What the artist's wishes do: to the server, and to the graph.
 *
 * @typedef {import("./actions.mjs").Action} Action
 * @typedef {import("./contract.mjs").Mark} Mark
 * @typedef {import("./contract.mjs").View} View
 * @typedef {import("./graph.mjs").Place} Place
 * @typedef {import("./lock.mjs").SeedWidget} SeedWidget
 * @typedef {import("./server.mjs").Fetch} Fetch
 * @typedef {import("./store.mjs").Store} Store
 *
 * @typedef {object} Front what the front end can do for us
 * @property {Fetch} fetch
 * @property {(node: string) => Place | null} place where an execution id leads to in the open graph
 * @property {() => Promise<unknown>} queue put the open graph into the queue
 * @property {() => void} edited tell the front end that widgets have changed
 * @property {(name: string) => unknown} setting
 */

import { controlBehind, fixSeed, seedInPrompt, seedNumber, seedsOf, setWidget } from "./lock.mjs";
import { replayOf } from "./compare/pairs.mjs";
import { Obstacle, said, saidOf } from "./said.mjs";
import { read, send } from "./server.mjs";
import { marking, refused, sending, succeeded } from "./state.mjs";

const SEED_LIMIT = 2n ** 64n;

/** @param {Store} store @param {Front} front @param {View} view @param {"keep" | "best" | "all" | "stop"} action
 * @param {number[]} rows @returns {Promise<boolean>} whether the server took it */
export function answer(store, front, view, action, rows) {
  return reply(store, front, view, { action, rows: action === "keep" ? rows : [] });
}

/** Rank the clips of a trial, or leave that be where the ranking is empty.
 * @param {Store} store @param {Front} front @param {View} view @param {number[][]} ranking */
export function rank(store, front, view, ranking) {
  return reply(store, front, view, ranking.length ? { action: "rank", ranking } : { action: "skip" });
}

/** @param {Store} store @param {Front} front @param {View} view
 * @param {Omit<import("./contract.mjs").Answer, "question">} given @returns {Promise<boolean>} */
async function reply(store, front, view, given) {
  const question = view.waiting?.question;
  if (question === undefined) return false;
  store.change(sending, view.run);
  return attempt(store, view, () => send(front.fetch, `/prism/runs/${view.run}/answer`, { question, ...given }));
}

/** @param {Store} store @param {Front} front @param {View} view @param {number} row @param {Mark} mark */
export async function setMark(store, front, view, row, mark) {
  store.change(marking, view.run, row, mark);
  return attempt(store, view, () => send(front.fetch, `/prism/runs/${view.run}/marks`, { row, mark }));
}

/** Write what was kept, and the seed that it came from, into the widgets.
 * @param {Store} store @param {Front} front @param {View} view */
export async function lock(store, front, view) {
  return attempt(store, view, async () => {
    const seeds = await fix(front, view, view.replay);
    store.change(succeeded, view.run, locked(view, seeds));
  });
}

/** Let Run make one candidate of a finished run again, one that was dropped as well.
 * @param {Store} store @param {Front} front @param {View} view @param {number} row */
export async function replay(store, front, view, row) {
  return attempt(store, view, async () => {
    const kept = replayOf(view.replay, row);
    const seeds = named(await fix(front, view, kept));
    store.change(succeeded, view.run, said("replaySet", { row, kept, seeds, seed: view.seed, group: view.group }));
  });
}

/** Write what is to be kept, and what it depends on, into the widgets.
 * @param {Front} front @param {View} view @param {string} text for the kept widget */
async function fix(front, view, text) {
  const place = found(front, view);
  const seeds = await seedValues(front, view, seedsOf(place));
  const kept = controlBehind(place, "kept");
  if (!kept) throw new Obstacle(said("keptNotOurs"));
  setWidget(kept.widget, text, kept.owner);
  const group = view.group > 0 ? controlBehind(place, "group") : null;
  if (group) setWidget(group.widget, view.group, group.owner);
  for (const [seed, value] of seeds) fixSeed(seed, value);
  front.edited();
  return seeds;
}

/** @param {Front} front @param {Place} place */
export function unlock(front, place) {
  const kept = controlBehind(place, "kept");
  if (!kept) return;
  setWidget(kept.widget, "", kept.owner);
  front.edited();
}

/** Finish what is chosen, and queue the same graph with the seeds that come next.
 * @param {Store} store @param {Front} front @param {View} view @param {number[]} rows */
export async function keepAndTryMore(store, front, view, rows) {
  if (!await answer(store, front, view, "keep", rows)) return;
  await attempt(store, view, async () => {
    const place = found(front, view);
    const seeds = await seedValues(front, view, seedsOf(place));
    if (!seeds.length) throw new Obstacle(said("noSeedForMore"));
    const count = view.candidates.length;
    const next = seeds.map(([seed, value]) => /** @type {[SeedWidget, number]} */ ([seed, after(value, count)]));
    unlock(front, place);
    await queueWith(front, next);
    front.edited();
    store.change(succeeded, view.run, said("queued", { seed: next[0][1] }));
  });
}

/** Queue a run of the same candidates in which nobody is dropped; every widget is then as it was.
 * @param {Store} store @param {Front} front @param {View} view */
export async function watchOnce(store, front, view) {
  return attempt(store, view, async () => {
    const place = found(front, view);
    const seeds = await seedValues(front, view, seedsOf(place));
    if (!seeds.length) throw new Obstacle(said("noSeedToWatch"));
    const [choose, kept] = ["choose", "kept"].map((name) => controlBehind(place, name));
    if (!choose || !kept) throw new Obstacle(said("chooseNotOurs"));
    const controls = [choose, kept, ...seeds.map(([seed]) => seed)];
    const before = controls.map(({ widget }) => widget.value);
    try {
      setWidget(choose.widget, "watch", choose.owner);
      setWidget(kept.widget, "", kept.owner);
      await queueWith(front, seeds);
    } finally {
      controls.forEach(({ widget, owner }, position) => setWidget(widget, before[position], owner));
      front.edited();
    }
    store.change(succeeded, view.run, said("watchQueued"));
  });
}

/** @param {number} seed @param {number} count */
function after(seed, count) {
  return seedNumber(String((BigInt(seed) + BigInt(count)) % SEED_LIMIT));
}

/** Queue the graph with these seeds. A control that would move them before the prompt is made is held still for that
 * long; one that moves them afterwards, as is usual, may.
 * @param {Front} front @param {[SeedWidget, number][]} seeds */
async function queueWith(front, seeds) {
  const early = front.setting("Comfy.WidgetControlMode") === "before";
  const modes = seeds.map(([{ control }]) => control?.value);
  for (const [seed, value] of seeds) {
    if (early) fixSeed(seed, value);
    else setWidget(seed.widget, value, seed.owner);
  }
  await front.queue();
  if (early) seeds.forEach(([{ control, owner }], position) => control && setWidget(control, modes[position], owner));
}

/**
 * Each seed widget with the value that it had in this run.
 *
 * @param {Front} front
 * @param {View} view
 * @param {SeedWidget[]} seeds
 * @returns {Promise<[SeedWidget, number][]>}
 */
async function seedValues(front, view, seeds) {
  if (seeds.length === 1 && view.seed) return [[seeds[0], seedNumber(view.seed)]];
  if (!seeds.length) return [];
  // Several samplers have several seeds, and the run knows one: the prompt itself knows them all.
  const prompt = await queuedPrompt(front.fetch, view.prompt);
  return seeds.flatMap((seed) => {
    const value = seedInPrompt(prompt, seed.sampler, seed.input);
    return value === null ? [] : [/** @type {[SeedWidget, number]} */ ([seed, value])];
  });
}

/** A prompt as it was queued: from the history once it has ended, from the queue before that.
 * @param {Fetch} fetch @param {string} id */
async function queuedPrompt(fetch, id) {
  const ended = (await read(fetch, `/history/${encodeURIComponent(id)}`).catch(() => null))?.[id];
  if (ended) return ended.prompt?.[2];
  const queue = await read(fetch, "/queue").catch(() => null);
  return queue?.queue_running?.find((/** @type {any[]} */ entry) => entry[1] === id)?.[2];
}

/** @param {Front} front @param {View} view @returns {Place} */
function found(front, view) {
  const place = front.place(view.node);
  if (place) return place;
  throw new Obstacle(said("nodeGone"));
}

/** @param {View} view @param {[SeedWidget, number][]} seeds */
function locked({ replay, seed }, seeds) {
  if (!seeds.length) return said("lockedWithoutSeed", { replay, seed });
  return said("locked", { replay, seeds: named(seeds) });
}

/** @param {[SeedWidget, number][]} seeds */
function named(seeds) {
  return seeds.map(([{ owner }, value]) => ({ node: String(owner.title ?? owner.type), seed: value }));
}

/** @param {Store} store @param {View} view @param {() => Promise<unknown>} deed */
async function attempt(store, view, deed) {
  try {
    await deed();
    return true;
  } catch (problem) {
    store.change(refused, view.run, saidOf(problem));
    return false;
  }
}
