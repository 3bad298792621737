/** What the tests of lowkey/2 share: its vectors, and pairs of sides that have finished a handshake. */

import { Handshake } from "/static/js/peer/handshake.js";
import { concat, dh, hkdf, hmac, lp, publicKey, seal, sha512, u64, unseal, utf8 } from "/static/js/peer/primitives.js";
import { chance, drawn, unhex, vectors } from "./kit.js";

export const LOWKEY2 = await vectors("lowkey2");

/** Public keys that give the all-zero X25519 result, whatever the private one. */
export const LOW_ORDER = await lowOrderKeys();

async function lowOrderKeys() {
  const { cases } = await vectors("x25519");
  const found = cases.filter(({ flags }) => flags.includes("LowOrderPublic")).map((vector) => vector.public);
  const known = (await vectors("classic")).lowOrderPublicKeys;
  return [...new Set([...known, ...found])].map(unhex);
}

/** An identity of this private key. @param {Uint8Array} [privateKey] */
export function identityOf(privateKey = chance(32)) {
  return { public: publicKey(privateKey), dh: async (theirs) => dh(privateKey, theirs) };
}

/** The two sides of a vector, or of made-up keys, before the first message. */
export function sides({ caller = "alice", called = "bob", psk = null, private: keys } = {}) {
  const [ika, ea, ikb, eb] = keys ? ["IKa", "ea", "IKb", "eb"].map((name) => unhex(keys[name])) : [];
  const key = psk && unhex(psk);
  return [
    new Handshake("caller", caller, called, identityOf(ika), ea ? drawn(ea) : chance, key),
    new Handshake("called", caller, called, identityOf(ikb), eb ? drawn(eb) : chance, key),
  ];
}

/** Play a handshake to the end. @returns the three messages */
export async function finish(alice, bob) {
  const messages = [];
  for (const [from, to] of [
    [alice, bob],
    [bob, alice],
    [alice, bob],
  ]) {
    messages.push(await from.write());
    await to.read(messages.at(-1));
  }
  return messages;
}

/** The keys of both sides of a finished handshake. */
export async function agreed(vector) {
  const [alice, bob] = sides(vector);
  await finish(alice, bob);
  return [alice.keys, bob.keys];
}

/** A copy with one bit of one byte changed. @param {Uint8Array} data @param {number} at */
export function flipped(data, at) {
  const changed = data.slice();
  changed[at] ^= 1;
  return changed;
}

/** One side that says whatever a test wants: Noise XX once more, in the plainest words. */
export class Liar {
  #h = new Uint8Array(64);
  #ck;
  #k = new Uint8Array();
  #e = chance(32);

  constructor(caller = "alice", called = "bob") {
    this.#h.set(utf8("Noise_XX_25519_XSalsaPoly_SHA512+lowkey/2"));
    this.#ck = this.#h;
    this.#hash(concat(...["lowkey/2", caller, called].map((text) => lp(utf8(text)))));
  }

  /** The first message of a caller. */
  first() {
    this.#hash(publicKey(this.#e));
    this.#hash(new Uint8Array());
    return publicKey(this.#e);
  }

  /** The answer of a called one with this private identity key, which says this. */
  second(first, identity, payload) {
    this.#hash(first);
    this.#hash(new Uint8Array());
    this.#hash(publicKey(this.#e));
    this.#mix(dh(this.#e, first));
    const said = this.#say(publicKey(identity), 0);
    this.#mix(dh(identity, first));
    return concat(publicKey(this.#e), said, this.#say(utf8(payload), 0));
  }

  /** The last message of a caller with this private identity key, which says this. */
  third(second, identity, payload) {
    const theirs = second.slice(0, 32);
    this.#hash(theirs);
    this.#mix(dh(this.#e, theirs));
    this.#mix(dh(this.#e, this.#hear(second.slice(32, 80), 0)));
    this.#hear(second.slice(80), 0);
    const said = this.#say(publicKey(identity), 1);
    this.#mix(dh(identity, theirs));
    return concat(said, this.#say(utf8(payload), 0));
  }

  #hash(data) {
    this.#h = sha512(this.#h, data);
  }

  #mix(shared) {
    const out = hkdf(this.#ck, shared, new Uint8Array(), 128);
    [this.#ck, this.#k] = [out.slice(0, 64), out.slice(64, 96)];
  }

  #key(n) {
    return hmac(this.#k, utf8("lk2 hs"), u64(n), this.#h).slice(0, 32);
  }

  #say(data, n) {
    const sealed = seal(this.#key(n), new Uint8Array(24), data);
    this.#hash(sealed);
    return sealed;
  }

  #hear(sealed, n) {
    const data = unseal(this.#key(n), new Uint8Array(24), sealed);
    this.#hash(sealed);
    return data;
  }
}
