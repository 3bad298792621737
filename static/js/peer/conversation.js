/**
 * A conversation: what two people say over an open channel. Mirrors chat/peer/conversation.py.
 *
 * `TABLE` and `ENDINGS` are the channel's states, as in call.js. A conversation does no I/O: frames that came in are given
 * to `receive`, and frames to send are pulled, one at a time, with `nextFrame`, while the channel has room. So a message
 * is encrypted only when it is handed over, and is `sent` only when the channel took it.
 */

import { PeerError, Unexpected } from "./errors.js";
import { Outbox } from "./outbox.js";

/** @import {Classic} from "./classic.js" */
/** @import {Message} from "./messages.js" */

/** @typedef {"secured" | "reconnecting" | "ended"} State */
/** @typedef {{message: Message, text: string}} Frame A frame for the channel, and the message that it carries. */

/** @type {Readonly<Record<string, State>>} */
export const TABLE = Object.freeze({
  "secured interrupted": "reconnecting",
  "secured recovered": "secured",
  "reconnecting interrupted": "reconnecting",
  "reconnecting recovered": "secured",
});

/** @type {Readonly<Record<string, string>>} */
export const ENDINGS = Object.freeze({
  "secured closed": "left",
  "secured failed": "lost",
  "secured end": "you_left",
  "reconnecting closed": "left",
  "reconnecting failed": "lost",
  "reconnecting end": "you_left",
});

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The messages with one peer and the channel they go over. */
export class Conversation {
  /** @type {State} */
  state = "secured";
  /** @type {string | null} */
  reason = null;
  #now;
  #newId;
  #outbox = new Outbox();
  #earlier;

  /**
   * @param {string} peer
   * @param {Classic} suite
   * @param {{now: () => number, newId: () => string, messages: Message[]}} around `now` gives milliseconds since 1970,
   *   `newId` a fresh id; `messages` are those already exchanged under this name
   */
  constructor(peer, suite, { now, newId, messages }) {
    this.peer = peer;
    this.suite = suite;
    this.messages = messages;
    this.#earlier = messages.length;
    this.#now = now;
    this.#newId = newId;
  }

  // The person

  /**
   * Queue a message. Throws PeerError when the chat is over or the text is empty or too long.
   * @param {string} body
   * @returns {Message}
   */
  send(body) {
    this.#checkOpen();
    if (body.trim() === "") {
      throw new PeerError("empty");
    }
    const bytes = encoder.encode(body);
    if (bytes.length > this.suite.maxBytes) {
      throw new PeerError("too_long");
    }
    // As UTF-8 can carry it: half surrogates that have no other half become U+FFFD.
    const message = this.#add({ mine: true, body: decoder.decode(bytes), status: "queued" });
    this.#outbox.add(message);
    return message;
  }

  /**
   * Queue a failed message once more. Throws PeerError when the chat is over or nothing failed.
   * @param {string} id
   * @returns {Message}
   */
  retry(id) {
    this.#checkOpen();
    const message = this.messages.find((one) => one.id === id && one.status === "failed");
    if (message === undefined) {
      throw new PeerError("empty");
    }
    this.#outbox.add(message);
    return message;
  }

  end() {
    this.#step("end");
  }

  // The channel

  /** The next frame to hand to the channel, or null when nothing waits or the channel is interrupted. */
  nextFrame() {
    const message = this.#outbox.first();
    if (message === undefined || this.state !== "secured") {
      return null;
    }
    return { message, text: this.suite.seal(message.body) };
  }

  /** The channel took the frame. @param {Frame} frame */
  taken(frame) {
    this.#outbox.taken(frame.message);
  }

  /** The channel did not take the frame; the person may retry. @param {Frame} frame */
  refused(frame) {
    this.#outbox.refused(frame.message);
  }

  /** Read a frame; null for one to drop. @param {string} text @returns {Message | null} */
  receive(text) {
    const body = this.state === "ended" ? null : this.suite.open(text);
    if (body === null || body.trim() === "") {
      return null;
    }
    return this.#add({ mine: false, body, status: "delivered" });
  }

  /** The transport lost its path and looks for it. */
  interrupted() {
    this.#step("interrupted");
  }

  recovered() {
    this.#step("recovered");
  }

  /** The transport gave up. */
  failed() {
    this.#step("failed");
  }

  /** The other one closed the channel. */
  closed() {
    this.#step("closed");
  }

  // Inside

  /** @param {Pick<Message, "mine" | "body" | "status">} what @returns {Message} */
  #add(what) {
    const newCall = this.#earlier > 0 && this.messages.length === this.#earlier;
    const message = { id: this.#newId(), at: this.#now(), newCall, ...what };
    this.messages.push(message);
    return message;
  }

  #checkOpen() {
    if (this.state === "ended") {
      throw new PeerError("no_chat");
    }
  }

  /** @param {string} event */
  #step(event) {
    const row = `${this.state} ${event}`;
    if (Object.hasOwn(TABLE, row)) {
      this.state = TABLE[row];
      return;
    }
    if (!Object.hasOwn(ENDINGS, row)) {
      throw new Unexpected(event, this.state);
    }
    this.state = "ended";
    this.reason = ENDINGS[row];
    this.#outbox.failAll();
  }
}
