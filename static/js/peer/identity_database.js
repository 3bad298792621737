/**
 * The database under identity_store.js: IndexedDB in promises. Each function is one transaction.
 */

import { IdentityDamaged } from "./errors.js";
import { equal } from "./primitives.js";
import { isKey } from "./records.js";
import { NAME, TABLES } from "./storage.js";

/** @import {StoredRecord} from "./records.js" */
/** @import {Change, Table} from "./storage.js" */

const DATABASE = "lowkey";
/** 2 added the blocks. */
const VERSION = 2;

/**
 * Null for a browser that refuses, or does not answer before `late`. Rejects with IdentityDamaged for a database of a later
 * version of lowkey, which must not look as if there were none.
 * @param {IDBFactory} indexedDB
 * @param {Promise<void>} late
 * @returns {Promise<IDBDatabase | null>}
 */
export async function open(indexedDB, late) {
  try {
    const request = indexedDB.open(DATABASE, VERSION);
    request.onupgradeneeded = () => {
      const { result: database } = request;
      for (const table of TABLES.filter((name) => !database.objectStoreNames.contains(name))) {
        database.createObjectStore(table);
      }
    };
    const database = await Promise.race([answered(request), late]);
    request.onsuccess = () => request.result.close();
    return database ?? null;
  } catch (error) {
    return refuseLater(error);
  }
}

/** @param {IDBDatabase} database @param {Table} table @returns {Promise<Map<string, StoredRecord>>} */
export async function readAll(database, table) {
  const records = database.transaction(table).objectStore(table);
  const [keys, values] = await Promise.all([answered(records.getAllKeys()), answered(records.getAll())]);
  return new Map(keys.map((key, index) => [String(key), asRecord(values[index])]));
}

/** @param {IDBDatabase} database @param {Table} table @param {string} key @returns {Promise<StoredRecord | undefined>} */
export function read(database, table, key) {
  return answered(database.transaction(table).objectStore(table).get(key));
}

/**
 * What stands in the place of a record after a change, once it is on the disk.
 * @param {IDBDatabase} database
 * @param {Table} table
 * @param {string} key
 * @param {Change} change
 * @param {Uint8Array | null} known the identity that must still be there, if there was one
 * @returns {Promise<StoredRecord | undefined>}
 */
export async function update(database, table, key, change, known) {
  const transaction = database.transaction(["keys", table], "readwrite");
  const done = finished(transaction);
  const [keys, records] = ["keys", table].map((name) => transaction.objectStore(name));
  const identity = publicOf(await answered(keys.get("identity")));
  if (known !== null && (identity === null || !equal(known, identity))) {
    throw new Error("the identity is gone");
  }
  const standing = await answered(records.get(key));
  const record = change(standing);
  if (record === undefined) {
    records.delete(key);
  } else if (record !== standing) {
    records.put(record, key);
  }
  await done;
  return record;
}

/** Delete every record but the keys of names. @param {IDBDatabase} database */
export function wipe(database) {
  const transaction = database.transaction(TABLES, "readwrite");
  for (const table of TABLES.filter((name) => name !== "keys")) {
    transaction.objectStore(table).clear();
  }
  for (const range of allBut(NAME)) {
    transaction.objectStore("keys").delete(range);
  }
  return finished(transaction);
}

/** Delete every record. @param {IDBDatabase} database */
export function clear(database) {
  const transaction = database.transaction(TABLES, "readwrite");
  for (const table of TABLES) {
    transaction.objectStore(table).clear();
  }
  return finished(transaction);
}

/** Whether the database takes such a record; some browsers make keys that they cannot keep. @param {IDBDatabase} database @param {StoredRecord} record */
export function keeps(database, record) {
  try {
    const transaction = database.transaction("keys", "readwrite");
    transaction.objectStore("keys").put(record, "trial");
    transaction.abort();
    return true;
  } catch {
    return false;
  }
}

/** The public key in a record of a key pair. @param {StoredRecord | undefined} record */
export function publicOf(record) {
  return isKey(record?.public) ? record.public : null;
}

/** The keys that do not begin so. @param {string} prefix */
function allBut(prefix) {
  const after = prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
  return [IDBKeyRange.upperBound(prefix, true), IDBKeyRange.lowerBound(after)];
}

/** @param {unknown} error @returns {null} */
function refuseLater(error) {
  if (error instanceof DOMException && error.name === "VersionError") {
    throw new IdentityDamaged("This identity was written by another version of lowkey. Nothing was changed.");
  }
  return null;
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function answered(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** A transaction that was given up by an error of ours is nobody's to catch. @param {IDBTransaction} transaction @returns {Promise<void>} */
function finished(transaction) {
  const done = new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(undefined);
    transaction.onabort = () => reject(transaction.error);
  });
  done.catch(() => undefined);
  return done;
}

/** @param {unknown} value @returns {StoredRecord} */
function asRecord(value) {
  return value instanceof Object ? /** @type {StoredRecord} */ (value) : {};
}
