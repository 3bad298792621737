/**
 * The window of messages that the other side may not have yet. Mirrors chat/peer/outbox.py.
 *
 * With acknowledgements (docs/protocol.md, section 3.4) a message stays until the other side has acknowledged its number: the
 * entries are numbered in their order, from the one behind the last acknowledged. Without, as in a classic chat, it leaves
 * when the channel takes it, and one that the channel refuses has failed.
 */

/** @import {Message} from "./messages.js" */
/** @import {Content} from "./sas.js" */

/** @typedef {{content: Content, message?: Message}} Entry What is to be sent, and the message that it carries, if it does. */

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

  /** @param {{acknowledged: boolean}} kind */
  constructor({ acknowledged }) {
    this.#acknowledged = acknowledged;
  }

  /** Whether the channel was handed something that is not acknowledged. */
  get outstanding() {
    return this.#handed > 0;
  }

  /** Queue an entry; its message may be new, or have failed before. @param {Entry} entry */
  add(entry) {
    mark(entry, "queued");
    this.#entries.push(entry);
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
    mark(this.#entries[this.#handed], "sent");
    if (this.#acknowledged) {
      this.#handed += 1;
      this.#highest = Math.max(this.#highest, this.acked + this.#handed);
    } else {
      this.#entries.shift();
    }
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
      mark(entry, "failed");
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
    for (const entry of this.#entries.splice(0, upto - this.acked)) {
      mark(entry, "delivered");
    }
    this.#handed = Math.max(0, this.#handed - (upto - this.acked));
    this.acked = upto;
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
    for (const entry of this.#entries.splice(0)) {
      mark(entry, "failed");
    }
    this.#handed = 0;
  }
}

/** @param {Entry | undefined} entry @param {Message["status"]} status */
function mark(entry, status) {
  if (entry?.message) {
    entry.message.status = status;
  }
}
