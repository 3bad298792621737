/**
 * What is read from a storage, checked field by field. Mirrors chat/peer/records.py.
 *
 * A record is what IndexedDB can hold. Whatever cannot have been written here throws IdentityDamaged.
 */

import { IdentityDamaged } from "./errors.js";
import { KEY_BYTES } from "./primitives.js";

/** @typedef {Readonly<Record<string, unknown>>} StoredRecord */

/**
 * A field of a record, of this kind.
 * @template T
 * @param {unknown} record
 * @param {string} field
 * @param {(value: unknown) => value is T} kind
 * @returns {T}
 */
export function take(record, field, kind) {
  const value = record instanceof Object && Object.hasOwn(record, field) ? Reflect.get(record, field) : undefined;
  if (!kind(value)) {
    throw new IdentityDamaged();
  }
  return value;
}

/** @param {unknown} value @returns {value is string} */
export function isText(value) {
  return typeof value === "string";
}

/** @param {unknown} value @returns {value is boolean} */
export function isFlag(value) {
  return typeof value === "boolean";
}

/** @param {unknown} value @returns {value is number} */
export function isTime(value) {
  return Number.isSafeInteger(value);
}

/** @param {unknown} value @returns {value is unknown[]} */
export function isList(value) {
  return Array.isArray(value);
}

/** @param {unknown} value @returns {value is Uint8Array} */
export function isKey(value) {
  return value instanceof Uint8Array && value.length === KEY_BYTES;
}
