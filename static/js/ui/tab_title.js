// The tab's title and the app's badge tell what is new to somebody who is looking elsewhere.

/** @import { Snapshot } from "../peer/peer.js" */

import { FREE } from "./view.js";

const HOUSE = "lowkey";

export class TabTitle {
  /** What the badge shows. */
  #badge = 0;

  /** @param {Snapshot} snapshot */
  render(snapshot) {
    const unread = unreadIn(snapshot);
    document.title = titleFor(snapshot, unread);
    if (unread !== this.#badge) {
      this.#badge = unread;
      showBadge(unread);
    }
  }
}

/**
 * What is unread in all chats but the muted ones.
 *
 * @param {Snapshot} snapshot
 */
export function unreadIn({ conversations }) {
  return conversations.reduce((sum, { unread, muted }) => sum + (muted ? 0 : unread), 0);
}

/**
 * @param {Snapshot} snapshot
 * @param {number} unread
 */
export function titleFor({ incoming, chat }, unread) {
  if (incoming !== null) {
    return `${incoming.peer} is calling · ${HOUSE}`;
  }
  const count = unread > 0 ? `(${unread}) ` : "";
  const peer = chat.peer !== null && (unread > 0 || !FREE.has(chat.state)) ? `${chat.peer} · ` : "";
  return `${count}${peer}${HOUSE}`;
}

/** Installed apps alone have one. @param {number} unread */
function showBadge(unread) {
  const set = "setAppBadge" in navigator ? navigator.setAppBadge(unread) : null;
  set?.catch(() => undefined);
}
