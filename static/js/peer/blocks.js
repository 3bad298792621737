/**
 * Whom the person does not want to hear from, or not loudly. Mirrors chat/peer/blocks.py.
 *
 * A block holds a name and the identity keys that were met under it. Before a call is accepted only the caller's name is
 * known, so a call from a blocked name just goes unanswered; once the key is known, a blocked key is turned away under
 * whatever name it comes. Nobody is told that they are blocked. Muting is by name alone, and keeps notifications and sounds
 * away.
 *
 * Each of them is a person's own decision, so nothing here is ever forgotten to make room.
 */

import { IdentityDamaged } from "./errors.js";
import { equal } from "./primitives.js";
import { isFlag, isKey, isList, isText, take } from "./records.js";

/** @import {StoredRecord} from "./records.js" */
/** @import {Storage} from "./storage.js" */

/** Of one name; the newest. */
export const MAX_KEYS = 8;

/** Checks all that is in the storage; throws IdentityDamaged. */
export class Blocks {
  #storage;

  /** @param {Storage} storage */
  constructor(storage) {
    this.#storage = storage;
    this.#all();
  }

  /** The names that are blocked, as they were spelt. */
  get names() {
    const blocked = this.#all().filter((each) => each.blocked);
    return blocked.map((each) => each.name).sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
  }

  /** Whether this name is blocked. @param {string} name */
  name(name) {
    return this.#of(name).blocked;
  }

  /** Whether this key is blocked, under whatever name. @param {Uint8Array} identity */
  identity(identity) {
    return this.#all().some((each) => each.blocked && each.identities.some((key) => equal(key, identity)));
  }

  /** @param {string} name */
  muted(name) {
    return this.#of(name).muted;
  }

  /** The name, and the key that is known to be behind it. @param {string} name @param {Uint8Array | null} [identity] */
  block(name, identity = null) {
    this.#change(name, (manner) => manner.blocking(identity));
  }

  /** The name, and every key that was blocked with it. @param {string} name */
  unblock(name) {
    this.#change(name, (manner) => new Manner(manner.name, false, manner.muted));
  }

  /** @param {string} name @param {boolean} on */
  mute(name, on) {
    this.#change(name, (manner) => new Manner(manner.name, manner.blocked, on, manner.identities));
  }

  #all() {
    return [...this.#storage.table("blocks").values()].map(Manner.parse);
  }

  /** @param {string} name */
  #of(name) {
    const record = this.#storage.table("blocks").get(name.toLowerCase());
    return record ? Manner.parse(record) : new Manner(name);
  }

  /** @param {string} name @param {(manner: Manner) => Manner} change */
  #change(name, change) {
    this.#storage.change("blocks", name.toLowerCase(), (record) => {
      const manner = change(record ? Manner.parse(record) : new Manner(name));
      return manner.blocked || manner.muted ? manner.dump() : undefined;
    });
  }
}

/** How a name is treated. */
class Manner {
  /** @param {string} name @param {boolean} [blocked] @param {boolean} [muted] @param {readonly Uint8Array[]} [identities] */
  constructor(name, blocked = false, muted = false, identities = []) {
    this.name = name;
    this.blocked = blocked;
    this.muted = muted;
    this.identities = identities;
  }

  /** Throws IdentityDamaged. @param {StoredRecord} record */
  static parse(record) {
    const identities = take(record, "identities", isList);
    if (identities.length > MAX_KEYS || !identities.every(isKey)) {
      throw new IdentityDamaged();
    }
    return new Manner(
      take(record, "name", isText),
      take(record, "blocked", isFlag),
      take(record, "muted", isFlag),
      /** @type {Uint8Array[]} */ (identities),
    );
  }

  /** @returns {StoredRecord} */
  dump() {
    return { name: this.name, blocked: this.blocked, muted: this.muted, identities: this.identities };
  }

  /** @param {Uint8Array | null} identity */
  blocking(identity) {
    const others = this.identities.filter((key) => identity === null || !equal(key, identity));
    const keys = identity === null ? others : [...others, identity.slice()];
    return new Manner(this.name, true, this.muted, keys.slice(-MAX_KEYS));
  }
}
