/**
 * A short soft tone when a run begins to wait for the artist, for those who want one. It is made on the spot; between
 * two tones nothing of it is left.
 *
 * @typedef {import("./state.mjs").State} State
 */

import { waitingFor } from "./select.mjs";

const PARTIALS = [[587.33, 0], [880, 0.14]]; // hertz, and seconds after the beginning
const LOUDNESS = 0.08;
const LENGTH = 0.9; // seconds

export class Bell {
  /** @type {Set<string>} */
  #rung = new Set();
  #wanted;
  #ring;

  /** @param {() => boolean} wanted @param {() => void} ring */
  constructor(wanted, ring = chime) {
    this.#wanted = wanted;
    this.#ring = ring;
  }

  /** @param {State} state */
  watch(state) {
    const questions = waitingFor(state).map((view) => `${view.run} ${view.waiting?.question}`);
    const news = questions.some((question) => !this.#rung.has(question));
    this.#rung = new Set(questions);
    if (news && this.#wanted()) this.#ring();
  }
}

/** Ring once. Before the artist has touched the page browsers allow no sound, and complain of an attempt. */
export function chime() {
  if (navigator.userActivation?.hasBeenActive === false) return;
  const sound = new AudioContext();
  const last = PARTIALS.map(([pitch, after]) => tone(sound, pitch, sound.currentTime + after)).at(-1);
  last?.addEventListener("ended", () => void sound.close());
}

/** @param {AudioContext} sound @param {number} pitch @param {number} start @returns {OscillatorNode} */
function tone(sound, pitch, start) {
  const volume = new GainNode(sound, { gain: 0 });
  volume.gain.setValueAtTime(0, start);
  volume.gain.linearRampToValueAtTime(LOUDNESS, start + 0.02);
  volume.gain.exponentialRampToValueAtTime(1e-4, start + LENGTH);
  const made = new OscillatorNode(sound, { type: "sine", frequency: pitch });
  made.connect(volume).connect(sound.destination);
  made.start(start);
  made.stop(start + LENGTH);
  return made;
}
