/**
 * The messages exchanged so far, by name and device, while the page lives. Mirrors chat/peer/histories.py.
 *
 * Another device under the same name gets nothing of them.
 */

import { b64 } from "./primitives.js";

/** @import {Message} from "./messages.js" */

const MAX_HISTORIES = 32;

/** The newest so many. */
export class Histories {
  /** @type {Map<string, Message[]>} */
  #histories = new Map();

  /**
   * The messages with somebody, who becomes the newest; the oldest are forgotten when there are too many.
   * @param {string} name
   * @param {Uint8Array | null} identity
   */
  of(name, identity) {
    const key = `${name.toLowerCase()} ${identity ? b64(identity) : ""}`;
    const messages = this.#histories.get(key) ?? [];
    this.#histories.delete(key);
    this.#histories.set(key, messages);
    if (this.#histories.size > MAX_HISTORIES) {
      this.#histories.delete(/** @type {string} */ (this.#histories.keys().next().value));
    }
    return messages;
  }
}
