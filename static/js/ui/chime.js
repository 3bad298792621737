// Two soft notes, made here: nothing is loaded, and nothing sounds before the person has touched the page.

const NOTES = { message: [659, 880], call: [523, 659, 784] };
const LENGTH_S = 0.16;
const LOUDNESS = 0.08;

export class Chime {
  /** @type {AudioContext | null} */
  #audio = null;

  /** @param {keyof typeof NOTES} kind */
  play(kind) {
    const audio = this.#open();
    if (audio === null) {
      return;
    }
    const begin = audio.currentTime + 0.02;
    for (const [index, frequency] of NOTES[kind].entries()) {
      note(audio, frequency, begin + index * LENGTH_S);
    }
  }

  #open() {
    if (typeof AudioContext === "undefined") {
      return null;
    }
    this.#audio ??= new AudioContext();
    this.#audio.resume().catch(() => undefined);
    return this.#audio;
  }
}

/**
 * @param {AudioContext} audio
 * @param {number} frequency
 * @param {number} at
 */
function note(audio, frequency, at) {
  const [source, gain] = [audio.createOscillator(), audio.createGain()];
  source.frequency.value = frequency;
  gain.gain.setValueAtTime(LOUDNESS, at);
  gain.gain.exponentialRampToValueAtTime(0.001, at + 2 * LENGTH_S);
  source.connect(gain).connect(audio.destination);
  source.start(at);
  source.stop(at + 2 * LENGTH_S);
}
