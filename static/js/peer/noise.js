/**
 * Noise's symmetric state on NaCl primitives (docs/protocol.md, section 3.1). Mirrors chat/peer/noise.py.
 *
 * `hash` is that of all that was said; beside it are the chaining key, the key once there is one, and how often it has
 * served. The hash goes into the key of each ciphertext, since secretbox takes no associated data; such a key serves
 * once, so its nonce can be zero.
 */

import { HandshakeFailed } from "./errors.js";
import { hkdf, hmac, KEY_BYTES, NONCE_BYTES, seal, sha512, u64, unseal, utf8, wipe } from "./primitives.js";

const HASH_BYTES = 64;
const NOTHING = new Uint8Array();
const ZERO_NONCE = new Uint8Array(NONCE_BYTES);

/** Changes in place; work on a `copy`, and keep it once all has verified. */
export class Noise {
  /** @type {Uint8Array | null} */
  #key = null;
  #chaining;
  #count = 0;

  /** @param {Uint8Array} hash @param {Uint8Array} chaining */
  constructor(hash, chaining) {
    this.hash = hash;
    this.#chaining = chaining;
  }

  /** The state at the start of the protocol of this name, which has at most 64 bytes. @param {string} protocol */
  static named(protocol) {
    const name = new Uint8Array(HASH_BYTES);
    name.set(utf8(protocol));
    return new Noise(name, name.slice());
  }

  copy() {
    const copy = new Noise(this.hash.slice(), this.#chaining.slice());
    copy.#key = this.#key?.slice() ?? null;
    copy.#count = this.#count;
    return copy;
  }

  /** @param {Uint8Array} data */
  mixHash(data) {
    this.hash = sha512(this.hash, data);
  }

  /** @param {Uint8Array} input */
  mixKey(input) {
    const out = hkdf(this.#chaining, input, NOTHING, 128);
    this.#begin(out.slice(0, 64), out.slice(64, 96));
    wipe(out);
  }

  /** @param {Uint8Array} psk */
  mixKeyAndHash(psk) {
    const out = hkdf(this.#chaining, psk, NOTHING, 192);
    this.#begin(out.slice(0, 64), out.slice(128, 160));
    this.mixHash(out.subarray(64, 128));
    wipe(out);
  }

  /** The ciphertext; without a key that is the plaintext. @param {Uint8Array} plaintext */
  encrypt(plaintext) {
    const sealed = this.#withKey((key) => seal(key, ZERO_NONCE, plaintext)) ?? plaintext;
    this.mixHash(sealed);
    return sealed;
  }

  /** The inverse of `encrypt`; throws HandshakeFailed when the MAC does not verify. @param {Uint8Array} sealed */
  decrypt(sealed) {
    const opened = this.#key === null ? sealed : this.#withKey((key) => unseal(key, ZERO_NONCE, sealed));
    if (opened === null) {
      throw new HandshakeFailed("a part of the message does not verify");
    }
    this.mixHash(sealed);
    return opened;
  }

  /** The four keys that come of it all. @param {Uint8Array} info */
  split(info) {
    const out = hkdf(this.#chaining, this.hash, info, 128);
    const keys = [0, 32, 64, 96].map((at) => out.slice(at, at + KEY_BYTES));
    wipe(out);
    return keys;
  }

  /** Overwrite everything. */
  erase() {
    wipe(this.hash, this.#chaining, this.#key);
  }

  /** @param {Uint8Array} chaining @param {Uint8Array} key */
  #begin(chaining, key) {
    wipe(this.#chaining, this.#key);
    this.#chaining = chaining;
    this.#key = key;
    this.#count = 0;
  }

  /** With a key for one ciphertext, bound to all that came before it; null while there is none. @param {(key: Uint8Array) => Uint8Array | null} work */
  #withKey(work) {
    if (this.#key === null) {
      return null;
    }
    const mac = hmac(this.#key, utf8("lk2 hs"), u64(this.#count), this.hash);
    this.#count += 1;
    const result = work(mac.subarray(0, KEY_BYTES));
    wipe(mac);
    return result;
  }
}
