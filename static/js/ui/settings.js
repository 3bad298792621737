// What the person has chosen for this browser, kept in it and nowhere else.
//
// Whatever stands there is read as if a stranger had written it: what is not one of ours is left out, and what is missing is
// as it was at first. A browser that refuses to keep it has it in memory.

import { quietly } from "./quietly.js";

/**
 * @typedef {object} Choices
 * @property {boolean} receipts
 * @property {boolean} typing
 * @property {boolean} relayOnly
 * @property {boolean} notify tell of what comes while the person looks elsewhere
 * @property {boolean} preview with the text of the message
 * @property {boolean} sound
 */

const KEY = "lowkey.settings";

/** @type {Readonly<Choices>} */
const AT_FIRST = Object.freeze({
  receipts: true,
  typing: true,
  relayOnly: false,
  notify: false,
  preview: false,
  sound: false,
});

export class Settings {
  /** @param {() => Storage} store */
  constructor(store = () => localStorage) {
    this.store = store;
    /** @type {Choices} */
    this.choices = parse(quietly(() => store().getItem(KEY)));
  }

  /** What the peer has to know of it. */
  get preferences() {
    const { receipts, typing, relayOnly } = this.choices;
    return { receipts, typing, relayOnly };
  }

  /** @param {Partial<Choices>} changes */
  choose(changes) {
    this.choices = { ...this.choices, ...changes };
    quietly(() => this.store().setItem(KEY, JSON.stringify(this.choices)));
  }
}

/**
 * @param {string | null} text
 * @returns {Choices}
 */
function parse(text) {
  const found = quietly(() => JSON.parse(text ?? "{}"));
  const chosen = Object.entries(AT_FIRST).map(([name, first]) => {
    const value = found instanceof Object && Object.hasOwn(found, name) ? found[name] : first;
    return [name, typeof value === "boolean" ? value : first];
  });
  return Object.fromEntries(chosen);
}
