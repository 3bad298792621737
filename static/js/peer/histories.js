/**
 * The histories of all conversations, by name and device, while the page lives. Mirrors chat/peer/histories.py.
 *
 * Another device under the same name gets nothing of them. Messages that are to vanish do so in time, whether or not a chat is
 * open.
 */

import { History } from "./history.js";
import { b64 } from "./primitives.js";
import { Timers } from "./timers.js";

/** @import {After} from "./timers.js" */

const MAX_HISTORIES = 64;
/** The clock is looked at so often, since timers stand still while the device sleeps. */
const PATIENCE_SECONDS = 30;

/** The newest so many. */
export class Histories {
  #timers;
  #now;
  #changed;
  /** @type {Map<string, History>} */
  #histories = new Map();
  /** Those of which something is to vanish. @type {Set<History>} */
  #timed = new Set();

  /**
   * @param {After} after
   * @param {() => number} now milliseconds since 1970
   * @param {() => void} changed told when messages have vanished
   */
  constructor(after, now, changed) {
    this.#timers = new Timers(after);
    this.#now = now;
    this.#changed = changed;
  }

  /**
   * The messages with somebody, who becomes the newest. When there are too many the oldest is forgotten, and one that is empty
   * before all others.
   * @param {string} name
   * @param {Uint8Array | null} identity
   */
  of(name, identity) {
    const key = `${name.toLowerCase()} ${identity ? b64(identity) : ""}`;
    const history = this.#histories.get(key) ?? new History((one) => this.#follow(one));
    this.#histories.delete(key);
    if (this.#histories.size >= MAX_HISTORIES) {
      const all = [...this.#histories];
      const [oldest] = all.find(([, { messages }]) => messages.length === 0) ?? all[0];
      this.#histories.delete(oldest);
    }
    this.#histories.set(key, history);
    return history;
  }

  /** Forget all. */
  clear() {
    for (const history of this.#histories.values()) {
      history.clear();
    }
    this.#histories.clear();
  }

  /** @param {History} history */
  #follow(history) {
    this.#timed.add(history);
    this.#expire();
  }

  /** Let go what is to vanish by now, and come back when more is. */
  #expire() {
    this.#timers.cancel();
    const gone = [...this.#timed].filter((history) => history.expire(this.#now()));
    const due = [...this.#timed].flatMap((history) => history.due ?? []);
    this.#timed = new Set([...this.#timed].filter((history) => history.due !== null));
    if (due.length > 0) {
      const seconds = Math.max(0, Math.min(...due) - this.#now()) / 1000;
      this.#timers.start("due", Math.min(PATIENCE_SECONDS, seconds), () => this.#expire());
    }
    if (gone.length > 0) {
      this.#changed();
    }
  }
}
