/**
 * Everything between this device and one other: the call, then the conversation, and the transport under both.
 * Mirrors chat/peer/link.py.
 *
 * The link owns the clock and the I/O that the two state machines leave out: it does what a call returns, ends a state that
 * lasts too long, pulls frames while the channel has room, and closes the transport when it is all over.
 *
 * Each event is handled whole before the next of the server's: those that may wait for the handshake return a promise, and
 * the peer waits for it before it reads on.
 */

import { Call } from "./call.js";
import { Conversation } from "./conversation.js";
import { ORDERLY, PeerError, sentence } from "./errors.js";
import { Transport } from "./transport.js";

/** @import {FromClient, IceServer, JoinedPayload, Payload} from "../signaling/messages.js" */
/** @import {Effect, Kind} from "./call.js" */
/** @import {Classic} from "./classic.js" */
/** @import {Message} from "./messages.js" */

/** @typedef {"idle" | "calling" | "ringing" | "connecting" | "secured" | "reconnecting" | "failed" | "ended"} State */
/**
 * @typedef {object} Surroundings What a link is given by its peer.
 * @property {(message: FromClient) => boolean} send put a message on the server's socket
 * @property {() => void} changed
 * @property {(message: Message) => void} received
 * @property {() => number} now milliseconds since 1970
 * @property {() => string} newId a fresh message id
 * @property {(() => Classic)[]} suites
 */

/** @type {Readonly<Record<string, State>>} */
const CALL_STATES = Object.freeze({
  idle: "idle",
  dialling: "calling",
  calling: "calling",
  ringing: "ringing",
  keys: "connecting",
  connecting: "connecting",
  connected: "connecting",
});

/** @type {Readonly<Record<string, string>>} */
export const SENTENCES = Object.freeze({
  idle: "You are not in a chat.",
  calling: "Calling {peer}…",
  ringing: "Someone is calling as {peer}.",
  connecting: "Connecting to {peer}…",
  secured: "Connected to {peer}. Encrypted, not verified.",
  reconnecting: "The connection to {peer} is interrupted. Waiting for it to come back…",
});

/** The link to one peer. */
export class Link {
  #around;
  #call;
  /** @type {Conversation | null} */
  #conversation = null;
  /** @type {Transport | null} */
  #transport = null;
  /** @type {number | undefined} */
  #timer;

  /** @param {string} peer @param {Surroundings} around @param {Message[]} messages those already exchanged under that name */
  constructor(peer, around, messages) {
    this.messages = messages;
    this.#around = around;
    this.#call = new Call(peer, around.suites);
  }

  // What there is to know

  get peer() {
    return this.#call.peer;
  }

  /** Whether there is neither a call nor a chat any more. */
  get over() {
    return this.#call.state === "ended";
  }

  /** Why it is over; a key of `SENTENCES` in errors.js. */
  get reason() {
    return this.#conversation ? this.#conversation.reason : this.#call.reason;
  }

  /** @returns {State} */
  get state() {
    if (this.over) {
      return ORDERLY.has(this.reason ?? "") ? "ended" : "failed";
    }
    if (this.#conversation === null) {
      return CALL_STATES[this.#call.state];
    }
    return this.#conversation.state === "secured" ? "secured" : "reconnecting";
  }

  get sentence() {
    return this.reason === null
      ? SENTENCES[this.state].replaceAll("{peer}", () => this.peer)
      : sentence(this.reason, this.peer);
  }

  get trust() {
    return this.#conversation?.suite.trust ?? null;
  }

  /** Whether a session is another call of the same name, beside the chat that is open. @param {JoinedPayload} session */
  beside(session) {
    return this.#conversation !== null && this.#call.sessionId !== session.sessionId;
  }

  // The person

  dial() {
    this.#do(this.#call.dial());
  }

  async accept() {
    await this.#doLater(this.#call.accept());
  }

  decline() {
    this.#do(this.#call.decline());
  }

  /** Leave the chat, or hang up. */
  end() {
    this.#conversation?.end();
    this.#do(this.#call.cancel());
  }

  /** Leave because the page goes away: there is no time for a graceful close. */
  abandon() {
    this.#transport?.abort();
    this.#transport = null;
    this.end();
  }

  /** Queue a message. Throws PeerError. @param {string} body */
  send(body) {
    const message = this.#chat().send(body);
    this.#pump();
    return message;
  }

  /** Queue a failed message again. Throws PeerError. @param {string} id */
  retry(id) {
    this.#chat().retry(id);
    this.#pump();
  }

  // The server

  /** @param {JoinedPayload} session @param {Payload} payload */
  async ring(session, payload) {
    await this.#doLater(this.#call.ring(session, payload));
  }

  /** @param {JoinedPayload} session */
  joined(session) {
    this.#do(this.#call.joined(session));
  }

  /** @param {Payload} payload */
  async key(payload) {
    await this.#doLater(this.#call.key(payload));
  }

  /** @param {Kind} kind @param {Payload} payload */
  remoteSignal(kind, payload) {
    this.#do(this.#call.signal(kind, payload));
  }

  /** @param {string} reason @param {string} sessionId */
  declined(reason, sessionId) {
    this.#do(this.#call.declined(reason, sessionId));
  }

  /** @param {string} reason @param {string} sessionId */
  left(reason, sessionId) {
    this.#do(this.#call.left(reason, sessionId));
  }

  /** @param {string} code @param {string} [sessionId] */
  error(code, sessionId) {
    this.#do(this.#call.error(code, sessionId));
  }

  serverLost() {
    this.#do(this.#call.serverLost());
  }

  // The transport (its listener)

  /** @param {Kind} kind @param {Payload} body */
  signal(kind, body) {
    this.#do(this.#call.localSignal(kind, body));
  }

  opened() {
    const { suite } = this.#call;
    if (suite === null) {
      throw new TypeError("a channel opens under a suite");
    }
    const { now, newId } = this.#around;
    this.#conversation = new Conversation(this.peer, suite, { now, newId, messages: this.messages });
    this.#do(this.#call.opened());
  }

  /** @param {string} frame */
  received(frame) {
    const message = this.#conversation?.receive(frame);
    if (message) {
      this.#around.changed();
      this.#around.received(message);
    }
  }

  writable() {
    this.#pump();
  }

  interrupted() {
    this.#conversation?.interrupted();
    this.#around.changed();
  }

  recovered() {
    this.#conversation?.recovered();
    this.#pump();
  }

  failed() {
    this.#gone("failed");
  }

  closed() {
    this.#gone("closed");
  }

  // Inside

  /** The transport is no more: before the channel was open the call failed, after that the chat is over. @param {"failed" | "closed"} event */
  #gone(event) {
    if (this.over) {
      return;
    }
    if (this.#conversation === null) {
      this.#do(this.#call.failed());
    } else {
      this.#conversation[event]();
      this.#do(this.#call.cancel());
    }
  }

  #chat() {
    if (this.#conversation === null) {
      throw new PeerError("no_chat");
    }
    return this.#conversation;
  }

  /** Follow the call's state at once, and do what it returns when that is there. @param {Promise<Effect[]>} effects */
  async #doLater(effects) {
    this.#do([]);
    this.#do(await effects);
  }

  /** Follow the call's state, and do what it returned. @param {Effect[]} effects */
  #do(effects) {
    this.#follow();
    for (const effect of effects) {
      this.#carryOut(effect);
    }
    this.#around.changed();
  }

  /** @param {Effect} effect */
  #carryOut(effect) {
    if (effect.do === "send") {
      this.#around.send(effect.message);
    } else if (effect.do === "signal") {
      this.#transport?.receive(effect.kind, effect.body);
    } else {
      this.#start(effect);
    }
  }

  /** @param {{offering: boolean, iceServers: IceServer[]}} how */
  #start({ offering, iceServers }) {
    try {
      this.#transport = new Transport(iceServers, this);
    } catch {
      this.failed(); // the browser has no connection left to give
      return;
    }
    if (offering) {
      this.#transport.offer();
    }
  }

  /** @type {string} */
  #followed = "idle";

  /** Where the call is in another state it has another deadline, and with its end the transport goes. */
  #follow() {
    if (this.#call.state === this.#followed) {
      return;
    }
    this.#followed = this.#call.state;
    clearTimeout(this.#timer);
    if (this.#call.deadline !== undefined) {
      this.#timer = setTimeout(() => this.#do(this.#call.timeout()), this.#call.deadline * 1000);
    }
    if (this.over) {
      this.#transport?.close();
      this.#transport = null;
    }
  }

  /** Hand frames to the channel while it has room. */
  #pump() {
    while (this.#conversation !== null && this.#transport?.hasRoom) {
      const frame = this.#conversation.nextFrame();
      if (frame === null) {
        break;
      }
      if (this.#transport.send(frame.text)) {
        this.#conversation.taken(frame);
      } else {
        this.#conversation.refused(frame);
      }
    }
    this.#around.changed();
  }
}
