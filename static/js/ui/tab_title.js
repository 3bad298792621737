// The tab's title tells what is new to somebody who is looking elsewhere.

/** @import { Snapshot } from "../peer/peer.js" */

import { FREE } from "./view.js";

const HOUSE = "lowkey";

export class TabTitle {
  constructor() {
    this.unread = 0;
    /** @type {Snapshot | null} */
    this.snapshot = null;
    addEventListener("focus", () => this.#seen());
    document.addEventListener("visibilitychange", () => this.#seen());
  }

  /** A message came. */
  received() {
    if (!isLooking()) {
      this.unread += 1;
      this.#write();
    }
  }

  /** @param {Snapshot} snapshot */
  render(snapshot) {
    this.snapshot = snapshot;
    this.#write();
  }

  #seen() {
    if (isLooking()) {
      this.unread = 0;
      this.#write();
    }
  }

  #write() {
    document.title = this.snapshot === null ? HOUSE : titleFor(this.snapshot, this.unread);
  }
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

function isLooking() {
  return document.visibilityState === "visible" && document.hasFocus();
}
