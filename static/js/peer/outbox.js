/**
 * The window of messages that the other side may not have yet. Mirrors chat/peer/outbox.py.
 *
 * A classic chat has no acknowledgements, so a message leaves the window when the channel takes it.
 */

/** @import {Message} from "./messages.js" */

/** Messages in the order in which they are to be sent. */
export class Outbox {
  /** @type {Map<string, Message>} */
  #waiting = new Map();

  /** Queue a message, new or failed before. @param {Message} message */
  add(message) {
    message.status = "queued";
    this.#waiting.set(message.id, message);
  }

  /** The message to send next. @returns {Message | undefined} */
  first() {
    return this.#waiting.values().next().value;
  }

  /** The channel took it. @param {Message} message */
  taken(message) {
    this.#waiting.delete(message.id);
    message.status = "sent";
  }

  /** The channel did not take it. @param {Message} message */
  refused(message) {
    this.#waiting.delete(message.id);
    message.status = "failed";
  }

  /** Nothing more can be sent. */
  failAll() {
    for (const message of [...this.#waiting.values()]) {
      this.refused(message);
    }
  }
}
