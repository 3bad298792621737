/**
 * What the person prefers, for all conversations. Mirrors chat/peer/preferences.py.
 *
 * @typedef {object} Preferences Read at the moment, since they may change.
 * @property {boolean} receipts the other one hears what was read, and this person likewise
 * @property {boolean} typing the two see each other type
 * @property {boolean} relayOnly this device's address is hidden behind a relay
 */

/** @returns {Preferences} */
export function preferences() {
  return { receipts: true, typing: true, relayOnly: false };
}
