/**
 * The cryptographic primitives, all from the vendored noble libraries. Mirrors chat/peer/primitives.py.
 *
 * Keys, nonces and shared secrets are Uint8Arrays: 32, 24 and 32 long. Randomness is passed in as `random(n)`.
 */

import { hsalsa, x25519, xsalsa20poly1305 } from "../../vendor/noble.js";

/** @typedef {(length: number) => Uint8Array} Random */

export const KEY_BYTES = 32;
export const NONCE_BYTES = 24;

const SIGMA = words(new TextEncoder().encode("expand 32-byte k"));
const ZEROS = new Uint8Array(16);

/** The X25519 public key of a private key. @param {Uint8Array} privateKey */
export function publicKey(privateKey) {
  return x25519.getPublicKey(privateKey);
}

/**
 * The key of a NaCl box between the two: HSalsa20 of their X25519 result.
 * Throws RangeError for a public key that is not 32 bytes or gives the all-zero result.
 * @param {Uint8Array} privateKey
 * @param {Uint8Array} theirs
 */
export function boxKey(privateKey, theirs) {
  if (theirs.length !== KEY_BYTES) {
    throw new RangeError("an X25519 public key has 32 bytes");
  }
  const shared = sharedSecret(privateKey, theirs);
  const key = new Uint32Array(8);
  hsalsa(SIGMA, words(shared), words(ZEROS), key);
  shared.fill(0);
  return bytes(key);
}

/** @param {Uint8Array} privateKey @param {Uint8Array} theirs */
function sharedSecret(privateKey, theirs) {
  try {
    return x25519.getSharedSecret(privateKey, theirs);
  } catch {
    throw new RangeError("this public key gives an all-zero X25519 result");
  }
}

/**
 * XSalsa20-Poly1305 (NaCl secretbox): 16 bytes of MAC, then the ciphertext.
 * @param {Uint8Array} key
 * @param {Uint8Array} nonce
 * @param {Uint8Array} message
 */
export function seal(key, nonce, message) {
  return xsalsa20poly1305(key, nonce).encrypt(message);
}

/**
 * The message, or null when the MAC does not verify.
 * @param {Uint8Array} key
 * @param {Uint8Array} nonce
 * @param {Uint8Array} box
 * @returns {Uint8Array | null}
 */
export function unseal(key, nonce, box) {
  try {
    return xsalsa20poly1305(key, nonce).decrypt(box);
  } catch {
    return null;
  }
}

/** Standard base64 with padding. @param {Uint8Array} data */
export function b64(data) {
  let text = "";
  for (let at = 0; at < data.length; at += 8192) {
    text += String.fromCharCode(...data.subarray(at, at + 8192));
  }
  return btoa(text);
}

/**
 * The inverse of `b64`; throws RangeError for anything that `b64` would not have written.
 * @param {unknown} text
 */
export function unb64(text) {
  if (typeof text !== "string") {
    throw new RangeError("base64 is text");
  }
  let binary;
  try {
    binary = atob(text);
  } catch {
    throw new RangeError("this is not base64");
  }
  const data = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  if (b64(data) !== text) {
    throw new RangeError("this base64 is not in its one strict form");
  }
  return data;
}

/** Join byte strings. @param {...Uint8Array} parts */
export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Bytes as the little-endian words that Salsa20 works on, whatever this machine's order. @param {Uint8Array} data */
function words(data) {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return Uint32Array.from({ length: data.length / 4 }, (_, index) => view.getUint32(4 * index, true));
}

/** The inverse of `words`. @param {Uint32Array} data */
function bytes(data) {
  const view = new DataView(new ArrayBuffer(4 * data.length));
  data.forEach((word, index) => {
    view.setUint32(4 * index, word, true);
  });
  return new Uint8Array(view.buffer);
}
