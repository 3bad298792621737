/**
 * What is said to somebody who is being called back into a chat. Mirrors chat/peer/early.py.
 *
 * There is no channel yet, and perhaps never one again: the messages are queued in the history that the chat is expected to go
 * on with, and said when it does. If it does not, they have failed.
 */

import { PeerError } from "./errors.js";
import { message } from "./messages.js";
import { utf8 } from "./primitives.js";
import { isBlank, wellFormed } from "./wording.js";

/** @import {History} from "./history.js" */
/** @import {Message, Ref} from "./messages.js" */
/** @import {Talking} from "./talking.js" */

/** Of a text as JSON, in which some characters take six bytes; the rest of a message is less than what is left. */
const MAX_BYTES = 130_000;

export class Early {
  #history;
  #now;
  #newId;
  /** @type {Message[]} */
  #messages = [];

  /**
   * @param {History} history
   * @param {{now: () => number, newId: () => string}} around `now` gives milliseconds since 1970, `newId` a fresh id
   */
  constructor(history, { now, newId }) {
    this.#history = history;
    this.#now = now;
    this.#newId = newId;
  }

  /** Queue a message. Throws PeerError. @param {string} text @param {Ref | null} [re] */
  send(text, re = null) {
    const body = wellFormed(text);
    if (isBlank(body)) {
      throw new PeerError("empty");
    }
    if (utf8(JSON.stringify(body)).length > MAX_BYTES) {
      throw new PeerError("too_long");
    }
    const about = { re, seconds: this.#history.timer.seconds };
    const queued = message({ id: this.#newId(), mine: true, body, at: this.#now(), status: "queued", ...about });
    this.#history.add(queued);
    this.#messages.push(queued);
    return queued;
  }

  /** The chat goes on. @param {Talking} talking */
  say(talking) {
    for (const { id } of this.#end()) {
      talking.retry(id);
    }
  }

  /** It does not. */
  fail() {
    this.#end();
  }

  #end() {
    const messages = this.#messages.splice(0);
    for (const one of messages) {
      one.status = "failed";
      this.#history.touch(one);
    }
    return messages;
  }
}
