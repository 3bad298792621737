/**
 * A handshake beside the open channel, for new keys. Mirrors chat/peer/renewal.py.
 *
 * It changes nothing before it has verified with the identity that the conversation began with: until then its steps go out
 * under the session in which it runs, and the call keeps its own. A failing one, or one of somebody else, is forgotten.
 *
 * A step 1 may come more than once, since its sender cannot know that it arrived: it gets the same answer again, and begins
 * nothing. One that is forgotten while it computes says nothing more.
 */

import { connect, keys } from "./effects.js";
import { KeyRefused } from "./errors.js";
import { stepOf } from "./lowkey2.js";
import { equal } from "./primitives.js";

/** @import {JoinedPayload, Payload} from "../signaling/messages.js" */
/** @import {Effect} from "./effects.js" */
/** @import {Lowkey2} from "./lowkey2.js" */
/** @import {Suite} from "./suite.js" */

/** For the conversation with `peer` that began under `suite` in `session`; one handshake at a time, or none. */
export class Renewal {
  #peer;
  #suite;
  /** @type {Lowkey2 | null} */
  #attempt = null;
  #session;
  #standing;
  /** The `hs` of the last step 1 that was answered, and the answer. @type {{hs: unknown, steps: Payload[]}} */
  #answered = { hs: undefined, steps: [] };

  /** @param {string} peer @param {Suite} suite @param {JoinedPayload} session */
  constructor(peer, suite, session) {
    this.#peer = peer;
    this.#suite = suite;
    this.#session = this.#standing = session;
  }

  /** Whether this side has begun one, and waits for the server or for the other side. */
  get begun() {
    return this.#attempt !== null && this.#attempt.role !== "called";
  }

  /** Whether it is a step 1 that was answered before. @param {Payload} payload */
  repeats(payload) {
    return stepOf(payload) === 1 && "hs" in payload && payload.hs === this.#answered.hs;
  }

  /**
   * The two have lost each other's keys. Nothing but a session is asked for before that session stands.
   * @returns {Effect[]}
   */
  begin() {
    const fresh = this.#suite.renewal();
    if (fresh === null) {
      return [];
    }
    this.#take(fresh);
    return [connect(this.#peer)];
  }

  /** The session that this side asked for stands. @param {JoinedPayload} session @returns {Promise<Effect[]>} */
  async joined(session) {
    const attempt = this.#attempt;
    if (attempt === null) {
      return [];
    }
    this.#session = session;
    const steps = await this.#unlessForgotten(attempt, async () => [await attempt.opening()]);
    return steps === null ? [] : this.#keys(steps);
  }

  /** The conversation goes on in this session, and so does the next handshake. @param {JoinedPayload} session */
  adopt(session) {
    this.#standing = session;
    if (this.#attempt === null) {
      this.#session = session;
    }
  }

  /**
   * Take a step of the other side's, which may have come in a session of its own.
   * @param {Payload} payload
   * @param {JoinedPayload | null} [session]
   * @returns {Promise<Effect[]>}
   */
  async receive(payload, session = null) {
    if (this.repeats(payload)) {
      return this.#attempt?.role === "called" ? this.#keys(this.#answered.steps) : [];
    }
    if (stepOf(payload) === 1 && !this.begun) {
      this.#take(this.#suite.renewal());
    }
    const attempt = this.#attempt;
    if (attempt === null) {
      return [];
    }
    const steps = await this.#unlessForgotten(attempt, () => this.#answers(attempt, payload, session));
    if (steps === null) {
      return [];
    }
    const said = this.#keys(steps);
    return this.#isStranger(attempt) ? this.#stranger() : [...said, ...this.#met(attempt)];
  }

  /** Drop the keys of one that has failed, has taken too long, or is over with the call. */
  forget() {
    this.#take(null);
  }

  /** @param {Lowkey2 | null} attempt */
  #take(attempt) {
    this.#attempt?.erase();
    this.#attempt = attempt;
    this.#session = this.#standing;
  }

  /**
   * What an attempt comes to; null when it fails, or has been forgotten by then, which erases it.
   * @param {Lowkey2} attempt
   * @param {() => Promise<Payload[]>} work
   */
  async #unlessForgotten(attempt, work) {
    try {
      const steps = await work();
      if (this.#attempt === attempt) {
        return steps;
      }
      attempt.erase();
    } catch (fault) {
      if (this.#attempt !== attempt) {
        return null;
      }
      this.forget();
      if (!(fault instanceof KeyRefused)) {
        throw fault;
      }
    }
    return null;
  }

  /**
   * The steps to send back. Whose step 1 stands is answered without asking, in the session that it came in.
   * @param {Lowkey2} attempt
   * @param {Payload} payload
   * @param {JoinedPayload | null} session
   * @returns {Promise<Payload[]>}
   */
  async #answers(attempt, payload, session) {
    const rings = attempt.role === null;
    const received = await attempt.receiveKey(payload);
    if (attempt.role !== "called" || stepOf(payload) !== 1) {
      return received;
    }
    const steps = rings ? await attempt.answer() : received;
    if (this.#attempt === attempt) {
      this.#session = session ?? this.#session;
      this.#answered = { hs: payload.hs, steps };
    }
    return steps;
  }

  /** Whether it turns out to be with another device. @param {Lowkey2} attempt */
  #isStranger({ theirIdentity, changed }) {
    const expected = this.#suite.theirIdentity;
    return changed !== null || (theirIdentity !== null && (expected === null || !equal(theirIdentity, expected)));
  }

  /** It hears nothing more, not even that this device took it for the other side. @returns {Effect[]} */
  #stranger() {
    this.forget();
    return [{ do: "notice", reason: "stranger" }];
  }

  /** The keys stand: they take the place of the old ones. @param {Lowkey2} attempt @returns {Effect[]} */
  #met(attempt) {
    if (!attempt.agreed) {
      return [];
    }
    [this.#attempt, this.#standing] = [null, this.#session];
    return [{ do: "rekeyed", suite: attempt, session: this.#session }];
  }

  /** @param {Payload[]} payloads */
  #keys(payloads) {
    return keys(this.#peer, this.#session.sessionId, payloads);
  }
}
