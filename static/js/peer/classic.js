/**
 * Classic encryption, the original app's (docs/protocol.md, section 2). Mirrors chat/peer/classic.py.
 *
 * One throw-away X25519 key a side, exchanged through the server in the clear; each message is a NaCl box under a random
 * nonce. The server could put its own keys in the middle, so a classic chat is encrypted but never verified.
 */

import { KeyRefused } from "./errors.js";
import {
  b64,
  boxKey,
  concat,
  KEY_BYTES,
  NONCE_BYTES,
  publicKey,
  seal,
  unb64,
  unseal,
  unutf8,
  utf8,
  wipe,
} from "./primitives.js";

/** @import {Payload} from "../signaling/messages.js" */
/** @import {Random} from "./primitives.js" */
/** @import {Content} from "./sas.js" */

const MAX_FRAME_CHARS = 180_000;
/** Boxed and in base64 this stays under the 64 KiB that every WebRTC stack takes as one message. */
const MAX_TEXT_BYTES = 48_000;
const MAX_NONCES = 65_536;

/** One side's throw-away key, and the box it makes with the other's. */
export class Classic {
  trust = /** @type {const} */ ("classic");
  needsConsent = true;
  acknowledges = false;
  me = "";
  /** @type {string[]} */
  features = [];
  ready = true;
  changed = null;
  invited = false;
  theirIdentity = null;
  /** @type {string[]} */
  knownAs = [];

  #random;
  #refused;
  #private;
  #public;
  /** @type {string | null} */
  #theirs = null;
  /** @type {Uint8Array | null} */
  #key = null;
  #wrapped = false;
  /** @type {Set<string>} */
  #nonces = new Set();

  /**
   * @param {Random} random
   * @param {{refused?: boolean}} [known] `refused`: the other one is known to speak lowkey/2, so that this can only be
   *   somebody's doing
   */
  constructor(random, { refused = false } = {}) {
    this.#random = random;
    this.#refused = refused;
    this.#private = random(KEY_BYTES).slice();
    this.#public = publicKey(this.#private);
  }

  /** A peer is classic by the absence of `v` alone. @param {Payload} payload */
  recognises(payload) {
    return !("v" in payload);
  }

  /** There is no telling. @param {Payload} _payload */
  begunAnew(_payload) {
    return false;
  }

  get agreed() {
    return this.#key !== null;
  }

  /** @returns {Promise<Payload>} */
  async opening() {
    return { publicKey: b64(this.#public) };
  }

  /** @returns {Promise<Payload[]>} */
  async answer() {
    return [await this.opening()];
  }

  /**
   * Take the other's public key. The first one stands; a later one changes nothing.
   * @param {Payload} payload
   * @returns {Promise<Payload[]>}
   */
  async receiveKey(payload) {
    if (this.#refused) {
      throw new KeyRefused("classic_refused");
    }
    if (this.#key !== null) {
      return [];
    }
    try {
      const theirs = unb64(payload.publicKey);
      if (b64(theirs) === b64(this.#public)) {
        throw new RangeError("one's own key came back");
      }
      this.#key = boxKey(this.#private, theirs);
      this.#theirs = b64(theirs);
    } catch {
      throw new KeyRefused("bad_key");
    }
    return [];
  }

  /** @returns {Promise<Payload[]>} */
  async acceptKey() {
    return [];
  }

  /** When both called at once, the server's first initiator does. @param {boolean} initiator */
  offers(initiator) {
    return initiator;
  }

  /** Classic signaling is not sealed: the server sees it. @param {string} _kind @param {Payload} body */
  sealSignal(_kind, body) {
    return body;
  }

  /** @param {string} _kind @param {Payload} payload @returns {Payload | null} */
  openSignal(_kind, payload) {
    return payload;
  }

  /** @param {Content} content */
  fits(content) {
    return utf8(String(content.body)).length <= MAX_TEXT_BYTES;
  }

  /** A frame in the form in which the other side last wrote. A classic chat carries texts alone. @param {Content} content */
  seal(content) {
    const nonce = this.#random(NONCE_BYTES);
    this.#remember(b64(nonce));
    const box = b64(concat(nonce, seal(this.#agreedKey(), nonce, utf8(String(content.body)))));
    return this.#wrapped ? JSON.stringify({ rk: b64(this.#public), ct: box }) : box;
  }

  /**
   * The message of a frame; null for a forged, repeated, reflected or unreadable one.
   * @param {string} frame
   * @returns {Payload | null}
   */
  open(frame) {
    if (frame.length > MAX_FRAME_CHARS) {
      return null;
    }
    try {
      return this.#open(frame);
    } catch {
      return null;
    }
  }

  /** @returns {null} */
  comparison() {
    return null;
  }

  safetyNumber() {
    return "";
  }

  /** Nothing proves who the other one is. @param {boolean} _verified */
  verify(_verified) {}

  /** @returns {null} */
  renewal() {
    return null;
  }

  /** Overwrite the keys. */
  erase() {
    wipe(this.#private, this.#key);
    this.#key = null;
  }

  /** @param {string} frame @returns {Payload | null} */
  #open(frame) {
    const { wrapped, data } = this.#unwrap(frame);
    const nonce = data.subarray(0, NONCE_BYTES);
    if (this.#nonces.has(b64(nonce))) {
      return null;
    }
    const message = unseal(this.#agreedKey(), nonce, data.subarray(NONCE_BYTES));
    if (message === null) {
      return null;
    }
    const body = unutf8(message);
    this.#remember(b64(nonce));
    this.#wrapped = wrapped;
    return { t: "text", body };
  }

  /** Whether the frame has the later form `{rk, ct}`, and its bytes. @param {string} frame */
  #unwrap(frame) {
    if (!frame.startsWith("{")) {
      return { wrapped: false, data: unb64(frame) };
    }
    const { rk, ct } = JSON.parse(frame);
    if (rk !== this.#theirs) {
      throw new RangeError("the frame names another key than the one agreed");
    }
    return { wrapped: true, data: unb64(ct) };
  }

  #agreedKey() {
    if (this.#key === null) {
      throw new TypeError("no key has been agreed");
    }
    return this.#key;
  }

  /** Keep the newest nonces, sent and received; DTLS already stops what is older. @param {string} nonce */
  #remember(nonce) {
    this.#nonces.add(nonce);
    if (this.#nonces.size > MAX_NONCES) {
      this.#nonces.delete(/** @type {string} */ (this.#nonces.values().next().value));
    }
  }
}
