/** What the modules' tests are written with: mocha, chai, the shared vectors and made-up randomness. */

import { PeerError } from "/static/js/peer/errors.js";

export { expect } from "/node_modules/chai/index.js";

export const { describe, it } = globalThis;

/** @param {string} name the content of tests/vectors/NAME.json */
export async function vectors(name) {
  const answer = await fetch(`/tests/vectors/${name}.json`);
  return answer.json();
}

/** Randomness that gives these draws, in this order. @param {...Uint8Array} draws */
export function drawn(...draws) {
  return (length) => {
    const draw = draws.shift();
    if (draw?.length !== length) {
      throw new Error(`${length} bytes were asked for`);
    }
    return draw;
  };
}

/** @param {string} text */
export function unhex(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** @param {Uint8Array} data */
export function hex(data) {
  return [...data].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {number} length */
export function chance(length) {
  return crypto.getRandomValues(new Uint8Array(length));
}

/** The same byte, 32 times unless said otherwise. @param {string} letter @param {number} [length] */
export function same(letter, length = 32) {
  return new Uint8Array(length).fill(letter.charCodeAt(0));
}

/** What a promise rejects with; fails when it does not. @param {Promise<unknown>} promise */
export async function rejection(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it was expected to reject");
}

/** Why a peer or a conversation refuses something; whatever else is thrown as it is. @param {() => unknown} act */
export function reasonOf(act) {
  try {
    act();
  } catch (error) {
    return error instanceof PeerError ? error.reason : error;
  }
  return undefined;
}
