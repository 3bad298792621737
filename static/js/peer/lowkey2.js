/**
 * Encryption of lowkey/2 (docs/protocol.md, section 3). Mirrors chat/peer/lowkey2.py.
 *
 * One attempt: a Noise handshake that rides in `key:exchange`, and what it yields, the sealing of the signals and the ratchet
 * of the messages. suite.py describes the shape that a call and a conversation see.
 *
 * - Whoever sends step 1 is the caller. When both did, the one under an invite stands, else the one of the smaller name.
 * - The other's identity key is compared with the pin of their name before anything leaves under the new keys: on a
 *   difference `changed` is that pin, and nothing goes on until the person says so (`acceptKey`).
 * - A message that is not of this handshake is dropped; one that is, and fails, ends the attempt.
 *
 * The handshake may need WebCrypto, so what makes a step is asynchronous: one step at a time, please. An attempt that is
 * erased meanwhile throws Unexpected.
 */

import { HandshakeFailed, KeyRefused, Unexpected } from "./errors.js";
import { Handshake } from "./handshake.js";
import { b64, equal, unb64, unutf8, utf8 } from "./primitives.js";
import { MAX_PLAINTEXT_BYTES, Ratchet } from "./ratchet.js";
import { Sas } from "./sas.js";
import { Sealing } from "./sealing.js";
import { safetyNumber } from "./verification.js";

/** @import {Payload} from "../signaling/messages.js" */
/** @import {Role} from "./handshake.js" */
/** @import {Identity, Pin} from "./identity.js" */
/** @import {Invite} from "./invites.js" */
/** @import {Random} from "./primitives.js" */
/** @import {Content} from "./sas.js" */
/** @import {Kind} from "./sealing.js" */

const VERSION = 2;
/** Of a handshake message in base64; the longest there is has some 200. */
const MAX_MESSAGE_CHARS = 2_000;
const HS_BYTES = 16;
/** An offer that was made sooner than this may be on its way. */
const COLLISION_SECONDS = 5;

/** One attempt of `me` with `peer`. */
export class Lowkey2 {
  needsConsent = false;
  acknowledges = true;
  features = ["text", "sas", "edit", "delete", "react", "read", "typing", "timer"];

  /** @type {Role | null} */
  role = null;
  /** @type {Uint8Array | null} */
  theirIdentity = null;
  /** The pin that the other's key differs from, while the person has not decided. @type {Pin | null} */
  changed = null;
  /** Other names under which the other's device is known. @type {string[]} */
  knownAs = [];
  /** Whether the handshake is, or will be, under an invite. */
  invited;
  agreed = false;

  #peer;
  #identity;
  #random;
  #clock;
  #invite;
  /** @type {Handshake | null} */
  #handshake = null;
  /** @type {Payload | null} */
  #opening = null;
  #hs = "";
  #awaited = 1;
  /** @type {string | null} */
  #uuid = null;
  /** @type {Uint8Array} */
  #transcript = new Uint8Array();
  /** @type {Ratchet | null} */
  #ratchet = null;
  /** @type {Sealing | null} */
  #sealing = null;
  #offer = 0;
  /** When this side made an offer that is not answered. @type {number | null} */
  #offeredAt = null;

  /**
   * @param {string} me
   * @param {string} peer
   * @param {Identity} identity
   * @param {{random: Random, clock: () => number, invite?: Invite | null}} around `clock` counts seconds and never goes
   *   back; `invite` is one of theirs
   */
  constructor(me, peer, identity, { random, clock, invite = null }) {
    this.me = me;
    this.#peer = peer;
    this.#identity = identity;
    this.#random = random;
    this.#clock = clock;
    this.#invite = invite;
    this.invited = invite !== null;
  }

  /** A fresh attempt with the same person, for a conversation that is open. */
  renewal() {
    return new Lowkey2(this.me, this.#peer, this.#identity, { random: this.#random, clock: this.#clock });
  }

  // The handshake

  /** @param {Payload} payload */
  recognises(payload) {
    return "v" in payload;
  }

  /** Step 1; the same one again when it is asked for again. @returns {Promise<Payload>} */
  async opening() {
    if (this.#opening === null) {
      this.#hs = b64(this.#random(HS_BYTES));
      this.#begin("caller", this.#invite);
      this.#opening = await this.#step(1);
      this.#awaited = 2;
      if (this.#invite !== null) {
        this.#opening.invite = this.#uuid = this.#invite.uuid;
      }
    }
    return this.#opening;
  }

  /** Whether the other one begins another handshake than this one, which has been answered. @param {Payload} payload */
  begunAnew(payload) {
    return stepOf(payload) === 1 && payload.hs !== this.#hs && this.#awaited !== 1 && this.#awaited !== 2;
  }

  /**
   * Step 2, when the person accepts. KeyRefused where step 1 turns out to bring a key that cannot be used.
   * @returns {Promise<Payload[]>}
   */
  async answer() {
    this.#awaited = 3;
    return this.#orRefuse(async () => [await this.#step(2)]);
  }

  /**
   * Take a step of the other side; the steps that answer it. KeyRefused where it ends the attempt.
   * @param {Payload} payload
   * @returns {Promise<Payload[]>}
   */
  async receiveKey(payload) {
    if (!("v" in payload)) {
      return [];
    }
    if (payload.v !== VERSION || !("m" in payload)) {
      throw new KeyRefused("version");
    }
    return this.#orRefuse(() => this.#receive(payload));
  }

  /**
   * The person goes on with the other's new key: it takes the place of the pinned one, unverified.
   * @returns {Promise<Payload[]>}
   */
  async acceptKey() {
    this.#identity.accept(this.#peer, given(this.theirIdentity, "a changed key is a known one"));
    this.changed = null;
    return this.#handshake !== null ? this.#finish() : [];
  }

  /** @returns {"changed" | "verified" | "unverified"} */
  get trust() {
    if (this.changed !== null) {
      return "changed";
    }
    const pin = this.#identity.pin(this.#peer);
    return pin?.verified && isSame(pin.identity, this.theirIdentity) ? "verified" : "unverified";
  }

  /** Whether this side makes the offer: the caller does. @param {boolean} _initiator */
  offers(_initiator) {
    return this.role === "caller";
  }

  /** Overwrite every key. */
  erase() {
    for (const part of [this.#handshake, this.#ratchet, this.#sealing]) {
      part?.erase();
    }
    this.#handshake = null;
    this.#transcript = new Uint8Array();
  }

  // Signals

  /** An answer, and a candidate, says which offer it belongs to. @param {Kind} kind @param {Payload} body @returns {Payload} */
  sealSignal(kind, body) {
    const sealing = given(this.#sealing, "signals follow the keys");
    const payload = sealing.seal(kind, kind === "offer" ? body : { ...body, re: this.#offer });
    if (kind === "offer") {
      this.#offer = sealing.counter;
      this.#offeredAt = this.#clock();
    }
    return payload;
  }

  /**
   * When offers collide the called one drops its own, so the caller does not look at that.
   * @param {Kind} kind
   * @param {Payload} payload
   * @returns {Payload | null}
   */
  openSignal(kind, payload) {
    const opened = this.#sealing?.open(kind, payload) ?? null;
    if (opened === null) {
      return null;
    }
    const [counter, body] = opened;
    if (kind === "offer" ? this.#collides : !this.#belongs(kind, body)) {
      return null;
    }
    if (kind === "offer") {
      this.#offer = counter;
    }
    if (kind !== "ice") {
      this.#offeredAt = null;
    }
    return body;
  }

  /** Whether this side's offer stands against one of the other's. One that was not answered for long did not arrive. */
  get #collides() {
    const standing = this.role === "caller" && this.#offeredAt !== null;
    return standing && this.#clock() - Number(this.#offeredAt) < COLLISION_SECONDS;
  }

  /** Whether an answer, or a candidate that says so, is for the newest offer. @param {Kind} kind @param {Payload} body */
  #belongs(kind, body) {
    const unsaid = kind === "ice" && !("re" in body);
    return unsaid || body.re === this.#offer;
  }

  // Messages

  /** Whether more than `hello` may be sent: the called one ratchets first. */
  get ready() {
    return this.#ratchet?.stepped ?? false;
  }

  /** Whether a message is short enough, whatever its number will be. @param {Content} content */
  fits(content) {
    return encode({ ...content, seq: Number.MAX_SAFE_INTEGER }).length <= MAX_PLAINTEXT_BYTES;
  }

  /** @param {Content} content */
  seal(content) {
    return given(this.#ratchet, "no keys have been agreed").encrypt(encode(content));
  }

  /**
   * Null for a frame that fails; an empty object for one that says nothing that can be read.
   * @param {string} frame
   * @returns {Payload | null}
   */
  open(frame) {
    const plaintext = this.#ratchet?.decrypt(frame, this.#clock()) ?? null;
    return plaintext && decode(plaintext);
  }

  // Verifying

  /** The emoji of this handshake. @returns {Sas | null} */
  comparison() {
    return new Sas(given(this.role, "emoji follow the keys"), this.#transcript, this.#random);
  }

  safetyNumber() {
    return safetyNumber(this.#identity.key.public, given(this.theirIdentity, "there is nobody to compare with"));
  }

  /** The person has compared, or the other one says that it does not fit. @param {boolean} verified */
  verify(verified) {
    if (this.theirIdentity !== null) {
      this.#identity.setVerified(this.#peer, this.theirIdentity, verified);
    }
  }

  // Inside

  /** @param {Role} role @param {Invite | null} invite */
  #begin(role, invite) {
    const [caller, called] = role === "caller" ? [this.me, this.#peer] : [this.#peer, this.me];
    this.role = role;
    this.invited = invite !== null;
    this.#handshake?.erase();
    this.#handshake = new Handshake(role, caller, called, this.#identity.key, this.#random, invite?.psk ?? null);
  }

  /** @param {number} number @returns {Promise<Payload>} */
  async #step(number) {
    const message = await given(this.#handshake, "a step belongs to a handshake").write();
    return { v: VERSION, step: number, hs: this.#hs, m: b64(message) };
  }

  /** HandshakeFailed, RangeError and KeyRefused. @param {Payload} payload @returns {Promise<Payload[]>} */
  async #receive(payload) {
    const { hs } = payload;
    const step = stepOf(payload);
    if (step === 1 && this.#takesStep1(payload)) {
      return this.#rung(payload);
    }
    if (this.role === null) {
      throw new HandshakeFailed("a handshake begins with step 1");
    }
    if (hs !== this.#hs || step !== this.#awaited || step === 1 || this.#handshake === null) {
      return [];
    }
    await this.#handshake.read(messageOf(payload));
    this.#awaited = 0;
    return this.#meet();
  }

  /**
   * What came does not fit: that ends the attempt.
   * @template T
   * @param {() => Promise<T>} work
   * @param {string} [underAnInvite] why, where the handshake is under one
   */
  async #orRefuse(work, underAnInvite = "invite_failed") {
    try {
      return await work();
    } catch (fault) {
      if (!(fault instanceof HandshakeFailed || fault instanceof RangeError)) {
        throw fault;
      }
      this.erase();
      throw new KeyRefused(this.invited ? underAnInvite : "bad_handshake");
    }
  }

  /**
   * Whether the other's step 1 stands: nothing has begun here; nobody has answered yet, and they have begun anew; or both
   * called at once and theirs has precedence.
   * @param {Payload} payload
   */
  #takesStep1(payload) {
    if (this.role === null || (this.#awaited === 1 && payload.hs !== this.#hs)) {
      return true;
    }
    if (this.#awaited !== 2) {
      return false;
    }
    if ((this.#invite !== null) !== "invite" in payload) {
      return "invite" in payload;
    }
    return this.#peer.toLowerCase() < this.me.toLowerCase();
  }

  /** The other one's step 1. Whose person called the same name has accepted by that, and answers at once. @param {Payload} payload */
  async #rung(payload) {
    const crossed = this.role === "caller";
    this.#begin("called", this.#theirInvite(payload));
    if (unb64(payload.hs).length !== HS_BYTES) {
      throw new HandshakeFailed("the handshake's id is malformed");
    }
    this.#hs = String(payload.hs);
    const handshake = given(this.#handshake, "it has begun");
    await this.#orRefuse(() => handshake.read(messageOf(payload)), "invite_changed");
    return crossed ? this.answer() : [];
  }

  /** The invite of this device's that the caller names. KeyRefused where it cannot be used. @param {Payload} payload */
  #theirInvite({ invite }) {
    if (invite === undefined) {
      return null;
    }
    const found = this.#identity.madeInvite(typeof invite === "string" ? invite : "", this.me);
    if (typeof found === "string") {
      throw new KeyRefused(found);
    }
    this.#uuid = found.uuid;
    return found;
  }

  /** The other's identity has verified. @returns {Promise<Payload[]>} */
  async #meet() {
    const theirs = present(this.#handshake).theirIdentity?.slice() ?? null;
    this.theirIdentity = given(theirs, "m2 and m3 bring an identity");
    this.knownAs = this.#identity.otherNames(this.#peer, this.theirIdentity);
    if (this.#uuid !== null && this.invited) {
      this.#burn(this.#uuid);
    }
    const pin = this.#identity.pin(this.#peer);
    if (pin && !isSame(pin.identity, theirs)) {
      this.changed = pin;
      return [];
    }
    this.#identity.meet(this.#peer, this.theirIdentity);
    return this.#finish();
  }

  /** @param {string} uuid */
  #burn(uuid) {
    if (this.role === "caller") {
      this.#identity.burnOpened(uuid);
    } else {
      this.#identity.burnMade(uuid);
    }
  }

  /** The keys stand. The caller says so with step 3. @returns {Promise<Payload[]>} */
  async #finish() {
    const role = given(this.role, "a handshake has a side");
    const steps = role === "caller" ? [await this.#step(3)] : [];
    const keys = present(present(this.#handshake).keys);
    this.#ratchet = new Ratchet(role, keys, this.#random);
    this.#sealing = new Sealing(role, keys, this.#random);
    this.#transcript = keys.transcript.slice();
    this.#handshake?.erase();
    this.#handshake = null;
    this.agreed = true;
    if (this.invited) {
      this.verify(true);
    }
    return steps;
  }
}

/**
 * What the state guarantees.
 * @template T
 * @param {T | null} value
 * @param {string} why
 * @returns {T}
 */
function given(value, why) {
  if (value === null) {
    throw new TypeError(why);
  }
  return value;
}

/**
 * What was there before the last wait; gone if the attempt has been erased meanwhile.
 * @template T
 * @param {T | null} value
 * @returns {T}
 */
function present(value) {
  if (value === null) {
    throw new Unexpected("a step", "an attempt that has been erased");
  }
  return value;
}

/** @param {Uint8Array} one @param {Uint8Array | null} other */
function isSame(one, other) {
  return other !== null && equal(one, other);
}

/** Which step of a handshake a `key:exchange` says that it is; null where it is none. True is not 1. @param {Payload} payload */
export function stepOf({ step }) {
  return typeof step === "number" ? step : null;
}

/** RangeError. @param {Payload} payload */
function messageOf({ m }) {
  if (typeof m !== "string" || m.length > MAX_MESSAGE_CHARS) {
    throw new RangeError("there is no message of a handshake");
  }
  return unb64(m);
}

/** @param {Content} content */
function encode(content) {
  return utf8(JSON.stringify(content));
}

/** @param {Uint8Array} plaintext @returns {Payload} */
function decode(plaintext) {
  try {
    const content = JSON.parse(unutf8(plaintext));
    return typeof content === "object" && content !== null && !Array.isArray(content) ? content : {};
  } catch {
    return {};
  }
}
