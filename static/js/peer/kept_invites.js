/**
 * The invites that a device has made and opened (docs/protocol.md, section 3.6). Mirrors chat/peer/kept_invites.py.
 *
 * An invite serves once, within 24 hours. Its secret is forgotten when it is used, and when it has expired; that there was
 * such an invite is remembered longer, so that whoever comes with it learns why it does not work.
 */

import { IdentityDamaged } from "./errors.js";
import { Invite } from "./invites.js";
import { isFlag, isKey, isText, isTime, take } from "./records.js";

/** @import {Random} from "./primitives.js" */
/** @import {StoredRecord} from "./records.js" */
/** @import {Storage, Table} from "./storage.js" */
/** @typedef {"fresh" | "used" | "expired"} State */

export const LIFETIME_MS = 24 * 3_600_000;
export const MAX_MADE = 256;
export const MAX_OPENED = 32;

/** An invite and what became of it; `at` is when it was made or opened. Without a secret it serves no more. */
class Kept {
  /** @param {string} uuid @param {string} name @param {number} at @param {boolean} used @param {Uint8Array | null} secret */
  constructor(uuid, name, at, used, secret) {
    this.uuid = uuid;
    this.name = name;
    this.at = at;
    this.used = used;
    this.secret = secret;
  }

  /** Throws IdentityDamaged. @param {string} uuid @param {StoredRecord} record */
  static parse(uuid, record) {
    const secret = record.secret === null ? null : take(record, "secret", isKey);
    const kept = new Kept(
      uuid,
      take(record, "name", isText),
      take(record, "at", isTime),
      take(record, "used", isFlag),
      secret,
    );
    if (kept.used && secret !== null) {
      throw new IdentityDamaged();
    }
    return kept;
  }

  /** @returns {StoredRecord} */
  dump() {
    return { name: this.name, at: this.at, used: this.used, secret: this.secret };
  }

  /** A time to come, of a clock since set back, is now. @param {number} now @returns {State} */
  state(now) {
    if (this.used) {
      return "used";
    }
    return this.secret !== null && now - this.at < LIFETIME_MS ? "fresh" : "expired";
  }

  get invite() {
    return this.secret === null ? null : new Invite(this.name, this.uuid, this.secret.slice());
  }
}

/** `now` gives milliseconds since 1970. Checks all that is in the storage; throws IdentityDamaged. */
export class KeptInvites {
  #storage;
  #random;
  #now;

  /** @param {Storage} storage @param {Random} random @param {() => number} now */
  constructor(storage, random, now) {
    this.#storage = storage;
    this.#random = random;
    this.#now = now;
    this.#all("made");
    this.#all("opened");
  }

  /** A new invite to call `name`, which is one's own. @param {string} name */
  make(name) {
    const invite = Invite.new(name, this.#random);
    this.#keep("made", invite, MAX_MADE);
    return invite;
  }

  /**
   * The invite with which somebody calls `name`, or why it does not serve.
   * @param {string} uuid
   * @param {string} name
   * @returns {Invite | "invite_unknown" | "invite_used" | "invite_expired"}
   */
  made(uuid, name) {
    const kept = this.#find("made", uuid);
    if (kept === null || kept.name.toLowerCase() !== name.toLowerCase()) {
      return "invite_unknown";
    }
    const state = kept.state(this.#now());
    if (state === "used") {
      return "invite_used";
    }
    return (state === "fresh" ? kept.invite : null) ?? "invite_expired";
  }

  /** @param {string} uuid */
  burnMade(uuid) {
    this.#burn("made", uuid);
  }

  /** Keep an invite from somebody. One that is known already keeps its time, and stays used when it was. @param {Invite} invite */
  open(invite) {
    this.#keep("opened", invite, MAX_OPENED);
  }

  /** The newest invite that serves for calling `name`. @param {string} name @returns {Invite | null} */
  opened(name) {
    const theirs = this.#all("opened").filter((kept) => kept.name.toLowerCase() === name.toLowerCase());
    return theirs.findLast((kept) => kept.state(this.#now()) === "fresh")?.invite ?? null;
  }

  /** @param {string} uuid @returns {State | null} */
  openedState(uuid) {
    return this.#find("opened", uuid)?.state(this.#now()) ?? null;
  }

  /** @param {string} uuid */
  burnOpened(uuid) {
    this.#burn("opened", uuid);
  }

  /** The newest last. @param {Table} table */
  #all(table) {
    const parsed = Array.from(this.#storage.table(table), ([uuid, record]) => Kept.parse(uuid, record));
    return parsed.sort((a, b) => a.at - b.at);
  }

  /** @param {Table} table @param {string} uuid */
  #find(table, uuid) {
    const record = this.#storage.table(table).get(uuid.toLowerCase());
    return record ? Kept.parse(uuid.toLowerCase(), record) : null;
  }

  /** @param {Table} table @param {Invite} invite @param {number} most */
  #keep(table, invite, most) {
    const fresh = new Kept(invite.uuid, invite.name, this.#now(), false, invite.secret.slice());
    this.#storage.change(table, fresh.uuid, (standing) => standing ?? fresh.dump());
    this.#forgetExpired(table);
    const kept = this.#all(table);
    for (const { uuid } of kept.slice(0, Math.max(0, kept.length - most))) {
      this.#storage.change(table, uuid, () => undefined);
    }
  }

  /** The secrets, not the invites. @param {Table} table */
  #forgetExpired(table) {
    for (const kept of this.#all(table)) {
      if (kept.secret !== null && kept.state(this.#now()) === "expired") {
        this.#storage.change(table, kept.uuid, (record) => record && { ...record, secret: null });
      }
    }
  }

  /** @param {Table} table @param {string} uuid */
  #burn(table, uuid) {
    this.#storage.change(table, uuid.toLowerCase(), (record) => record && { ...record, used: true, secret: null });
  }
}
