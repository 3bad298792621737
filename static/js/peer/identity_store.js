/**
 * A device's identity in the browser's IndexedDB: a storage for identity.js. Its sibling in Python is
 * chat/peer/identity_file.py.
 *
 * All records are read once, when it is opened, and again when another tab has changed them. Each change is a transaction
 * of its own on what stands there then, which other tabs hear of. Where IndexedDB is missing, refuses or does not answer,
 * all is kept in memory, and `persistent` is false.
 *
 * Once another tab has deleted the identity or put another in its place, this one goes on in memory: nothing of a deleted
 * identity comes back.
 */

import { clear, keeps, open, publicOf, read, readAll, update, wipe } from "./identity_database.js";
import { keyPairOf, newBytes, newKey } from "./key_pairs.js";
import { noRecords, onlyNames, place, TABLES } from "./storage.js";

/** @import {Subtle} from "./key_pairs.js" */
/** @import {Random} from "./primitives.js" */
/** @import {StoredRecord} from "./records.js" */
/** @import {Change, Storage, Table, Tables} from "./storage.js" */

/**
 * What the browser has to offer.
 * @typedef {object} Browser
 * @property {IDBFactory | null} indexedDB
 * @property {Subtle | null} subtle null in an insecure context
 * @property {() => BroadcastChannel | null} channel on which tabs tell each other what has changed
 * @property {() => Promise<void>} patience how long the database may take to open
 */

const PATIENCE_MS = 5_000;

/** @returns {Browser} */
function thisBrowser() {
  return {
    indexedDB: allowed(() => globalThis.indexedDB),
    subtle: globalThis.isSecureContext ? globalThis.crypto.subtle : null,
    channel: () => allowed(() => new BroadcastChannel("lowkey identity")),
    patience: () => new Promise((resolve) => setTimeout(resolve, PATIENCE_MS)),
  };
}

/** @implements {Storage} */
export class IdentityStore {
  /** @type {IDBDatabase | null} */
  #database = null;
  /** @type {BroadcastChannel | null} */
  #channel = null;
  #tables = noRecords();
  #subtle;
  /** The identity's public key, as it stands on the disk. @type {Uint8Array | null} */
  #known = null;
  /** @type {Set<Promise<void>>} */
  #pending = new Set();
  /** The newest change of each record that is on its way. @type {Map<string, object>} */
  #newest = new Map();

  /** Rejects with IdentityDamaged for a database of a later version of lowkey, and for nothing else. @param {Browser} [browser] */
  static async open(browser = thisBrowser()) {
    const store = new IdentityStore(browser.subtle);
    const database = browser.indexedDB && (await open(browser.indexedDB, browser.patience()));
    if (database !== null) {
      await store.#attach(database, browser.channel());
    }
    return store;
  }

  /** @param {Subtle | null} subtle */
  constructor(subtle) {
    this.#subtle = subtle;
  }

  get persistent() {
    return this.#database !== null;
  }

  /** @param {Table} table */
  table(table) {
    return this.#tables[table];
  }

  /** @param {Table} table @param {string} key @param {Change} change */
  change(table, key, change) {
    place(this.#tables[table], key, change(this.#tables[table].get(key)));
    if (this.#database !== null) {
      this.#follow(this.#write(this.#database, table, key, change));
    }
  }

  async settled() {
    while (this.#pending.size > 0) {
      await Promise.all(this.#pending);
    }
  }

  async wipe() {
    await this.#begin(onlyNames(this.#tables), wipe);
  }

  async clear() {
    await this.#begin(noRecords(), clear);
  }

  /** With these records and no identity. @param {Tables} tables @param {(database: IDBDatabase) => Promise<void>} reduce */
  async #begin(tables, reduce) {
    await this.settled();
    this.#tables = tables;
    this.#known = null;
    if (this.#database !== null) {
      await reduce(this.#database).catch(() => this.#leave());
      this.#channel?.postMessage(null);
    }
  }

  /** In the best form that this database can keep. @param {Random} random */
  async newKey(random) {
    const record = await newKey(random, this.#subtle);
    return this.#database === null || keeps(this.#database, record) ? record : newBytes(random);
  }

  /** @param {StoredRecord} record */
  keyPair(record) {
    return keyPairOf(record, this.#subtle);
  }

  /** Stop listening and writing. */
  close() {
    this.#leave();
  }

  /** @param {IDBDatabase} database @param {BroadcastChannel | null} channel */
  async #attach(database, channel) {
    this.#database = database;
    this.#channel = channel;
    database.onversionchange = () => this.#leave();
    database.onclose = () => this.#leave();
    channel?.addEventListener("message", ({ data }) => this.#heard(data));
    try {
      for (const table of TABLES) {
        this.#tables[table] = await readAll(database, table);
      }
      this.#known = publicOf(this.#tables.keys.get("identity"));
    } catch {
      this.#tables = noRecords();
      this.#leave();
    }
  }

  /** @param {IDBDatabase} database @param {Table} table @param {string} key @param {Change} change */
  async #write(database, table, key, change) {
    const turn = {};
    this.#newest.set(`${table} ${key}`, turn);
    const record = await update(database, table, key, change, this.#known);
    if (this.#newest.get(`${table} ${key}`) === turn) {
      this.#newest.delete(`${table} ${key}`);
      this.#learn(table, key, record);
    }
    this.#channel?.postMessage([table, key]);
  }

  /** Another tab says that it has changed a record, or deleted everything. @param {unknown} data */
  #heard(data) {
    const [table, key] = Array.isArray(data) ? data : [];
    if (data === null) {
      this.#leave();
    } else if (this.#database !== null && TABLES.includes(table) && typeof key === "string") {
      this.#follow(this.#refresh(this.#database, table, key));
    }
  }

  /** @param {IDBDatabase} database @param {Table} table @param {string} key */
  async #refresh(database, table, key) {
    const record = await read(database, table, key);
    if (!this.#newest.has(`${table} ${key}`)) {
      this.#learn(table, key, record);
    }
  }

  /** @param {Table} table @param {string} key @param {StoredRecord | undefined} record as it stands on the disk */
  #learn(table, key, record) {
    if (this.#database === null) {
      return;
    }
    place(this.#tables[table], key, record);
    if (table === "keys" && key === "identity") {
      this.#known = publicOf(record);
    }
  }

  /** @param {Promise<void>} work */
  #follow(work) {
    const followed = work.catch(() => this.#leave()).finally(() => this.#pending.delete(followed));
    this.#pending.add(followed);
  }

  /** From now on all is in memory. */
  #leave() {
    this.#database?.close();
    this.#channel?.close();
    this.#database = null;
    this.#channel = null;
  }
}

/** What this gives; null where the browser does not allow it. @template T @param {() => T} ask @returns {T | null} */
function allowed(ask) {
  try {
    return ask() ?? null;
  } catch {
    return null;
  }
}
