// What the peer refuses to do, in its own words.

import { PeerError } from "../peer/errors.js";

/**
 * The sentence for what cannot be done now, or null when it was done.
 *
 * @param {() => void} action
 */
export function faultOf(action) {
  try {
    action();
    return null;
  } catch (error) {
    return sentenceOf(error);
  }
}

/**
 * Empty where there is none now.
 *
 * @param {() => string} ask
 */
export function textOf(ask) {
  let value = "";
  faultOf(() => {
    value = ask();
  });
  return value;
}

/**
 * @param {unknown} error One that is not for a person is thrown on.
 * @returns {string}
 */
export function sentenceOf(error) {
  if (error instanceof PeerError) {
    return error.message;
  }
  throw error;
}
