// What can be done with which message. Pure.

/** @import { Message, Snapshot } from "../peer/peer.js" */

import { WRITABLE } from "./view.js";

/** The six that are nearest at hand. */
export const QUICK = Object.freeze(["👍", "❤️", "😂", "😮", "😢", "🙏"]);

/** What the other's app has to know of; what is not here, any knows.
 * @type {Readonly<Record<string, string>>} */
const FEATURE = Object.freeze({ react: "react", edit: "edit", delete: "delete" });

/** An older app takes a reply for a plain message, without what it replies to.
 *
 * @param {"react" | "reply" | "copy" | "edit" | "delete"} action
 * @param {Message} message
 * @param {Snapshot["chat"]} chat
 */
export function can(action, message, chat) {
  if (message.kind === "timer" || message.deleted) {
    return false;
  }
  if (action === "copy") {
    return true;
  }
  const own = action === "edit" || action === "delete";
  const known = !(action in FEATURE) || chat.features.includes(FEATURE[action]);
  return WRITABLE.has(chat.state) && known && chat.trust !== "classic" && (message.mine || !own);
}
