/**
 * A call: from dialling a name, or ringing, to an open channel. Mirrors chat/peer/call.py.
 *
 * The two tables below are the call. `TABLE` says where an event leads; `ENDINGS` which events end the call in a state, and
 * for which reason (a key of `SENTENCES`; null where the event brings its own). An event with no row is a fault of whoever
 * caused it: `Unexpected`. docs/architecture.md draws both.
 *
 * A `Call` does no I/O and holds no clock. Each method is one event and returns what is to be done about it, in order:
 * `send` a signaling message, `start` a transport, hand the transport a `signal`. `deadline` is how long the state may
 * last; when that is over the owner calls `timeout()`. Only what a handshake may need WebCrypto for is asynchronous, and
 * a call that ended meanwhile says nothing more.
 *
 * Nothing that tells about this network leaves before the person accepts: the called side starts its transport when it has
 * accepted, the calling side when the other's key shows that it has.
 *
 * The first `key:exchange` read chooses the suite (classic.js), and nothing after that asks which it is.
 */

import { KeyRefused, Unexpected } from "./errors.js";

/** @import {FromClient, IceServer, JoinedPayload, Payload} from "../signaling/messages.js" */
/** @import {Classic} from "./classic.js" */

/** @typedef {"idle" | "dialling" | "calling" | "ringing" | "keys" | "connecting" | "connected" | "ended"} State */
/** @typedef {"offer" | "answer" | "ice"} Kind */
/**
 * @typedef {{do: "send", message: FromClient}
 *   | {do: "start", offering: boolean, iceServers: IceServer[]}
 *   | {do: "signal", kind: Kind, body: Payload}} Effect
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
  "keys agreed": "connecting",
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
  connecting: 30,
});

const TELLS_THE_OTHER = new Set(["cancel", "timeout", "refused", "failed"]);
const TELLS_IN_A_SESSION = new Set(["error"]);
const REASONS_TO_DECLINE = new Set(["declined", "busy"]);

/** One attempt with one peer, whose name is `peer`; over when `state` is `ended`, for `reason`. */
export class Call {
  /** @type {State} */
  state = "idle";
  /** @type {string | null} */
  reason = null;
  /** @type {Classic | null} */
  suite = null;
  #suites;
  /** @type {JoinedPayload | null} */
  #session = null;
  #dialled = false;

  /** @param {string} peer @param {(() => Classic)[]} suites */
  constructor(peer, suites) {
    this.peer = peer;
    this.#suites = suites.map((make) => make());
  }

  /** Seconds that the present state may last; undefined for ever. */
  get deadline() {
    return DEADLINES[this.state];
  }

  get sessionId() {
    return this.#session?.sessionId;
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
    const answer = await this.#chosen().answer();
    return this.#over ? [] : [...this.#keys(answer), ...this.#agreed()];
  }

  /** Refuse; `reason` is a word of the protocol. @param {"declined" | "busy"} [reason] @returns {Effect[]} */
  decline(reason = "declined") {
    this.#step("decline");
    return [{ do: "send", message: { type: "session:decline", sessionId: this.sessionId, payload: { reason } } }];
  }

  /** The caller hangs up, or either of them leaves before or after the channel is open. */
  cancel() {
    return this.#step("cancel");
  }

  // The server

  /**
   * The session stands. Said again, it tells a caller that the other may not have its key.
   * @param {JoinedPayload} session
   * @returns {Effect[]}
   */
  joined(session) {
    this.#step("joined");
    if (this.state !== "calling") {
      return [];
    }
    this.#session = session;
    this.peer = session.peer;
    return this.#keys([Object.assign({}, ...this.#suites.map((suite) => suite.opening()))]);
  }

  /** @param {string} reason @param {string} [sessionId] */
  declined(reason, sessionId) {
    return this.#told("declined", REASONS_TO_DECLINE.has(reason) ? reason : "declined", sessionId);
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
    if (was !== "calling" && was !== "keys") {
      return [];
    }
    return [...(await this.#receiveKey(payload)), ...this.#agreed()];
  }

  /**
   * An offer, answer or candidate; one that cannot be opened is dropped, and so is a new description of an open channel.
   * @param {Kind} kind
   * @param {Payload} payload
   * @returns {Effect[]}
   */
  signal(kind, payload) {
    this.#step("signal");
    if (this.state === "connected" && kind !== "ice") {
      return [];
    }
    const body = this.#chosen().openSignal(kind, payload);
    return body === null ? [] : [{ do: "signal", kind, body }];
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
      return [];
    }
    if (!Object.hasOwn(ENDINGS, row)) {
      throw new Unexpected(event, this.state);
    }
    this.state = "ended";
    this.reason = ENDINGS[row] ?? reason;
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

  /** @param {Payload} payload @returns {Promise<Effect[]>} */
  async #receiveKey(payload) {
    try {
      this.suite ??= this.#choose(payload);
      const replies = await this.suite.receiveKey(payload);
      return this.#over ? [] : this.#keys(replies);
    } catch (refusal) {
      if (!(refusal instanceof KeyRefused)) {
        throw refusal;
      }
      return this.#over ? [] : this.#step("refused", refusal.reason);
    }
  }

  /** @param {Payload} payload */
  #choose(payload) {
    const suite = this.#suites.find((one) => one.recognises(payload));
    if (suite === undefined) {
      throw new KeyRefused("version");
    }
    return suite;
  }

  /**
   * Once the keys stand, connect. When both called at once, the server's first initiator makes the offer.
   * @returns {Effect[]}
   */
  #agreed() {
    if (this.state !== "keys" || this.#session === null || !this.suite?.agreed) {
      return [];
    }
    this.#step("agreed");
    const { initiator, iceServers } = this.#session;
    return [{ do: "start", offering: this.#dialled && initiator, iceServers }];
  }

  /** Key messages, to go out under the session. @param {Payload[]} payloads @returns {Effect[]} */
  #keys(payloads) {
    return payloads.map((payload) => ({
      do: "send",
      message: { type: "key:exchange", target: this.peer, sessionId: this.sessionId, payload },
    }));
  }
}
