/**
 * The window of messages that the other side may not have yet. Mirrors chat/peer/outbox.py.
 *
 * With acknowledgements (docs/protocol.md, section 3.4) a message stays until the other side has acknowledged its number: the
 * entries are numbered in their order, from the one behind the last acknowledged. Without, as in a classic chat, it leaves
 * when the channel takes it, and one that the channel refuses has failed.
 */

/** @import {Message, Status} from "./messages.js" */
/** @import {Content} from "./sas.js" */

/**
 * @typedef {object} Entry What is to be sent. A text, and whatever else is said about a message, fails with it; how far the
 *   message has come, its text alone says.
 * @property {Content} content
 * @property {Message} [message] that it is about, if it is
 * @property {boolean} [left] the channel took it once
 */

const MAX_UNACKNOWLEDGED = 500;

/** Entries in the order in which they are sent; `acknowledged` says which of the two kinds of window it is. */
export class Outbox {
  /** The number last acknowledged. */
  acked = 0;
  #acknowledged;
  /** @type {Entry[]} */
  #entries = [];
  /** How many of the entries the channel has been handed. */
  #handed = 0;
  #highest = 0;
  #changed;

  /** @param {{acknowledged: boolean, changed?: (message: Message) => void}} kind `changed` is told of messages with another status */
  constructor({ acknowledged, changed = () => {} }) {
    this.#acknowledged = acknowledged;
    this.#changed = changed;
  }

  /** Whether the channel was handed something that is not acknowledged. */
  get outstanding() {
    return this.#handed > 0;
  }

  /** Queue an entry; its message may be new, or have failed before. @param {Entry} entry */
  add(entry) {
    this.#entries.push(entry);
    this.#mark(entry, "queued", ["failed"]);
  }

  /** Take back what the channel never took. @param {Entry} entry */
  withdraw(entry) {
    if (!entry.left) {
      this.#entries = this.#entries.filter((one) => one !== entry);
    }
  }

  /**
   * The entry to hand over next, and its number; null when nothing waits or the window is full.
   * @returns {[number: number, entry: Entry] | null}
   */
  first() {
    if (this.#handed === this.#entries.length || this.#handed >= MAX_UNACKNOWLEDGED) {
      return null;
    }
    return [this.acked + this.#handed + 1, this.#entries[this.#handed]];
  }

  /** The channel took the first one. */
  taken() {
    const entry = this.#entries[this.#handed];
    entry.left = true;
    if (this.#acknowledged) {
      this.#handed += 1;
      this.#highest = Math.max(this.#highest, this.acked + this.#handed);
    } else {
      this.#entries.shift();
    }
    this.#mark(entry, "sent", ["queued"]);
  }

  /**
   * The channel did not take the first one. A message that it never took has failed, as one too large for the other side's
   * stack; what is sent again waits for another channel.
   */
  refused() {
    const entry = this.#entries[this.#handed];
    const again = this.acked + this.#handed < this.#highest;
    if (entry.message && !again) {
      this.#entries.splice(this.#handed, 1);
      this.#fail(entry);
    }
  }

  /**
   * The other side has all numbers up to `upto`; whether that says anything new. Numbers never sent say nothing.
   * @param {number} upto
   */
  acknowledge(upto) {
    if (upto <= this.acked || upto > this.#highest) {
      return false;
    }
    const arrived = this.#entries.splice(0, upto - this.acked);
    this.#handed = Math.max(0, this.#handed - (upto - this.acked));
    this.acked = upto;
    for (const entry of arrived) {
      this.#mark(entry, "delivered", ["queued", "sent"]);
    }
    return true;
  }

  /** Whether `upto`, acknowledged once more, says that what came after it is missing. @param {number} upto */
  lacks(upto) {
    return upto === this.acked && this.#handed > 0;
  }

  /** Send again whatever is not acknowledged. */
  rewind() {
    this.#handed = 0;
  }

  /** Under new keys numbers begin anew, with `first`; emoji belong to one handshake, and go. @param {Entry} first */
  restart(first) {
    const kept = this.#entries.filter(({ content: { t } }) => t !== "hello" && !t.startsWith("sas:"));
    this.#entries = [first, ...kept];
    this.#handed = this.acked = this.#highest = 0;
  }

  /** Nothing more can be sent. */
  failAll() {
    this.#handed = 0;
    for (const entry of this.#entries.splice(0)) {
      this.#fail(entry);
    }
  }

  // Inside

  /** Its text has come so far, where it had come no further before. @param {Entry} entry @param {Status} status @param {Status[]} before */
  #mark({ content, message }, status, before) {
    if (message && content.t === "text" && before.includes(message.status)) {
      message.status = status;
      this.#changed(message);
    }
  }

  /** @param {Entry} entry */
  #fail({ content, message }) {
    const read = message?.status === "read" && content.t === "text";
    if (message && !read) {
      message.status = "failed";
      this.#changed(message);
    }
  }
}
