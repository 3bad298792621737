/** Timers that ring as a clock goes on that the test moves. Mirrors tests/support/timers.py. */
export class FakeTimers {
  /** Seconds. */
  now = 0;
  /** The longest that any was set to. */
  longest = 0;
  #set = new Set();

  after = (seconds, done) => {
    this.longest = Math.max(this.longest, seconds);
    const timer = { at: this.now + seconds, done, cancel: () => this.#set.delete(timer) };
    this.#set.add(timer);
    return timer;
  };

  get waiting() {
    return this.#set.size;
  }

  /** Time goes by, and whatever is due rings when it is. */
  pass(seconds) {
    const end = this.now + seconds;
    for (let timer = this.#next(end); timer; timer = this.#next(end)) {
      this.#set.delete(timer);
      this.now = Math.max(this.now, timer.at);
      timer.done();
    }
    this.now = Math.max(this.now, end);
  }

  #next(end) {
    return [...this.#set].filter(({ at }) => at <= end).sort((one, other) => one.at - other.at)[0];
  }
}
