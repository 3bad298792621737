// What the page shows in each state of the chat. Pure: a snapshot in, a few words out.

/** @import { ChatState, Snapshot } from "../peer/peer.js" */

/** A message typed now would be sent, or kept and sent.
 * @type {ReadonlySet<ChatState>} */
export const WRITABLE = new Set(["secured", "reconnecting"]);

/** Closing the page now would cut something short.
 * @type {ReadonlySet<ChatState>} */
export const BUSY = new Set(["connecting", "secured", "reconnecting"]);

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
 * `home`: somebody to call; `call`: on the way; `talk`: a conversation, going on or over.
 *
 * @param {Snapshot} snapshot
 * @returns {"home" | "call" | "talk"}
 */
export function viewOf({ chat }) {
  if (WRITABLE.has(chat.state) || chat.messages.length > 0) {
    return "talk";
  }
  return CALLING.has(chat.state) ? "call" : "home";
}
