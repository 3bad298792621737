/**
 * The search for a path: what was seen of both sides, how long it goes on, and why it found none. Mirrors
 * chat/peer/path_search.py.
 *
 * Patience begins when both descriptions are there: before that somebody may be deciding about a device. Where nothing is
 * left that could help, the search is `hopeless` and need not wait; and a browser that offers no address of its own, though
 * it may still find a path, does so soon or never.
 */

import { noWay, pathFault } from "./path_fault.js";

/** @import {Seen} from "./path_fault.js" */

/** In milliseconds. */
export const PATIENCE_MS = 20_000;
/** For a device that has found nothing of its own to be reached at. */
const BARE_MS = 5_000;

export class PathSearch {
  #gaveUp;
  #patience;
  /** @type {number | null} */
  #since = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #deadline;
  #over = false;

  /**
   * @param {string[]} servers their URLs
   * @param {(reason: string) => void} gaveUp told the reason, a key of SENTENCES, when patience is at its end
   * @param {{relayOnly: boolean, patience: number}} options
   */
  constructor(servers, gaveUp, { relayOnly, patience }) {
    /** @type {Seen} */
    this.seen = {
      servers,
      relayOnly,
      own: new Set(),
      theirs: new Set(),
      errors: [],
      gathered: false,
      described: false,
    };
    this.#gaveUp = gaveUp;
    this.#patience = patience;
  }

  /** Why there is no path, as far as can be said now. */
  get fault() {
    return pathFault(this.seen);
  }

  /** Whether no path can be found any more. */
  get hopeless() {
    return noWay(this.seen);
  }

  /** Whether a path would have been found by now, if there were one: a quarter of the patience is gone. */
  get overdue() {
    return this.#since !== null && performance.now() - this.#since > this.#patience / 4;
  }

  /** Both descriptions are there; the path may have been quicker. */
  described() {
    this.seen.described = true;
    if (!this.#over) {
      this.#since = performance.now();
      this.#wait();
    }
  }

  /** Whether there are no more own candidates to come. @param {boolean} complete */
  gathered(complete) {
    this.seen.gathered = complete;
    this.#wait();
  }

  /** There is a path, or nobody waits for one any more. */
  stop() {
    this.#over = true;
    this.#since = null;
    clearTimeout(this.#deadline);
  }

  #wait() {
    clearTimeout(this.#deadline);
    if (this.#since !== null) {
      const bare = this.seen.gathered && this.seen.own.size === 0;
      const patience = bare ? Math.min(this.#patience, BARE_MS) : this.#patience;
      this.#deadline = setTimeout(() => this.#gaveUp(this.fault), this.#since + patience - performance.now());
    }
  }
}
