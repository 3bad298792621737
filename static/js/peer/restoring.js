/**
 * How a chat that has lost its path finds another one, and one that was left finds back. Mirrors chat/peer/restoring.py.
 *
 * An attempt asks the server for the session of the two, and when it stands (`joined`, whoever of them asked) another path is
 * made: whoever called in the handshake offers it, and the other one does so itself where no offer comes. Where nothing that
 * the other side seals is heard, it may have lost its keys, and a handshake is begun beside it. An attempt that comes to
 * nothing is made again after a while, longer each time, and at once when there is reason to hope.
 *
 * It holds no path and sends nothing: its owner does what it asks for.
 */

import { Timers } from "./timers.js";

/** @import {After} from "./timers.js" */

/** @typedef {"resting" | "asking" | "making" | "waiting"} Phase */
/**
 * @typedef {object} Way What an attempt takes.
 * @property {() => boolean} ask ask the server for the session; whether the server was there to be asked
 * @property {() => void} offer make another path, and offer it
 * @property {() => void} rehandshake agree on new keys, since the other side may have lost the old ones
 */

/** Seconds between attempts; the last one holds on. */
const DELAYS = [2, 4, 8, 15, 30];
/** A path that did not last so long is no reason to hope. */
const STEADY_SECONDS = 10;
const JOINED_SECONDS = 10;
/** How long the called one waits for the caller's offer. */
const OFFER_SECONDS = 3;
/** How long nothing may be heard of the other side before its keys are taken for lost. */
const HEARD_SECONDS = 8;
const PATH_SECONDS = 20;
const AGAIN_SECONDS = 1;
/** What is younger than this is not begun anew, whatever happens. */
const FRESH_SECONDS = 3;

/** @type {Readonly<Partial<Record<Phase, number>>>} */
const LIMITS = Object.freeze({ asking: JOINED_SECONDS, making: PATH_SECONDS });

/** The attempts of one chat. */
export class Restoring {
  #way;
  #timers;
  #clock;
  #fraction;
  /** @type {Phase} */
  #phase = "resting";
  #tries = 0;
  #heard = false;
  /** When this phase began. */
  #since;

  /**
   * @param {Way} way
   * @param {{after: After, clock: () => number, fraction: () => number}} around `clock` counts seconds and never goes back;
   *   `fraction` is drawn from [0, 1)
   */
  constructor(way, { after, clock, fraction }) {
    this.#way = way;
    this.#timers = new Timers(after);
    this.#clock = clock;
    this.#fraction = fraction;
    this.#since = clock();
  }

  /** Whether the path is lost. */
  get active() {
    return this.#phase !== "resting";
  }

  /** The path is lost. */
  begin() {
    if (this.active) {
      return;
    }
    if (this.#age >= STEADY_SECONDS) {
      this.#tries = 0;
    }
    if (this.#tries === 0) {
      this.#attempt();
    } else {
      this.#wait();
    }
  }

  /** There is a path again. */
  done() {
    this.#enter("resting");
  }

  /** Nobody waits for one any more. */
  stop() {
    this.#enter("resting");
  }

  /** There is reason to hope: do not wait for the next attempt. */
  hurry() {
    if (this.active && (this.#phase === "waiting" || this.#age >= FRESH_SECONDS)) {
      this.#tries = 0;
      this.#attempt();
    }
  }

  /**
   * The session stands. Said again by one of whom nothing was heard, it means that what was offered got lost.
   * @param {{caller: boolean}} side whether this side called in the handshake
   */
  joined({ caller }) {
    const again = this.#phase === "making" && !this.#heard && this.#age >= AGAIN_SECONDS;
    if (this.#phase === "asking" || this.#phase === "waiting" || again) {
      this.#make(caller);
      this.#heard = false;
      this.#timers.start("heard", HEARD_SECONDS, () => this.#unheard());
    }
  }

  /** There are new keys, known to both. @param {{caller: boolean}} side */
  rekeyed({ caller }) {
    if (this.active) {
      this.#make(caller);
      this.#heard = true;
    }
  }

  /** The other side has the keys. */
  heard() {
    this.#heard = true;
  }

  /** The other side makes another path. */
  offered() {
    this.#enter("making");
    this.#heard = true;
  }

  /** This attempt has come to nothing. */
  failed() {
    if (this.#phase === "asking" || this.#phase === "making") {
      this.#wait();
    }
  }

  /** Make another attempt after so long, unless something comes of this one till then. @param {number} seconds */
  later(seconds) {
    this.#enter("waiting");
    this.#timers.start("again", seconds, () => this.#attempt());
  }

  #attempt() {
    this.#enter("asking");
    if (this.#way.ask()) {
      this.#tries += 1;
    } else {
      this.#enter("waiting");
    }
  }

  /** @param {boolean} caller */
  #make(caller) {
    this.#enter("making");
    if (caller) {
      this.#way.offer();
    } else {
      this.#timers.start("offer", OFFER_SECONDS, () => this.#way.offer());
    }
  }

  #wait() {
    const delay = DELAYS[Math.min(Math.max(this.#tries, 1), DELAYS.length) - 1];
    this.#enter("waiting");
    this.#timers.start("again", (delay * (1 + this.#fraction())) / 2, () => this.#attempt());
  }

  #unheard() {
    if (!this.#heard) {
      this.#way.rehandshake();
    }
  }

  /** Seconds since this phase began. */
  get #age() {
    return this.#clock() - this.#since;
  }

  /** @param {Phase} phase */
  #enter(phase) {
    this.#timers.cancel();
    this.#phase = phase;
    this.#since = this.#clock();
    const limit = LIMITS[phase];
    if (limit !== undefined) {
      this.#timers.start("limit", limit, () => this.failed());
    }
  }
}
