// Who this browser is to others: its keys, its pins and its invites, opened once for the page.

import { Identity } from "../peer/identity.js";
import { IdentityStore } from "../peer/identity_store.js";

/**
 * @typedef {object} OwnIdentity
 * @property {Identity} identity
 * @property {boolean} persistent whether the browser keeps it
 */

const random = (/** @type {number} */ length) => crypto.getRandomValues(new Uint8Array(length));

/**
 * Rejects with IdentityDamaged, and changes nothing then.
 *
 * @returns {Promise<OwnIdentity>}
 */
export async function openOwnIdentity() {
  const store = await IdentityStore.open();
  const identity = await Identity.open(store, random, Date.now);
  return { identity, persistent: store.persistent };
}

/** Also one that cannot be opened. */
export async function deleteOwnIdentity() {
  const store = await IdentityStore.open();
  await store.clear();
}
