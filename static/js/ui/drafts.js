// What is being written to whom, in memory alone: a text, and the message it replies to or is to replace.

/** @import { Message } from "../peer/peer.js" */

/**
 * @typedef {object} Draft
 * @property {string} text
 * @property {{kind: "reply" | "edit", message: Message} | null} about
 * @property {string} kept What was in the box before an edit began.
 */

export class Drafts {
  constructor() {
    /** @type {Map<string, Draft>} */
    this.drafts = new Map();
  }

  /** @param {string} peer @returns {Draft} */
  of(peer) {
    const key = peer.toLowerCase();
    let draft = this.drafts.get(key);
    if (draft === undefined) {
      draft = { text: "", about: null, kept: "" };
      this.drafts.set(key, draft);
    }
    return draft;
  }
}
