/**
 * Comparing emoji: the messages `sas:*` (docs/protocol.md, section 3.5). Mirrors chat/peer/sas.py.
 *
 * One side commits to a nonce, the other answers with its own, and the first one reveals: nobody can look for nonces under
 * which two handshakes show the same emoji. There is one run in a handshake. When both commit, the caller's stands.
 */

import { b64, equal, unb64 } from "./primitives.js";
import { commitment, emoji } from "./verification.js";

/** @import {Role} from "./handshake.js" */
/** @import {Random} from "./primitives.js" */
/** @typedef {Record<string, unknown> & {t: string}} Content */

export const NONCE_BYTES = 32;
const NOTHING = new Uint8Array();

/** One side of the run. What `start` and `receive` return is to be sent. */
export class Sas {
  /** The seven, with their names, once they are known. @type {(readonly [emoji: string, name: string])[]} */
  emoji = [];
  begun = false;
  /** The other one revealed a nonce that it had not committed to. */
  failed = false;
  #role;
  #transcript;
  #random;
  /** @type {Uint8Array} */
  #nonce = NOTHING;
  /** @type {Uint8Array} */
  #commit = NOTHING;
  #awaited = "sas:commit";

  /** @param {Role} role @param {Uint8Array} transcript @param {Random} random */
  constructor(role, transcript, random) {
    this.#role = role;
    this.#transcript = transcript;
    this.#random = random;
  }

  /** Begin the run, unless it has begun. @returns {Content[]} */
  start() {
    if (this.begun) {
      return [];
    }
    this.#nonce = this.#random(NONCE_BYTES).slice();
    this.begun = true;
    this.#awaited = "sas:nonce";
    return [{ t: "sas:commit", commit: b64(commitment(this.#nonce)) }];
  }

  /**
   * Take a message of the other side. One that is not awaited, or malformed, changes nothing.
   * @param {Content} content
   * @returns {Content[]}
   */
  receive(content) {
    const kind = content.t;
    const crossed = kind === "sas:commit" && this.#awaited === "sas:nonce" && this.#role === "called";
    if (kind !== this.#awaited && !crossed) {
      return [];
    }
    const value = bytesOf(kind === "sas:commit" ? content.commit : content.nonce);
    return value.length === NONCE_BYTES ? this.#take(kind, value) : [];
  }

  /** @param {string} kind @param {Uint8Array} value @returns {Content[]} */
  #take(kind, value) {
    if (kind === "sas:commit") {
      [this.#commit, this.#nonce] = [value, this.#random(NONCE_BYTES).slice()];
      this.begun = true;
      this.#awaited = "sas:reveal";
      return [{ t: "sas:nonce", nonce: b64(this.#nonce) }];
    }
    this.#awaited = "";
    if (kind === "sas:nonce") {
      this.emoji = emoji(this.#transcript, this.#nonce, value);
      return [{ t: "sas:reveal", nonce: b64(this.#nonce) }];
    }
    if (!equal(commitment(value), this.#commit)) {
      this.failed = true;
      return [{ t: "sas:result", ok: false }];
    }
    this.emoji = emoji(this.#transcript, value, this.#nonce);
    return [];
  }
}

/** @param {unknown} text */
function bytesOf(text) {
  try {
    return unb64(text);
  } catch {
    return NOTHING;
  }
}
