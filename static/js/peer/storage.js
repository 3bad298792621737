/**
 * Where a device keeps its identity: five tables of records, each record under a key. Mirrors chat/peer/storage.py.
 *
 *     keys    "identity", and "name:" with a lower-case name: this device's private keys
 *     pins    a peer's lower-case name: the identity keys met there
 *     made    an invite's uuid: invites to this device
 *     opened  an invite's uuid: invites from others
 *     blocks  a name in lower case: whom the person has blocked or muted
 *
 * One record is changed at a time, by a function of what stands there now: two tabs on one storage do not undo each
 * other's work. What is read is checked by whoever reads it.
 *
 * A name key proves to the server whose a name is, and nothing to anybody else. It is no part of the identity: whoever
 * becomes a new device keeps their names.
 */

import { keyPairOf, newKey } from "./key_pairs.js";

/** @import {KeyPair, Subtle} from "./key_pairs.js" */
/** @import {Random} from "./primitives.js" */
/** @import {StoredRecord} from "./records.js" */
/** @typedef {"keys" | "pins" | "made" | "opened" | "blocks"} Table */
/** @typedef {Record<Table, Map<string, StoredRecord>>} Tables */

/**
 * What a record becomes. Undefined is: there is none. It makes a new one, and leaves alone the one it is given. It may run
 * twice, on what is known here and on what turns out to stand there.
 * @typedef {(standing: StoredRecord | undefined) => StoredRecord | undefined} Change
 */

/**
 * What is read is what is known here; a change is seen at once, and `settled` waits until all of them are on the disk and
 * what was found there is known. `persistent` is whether anything outlives the page. Keys are made and used by the
 * storage, since it depends on the browser in what form it keeps them.
 * @typedef {object} Storage
 * @property {boolean} persistent
 * @property {(table: Table) => ReadonlyMap<string, StoredRecord>} table
 * @property {(table: Table, key: string, change: Change) => void} change
 * @property {() => Promise<void>} settled
 * @property {() => Promise<void>} wipe deletes everything but the name keys
 * @property {() => Promise<void>} clear deletes everything, also what cannot be read
 * @property {(random: Random) => Promise<StoredRecord>} newKey
 * @property {(record: StoredRecord) => KeyPair} keyPair
 */

/** @type {readonly Table[]} */
export const TABLES = ["keys", "pins", "made", "opened", "blocks"];

export const NAME = "name:";

/** For browsers that keep nothing, and for tests. @implements {Storage} */
export class MemoryStorage {
  persistent = false;
  #tables = noRecords();
  #subtle;

  /** @param {Subtle | null} [subtle] */
  constructor(subtle = null) {
    this.#subtle = subtle;
  }

  /** @param {Table} table */
  table(table) {
    return this.#tables[table];
  }

  /** @param {Table} table @param {string} key @param {Change} change */
  change(table, key, change) {
    place(this.#tables[table], key, change(this.#tables[table].get(key)));
  }

  async settled() {
    // Nothing is ever on its way.
  }

  async wipe() {
    this.#tables = onlyNames(this.#tables);
  }

  async clear() {
    this.#tables = noRecords();
  }

  /** @param {Random} random */
  newKey(random) {
    return newKey(random, this.#subtle);
  }

  /** @param {StoredRecord} record */
  keyPair(record) {
    return keyPairOf(record, this.#subtle);
  }
}

/** @returns {Tables} */
export function noRecords() {
  return { keys: new Map(), pins: new Map(), made: new Map(), opened: new Map(), blocks: new Map() };
}

/** What is left of these records for a new identity. @param {Tables} tables @returns {Tables} */
export function onlyNames(tables) {
  return { ...noRecords(), keys: new Map([...tables.keys].filter(([key]) => key.startsWith(NAME))) };
}

/** @param {Map<string, StoredRecord>} records @param {string} key @param {StoredRecord | undefined} record */
export function place(records, key, record) {
  if (record === undefined) {
    records.delete(key);
  } else {
    records.set(key, record);
  }
}
