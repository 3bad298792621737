/** Named timers: at most one of each name runs. Mirrors chat/peer/timers.py. */

/** @typedef {{cancel: () => void}} Timer What `After` gives back; `cancel` says not to call back. */
/** @typedef {(seconds: number, action: () => void) => Timer} After Calls something back in so many seconds, unless cancelled. */

export class Timers {
  #after;
  /** @type {Map<string, Timer>} */
  #running = new Map();

  /** @param {After} after */
  constructor(after) {
    this.#after = after;
  }

  /** Do something later; one that runs under the same name goes on instead. @param {string} name @param {number} seconds @param {() => void} action */
  start(name, seconds, action) {
    if (!this.#running.has(name)) {
      this.#running.set(
        name,
        this.#after(seconds, () => this.#ring(name, action)),
      );
    }
  }

  /** @param {string} name */
  runs(name) {
    return this.#running.has(name);
  }

  /** Stop these, or all. @param {...string} names */
  cancel(...names) {
    for (const name of names.length > 0 ? names : [...this.#running.keys()]) {
      this.#running.get(name)?.cancel();
      this.#running.delete(name);
    }
  }

  /** @param {string} name @param {() => void} action */
  #ring(name, action) {
    this.#running.delete(name);
    action();
  }
}
