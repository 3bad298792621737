/**
 * A call: from dialling a name, or ringing, to an open channel. Mirrors chat/peer/call.py.
 *
 * call_table.js says what may happen in which state, and effects.js what comes of it. A `Call` does no I/O and holds no
 * clock. Each method is one event and returns what is to be done about it, in order: `send` a signaling message, `start` a
 * transport, hand the transport a `signal`. `deadline` is how long the state may last; when that is over the owner calls
 * `timeout()`.
 *
 * Only what a handshake may need WebCrypto for is asynchronous, and whoever owns the call lets one such event be over before
 * it gives the next. Other events may come meanwhile: a call that has ended by then says nothing more.
 *
 * Nothing that tells about this network leaves before the person accepts: the called side starts its transport when it has
 * accepted, the calling side when the other's key shows that it has. Two things are asked besides, and nothing leaves before
 * they are answered: a classic peer (`warned`), and a key that is not the pinned one (`blocked`; `asked` when the call itself
 * is over meanwhile, and only the question stands).
 *
 * The first `key:exchange` read chooses the suite (suite.py describes the shape), and nothing after that asks which it is.
 * With the channel open, a new handshake runs beside it (renewal.js), and the call goes on under its keys when they stand
 * (`rekeyed`).
 */

import { sameName } from "../signaling/messages.js";
import { DEADLINES, ENDINGS, TABLE } from "./call_table.js";
import { connect, decline, keys, leave, signal } from "./effects.js";
import { KeyRefused, Unexpected } from "./errors.js";
import { Renewal } from "./renewal.js";

/** @import {JoinedPayload, Payload} from "../signaling/messages.js" */
/** @import {State} from "./call_table.js" */
/** @import {Effect} from "./effects.js" */
/** @import {Kind} from "./sealing.js" */
/** @import {Suite, Suites} from "./suite.js" */

/** Signals kept while the person is asked about a key. */
const MAX_WAITING = 64;

const TELLS_THE_OTHER = new Set(["cancel", "timeout", "refused", "failed", "refuse_classic", "refuse_key"]);
const TELLS_IN_A_SESSION = new Set(["error"]);
const REASONS_TO_DECLINE = new Set(["declined", "busy"]);

/** What is wrong with a caller's invite, and the protocol's word for it. @type {ReadonlyMap<string, string>} */
const FAULTS_OF_INVITES = new Map([
  ["invite_used", "invite_used"],
  ["invite_expired", "invite_expired"],
  ["invite_unknown", "invite_unknown"],
  ["invite_changed", "invite_unknown"],
]);

/** One attempt with one peer, whose name is `peer`; over when `state` is `ended`, for `reason`. */
export class Call {
  /** @type {State} */
  state = "idle";
  /** @type {string | null} */
  reason = null;
  /** @type {Suite | null} */
  suite = null;
  #suites;
  /** @type {JoinedPayload | null} */
  #session = null;
  /** Whether this side's person called. */
  dialled = false;
  #consented = false;
  /** Whether the other side, which has shown its key, may still be asked about this one's. */
  #undecided = false;
  /** @type {[kind: Kind, payload: Payload][]} */
  #waiting = [];
  /** @type {Renewal | null} */
  #renewal = null;

  /** @param {string} peer @param {Suites} suites */
  constructor(peer, suites) {
    this.peer = peer;
    this.#suites = suites(peer);
  }

  /** Seconds that the present state may last; undefined for ever. */
  get deadline() {
    return DEADLINES[this.state];
  }

  /** Whether this side has begun a handshake beside the open channel, and waits for the server or for the other side. */
  get renewing() {
    return this.#renewal?.begun ?? false;
  }

  /** Whether this step of a handshake beside the open channel came before, and was answered. @param {Payload} payload */
  repeats(payload) {
    return this.#renewal?.repeats(payload) ?? false;
  }

  get sessionId() {
    return this.#session?.sessionId;
  }

  /** Whether the session is the one that the call is in, or is not named. @param {string} [sessionId] */
  isIn(sessionId) {
    return sessionId === undefined || sessionId === this.sessionId;
  }

  get iceServers() {
    return this.#session?.iceServers ?? [];
  }

  /**
   * The session, where the other one has been answered and begins another handshake: nothing will come of this one.
   * @param {Payload} payload
   */
  begunAnew(payload) {
    return this.suite?.begunAnew(payload) ? this.#session : null;
  }

  // The person

  /** @returns {Effect[]} */
  dial() {
    this.#step("dial");
    this.dialled = true;
    return [connect(this.peer)];
  }

  /** @returns {Promise<Effect[]>} */
  async accept() {
    this.#step("accept");
    const suite = this.#chosen();
    return suite.needsConsent ? this.#step("warn") : this.#goOn(suite.answer());
  }

  /** The person was warned, and goes on with a peer that cannot be verified. @returns {Promise<Effect[]>} */
  async acceptClassic() {
    this.#step("accept_classic");
    this.#consented = true;
    return this.#goOn(this.dialled ? [] : this.#chosen().answer());
  }

  refuseClassic() {
    return this.#step("refuse_classic");
  }

  /** The person goes on with another key than the one pinned. @returns {Promise<Effect[]>} */
  async acceptKey() {
    this.#step("accept_key");
    return this.#goOn(this.#chosen().acceptKey());
  }

  refuseKey() {
    return this.#step("refuse_key");
  }

  /** Refuse; `reason` is a word of the protocol. @param {"declined" | "busy"} [reason] @returns {Effect[]} */
  decline(reason = "declined") {
    this.#step("decline");
    return [decline(this.sessionId, reason)];
  }

  /** The caller hangs up, or either of them leaves before or after the channel is open. */
  cancel() {
    return this.#step("cancel");
  }

  // The server

  /**
   * The session stands. Said again, it tells a caller that the other may not have its key.
   * @param {JoinedPayload} session
   * @returns {Promise<Effect[]>}
   */
  async joined(session) {
    this.#step("joined");
    if (this.#renewal?.begun) {
      return this.#renewal.joined(session);
    }
    if (this.state !== "calling") {
      return [];
    }
    if (!sameName(session.peer, this.peer)) {
      return this.#step("refused", "wrong_peer");
    }
    this.#session = session;
    this.peer = session.peer;
    return this.#keys(await this.#unlessOver(this.#opening()));
  }

  /** @param {string} reason @param {string} [sessionId] */
  declined(reason, sessionId) {
    const known = REASONS_TO_DECLINE.has(reason) || (this.#invited && [...FAULTS_OF_INVITES.values()].includes(reason));
    return this.#told("declined", known ? reason : "declined", sessionId);
  }

  /**
   * The session is over: the other one left it (`left`) or is gone (`gone`). With a `fault` in the path it left for that.
   * @param {string} reason @param {string} [sessionId] @param {string} [fault]
   */
  left(reason, sessionId, fault) {
    const unanswered = this.state === "calling";
    const why = fault ?? (unanswered ? "no_answer" : "hung_up");
    return this.#told("left", reason === "gone" ? "gone" : why, sessionId);
  }

  /** @param {string} code @param {string} [sessionId] */
  error(code, sessionId) {
    const inviter = code === "USER_OFFLINE" && this.#invited;
    return this.#told("error", inviter ? "inviter_offline" : code, sessionId);
  }

  serverLost() {
    return this.#step("server_lost");
  }

  // The other peer

  /**
   * Somebody calls: their session, and the first `key:exchange` of it.
   * @param {JoinedPayload} session
   * @param {Payload} payload
   * @returns {Promise<Effect[]>}
   */
  async ring(session, payload) {
    this.#step("ring");
    this.#session = session;
    return this.#receiveKey(payload);
  }

  /** @param {Payload} payload @returns {Promise<Effect[]>} */
  async key(payload) {
    const was = this.state;
    this.#step("key");
    if (this.#renewal !== null) {
      return this.#beside(this.#renewal.receive(payload));
    }
    if (was !== "calling" && was !== "ringing" && was !== "keys") {
      return [];
    }
    return [...(await this.#receiveKey(payload)), ...this.#agreed()];
  }

  /**
   * An offer, answer or candidate. One that cannot be opened is dropped; while the person is asked it waits.
   * @param {Kind} kind
   * @param {Payload} payload
   * @returns {Effect[]}
   */
  signal(kind, payload) {
    this.#step("signal");
    const { suite, state } = this;
    if (state === "blocked" && this.#waiting.length < MAX_WAITING) {
      this.#waiting.push([kind, payload]);
    }
    if (!suite?.agreed || state === "warned" || state === "blocked") {
      return [];
    }
    if (state === "connected" && kind !== "ice" && !suite.acknowledges) {
      return [];
    }
    const body = suite.openSignal(kind, payload);
    if (body === null) {
      return [];
    }
    this.#undecided = false;
    return [{ do: "signal", kind, body }];
  }

  /**
   * The other one's handshake came in a session of its own, as after a reload of its page.
   * @param {JoinedPayload} session
   * @param {Payload} payload
   * @returns {Promise<Effect[]>}
   */
  async renewed(session, payload) {
    this.#step("key");
    return this.#renewal === null ? [] : this.#beside(this.#renewal.receive(payload, session));
  }

  /** The two have lost each other's keys: begin a new handshake beside the open channel. */
  renew() {
    return this.#renewal?.begin() ?? [];
  }

  /** The session that stands for the two now: the open conversation goes on in it. @param {JoinedPayload} session */
  adopt(session) {
    this.#session = session;
    this.#renewal?.adopt(session);
  }

  /** Another attempt takes the place of this one, of which nobody hears anything more. */
  drop() {
    this.state = "ended";
    this.#forget();
  }

  /** The handshake beside the conversation has taken too long. */
  forgetRenewal() {
    this.#renewal?.forget();
  }

  // The transport and the clock

  /**
   * An offer, answer or candidate of this side, sealed for the other.
   * @param {Kind} kind
   * @param {Payload} body
   * @returns {Effect[]}
   */
  localSignal(kind, body) {
    return [signal(kind, this.peer, this.sessionId, this.#chosen().sealSignal(kind, body))];
  }

  /** @returns {Effect[]} */
  opened() {
    this.#step("opened");
    if (this.#session !== null) {
      this.#renewal = new Renewal(this.peer, this.#chosen(), this.#session);
    }
    return [];
  }

  /** The transport gave up, for a reason that it may know. @param {string} [reason] */
  failed(reason = "no_path") {
    return this.#step("failed", reason);
  }

  /** The state lasted too long; `fault` is what the transport knows of why there is no path. @param {string} [fault] */
  timeout(fault = "no_path") {
    return this.#step("timeout", this.#undecided ? "undecided" : fault);
  }

  // Inside

  get #over() {
    return this.state === "ended";
  }

  #chosen() {
    if (this.suite === null) {
      throw new TypeError("no suite has been chosen");
    }
    return this.suite;
  }

  /**
   * Follow the tables. On an ending of this side's making the other one is told.
   * @param {string} event
   * @param {string | null} [reason]
   * @returns {Effect[]}
   */
  #step(event, reason = null) {
    const row = `${this.state} ${event}`;
    if (Object.hasOwn(TABLE, row)) {
      this.state = TABLE[row];
      if (this.state === "asked") {
        this.#forget();
      }
      return [];
    }
    if (!Object.hasOwn(ENDINGS, row)) {
      throw new Unexpected(event, this.state);
    }
    const begun = this.state !== "idle";
    this.state = "ended";
    this.reason = ENDINGS[row] ?? reason;
    this.#forget();
    const tells = TELLS_THE_OTHER.has(event) || (TELLS_IN_A_SESSION.has(event) && this.#session !== null);
    return tells && begun ? [leave(this.peer, this.sessionId)] : [];
  }

  /**
   * What the server says of a session. Of another one, as one that this side has left already, it changes nothing.
   * @param {string} event
   * @param {string} reason
   * @param {string | undefined} sessionId
   */
  #told(event, reason, sessionId) {
    return this.isIn(sessionId) ? this.#step(event, reason) : [];
  }

  /** Whether this side calls under an invite. */
  get #invited() {
    return this.#suites.some(({ invited }) => invited);
  }

  /** The first key message of a caller: every suite's part of it. @returns {Promise<Payload[]>} */
  async #opening() {
    const parts = await Promise.all(this.#suites.map((suite) => suite.opening()));
    return [Object.assign({}, ...parts)];
  }

  /**
   * What a suite computes; nothing once the call has ended, which erases its suites.
   * @param {Payload[] | Promise<Payload[]>} payloads
   */
  async #unlessOver(payloads) {
    try {
      const computed = await payloads;
      return this.#over ? [] : computed;
    } catch (fault) {
      if (this.#over) {
        return [];
      }
      throw fault;
    }
  }

  /** Send these, and connect if that was the last thing. @param {Payload[] | Promise<Payload[]>} payloads */
  async #goOn(payloads) {
    return [...(await this.#sent(payloads)), ...this.#agreed()];
  }

  /** Send what the other's key material comes to, unless it ends the attempt. @param {Payload[] | Promise<Payload[]>} payloads */
  async #sent(payloads) {
    try {
      return this.#keys(await this.#unlessOver(payloads));
    } catch (refusal) {
      if (!(refusal instanceof KeyRefused)) {
        throw refusal;
      }
      return this.#refuse(refusal.reason);
    }
  }

  /** @param {Payload} payload @returns {Promise<Effect[]>} */
  async #receiveKey(payload) {
    this.suite ??= this.#suites.find((suite) => suite.recognises(payload)) ?? null;
    return this.suite === null ? this.#refuse("version") : this.#sent(this.suite.receiveKey(payload));
  }

  /** The other's key material ends the attempt; who comes with a bad invite hears what is wrong with it. @param {string} reason */
  #refuse(reason) {
    const word = FAULTS_OF_INVITES.get(reason);
    if (word === undefined) {
      return this.#step("refused", reason);
    }
    this.#step("refused", `their_${reason}`);
    return [decline(this.sessionId, word)];
  }

  /**
   * Once the keys stand, and the person has been asked what there is to ask, connect.
   * @returns {Effect[]}
   */
  #agreed() {
    if (this.state !== "keys" || this.suite === null || this.#session === null) {
      return [];
    }
    if (this.suite.changed !== null) {
      return this.#step("changed");
    }
    if (!this.suite.agreed) {
      return [];
    }
    if (this.suite.needsConsent && !this.#consented) {
      return this.#step("warn");
    }
    this.#step("agreed");
    const { initiator, iceServers } = this.#session;
    const offering = this.suite.offers(this.dialled && initiator);
    this.#undecided = offering && !this.suite.needsConsent;
    const opened = this.#waiting.splice(0).flatMap(([kind, payload]) => this.signal(kind, payload));
    return [{ do: "start", offering, iceServers }, ...opened];
  }

  /**
   * What a handshake beside the channel has come to; with new keys the call goes on in their session.
   * @param {Promise<Effect[]>} coming
   */
  async #beside(coming) {
    const done = await coming;
    for (const effect of done) {
      if (effect.do === "rekeyed") {
        [this.suite, this.#session] = [effect.suite, effect.session];
      }
    }
    return done;
  }

  /** Drop the keys of an attempt that is over. */
  #forget() {
    for (const suite of [...this.#suites, this.suite]) {
      suite?.erase();
    }
    this.forgetRenewal();
    this.#renewal = null;
  }

  /** @param {Payload[]} payloads */
  #keys(payloads) {
    return keys(this.peer, this.sessionId, payloads);
  }
}
