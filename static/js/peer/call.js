/**
 * A call: from dialling a name, or ringing, to an open channel. Mirrors chat/peer/call.py.
 *
 * The two tables below are the call. `TABLE` says where an event leads; `ENDINGS` which events end the call in a state, and
 * for which reason (a key of `SENTENCES`; null where the event brings its own). An event with no row is a fault of whoever
 * caused it: `Unexpected`. docs/architecture.md draws both.
 *
 * A `Call` does no I/O and holds no clock. Each method is one event and returns what is to be done about it, in order:
 * `send` a signaling message, `start` a transport, hand the transport a `signal`. `deadline` is how long the state may
 * last; when that is over the owner calls `timeout()`.
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
 * With the channel open, a new handshake runs beside it and changes nothing before it has verified with the same identity
 * (`rekeyed`).
 */

import { sameName } from "../signaling/messages.js";
import { KeyRefused, Unexpected } from "./errors.js";
import { equal } from "./primitives.js";

/** @import {FromClient, IceServer, JoinedPayload, Payload} from "../signaling/messages.js" */
/** @import {Lowkey2} from "./lowkey2.js" */
/** @import {Kind} from "./sealing.js" */
/** @import {Suite} from "./suite.js" */

/**
 * @typedef {"idle" | "dialling" | "calling" | "ringing" | "keys" | "warned" | "blocked" | "asked" | "connecting"
 *   | "connected" | "ended"} State
 */
/** @typedef {(peer: string) => Suite[]} Suites The suites to offer to somebody, by name. */
/**
 * @typedef {{do: "send", message: FromClient}
 *   | {do: "start", offering: boolean, iceServers: IceServer[]}
 *   | {do: "signal", kind: Kind, body: Payload}
 *   | {do: "rekeyed", suite: Suite}
 *   | {do: "notice", reason: string}} Effect
 *   `rekeyed`: the open conversation goes on under the keys of another handshake; `notice`: tell the person, `reason` being
 *   a key of `SENTENCES`
 */

/** @type {Readonly<Record<string, State>>} */
export const TABLE = Object.freeze({
  "idle dial": "dialling",
  "idle ring": "ringing",
  "dialling joined": "calling",
  "calling joined": "calling",
  "calling key": "keys",
  "ringing joined": "ringing",
  "ringing key": "ringing",
  "ringing accept": "keys",
  "keys joined": "keys",
  "keys key": "keys",
  "keys warn": "warned",
  "keys changed": "blocked",
  "keys agreed": "connecting",
  "warned joined": "warned",
  "warned key": "warned",
  "warned signal": "warned",
  "warned accept_classic": "keys",
  "blocked joined": "blocked",
  "blocked key": "blocked",
  "blocked signal": "blocked",
  "blocked accept_key": "keys",
  "blocked declined": "asked",
  "blocked left": "asked",
  "blocked error": "asked",
  "blocked timeout": "asked",
  "blocked server_lost": "asked",
  "asked server_lost": "asked",
  "connecting joined": "connecting",
  "connecting key": "connecting",
  "connecting signal": "connecting",
  "connecting error": "connecting",
  "connecting opened": "connected",
  // With the channel open only the person, or the channel itself, ends the chat.
  "connected joined": "connected",
  "connected key": "connected",
  "connected signal": "connected",
  "connected error": "connected",
  "connected left": "connected",
  "connected declined": "connected",
  "connected server_lost": "connected",
});

/** @type {Readonly<Record<string, string | null>>} */
export const ENDINGS = Object.freeze({
  "dialling cancel": "you_cancelled",
  "dialling error": null,
  "dialling timeout": "server_silent",
  "dialling server_lost": "server_lost",
  "calling cancel": "you_cancelled",
  "calling declined": null,
  "calling left": null,
  "calling error": null,
  "calling refused": null,
  "calling timeout": "no_answer",
  "calling server_lost": "server_lost",
  "ringing decline": "you_declined",
  "ringing left": "cancelled",
  "ringing refused": null,
  "ringing timeout": "missed",
  "ringing server_lost": "server_lost",
  "keys cancel": "you_left",
  "keys declined": null,
  "keys left": "left",
  "keys error": null,
  "keys refused": null,
  "keys timeout": "no_key",
  "keys server_lost": "server_lost",
  "warned cancel": "you_left",
  "warned refuse_classic": "you_refused_classic",
  "warned declined": null,
  "warned left": "left",
  "warned error": null,
  "warned timeout": "you_refused_classic",
  "warned server_lost": "server_lost",
  "blocked cancel": "you_refused_key",
  "blocked refuse_key": "you_refused_key",
  "asked cancel": "you_refused_key",
  "asked refuse_key": "you_refused_key",
  "asked accept_key": "key_accepted",
  "connecting cancel": "you_left",
  "connecting declined": null,
  "connecting left": "left",
  "connecting failed": "no_path",
  "connecting timeout": "no_path",
  "connecting server_lost": "server_lost",
  "connected cancel": "you_left",
});

/** Seconds that a state may last. @type {Readonly<Partial<Record<State, number>>>} */
export const DEADLINES = Object.freeze({
  dialling: 10,
  calling: 60,
  ringing: 60,
  keys: 20,
  warned: 60,
  blocked: 60,
  connecting: 30,
});

/** Signals kept while the person is asked about a key. */
const MAX_WAITING = 64;

const TELLS_THE_OTHER = new Set(["cancel", "timeout", "refused", "failed", "refuse_classic", "refuse_key"]);
const TELLS_IN_A_SESSION = new Set(["error"]);
const REASONS_TO_DECLINE = new Set(["declined", "busy"]);
const FAULTS_OF_INVITES = new Set(["invite_used", "invite_expired", "invite_unknown"]);

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
  #dialled = false;
  #consented = false;
  /** @type {[kind: Kind, payload: Payload][]} */
  #waiting = [];
  /** @type {Lowkey2 | null} */
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
    return this.state === "connected" && this.#renewal !== null && this.#renewal.role !== "called";
  }

  get sessionId() {
    return this.#session?.sessionId;
  }

  get iceServers() {
    return this.#session?.iceServers ?? [];
  }

  // The person

  /** @returns {Effect[]} */
  dial() {
    this.#step("dial");
    this.#dialled = true;
    return [{ do: "send", message: { type: "session:connect", target: this.peer } }];
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
    return this.#goOn(this.#dialled ? [] : this.#chosen().answer());
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
    return [this.#refusal(reason)];
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
    if (this.renewing && this.#renewal !== null) {
      this.#session = session;
      return this.#keys(await this.#unlessOver(this.#openingOf([this.#renewal])));
    }
    if (this.state !== "calling") {
      return [];
    }
    if (!sameName(session.peer, this.peer)) {
      return this.#step("refused", "wrong_peer");
    }
    this.#session = session;
    this.peer = session.peer;
    return this.#keys(await this.#unlessOver(this.#openingOf(this.#suites)));
  }

  /** @param {string} reason @param {string} [sessionId] */
  declined(reason, sessionId) {
    const known = REASONS_TO_DECLINE.has(reason) || (this.#invited && FAULTS_OF_INVITES.has(reason));
    return this.#told("declined", known ? reason : "declined", sessionId);
  }

  /** The session is over: the other one left it (`left`) or is gone (`gone`). @param {string} reason @param {string} [sessionId] */
  left(reason, sessionId) {
    return this.#told("left", reason === "gone" ? "gone" : "no_answer", sessionId);
  }

  /** @param {string} code @param {string} [sessionId] */
  error(code, sessionId) {
    return this.#told("error", code, sessionId);
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
    if (was === "connected") {
      return this.#beside(payload);
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
    return body === null ? [] : [{ do: "signal", kind, body }];
  }

  /** The two have lost each other's keys: begin a new handshake beside the open channel. @returns {Effect[]} */
  renew() {
    const fresh = this.state === "connected" ? this.#chosen().renewal() : null;
    if (fresh === null) {
      return [];
    }
    this.#renewal = fresh;
    return [{ do: "send", message: { type: "session:connect", target: this.peer } }];
  }

  /** The handshake beside the conversation has taken too long. */
  forgetRenewal() {
    this.#renewal?.erase();
    this.#renewal = null;
  }

  /**
   * The other one's handshake came in a session of its own, as after a reload of its page.
   * @param {JoinedPayload} session
   * @param {Payload} payload
   */
  renewed(session, payload) {
    this.#session = session;
    return this.key(payload);
  }

  // The transport and the clock

  /**
   * An offer, answer or candidate of this side, sealed for the other.
   * @param {Kind} kind
   * @param {Payload} body
   * @returns {Effect[]}
   */
  localSignal(kind, body) {
    const payload = this.#chosen().sealSignal(kind, body);
    return [{ do: "send", message: { type: `signal:${kind}`, target: this.peer, sessionId: this.sessionId, payload } }];
  }

  opened() {
    return this.#step("opened");
  }

  /** The transport gave up. */
  failed() {
    return this.#step("failed");
  }

  timeout() {
    return this.#step("timeout");
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
    this.state = "ended";
    this.reason = ENDINGS[row] ?? reason;
    this.#forget();
    const tells = TELLS_THE_OTHER.has(event) || (TELLS_IN_A_SESSION.has(event) && this.#session !== null);
    return tells ? [{ do: "send", message: this.#leave() }] : [];
  }

  /**
   * What the server says of a session. Of another one, as one that this side has left already, it changes nothing.
   * @param {string} event
   * @param {string} reason
   * @param {string | undefined} sessionId
   */
  #told(event, reason, sessionId) {
    return sessionId === undefined || sessionId === this.sessionId ? this.#step(event, reason) : [];
  }

  /**
   * By its id, so that an answer to it cannot be taken for one to a later call; by name while there is no id.
   * @returns {FromClient}
   */
  #leave() {
    const about = this.sessionId ? { sessionId: this.sessionId } : { target: this.peer };
    return { type: "session:leave", ...about };
  }

  /** @param {string} reason @returns {Effect} */
  #refusal(reason) {
    return { do: "send", message: { type: "session:decline", sessionId: this.sessionId, payload: { reason } } };
  }

  /** Whether this side calls under an invite. */
  get #invited() {
    return this.#suites.some(({ invited }) => invited);
  }

  /** The first key message of a caller: every suite's part of it. @param {Suite[]} suites @returns {Promise<Payload[]>} */
  async #openingOf(suites) {
    const parts = await Promise.all(suites.map((suite) => suite.opening()));
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
    if (!FAULTS_OF_INVITES.has(reason)) {
      return this.#step("refused", reason);
    }
    this.#step("refused", `their_${reason}`);
    return [this.#refusal(reason)];
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
    const offering = this.suite.offers(this.#dialled && initiator);
    const opened = this.#waiting.splice(0).flatMap(([kind, payload]) => this.signal(kind, payload));
    return [{ do: "start", offering, iceServers }, ...opened];
  }

  /**
   * A handshake during the conversation. A failing one, or one of somebody else, changes nothing.
   * @param {Payload} payload
   * @returns {Promise<Effect[]>}
   */
  async #beside(payload) {
    let renewal = this.#renewal;
    if (payload.step === 1 && (renewal === null || renewal.role === "called")) {
      renewal = this.#chosen().renewal();
    }
    if (renewal === null) {
      return [];
    }
    let steps;
    try {
      const rings = renewal.role === null;
      steps = await renewal.receiveKey(payload);
      if (rings && renewal.role === "called") {
        steps = await renewal.answer();
      }
    } catch (fault) {
      this.#renewal = null;
      if (fault instanceof KeyRefused) {
        return [];
      }
      throw fault;
    }
    if (this.#over) {
      renewal.erase();
      return [];
    }
    this.#renewal = renewal;
    return [...this.#keys(steps), ...this.#rekeyed(renewal)];
  }

  /** The keys of a new handshake stand: they take the place of the old ones, if the identity is the same. @param {Lowkey2} renewal @returns {Effect[]} */
  #rekeyed(renewal) {
    if (renewal.theirIdentity === null) {
      return [];
    }
    this.#renewal = null;
    const expected = this.suite?.theirIdentity ?? null;
    if (!renewal.agreed || expected === null || !equal(renewal.theirIdentity, expected)) {
      renewal.erase();
      return [{ do: "notice", reason: "stranger" }];
    }
    this.suite = renewal;
    return [{ do: "rekeyed", suite: renewal }];
  }

  /** Drop the keys of an attempt that is over. */
  #forget() {
    for (const suite of [...this.#suites, this.suite, this.#renewal]) {
      suite?.erase();
    }
  }

  /** Key messages, to go out under the session. @param {Payload[]} payloads @returns {Effect[]} */
  #keys(payloads) {
    return payloads.map((payload) => ({
      do: "send",
      message: { type: "key:exchange", target: this.peer, sessionId: this.sessionId, payload },
    }));
  }
}
