/**
 * X25519 key pairs that outlive the page. In Python a key pair is part of chat/peer/identity.py.
 *
 * Where the browser has X25519 in WebCrypto, and the page is in a secure context, a private key is one that cannot be
 * extracted: no script ever sees its bytes. Elsewhere it is 32 bytes, for noble. A record says by its form which it is.
 */

import { IdentityDamaged } from "./errors.js";
import { dh, equal, KEY_BYTES, publicKey } from "./primitives.js";
import { isKey, take } from "./records.js";

/** @import {Random} from "./primitives.js" */
/** @import {StoredRecord} from "./records.js" */
/** @typedef {Pick<SubtleCrypto, "generateKey" | "exportKey" | "importKey" | "deriveBits">} Subtle */

/**
 * A private key that stays where it is. `dh` rejects with RangeError for a key that is not 32 bytes and for one that gives
 * the all-zero result.
 * @typedef {{public: Uint8Array, dh: (theirs: Uint8Array) => Promise<Uint8Array>}} KeyPair
 */

const X25519 = "X25519";

/** A new key pair, in the best form there is. WebCrypto draws its own randomness. @param {Random} random @param {Subtle | null} subtle @returns {Promise<StoredRecord>} */
export async function newKey(random, subtle) {
  return (subtle && (await newCryptoKey(subtle))) ?? newBytes(random);
}

/** @param {Random} random */
export function newBytes(random) {
  const bytes = random(KEY_BYTES).slice();
  return { public: publicKey(bytes), private: bytes };
}

/** The key pair of a record that one of these made. Throws IdentityDamaged. @param {StoredRecord} record @param {Subtle | null} subtle @returns {KeyPair} */
export function keyPairOf(record, subtle) {
  const own = take(record, "public", isKey);
  const secret = record.private;
  if (isKey(secret)) {
    return keyPairOfBytes(own, secret);
  }
  if (subtle === null || typeof CryptoKey === "undefined" || !(secret instanceof CryptoKey)) {
    throw new IdentityDamaged();
  }
  return { public: own, dh: (theirs) => agree(subtle, secret, theirs) };
}

/** @param {Uint8Array} own @param {Uint8Array} secret @returns {KeyPair} */
function keyPairOfBytes(own, secret) {
  if (!equal(publicKey(secret), own)) {
    throw new IdentityDamaged();
  }
  return { public: own, dh: async (theirs) => dh(secret, theirs) };
}

/** Null in a browser that cannot. @param {Subtle} subtle */
async function newCryptoKey(subtle) {
  try {
    const pair = /** @type {CryptoKeyPair} */ (await subtle.generateKey({ name: X25519 }, false, ["deriveBits"]));
    const own = new Uint8Array(await subtle.exportKey("raw", pair.publicKey));
    return { public: own, private: pair.privateKey };
  } catch {
    return null;
  }
}

/** @param {Subtle} subtle @param {CryptoKey} secret @param {Uint8Array} theirs */
async function agree(subtle, secret, theirs) {
  if (theirs.length !== KEY_BYTES) {
    throw new RangeError("an X25519 key has 32 bytes");
  }
  try {
    const key = await subtle.importKey("raw", theirs.slice(), { name: X25519 }, false, []);
    return new Uint8Array(await subtle.deriveBits({ name: X25519, public: key }, secret, 8 * KEY_BYTES));
  } catch {
    throw new RangeError("this public key gives an all-zero X25519 result");
  }
}
