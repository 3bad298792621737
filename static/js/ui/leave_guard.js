// The browser asks before it closes the page while something is open.
//
// The listener is there only while it is needed: a page that has one cannot be kept for the back button.

/** @import { Snapshot } from "../peer/peer.js" */

import { BUSY } from "./view.js";

export class LeaveGuard {
  /** @param {Snapshot} snapshot */
  render({ chat, conversations }) {
    if ([chat, ...conversations].some(({ state }) => BUSY.has(state))) {
      addEventListener("beforeunload", ask);
    } else {
      this.stop();
    }
  }

  stop() {
    removeEventListener("beforeunload", ask);
  }
}

/** @param {BeforeUnloadEvent} event */
function ask(event) {
  event.preventDefault();
}
