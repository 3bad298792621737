/**
 * A message of a conversation, as both sides of the program hold it. Mirrors chat/peer/messages.py.
 *
 * `at` is milliseconds since 1970, by the clock of this device. The status of one's own says how far it has come; another's is
 * `delivered`, and `read` when this person has seen it.
 *
 * `newCall` marks the first of a later chat under the same name: nothing says that it is with the same person. `re` is what it
 * replies to, which may be gone. One that is `deleted` has no text any more. `seconds` is how long it stays after it was read,
 * 0 for good, and `expires` when it vanishes, once that is known, in milliseconds since 1970. Of kind `timer` it is no message
 * but says that from there on messages stay for `seconds`; `mine` tells who said so.
 *
 * @typedef {"queued" | "sent" | "delivered" | "read" | "failed"} Status
 * @typedef {{mine: boolean, id: string}} Ref Names a message: the ids of the two sides may be the same.
 * @typedef {{mine: string, theirs: string}} Reactions An emoji of each side, or nothing.
 * @typedef {object} Message
 * @property {string} id
 * @property {boolean} mine
 * @property {string} body
 * @property {number} at
 * @property {Status} status
 * @property {boolean} [newCall]
 * @property {Ref | null} re
 * @property {boolean} edited
 * @property {boolean} deleted
 * @property {Reactions} reactions
 * @property {number | null} expires
 * @property {"text" | "timer"} kind
 * @property {number} seconds
 */

/**
 * A message with what every one has, where nothing else is said.
 * @param {Pick<Message, "id" | "mine" | "body" | "at" | "status"> & Partial<Message>} fields
 * @returns {Message}
 */
export function message(fields) {
  return {
    newCall: false,
    re: null,
    edited: false,
    deleted: false,
    reactions: { mine: "", theirs: "" },
    expires: null,
    kind: "text",
    seconds: 0,
    ...fields,
  };
}

/** Keep nothing of what it said. @param {Message} one */
export function blank(one) {
  Object.assign(one, { body: "", re: null, edited: false, deleted: true });
  one.reactions = { mine: "", theirs: "" };
}
