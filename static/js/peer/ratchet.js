/**
 * The Double Ratchet of lowkey/2 (docs/protocol.md, section 3.3). Mirrors chat/peer/ratchet.py.
 *
 * `encrypt` makes the frames of this side and `decrypt` opens the other's, late and out of order within limits. A frame
 * that does not open is dropped and changes nothing; used keys are overwritten. Times are seconds on any clock that does
 * not go back. Randomness is drawn in this order: for a ratchet step the new private key, for a frame its nonce.
 */

import {
  b64,
  concat,
  dh,
  equal,
  hkdf,
  hmac,
  KEY_BYTES,
  MAC_BYTES,
  NONCE_BYTES,
  pad,
  publicKey,
  seal,
  u32,
  unb64,
  unpad,
  unseal,
  utf8,
  wipe,
} from "./primitives.js";

/** @import {Keys, Role} from "./handshake.js" */
/** @import {Random} from "./primitives.js" */
/** @typedef {{bytes: Uint8Array, theirs: Uint8Array, pn: number, n: number}} Header */
/** @typedef {{key: Uint8Array, since: number}} Kept */

/** What a frame would change, kept apart until it has verified. */
/** @typedef {{key: Uint8Array, chain: Uint8Array, next: number, skipped: [string, Uint8Array][], root: Uint8Array | null}} Plan */

export const MAX_PLAINTEXT_BYTES = 131_072;
const MAX_FRAME_CHARS = 180_000;
const MAX_SKIPPED_AT_ONCE = 2_000;
const MAX_KEPT = 512;
const KEPT_SECONDS = 300;

const FRAME_TYPE = 0x02;
const HEADER_BYTES = 41;
const BLOCK = 64;
const TO_MESSAGE = Uint8Array.of(1);
const TO_CHAIN = Uint8Array.of(2);

/** One side of a conversation under the keys of one handshake, which it copies. */
export class Ratchet {
  /** Whether a ratchet step has been made; before that the called one sends nothing but its `hello`. */
  stepped;

  #erased = false;
  #random;
  #transcript;
  /** @type {Uint8Array} */
  #root;
  /** @type {Uint8Array} */
  #private;
  #public;
  /** @type {Uint8Array | null} */
  #theirs = null;
  /** @type {Uint8Array} */
  #sending;
  /** @type {Uint8Array | null} */
  #receiving = null;
  #sent = 0;
  #sentBefore = 0;
  #received = 0;
  /** Keys of frames that have not come, the newest last. @type {Map<string, Kept>} */
  #kept = new Map();

  /** @param {Role} role @param {Keys} keys @param {Random} random */
  constructor(role, keys, random) {
    this.#random = random;
    this.#transcript = keys.transcript.slice();
    this.stepped = role === "caller";
    if (role === "caller") {
      this.#theirs = keys.theirEphemeral.slice();
      this.#receiving = keys.chain.slice();
      this.#private = random(KEY_BYTES).slice();
      [this.#root, this.#sending] = kdfRoot(keys.root, this.#private, this.#theirs);
    } else {
      this.#private = ownEphemeral(keys).slice();
      [this.#root, this.#sending] = [keys.root.slice(), keys.chain.slice()];
    }
    this.#public = publicKey(this.#private);
  }

  /** The next frame. RangeError for more than MAX_PLAINTEXT_BYTES. @param {Uint8Array} plaintext @returns {string} */
  encrypt(plaintext) {
    if (this.#erased) {
      throw new TypeError("the ratchet has been erased");
    }
    if (plaintext.length > MAX_PLAINTEXT_BYTES) {
      throw new RangeError("this is too long for one frame");
    }
    const header = concat(Uint8Array.of(FRAME_TYPE), this.#public, u32(this.#sentBefore), u32(this.#sent));
    const nonce = this.#random(NONCE_BYTES);
    const [key, chain] = kdfChain(this.#sending);
    wipe(this.#sending);
    this.#sending = chain;
    this.#sent += 1;
    const box = this.#withKey(key, header, (frameKey) => seal(frameKey, nonce, pad(plaintext, BLOCK)));
    wipe(key);
    return `2.${b64(header)}.${b64(concat(nonce, box))}`;
  }

  /**
   * The plaintext of a frame, or null for one to drop: forged, repeated, reflected, malformed or too far ahead.
   * @param {string} frame
   * @param {number} now
   * @returns {Uint8Array | null}
   */
  decrypt(frame, now) {
    this.expire(now);
    const parsed = this.#erased ? null : parse(frame);
    if (parsed === null) {
      return null;
    }
    const { header, body } = parsed;
    const kept = this.#kept.get(nameOf(header.theirs, header.n));
    return kept ? this.#openKept(kept.key, header, body) : this.#openNew(header, body, now);
  }

  /** Overwrite the keys that have waited too long for their frame. @param {number} now */
  expire(now) {
    for (const [name, { since }] of this.#kept) {
      if (now - since < KEPT_SECONDS) {
        break;
      }
      this.#drop(name);
    }
  }

  /** Overwrite every key; nothing can be sent or opened any more. */
  erase() {
    wipe(this.#root, this.#private, this.#sending, this.#receiving);
    for (const name of [...this.#kept.keys()]) {
      this.#drop(name);
    }
    this.#erased = true;
  }

  /** @param {Uint8Array} key @param {Header} header @param {Uint8Array} body */
  #openKept(key, header, body) {
    const plaintext = this.#open(key, header, body);
    if (plaintext !== null) {
      this.#drop(nameOf(header.theirs, header.n));
    }
    return plaintext;
  }

  /** @param {Header} header @param {Uint8Array} body @param {number} now */
  #openNew(header, body, now) {
    const plan = this.#plan(header);
    if (plan === null) {
      return null;
    }
    const plaintext = this.#open(plan.key, header, body);
    wipe(plan.key);
    if (plaintext === null) {
      wipe(plan.chain, plan.root, ...plan.skipped.map(([, key]) => key));
      return null;
    }
    this.#settle(plan, header, now);
    return plaintext;
  }

  /** What opening the frame takes; null when it cannot be a new one, or is too far ahead. @param {Header} header @returns {Plan | null} */
  #plan(header) {
    if (this.#theirs !== null && this.#receiving !== null && equal(this.#theirs, header.theirs)) {
      const ahead = header.n - this.#received;
      return ahead < 0 || ahead > MAX_SKIPPED_AT_ONCE
        ? null
        : { ...walk(this.#receiving, this.#theirs, this.#received, header.n), root: null };
    }
    const left = this.#receiving === null ? 0 : Math.max(0, header.pn - this.#received);
    return left + header.n > MAX_SKIPPED_AT_ONCE ? null : this.#planStep(header);
  }

  /** @param {Header} header @returns {Plan | null} */
  #planStep(header) {
    let root;
    let chain;
    try {
      [root, chain] = kdfRoot(this.#root, this.#private, header.theirs);
    } catch {
      return null;
    }
    const fresh = walk(chain, header.theirs, 0, header.n);
    wipe(chain);
    return { ...fresh, skipped: [...this.#leftBehind(header.pn), ...fresh.skipped], root };
  }

  /** The keys of the frames that are still to come in the receiving chain that ends at `pn`. @param {number} pn */
  #leftBehind(pn) {
    if (this.#theirs === null || this.#receiving === null || pn <= this.#received) {
      return [];
    }
    const { key, chain, skipped } = walk(this.#receiving, this.#theirs, this.#received, pn - 1);
    wipe(chain);
    return [...skipped, /** @type {[string, Uint8Array]} */ ([nameOf(this.#theirs, pn - 1), key])];
  }

  /** The frame has verified: what was planned stands. @param {Plan} plan @param {Header} header @param {number} now */
  #settle(plan, header, now) {
    if (plan.root !== null) {
      this.#step(plan.root, header.theirs);
    }
    for (const [name, key] of plan.skipped) {
      this.#kept.set(name, { key, since: now });
    }
    for (const name of [...this.#kept.keys()].slice(0, Math.max(0, this.#kept.size - MAX_KEPT))) {
      this.#drop(name);
    }
    wipe(this.#receiving);
    this.#receiving = plan.chain;
    this.#received = plan.next;
  }

  /** Answer their new key with one of our own. @param {Uint8Array} root @param {Uint8Array} theirs */
  #step(root, theirs) {
    const fresh = this.#random(KEY_BYTES).slice();
    const [nextRoot, sending] = kdfRoot(root, fresh, theirs);
    wipe(root, this.#root, this.#private, this.#sending);
    [this.#root, this.#sending, this.#private, this.#public] = [nextRoot, sending, fresh, publicKey(fresh)];
    this.#theirs = theirs;
    this.#sentBefore = this.#sent;
    this.#sent = 0;
    this.stepped = true;
  }

  /** @param {Uint8Array} key @param {Header} header @param {Uint8Array} body */
  #open(key, header, body) {
    const [nonce, box] = [body.subarray(0, NONCE_BYTES), body.subarray(NONCE_BYTES)];
    const padded = this.#withKey(key, header.bytes, (frameKey) => unseal(frameKey, nonce, box));
    return padded && unpad(padded, BLOCK);
  }

  /**
   * The header is bound through the key, since secretbox takes no associated data.
   * @template T
   * @param {Uint8Array} key
   * @param {Uint8Array} header
   * @param {(frameKey: Uint8Array) => T} work
   */
  #withKey(key, header, work) {
    const mac = hmac(key, utf8("lowkey/2 msg"), this.#transcript, header);
    const result = work(mac.subarray(0, KEY_BYTES));
    wipe(mac);
    return result;
  }

  /** @param {string} name */
  #drop(name) {
    wipe(this.#kept.get(name)?.key);
    this.#kept.delete(name);
  }
}

/** @param {Keys} keys */
function ownEphemeral({ ephemeral }) {
  if (ephemeral === null) {
    throw new TypeError("the called one's ratchet begins with its ephemeral key");
  }
  return ephemeral;
}

/** KDF_RK: the next root key and a chain key. @param {Uint8Array} root @param {Uint8Array} own @param {Uint8Array} theirs */
function kdfRoot(root, own, theirs) {
  const shared = dh(own, theirs);
  const out = hkdf(root, shared, utf8("lowkey/2 ratchet"), 64);
  const keys = [out.slice(0, 32), out.slice(32)];
  wipe(shared, out);
  return keys;
}

/** A message key, and the chain key after it. @param {Uint8Array} chain */
function kdfChain(chain) {
  const [message, next] = [hmac(chain, TO_MESSAGE), hmac(chain, TO_CHAIN)];
  const keys = [message.slice(0, KEY_BYTES), next.slice(0, KEY_BYTES)];
  wipe(message, next);
  return keys;
}

/**
 * Along a copy of the chain to frame `to`: its key, the chain after it, and the named keys passed on the way, of which
 * more than are kept at all are not even collected.
 * @param {Uint8Array} start
 * @param {Uint8Array} theirs
 * @param {number} from
 * @param {number} to
 */
function walk(start, theirs, from, to) {
  /** @type {[string, Uint8Array][]} */
  const skipped = [];
  let [key, chain] = kdfChain(start);
  for (let n = from; n < to; n += 1) {
    if (to - n <= MAX_KEPT) {
      skipped.push([nameOf(theirs, n), key]);
    } else {
      wipe(key);
    }
    const passed = chain;
    [key, chain] = kdfChain(passed);
    wipe(passed);
  }
  return { key, chain, next: to + 1, skipped };
}

/** @param {Uint8Array} theirs @param {number} n */
function nameOf(theirs, n) {
  return `${b64(theirs)} ${n}`;
}

/** The two fields of a frame; null when it is none. @param {string} frame */
function parse(frame) {
  if (frame.length > MAX_FRAME_CHARS) {
    return null;
  }
  const [type, head, rest, ...more] = frame.split(".", 4);
  if (type !== "2" || more.length > 0) {
    return null;
  }
  try {
    const [bytes, body] = [unb64(head), unb64(rest)];
    const padded = body.length - NONCE_BYTES - MAC_BYTES;
    const fits = bytes.length === HEADER_BYTES && bytes[0] === FRAME_TYPE && padded > 0 && padded % BLOCK === 0;
    return fits ? { header: readHeader(bytes), body } : null;
  } catch {
    return null;
  }
}

/** @param {Uint8Array} bytes @returns {Header} */
function readHeader(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { bytes, theirs: bytes.slice(1, 33), pn: view.getUint32(33), n: view.getUint32(37) };
}
