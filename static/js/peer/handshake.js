/**
 * The handshake of lowkey/2 (docs/protocol.md, section 3.1): Noise XX, or XXpsk0 with an invite, on NaCl primitives.
 * Mirrors chat/peer/handshake.py.
 *
 * Three messages: `write` makes this side's next, `read` takes the other's, and after the third both have `keys`. A
 * message that does not verify throws HandshakeFailed and changes nothing, so the honest one can still follow; a turn
 * that is not this side's throws Unexpected. The caller knows `theirIdentity` after the second message, before it writes
 * the third: that is where a pin is compared.
 *
 * Whoever needs `keys` beyond `erase` copies them.
 */

import { HandshakeFailed, Unexpected } from "./errors.js";
import { Noise } from "./noise.js";
import {
  concat,
  dh,
  equal,
  isCanonical,
  KEY_BYTES,
  lp,
  MAC_BYTES,
  publicKey,
  unutf8,
  utf8,
  wipe,
} from "./primitives.js";

/** @import {Random} from "./primitives.js" */
/** @typedef {"caller" | "called"} Role */
/** @typedef {{public: Uint8Array, dh: (theirs: Uint8Array) => Promise<Uint8Array>}} Identity */

/**
 * What the handshake leaves. `ephemeral` is this side's private one: the called one's ratchet begins with it, the
 * caller's is erased and null.
 * @typedef {object} Keys
 * @property {Uint8Array} root
 * @property {Uint8Array} chain
 * @property {Uint8Array} sealCaller
 * @property {Uint8Array} sealCalled
 * @property {Uint8Array} transcript
 * @property {Uint8Array | null} ephemeral
 * @property {Uint8Array} theirEphemeral
 */

/** What a message works on, and what stands once it has verified. */
/** @typedef {{noise: Noise, ephemeral: Uint8Array, theirEphemeral: Uint8Array, theirIdentity: Uint8Array}} State */

const VERSION = 2;
const VERSIONS = [VERSION];
const NOTHING = new Uint8Array();

/** Whose turn it is, message for message. @type {Record<Role, ("write" | "read")[]>} */
const TURNS = { caller: ["write", "read", "write"], called: ["read", "write", "read"] };

/** One side of one handshake. */
export class Handshake {
  /** @type {Keys | null} */
  keys = null;

  #role;
  #identity;
  #random;
  #psk;
  #payload = utf8(JSON.stringify({ versions: VERSIONS }));
  /** @type {State | null} */
  #state;
  #step = 0;
  #working = false;

  /**
   * @param {Role} role
   * @param {string} caller the name of the one who calls
   * @param {string} called the name of the other
   * @param {Identity} identity
   * @param {Random} random
   * @param {Uint8Array | null} [psk] of the invite, 32 bytes
   */
  constructor(role, caller, called, identity, random, psk = null) {
    this.#role = role;
    this.#identity = identity;
    this.#random = random;
    this.#psk = psk?.slice() ?? null;
    const noise = opening(psk !== null, caller, called);
    this.#state = { noise, ephemeral: NOTHING, theirEphemeral: NOTHING, theirIdentity: NOTHING };
  }

  /** The other's IK as soon as it is known. @returns {Uint8Array | null} */
  get theirIdentity() {
    return this.#state?.theirIdentity.length ? this.#state.theirIdentity : null;
  }

  /** The next message of this side. @returns {Promise<Uint8Array>} */
  write() {
    /** @type {((state: State) => Uint8Array | Promise<Uint8Array>)[]} */
    const steps = [this.#writeFirst, this.#writeSecond, this.#writeThird];
    return this.#turn("write", (state) => steps[this.#step].call(this, state));
  }

  /** Take the other's next message. @param {Uint8Array} message @returns {Promise<void>} */
  read(message) {
    const steps = [this.#readFirst, this.#readSecond, this.#readThird];
    return this.#turn("read", (state) => steps[this.#step].call(this, state, message));
  }

  /** Overwrite every secret, `keys` too; nothing can follow. */
  erase() {
    if (this.#state) {
      eraseState(this.#state);
    }
    wipe(this.#psk, ...Object.values(this.keys ?? {}));
    this.#state = null;
    this.#psk = null;
    this.keys = null;
  }

  /**
   * Work on a copy of the state, which stands only when the message is made or has verified.
   * @template T
   * @param {"write" | "read"} turn
   * @param {(state: State) => T | Promise<T>} work
   */
  async #turn(turn, work) {
    if (this.#state === null || this.#working || TURNS[this.#role][this.#step] !== turn) {
      throw new Unexpected(turn, `handshake ${this.#role} ${this.#state ? this.#step : "erased"}`);
    }
    const copy = { ...this.#state, noise: this.#state.noise.copy() };
    this.#working = true;
    try {
      const result = await work(copy);
      this.#settle(turn, copy);
      return result;
    } catch (error) {
      copy.noise.erase();
      wipe(copy.ephemeral === this.#state?.ephemeral ? null : copy.ephemeral);
      throw error;
    } finally {
      this.#working = false;
    }
  }

  /** @param {string} turn @param {State} state */
  #settle(turn, state) {
    if (this.#state === null) {
      eraseState(state);
      throw new Unexpected(turn, "handshake erased meanwhile");
    }
    this.#state.noise.erase();
    this.#state = state;
    this.#step += 1;
    if (this.#step === TURNS[this.#role].length) {
      this.#split(state);
    }
  }

  /** m1 = (psk) e, Encrypt(empty). @param {State} state */
  #writeFirst(state) {
    this.#mixPsk(state);
    return concat(this.#writeEphemeral(state), state.noise.encrypt(NOTHING));
  }

  /** @param {State} state @param {Uint8Array} message */
  #readFirst(state, message) {
    if (message.length !== KEY_BYTES + (this.#psk ? MAC_BYTES : 0)) {
      throw new HandshakeFailed("the first message has another length");
    }
    this.#mixPsk(state);
    this.#readEphemeral(state, message);
    state.noise.decrypt(message.subarray(KEY_BYTES));
  }

  /** m2 = e, ee, s, es, Encrypt(payload). @param {State} state */
  async #writeSecond(state) {
    const ephemeral = this.#writeEphemeral(state);
    mixAgreed(state.noise, agree(state.ephemeral, state.theirEphemeral));
    const identity = state.noise.encrypt(this.#identity.public);
    mixAgreed(state.noise, await this.#agreeAsIdentity(state.theirEphemeral));
    return concat(ephemeral, identity, state.noise.encrypt(this.#payload));
  }

  /** @param {State} state @param {Uint8Array} message */
  #readSecond(state, message) {
    this.#readEphemeral(state, message);
    mixAgreed(state.noise, agree(state.ephemeral, state.theirEphemeral));
    const payload = this.#readIdentity(state, message.subarray(KEY_BYTES));
    mixAgreed(state.noise, agree(state.ephemeral, state.theirIdentity));
    checkPayload(state.noise.decrypt(payload));
  }

  /** m3 = s, se, Encrypt(payload). @param {State} state */
  async #writeThird(state) {
    const identity = state.noise.encrypt(this.#identity.public);
    mixAgreed(state.noise, await this.#agreeAsIdentity(state.theirEphemeral));
    return concat(identity, state.noise.encrypt(this.#payload));
  }

  /** @param {State} state @param {Uint8Array} message */
  #readThird(state, message) {
    const payload = this.#readIdentity(state, message);
    mixAgreed(state.noise, agree(state.ephemeral, state.theirIdentity));
    checkPayload(state.noise.decrypt(payload));
  }

  /** @param {State} state */
  #mixPsk(state) {
    if (this.#psk) {
      state.noise.mixKeyAndHash(this.#psk);
    }
  }

  /** @param {State} state */
  #writeEphemeral(state) {
    state.ephemeral = this.#random(KEY_BYTES).slice();
    const ephemeral = publicKey(state.ephemeral);
    this.#mixEphemeral(state, ephemeral);
    return ephemeral;
  }

  /** @param {State} state @param {Uint8Array} message */
  #readEphemeral(state, message) {
    if (message.length < KEY_BYTES) {
      throw new HandshakeFailed("the message ends too early");
    }
    state.theirEphemeral = message.slice(0, KEY_BYTES);
    this.#mixEphemeral(state, state.theirEphemeral);
  }

  /** With a psk the ephemeral key is mixed into the key as well. @param {State} state @param {Uint8Array} ephemeral */
  #mixEphemeral(state, ephemeral) {
    state.noise.mixHash(ephemeral);
    if (this.#psk) {
      state.noise.mixKey(ephemeral);
    }
  }

  /**
   * Takes their IK from the front, and gives the rest. The IK must be in its one form: a device that could write its key
   * in two ways would be two devices.
   * @param {State} state
   * @param {Uint8Array} message
   */
  #readIdentity(state, message) {
    state.theirIdentity = state.noise.decrypt(message.subarray(0, KEY_BYTES + MAC_BYTES));
    if (!isCanonical(state.theirIdentity)) {
      throw new HandshakeFailed("an identity key is not in its one form");
    }
    if (equal(state.theirIdentity, this.#identity.public)) {
      throw new HandshakeFailed("one's own identity key came back");
    }
    return message.subarray(KEY_BYTES + MAC_BYTES);
  }

  /** @param {Uint8Array} theirs */
  async #agreeAsIdentity(theirs) {
    const shared = await this.#identity.dh(theirs).catch(() => NOTHING);
    if (shared.length !== KEY_BYTES || shared.every((byte) => byte === 0)) {
      throw new HandshakeFailed("their key cannot be used with the identity key");
    }
    return shared;
  }

  /** @param {State} state */
  #split(state) {
    const [root, chain, sealCaller, sealCalled] = state.noise.split(utf8("lowkey/2 split"));
    const transcript = state.noise.hash.slice();
    const ephemeral = this.#role === "called" ? state.ephemeral.slice() : null;
    this.keys = {
      root,
      chain,
      sealCaller,
      sealCalled,
      transcript,
      ephemeral,
      theirEphemeral: state.theirEphemeral.slice(),
    };
    wipe(state.ephemeral, this.#psk);
    state.noise.erase();
  }
}

/** @param {boolean} withPsk @param {string} caller @param {string} called */
function opening(withPsk, caller, called) {
  const noise = Noise.named(`Noise_XX${withPsk ? "psk0" : ""}_25519_XSalsaPoly_SHA512+lowkey/2`);
  noise.mixHash(concat(...["lowkey/2", caller.toLowerCase(), called.toLowerCase()].map((text) => lp(utf8(text)))));
  return noise;
}

/** @param {State} state */
function eraseState({ noise, ephemeral }) {
  noise.erase();
  wipe(ephemeral);
}

/** @param {Uint8Array} privateKey @param {Uint8Array} theirs */
function agree(privateKey, theirs) {
  try {
    return dh(privateKey, theirs);
  } catch {
    throw new HandshakeFailed("their key gives an all-zero result");
  }
}

/** @param {Noise} noise @param {Uint8Array} shared */
function mixAgreed(noise, shared) {
  noise.mixKey(shared);
  wipe(shared);
}

/** Ends what is malformed, and what could have been a later version than the one in use. @param {Uint8Array} payload */
function checkPayload(payload) {
  const versions = versionsIn(payload);
  const common = VERSIONS.filter((version) => versions.includes(version));
  if (Math.max(...common) !== VERSION) {
    throw new HandshakeFailed("the versions of the two do not lead to the one in use");
  }
}

/** @param {Uint8Array} payload @returns {number[]} */
function versionsIn(payload) {
  let versions;
  try {
    versions = JSON.parse(unutf8(payload)).versions;
  } catch {
    versions = null;
  }
  if (!Array.isArray(versions) || !versions.every(Number.isSafeInteger)) {
    throw new HandshakeFailed("the payload is malformed");
  }
  return versions;
}
