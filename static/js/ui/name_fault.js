// What is wrong with a username, in a sentence for whoever typed it.

import { isName } from "../signaling/messages.js";

const SHORTEST = 3;
const LONGEST = 20;
const GOOD = /^[A-Za-z0-9_]$/;
const CALLED = new Map([
  [" ", "A space"],
  ["\u00a0", "A space"],
  ["\t", "A tab"],
  ["-", "A hyphen"],
  [".", "A full stop"],
  ["@", "An “@”"],
]);

/**
 * @param {string} name
 * @returns {string | null} null when the name is good.
 */
export function nameFault(name) {
  if (name === "") {
    return "Enter a username.";
  }
  const wrong = characters(name).find((character) => !GOOD.test(character));
  if (wrong !== undefined) {
    return `${called(wrong)} cannot be part of a username. Use letters from a to z, digits and underscores.`;
  }
  if (name.length < SHORTEST) {
    return `This is too short. A username has at least ${SHORTEST} characters.`;
  }
  if (name.length > LONGEST) {
    return `This is too long by ${name.length - LONGEST}. A username has at most ${LONGEST} characters.`;
  }
  return isName(name) ? null : "This cannot be a username.";
}

/** @param {string} character */
function called(character) {
  return CALLED.get(character) ?? `“${character}”`;
}

/**
 * What a person sees as one character, accents and emoji included.
 *
 * @param {string} text
 */
function characters(text) {
  return Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
}
