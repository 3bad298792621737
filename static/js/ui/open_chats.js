// The chats that are open while the page goes away: kept for this tab alone, so that a reload goes on with them. Names and
// public keys, and nothing of what was said.

import { isName } from "../signaling/messages.js";
import { quietly } from "./quietly.js";

/** @import { Open } from "../peer/peer.js" */

const KEY = "lowkey.open";
const MOST = 32;
const IDENTITY = /^[\w+/=-]{1,64}$/;

/**
 * @param {string} name whose chats they are
 * @param {ReadonlyArray<Open>} open
 */
export function keepOpenChats(name, open) {
  quietly(() => sessionStorage.setItem(KEY, JSON.stringify({ name, open })));
}

/**
 * Those of this person, once.
 *
 * @param {string} name
 * @returns {Open[]}
 */
export function takeOpenChats(name) {
  const kept = quietly(() => JSON.parse(sessionStorage.getItem(KEY) ?? "null"));
  dropOpenChats();
  const open = kept instanceof Object && kept.name === name && Array.isArray(kept.open) ? kept.open : [];
  return open.filter(isOpen).slice(0, MOST);
}

export function dropOpenChats() {
  quietly(() => sessionStorage.removeItem(KEY));
}

/**
 * @param {unknown} value
 * @returns {value is Open}
 */
function isOpen(value) {
  if (!(value instanceof Object && "peer" in value && "identity" in value)) {
    return false;
  }
  const { peer, identity } = value;
  return typeof peer === "string" && isName(peer) && typeof identity === "string" && IDENTITY.test(identity);
}
