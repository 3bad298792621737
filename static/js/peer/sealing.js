/**
 * Sealed signaling of lowkey/2 (docs/protocol.md, section 3.2). Mirrors chat/peer/sealing.py.
 *
 * Each direction has its own key and counter, so what is repeated, reordered, reflected or put under another kind does
 * not open. Which offer an answer is for, `re`, is the caller's to compare: `counter` is the one last sealed.
 */

import { b64, concat, NONCE_BYTES, pad, seal, u32, unb64, unpad, unseal, unutf8, utf8, wipe } from "./primitives.js";

/** @import {Payload} from "../signaling/messages.js" */
/** @import {Keys, Role} from "./handshake.js" */
/** @import {Random} from "./primitives.js" */
/** @typedef {"offer" | "answer" | "ice"} Kind */

/** @type {ReadonlyMap<string, number>} */
const KINDS = new Map([
  ["offer", 1],
  ["answer", 2],
  ["ice", 3],
]);
const HEAD_BYTES = 5;
const MAX_JSON_BYTES = 40_000;
const BLOCK = 1024;
/** What the longest JSON comes to: 40 blocks, a nonce and a MAC, in base64. */
const MAX_BOX_CHARS = 54_668;

/** One side's sealed signals under the keys of one handshake, which it copies. */
export class Sealing {
  /** The counter of the signal last sealed; 0 before the first. */
  counter = 0;

  #erased = false;
  #random;
  #own;
  #theirs;
  #last = 0;

  /** @param {Role} role @param {Keys} keys @param {Random} random */
  constructor(role, keys, random) {
    const [own, theirs] = role === "caller" ? [keys.sealCaller, keys.sealCalled] : [keys.sealCalled, keys.sealCaller];
    this.#random = random;
    this.#own = own.slice();
    this.#theirs = theirs.slice();
  }

  /**
   * The payload that carries this body. RangeError for an unknown kind, and for more JSON than 40,000 bytes.
   * @param {Kind} kind
   * @param {Payload} body
   * @returns {{box: string}}
   */
  seal(kind, body) {
    if (this.#erased) {
      throw new TypeError("the sealing has been erased");
    }
    const [number, json] = [KINDS.get(kind), utf8(JSON.stringify(body))];
    if (number === undefined || json.length > MAX_JSON_BYTES) {
      throw new RangeError("this signal cannot be sealed");
    }
    const plain = pad(concat(Uint8Array.of(number), u32(this.counter + 1), json), BLOCK);
    const nonce = this.#random(NONCE_BYTES);
    this.counter += 1;
    return { box: b64(concat(nonce, seal(this.#own, nonce, plain))) };
  }

  /**
   * The counter and the body of the other's signal; null for one to drop, which changes nothing.
   * @param {string} kind of the envelope
   * @param {Payload} payload
   * @returns {[counter: number, body: Payload] | null}
   */
  open(kind, payload) {
    const plain = this.#unseal(payload.box);
    if (plain === null || plain.length < HEAD_BYTES || plain[0] !== KINDS.get(kind)) {
      return null;
    }
    const counter = new DataView(plain.buffer, plain.byteOffset).getUint32(1);
    const body = counter > this.#last ? readBody(plain.subarray(HEAD_BYTES)) : null;
    if (body === null) {
      return null;
    }
    this.#last = counter;
    return [counter, body];
  }

  /** Overwrite the keys; nothing can be sealed or opened any more. */
  erase() {
    wipe(this.#own, this.#theirs);
    this.#erased = true;
  }

  /** @param {unknown} box */
  #unseal(box) {
    if (this.#erased || typeof box !== "string" || box.length > MAX_BOX_CHARS) {
      return null;
    }
    try {
      const data = unb64(box);
      const padded = unseal(this.#theirs, data.subarray(0, NONCE_BYTES), data.subarray(NONCE_BYTES));
      return padded && unpad(padded, BLOCK);
    } catch {
      return null;
    }
  }
}

/** @param {Uint8Array} json @returns {Payload | null} */
function readBody(json) {
  if (json.length > MAX_JSON_BYTES) {
    return null;
  }
  try {
    const body = JSON.parse(unutf8(json));
    return typeof body === "object" && !Array.isArray(body) ? body : null;
  } catch {
    return null;
  }
}
