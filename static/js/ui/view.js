// What the page shows in each state of the chat. Pure: a snapshot in, a few words out.

/** @import { ChatState, Snapshot } from "../peer/peer.js" */

/** A message typed now would be sent, or kept and sent.
 * @type {ReadonlySet<ChatState>} */
export const WRITABLE = new Set(["secured", "reconnecting"]);

/** Closing the page now would cut something short.
 * @type {ReadonlySet<ChatState>} */
export const BUSY = new Set(["connecting", "secured", "reconnecting", "blocked"]);

/** On the way to a chat.
 * @type {ReadonlySet<ChatState>} */
export const CALLING = new Set(["calling", "connecting"]);

/** A chat that is over, one way or the other.
 * @type {ReadonlySet<ChatState>} */
export const OVER = new Set(["failed", "ended"]);

/** The form for calling somebody is there; under an incoming call too, since its field may be the one being typed in.
 * @type {ReadonlySet<ChatState>} */
export const FREE = new Set(["idle", "ringing", ...OVER]);

/**
 * Nothing is sent before the person has decided: about another device, or about an older app.
 *
 * @param {Snapshot} snapshot
 */
export function isDeciding({ chat }) {
  return chat.state === "blocked" || chat.classicWarning;
}

/**
 * Somebody can be called.
 *
 * @param {Snapshot} snapshot
 */
export function isFree(snapshot) {
  return FREE.has(snapshot.chat.state) && !isDeciding(snapshot);
}

/**
 * `home`: somebody to call; `call`: on the way; `decide`: a question comes first; `talk`: a conversation, going on or over.
 *
 * @param {Snapshot} snapshot
 * @returns {"home" | "call" | "decide" | "talk"}
 */
export function viewOf(snapshot) {
  const { chat } = snapshot;
  if (isDeciding(snapshot)) {
    return "decide";
  }
  if (WRITABLE.has(chat.state) || chat.messages.length > 0) {
    return "talk";
  }
  return CALLING.has(chat.state) ? "call" : "home";
}
