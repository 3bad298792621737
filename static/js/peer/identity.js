/**
 * What a device keeps for one server: its own keys, the keys of those it met, its invites, its blocks (docs/protocol.md,
 * sections 1.2, 3.1 and 3.6). Mirrors chat/peer/identity.py.
 *
 * A pin is an identity key met under a name. It says "the same device as before", never "the owner of the name". A name has
 * one that counts, the newest; those before it are kept as they were. Names are one whatever their case.
 *
 *     const identity = await Identity.open(await IdentityStore.open(), random, Date.now);
 *
 * What is changed is seen at once, and is on the disk after `settled`.
 */

import { Blocks } from "./blocks.js";
import { IdentityDamaged } from "./errors.js";
import { KeptInvites } from "./kept_invites.js";
import { equal } from "./primitives.js";
import { isFlag, isKey, isList, isText, isTime, take } from "./records.js";
import { MemoryStorage, NAME } from "./storage.js";

/** @import {Invite} from "./invites.js" */
/** @import {KeyPair} from "./key_pairs.js" */
/** @import {State} from "./kept_invites.js" */
/** @import {Random} from "./primitives.js" */
/** @import {StoredRecord} from "./records.js" */
/** @import {Storage} from "./storage.js" */

/** `firstSeen` is in milliseconds since 1970; `verified` is the person's own word, or an invite's. */
/** @typedef {Readonly<{identity: Uint8Array, firstSeen: number, verified: boolean}>} Pin */

export const MAX_NAMES = 4_096;
/** Of one name. */
export const MAX_PINS = 8;

/** This device, to one server. `now` gives milliseconds since 1970. */
export class Identity {
  /** IK. @type {KeyPair} */
  key;
  /** Whom the person has blocked or muted. @type {Blocks} */
  blocks;

  #storage;
  #random;
  #now;
  #invites;

  /**
   * The one in the storage, or a new one in an empty storage. Rejects with IdentityDamaged for what cannot have been
   * written here, and changes nothing then.
   * @param {Storage} storage
   * @param {Random} random
   * @param {() => number} now
   */
  static async open(storage, random, now) {
    for (const record of storage.table("pins").values()) {
      Known.parse(record);
    }
    for (const record of storage.table("keys").values()) {
      storage.keyPair(record);
    }
    const [invites, blocks] = [new KeptInvites(storage, random, now), new Blocks(storage)];
    return new Identity(storage, random, now, { invites, blocks }, await ownKey(storage, random, "identity"));
  }

  /**
   * @param {Storage} storage
   * @param {Random} random
   * @param {() => number} now
   * @param {{invites: KeptInvites, blocks: Blocks}} kept
   * @param {KeyPair} key
   */
  constructor(storage, random, now, { invites, blocks }, key) {
    this.#storage = storage;
    this.#random = random;
    this.#now = now;
    this.#invites = invites;
    this.blocks = blocks;
    this.key = key;
  }

  /** Whether this identity outlives the page. */
  get persistent() {
    return this.#storage.persistent;
  }

  /** Fulfils when all that was changed so far is on the disk. */
  settled() {
    return this.#storage.settled();
  }

  /** UK, the key that owns this name on the server; made on first use. @param {string} name */
  nameKey(name) {
    return ownKey(this.#storage, this.#random, `${NAME}${name.toLowerCase()}`);
  }

  /** The newest of this name. @param {string} name @returns {Pin | null} */
  pin(name) {
    return this.pins(name).at(-1) ?? null;
  }

  /** All that are kept of this name, the newest last. @param {string} name @returns {Pin[]} */
  pins(name) {
    const record = this.#storage.table("pins").get(name.toLowerCase());
    return record ? [...Known.parse(record).pins] : [];
  }

  /** Everybody who was met, those met last first: the name as it was spelt first, and its newest pin. @returns {({name: string} & Pin)[]} */
  get met() {
    const known = [...this.#storage.table("pins").values()].map(Known.parse);
    const people = known.flatMap(({ name, pins }) => pins.slice(-1).map((pin) => ({ name, ...pin })));
    return people.sort((a, b) => b.firstSeen - a.firstSeen);
  }

  /** A first contact: pinned as not verified. Does nothing for a name that has a pin. @param {string} name @param {Uint8Array} identity */
  meet(name, identity) {
    const now = this.#now();
    this.#change(name, (known) => (known.pins.length > 0 ? known : known.accepting(identity, now)));
    this.#forgetOldest(name);
  }

  /**
   * The person takes this key for the one of this name: it becomes the newest, and is not verified. Does nothing for the
   * one that is the newest already.
   * @param {string} name
   * @param {Uint8Array} identity
   */
  accept(name, identity) {
    const now = this.#now();
    this.#change(name, (known) => known.accepting(identity, now));
    this.#forgetOldest(name);
  }

  /** Does nothing unless this is the newest key of this name. @param {string} name @param {Uint8Array} identity @param {boolean} verified */
  setVerified(name, identity, verified) {
    this.#change(name, (known) => known.judged(identity, verified));
  }

  /** The other names under which this key was ever met, as they were spelt first. @param {string} name @param {Uint8Array} identity */
  otherNames(name, identity) {
    const others = [...this.#storage.table("pins")].filter(([place]) => place !== name.toLowerCase());
    const known = others.map(([, record]) => Known.parse(record));
    return known.filter(({ pins }) => pins.some((pin) => equal(pin.identity, identity))).map((other) => other.name);
  }

  /** An invite to call this device under this name of its own. @param {string} name */
  newInvite(name) {
    return this.#invites.make(name);
  }

  /**
   * The invite with which somebody calls this name of ours, or why it does not serve.
   * @param {string} uuid
   * @param {string} name
   * @returns {Invite | "invite_unknown" | "invite_used" | "invite_expired"}
   */
  madeInvite(uuid, name) {
    return this.#invites.made(uuid, name);
  }

  /** It has been used. @param {string} uuid */
  burnMade(uuid) {
    this.#invites.burnMade(uuid);
  }

  /** An invite from somebody, kept until it is used or has expired. @param {Invite} invite */
  keepOpened(invite) {
    this.#invites.open(invite);
  }

  /** The newest opened invite that serves for calling this name. @param {string} name @returns {Invite | null} */
  openedInvite(name) {
    return this.#invites.opened(name);
  }

  /** Null for one that was never opened here, or long ago. @param {string} uuid @returns {State | null} */
  openedState(uuid) {
    return this.#invites.openedState(uuid);
  }

  /** It has been used. @param {string} uuid */
  burnOpened(uuid) {
    this.#invites.burnOpened(uuid);
  }

  /** Delete everything but the name keys, for a new identity. This one keeps nothing from now on: open another. */
  async wipe() {
    const storage = this.#storage;
    this.#storage = new MemoryStorage();
    this.#invites = new KeptInvites(this.#storage, this.#random, this.#now);
    this.blocks = new Blocks(this.#storage);
    await storage.wipe();
  }

  /** @param {string} name @param {(known: Known) => Known} change */
  #change(name, change) {
    this.#storage.change("pins", name.toLowerCase(), (record) => {
      const known = change(record ? Known.parse(record) : new Known(name));
      return known.pins.length > 0 ? known.dump() : record;
    });
  }

  /** Keep the storage bounded: names never verified go first, then those that were met first; not this name. @param {string} name */
  #forgetOldest(name) {
    const table = this.#storage.table("pins");
    if (table.size <= MAX_NAMES) {
      return;
    }
    const others = [...table].filter(([place]) => place !== name.toLowerCase());
    const order = others.map(([place, record]) => ({ place, worth: Known.parse(record).worth }));
    order.sort((a, b) => a.worth[0] - b.worth[0] || a.worth[1] - b.worth[1]);
    for (const { place } of order.slice(0, table.size - MAX_NAMES)) {
      this.#storage.change("pins", place, () => undefined);
    }
  }
}

/** A name as it was spelt first, and its pins, the newest last. */
class Known {
  /** @param {string} name @param {readonly Pin[]} [pins] */
  constructor(name, pins = []) {
    this.name = name;
    this.pins = pins;
  }

  /** Throws IdentityDamaged. @param {StoredRecord} record */
  static parse(record) {
    const pins = take(record, "pins", isList);
    if (pins.length === 0 || pins.length > MAX_PINS) {
      throw new IdentityDamaged();
    }
    return new Known(take(record, "name", isText), pins.map(parsePin));
  }

  /** @returns {StoredRecord} */
  dump() {
    return { name: this.name, pins: this.pins };
  }

  /** @param {Uint8Array} identity @param {number} now */
  accepting(identity, now) {
    const newest = this.pins.at(-1);
    if (newest && equal(newest.identity, identity)) {
      return this;
    }
    const firstSeen = this.pins.find((pin) => equal(pin.identity, identity))?.firstSeen ?? now;
    const others = this.pins.filter((pin) => !equal(pin.identity, identity));
    const pins = [...others, { identity: identity.slice(), firstSeen, verified: false }];
    return new Known(this.name, pins.slice(-MAX_PINS));
  }

  /** @param {Uint8Array} identity @param {boolean} verified */
  judged(identity, verified) {
    const newest = this.pins.at(-1);
    if (!newest || !equal(newest.identity, identity)) {
      return this;
    }
    return new Known(this.name, [...this.pins.slice(0, -1), { ...newest, verified }]);
  }

  /** What is least goes first when there are too many. @returns {[number, number]} */
  get worth() {
    return [Number(this.pins.some((pin) => pin.verified)), Math.max(...this.pins.map((pin) => pin.firstSeen))];
  }
}

/** Throws IdentityDamaged. @param {unknown} record @returns {Pin} */
function parsePin(record) {
  return {
    identity: take(record, "identity", isKey),
    firstSeen: take(record, "firstSeen", isTime),
    verified: take(record, "verified", isFlag),
  };
}

/** @param {Storage} storage @param {Random} random @param {string} place */
async function ownKey(storage, random, place) {
  if (!storage.table("keys").has(place)) {
    const fresh = await storage.newKey(random);
    storage.change("keys", place, (standing) => standing ?? fresh);
    await storage.settled();
  }
  return storage.keyPair(/** @type {StoredRecord} */ (storage.table("keys").get(place)));
}
