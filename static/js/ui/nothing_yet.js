// What stands in a chat without messages: that it begins, or that it goes on and a reload took what was said from the page.

/** @import { Snapshot } from "../peer/peer.js" */

import { part, setText, show } from "./dom.js";
import { isAlarming } from "./verify_words.js";
import { OVER } from "./view.js";

export class NothingYet {
  /** @param {ParentNode} root */
  constructor(root) {
    this.begins = part(root, "nothing-yet", HTMLElement);
    this.beginsWith = part(root, "nothing-yet-peer", HTMLElement);
    this.goesOn = part(root, "goes-on", HTMLElement);
    this.goesOnWith = part(root, "goes-on-peer", HTMLElement);
    /** Those whose chats were open before this page was loaded. @type {Set<string>} */
    this.before = new Set();
  }

  /** @param {ReadonlyArray<{peer: string}>} open */
  cameBackTo(open) {
    this.before = new Set(open.map(({ peer }) => peer.toLowerCase()));
  }

  /** @param {Snapshot} snapshot */
  render({ chat, conversations }) {
    for (const { peer } of conversations.filter(({ state }) => OVER.has(state))) {
      this.before.delete(peer.toLowerCase());
    }
    const empty = chat.history.messages.length === 0 && !isAlarming(chat);
    const goesOn = this.before.has((chat.peer ?? "").toLowerCase());
    show(this.begins, empty && !goesOn);
    show(this.goesOn, empty && goesOn);
    setText(this.beginsWith, chat.peer ?? "");
    setText(this.goesOnWith, chat.peer ?? "");
  }
}
