/**
 * The cryptographic primitives, all from the vendored noble libraries. Mirrors chat/peer/primitives.py.
 *
 * Keys, nonces and shared secrets are Uint8Arrays: 32, 24 and 32 long. Randomness is passed in as `random(n)`.
 */

import {
  hkdf as hkdfOf,
  hmac as hmacOf,
  hsalsa,
  sha512 as sha512Of,
  x25519,
  xsalsa20poly1305,
} from "../../vendor/noble.js";

/** @typedef {(length: number) => Uint8Array} Random */

export const KEY_BYTES = 32;
export const NONCE_BYTES = 24;
export const MAC_BYTES = 16;
const ID_BYTES = 16;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const SIGMA = words(utf8("expand 32-byte k"));
const ZEROS = new Uint8Array(16);

/** The X25519 public key of a private key. @param {Uint8Array} privateKey */
export function publicKey(privateKey) {
  return x25519.getPublicKey(privateKey);
}

/**
 * X25519. Throws RangeError for a key that is not 32 bytes and for one that gives the all-zero result.
 * @param {Uint8Array} privateKey
 * @param {Uint8Array} theirs
 */
export function dh(privateKey, theirs) {
  if (privateKey.length !== KEY_BYTES || theirs.length !== KEY_BYTES) {
    throw new RangeError("an X25519 key has 32 bytes");
  }
  try {
    return x25519.getSharedSecret(privateKey, theirs);
  } catch {
    throw new RangeError("this public key gives an all-zero X25519 result");
  }
}

/**
 * The key of a NaCl box between the two: HSalsa20 of their X25519 result.
 * Throws RangeError where `dh` does.
 * @param {Uint8Array} privateKey
 * @param {Uint8Array} theirs
 */
export function boxKey(privateKey, theirs) {
  const shared = dh(privateKey, theirs);
  const key = new Uint32Array(8);
  hsalsa(SIGMA, words(shared), words(ZEROS), key);
  wipe(shared);
  return bytes(key);
}

/**
 * Whether an X25519 public key is the shortest name of its point: a number below 2^255 - 19, little-endian. X25519 itself
 * takes every 32 bytes, and drops the top bit.
 * @param {Uint8Array} theirs
 */
export function isCanonical(theirs) {
  const full = theirs.subarray(1, 31).every((byte) => byte === 0xff);
  const beyond = theirs[31] > 0x7f || (theirs[31] === 0x7f && full && theirs[0] >= 0xed);
  return theirs.length === KEY_BYTES && !beyond;
}

/** SHA-512 of the parts joined: 64 bytes. @param {...Uint8Array} parts */
export function sha512(...parts) {
  const hash = sha512Of.create();
  for (const part of parts) {
    hash.update(part);
  }
  return hash.digest();
}

/** HMAC-SHA-512 of the parts joined: 64 bytes. @param {Uint8Array} key @param {...Uint8Array} parts */
export function hmac(key, ...parts) {
  const mac = hmacOf.create(sha512Of, key);
  for (const part of parts) {
    mac.update(part);
  }
  return mac.digest();
}

/**
 * HKDF of RFC 5869 with SHA-512.
 * @param {Uint8Array} salt
 * @param {Uint8Array} ikm
 * @param {Uint8Array} info
 * @param {number} length in bytes
 */
export function hkdf(salt, ikm, info, length) {
  return hkdfOf(sha512Of, ikm, salt, info, length);
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

/** Base64 for addresses (RFC 4648, section 5), without padding. @param {Uint8Array} data */
export function b64url(data) {
  return b64(data).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * The inverse of `b64url`; throws RangeError for anything that `b64url` would not have written.
 * @param {unknown} text
 */
export function unb64url(text) {
  if (typeof text !== "string" || !/^[\w-]*$/.test(text)) {
    throw new RangeError("this is not base64url");
  }
  const padding = "=".repeat((4 - (text.length % 4)) % 4);
  return unb64(text.replaceAll("-", "+").replaceAll("_", "/") + padding);
}

/** Whether `text` is an id as a message has one: the URL-safe base64 of 16 bytes. @param {unknown} text @returns {text is string} */
export function isId(text) {
  try {
    return unb64url(text).length === ID_BYTES;
  } catch {
    return false;
  }
}

/** @param {string} text */
export function utf8(text) {
  return encoder.encode(text);
}

/** The inverse of `utf8`; throws TypeError for what is not UTF-8. @param {Uint8Array} data */
export function unutf8(data) {
  return decoder.decode(data);
}

/** `data` behind its length in 2 bytes; RangeError when that is not enough. @param {Uint8Array} data */
export function lp(data) {
  if (data.length > 0xffff) {
    throw new RangeError("more than 65,535 bytes have no length in 2 bytes");
  }
  return concat(Uint8Array.of(data.length >> 8, data.length & 0xff), data);
}

/** 4 bytes, big-endian; RangeError for what does not fit. @param {number} n */
export function u32(n) {
  if (!Number.isInteger(n) || n < 0 || n > 0xffffffff) {
    throw new RangeError("this is no unsigned number of 4 bytes");
  }
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, n);
  return new Uint8Array(view.buffer);
}

/** 8 bytes, big-endian; a plain number up to 2^53 - 1, beyond that a bigint. @param {number | bigint} n */
export function u64(n) {
  const exact = typeof n === "bigint" || Number.isSafeInteger(n);
  if (!exact || n < 0 || n > 0xffffffffffffffffn) {
    throw new RangeError("this is no unsigned number of 8 bytes");
  }
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(n));
  return new Uint8Array(view.buffer);
}

/**
 * Padded to a multiple of `block`: 0x80, then zeros, at least one byte in all.
 * @param {Uint8Array} data
 * @param {number} block
 */
export function pad(data, block) {
  const padded = new Uint8Array((Math.floor(data.length / block) + 1) * block);
  padded.set(data);
  padded[data.length] = 0x80;
  return padded;
}

/**
 * The inverse of `pad`; null for anything that `pad` would not have written.
 * @param {Uint8Array} padded
 * @param {number} block
 */
export function unpad(padded, block) {
  const end = padded.lastIndexOf(0x80);
  const fits = end >= 0 && padded.length % block === 0 && padded.length - end <= block;
  return fits && padded.subarray(end + 1).every((byte) => byte === 0) ? padded.slice(0, end) : null;
}

/** Whether the two are the same bytes, in a time that does not tell where they differ. @param {Uint8Array} a @param {Uint8Array} b */
export function equal(a, b) {
  if (a.length !== b.length) {
    return false;
  }
  let difference = 0;
  for (const [at, byte] of a.entries()) {
    difference |= byte ^ b[at];
  }
  return difference === 0;
}

/** Overwrite secrets that are not needed any more. @param {...(Uint8Array | null | undefined)} arrays */
export function wipe(...arrays) {
  for (const array of arrays) {
    array?.fill(0);
  }
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
