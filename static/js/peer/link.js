/**
 * Everything between this device and one other: the call, then the conversation, and the transport under both.
 * Mirrors chat/peer/link.py.
 *
 * The link owns the clock and the I/O that the state machines leave out: it does what a call returns, ends a state that lasts
 * too long, pulls frames while the channel has room, acknowledges and sends again in time, and closes the transport when it
 * is all over.
 *
 * What may wait for the handshake returns a promise, and the peer waits for it before it gives the next of such events.
 */

import { Call } from "./call.js";
import { Conversation } from "./conversation.js";
import { ORDERLY, PeerError, sentence } from "./errors.js";
import { Timers } from "./timers.js";
import { Transport } from "./transport.js";

/** @import {FromClient, IceServer, JoinedPayload, Payload} from "../signaling/messages.js" */
/** @import {Effect, Suites} from "./call.js" */
/** @import {Message} from "./messages.js" */
/** @import {Kind} from "./sealing.js" */
/** @import {Suite} from "./suite.js" */
/** @import {After} from "./timers.js" */

/**
 * @typedef {"idle" | "calling" | "ringing" | "connecting" | "secured" | "reconnecting" | "blocked" | "failed" | "ended"} State
 */
/** @typedef {"unverified" | "verified" | "classic" | "changed"} Trust */
/**
 * @typedef {object} Surroundings What a link is given by its peer.
 * @property {(message: FromClient) => boolean} send put a message on the server's socket
 * @property {() => void} changed
 * @property {(message: Message) => void} received
 * @property {(sentence: string) => void} notice a sentence for the person
 * @property {(name: string, identity: Uint8Array | null) => Message[]} history the messages exchanged under a name with a
 *   device, by its identity key, or null for one that proved nothing
 * @property {() => number} now milliseconds since 1970
 * @property {() => number} clock seconds, never going back
 * @property {() => string} newId a fresh message id
 * @property {After} after
 * @property {Suites} suites
 */

/** @type {Readonly<Record<string, State>>} */
const CALL_STATES = Object.freeze({
  idle: "idle",
  dialling: "calling",
  calling: "calling",
  ringing: "ringing",
  keys: "connecting",
  warned: "connecting",
  blocked: "blocked",
  asked: "blocked",
  connecting: "connecting",
  connected: "connecting",
});

/** @type {Readonly<Record<string, State>>} */
const CONVERSATION_STATES = Object.freeze({
  greeting: "connecting",
  secured: "secured",
  reconnecting: "reconnecting",
});

/** @type {Readonly<Record<string, string>>} */
export const SENTENCES = Object.freeze({
  idle: "You are not in a chat.",
  calling: "Calling {peer}…",
  ringing: "Someone is calling as {peer}.",
  connecting: "Connecting to {peer}…",
  warned: "{peer} uses an app that cannot prove who they are. Nothing has been sent yet.",
  blocked: "{peer} is on another device than before. Nothing is sent until you decide.",
  unverified: "Connected to {peer}. Encrypted, not verified yet.",
  verified: "Connected to {peer}. Encrypted and verified.",
  classic: "Connected to {peer}. Encrypted, but the server could read it.",
  reconnecting: "The connection to {peer} is interrupted. Waiting for it to come back…",
});

const ACK_SECONDS = 0.05;
/** What is not acknowledged for so long, with nothing on its way, is sent again; then after twice as long, and so on. */
const RESEND_SECONDS = 3;
const HELLO_SECONDS = 20;
const HANDSHAKE_SECONDS = 60;
/** How often a new handshake may be begun. */
const RENEW_SECONDS = 10;
const RENEWALS_A_MINUTE = 3;

/** The link to one peer. */
export class Link {
  #around;
  #call;
  /** @type {Conversation | null} */
  #conversation = null;
  /** @type {Transport | null} */
  #transport = null;
  #timers;
  #expected;
  #patience = RESEND_SECONDS;
  #acknowledged = 0;
  /** @type {number[]} */
  #answered = [];
  #followed = "idle";

  /** @param {string} peer @param {Surroundings} around @param {Uint8Array | null} [identity] of the device that is expected */
  constructor(peer, around, identity = null) {
    this.#around = around;
    this.#call = new Call(peer, around.suites);
    this.#timers = new Timers(around.after);
    this.#expected = around.history(peer, identity);
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
    return this.#conversation?.reason ?? this.#call.reason;
  }

  /** @returns {State} */
  get state() {
    if (this.over) {
      return ORDERLY.has(this.reason ?? "") ? "ended" : "failed";
    }
    return this.#conversation ? CONVERSATION_STATES[this.#conversation.state] : CALL_STATES[this.#call.state];
  }

  get sentence() {
    if (this.reason !== null) {
      return sentence(this.reason, this.peer);
    }
    const key = this.warned ? "warned" : this.state === "secured" ? this.trust : this.state;
    return SENTENCES[key ?? "unverified"].replaceAll("{peer}", () => this.peer);
  }

  /** Whether the person is asked about a classic peer. */
  get warned() {
    return this.#call.state === "warned";
  }

  /** Whether the server has not answered yet. */
  get dialling() {
    return this.#call.state === "dialling";
  }

  /** @returns {Suite | null} */
  get suite() {
    return this.#call.suite;
  }

  /** @returns {Trust | null} */
  get trust() {
    const shown = this.#conversation !== null || this.state === "blocked";
    return shown ? (this.suite?.trust ?? null) : null;
  }

  get verifying() {
    return this.over ? null : (this.#conversation?.verifying ?? null);
  }

  get messages() {
    return this.#conversation?.messages ?? this.#expected;
  }

  /** How many of `messages` were exchanged before. */
  get earlier() {
    return this.#conversation?.earlier ?? this.messages.length;
  }

  /**
   * Whether a session is another call of the same name, beside the chat that is open; not the one that this side asked for,
   * to renew the keys.
   * @param {JoinedPayload} session
   */
  beside(session) {
    const other = this.#call.sessionId !== session.sessionId;
    return this.#conversation !== null && other && !this.#call.renewing;
  }

  /** Whether a chat is open that another handshake may go on with. */
  get renewable() {
    return this.#conversation !== null && !this.over && this.#conversation.suite.acknowledges;
  }

  // The person

  dial() {
    this.#do(this.#call.dial());
  }

  accept() {
    return this.#doLater(this.#call.accept());
  }

  decline() {
    this.#do(this.#call.decline());
  }

  /** Leave the chat, or hang up. */
  end() {
    if (this.#conversation !== null) {
      this.#conversation.leave();
      this.#pump();
      this.#conversation.end();
    }
    this.#do(this.#call.cancel());
  }

  /** Be gone, without a word that it is for good, and at once: the page goes away. */
  abandon() {
    this.#transport?.abort();
    this.#transport = null;
    this.#conversation?.failed();
    this.#do(this.#call.cancel());
  }

  /** Another call takes the place of the one that rings. */
  forget() {
    this.#timers.cancel();
  }

  acceptClassic() {
    return this.#doLater(this.#call.acceptClassic());
  }

  refuseClassic() {
    this.#do(this.#call.refuseClassic());
  }

  acceptKey() {
    return this.#doLater(this.#call.acceptKey());
  }

  refuseKey() {
    this.#do(this.#call.refuseKey());
  }

  /** Compare emoji with the other one. Throws PeerError. */
  verify() {
    this.#open().verify();
    this.#pump();
  }

  /** What the person saw when comparing. Throws PeerError. @param {boolean} matches */
  confirm(matches) {
    this.#open().confirm(matches);
    this.#pump();
  }

  /** Queue a message. Throws PeerError. @param {string} body */
  send(body) {
    const message = this.#open().send(body);
    this.#pump();
    return message;
  }

  /** Queue a failed message again. Throws PeerError. @param {string} id */
  retry(id) {
    this.#open().retry(id);
    this.#pump();
  }

  // The server

  /** Rings when the key has been read. @param {JoinedPayload} session @param {Payload} payload */
  async ring(session, payload) {
    this.#do(await this.#call.ring(session, payload));
  }

  /** @param {JoinedPayload} session */
  joined(session) {
    return this.#doLater(this.#call.joined(session));
  }

  /** @param {Payload} payload */
  async key(payload) {
    if (this.#mayTake(payload)) {
      await this.#doLater(this.#call.key(payload));
    }
  }

  /** The other one calls anew while the chat is open, as after a reload of its page. @param {JoinedPayload} session @param {Payload} payload */
  async renewed(session, payload) {
    if (this.#mayTake(payload)) {
      await this.#doLater(this.#call.renewed(session, payload));
    }
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
    if (this.#conversation !== null) {
      this.#conversation.reopened();
    } else {
      this.#conversation = this.#begin();
      this.#do(this.#call.opened());
    }
    this.#pump();
  }

  /** @param {string} frame */
  received(frame) {
    if (this.#conversation === null || this.over) {
      return;
    }
    const message = this.#conversation.receive(frame);
    if (this.#conversation.state === "ended") {
      this.#do(this.#call.cancel());
    } else if (this.#conversation.lostKeys) {
      this.#renew();
    }
    this.#pump();
    if (message !== null) {
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
    if (this.#conversation !== null) {
      this.#conversation.recovered();
      this.#pump();
    }
  }

  failed() {
    this.#gone("failed");
  }

  closed() {
    this.#gone("closed");
  }

  // Inside

  #begin() {
    const { suite } = this;
    if (suite === null) {
      throw new TypeError("a channel opens under a suite");
    }
    const { now, newId, history, notice } = this.#around;
    for (const name of suite.knownAs) {
      notice(`${this.peer} is on a device that you know as ${name}.`);
    }
    return new Conversation(this.peer, suite, { now, newId, messages: history(this.peer, suite.theirIdentity) });
  }

  #open() {
    if (this.#conversation === null) {
      throw new PeerError("no_chat");
    }
    return this.#conversation;
  }

  /** Whether a `key:exchange` is looked at: a chat that is open answers so many handshakes a minute, unasked. @param {Payload} payload */
  #mayTake(payload) {
    if (this.#conversation === null || payload.step !== 1) {
      return true;
    }
    const now = this.#around.clock();
    this.#answered = this.#answered.filter((at) => now - at < 60);
    if (this.#answered.length >= RENEWALS_A_MINUTE) {
      return false;
    }
    this.#answered.push(now);
    this.#timers.start("handshake", HANDSHAKE_SECONDS, () => this.#call.forgetRenewal());
    return true;
  }

  /** The two have lost each other's keys: agree on new ones, though not all the time. */
  #renew() {
    if (!this.#timers.runs("renew")) {
      this.#timers.start("renew", RENEW_SECONDS, () => {});
      this.#timers.start("handshake", HANDSHAKE_SECONDS, () => this.#call.forgetRenewal());
      this.#do(this.#call.renew());
    }
  }

  /** The transport is no more: before the channel was open the call failed, after that the chat is over. @param {"failed" | "closed" | "silent"} event */
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
    switch (effect.do) {
      case "send":
        this.#around.send(effect.message);
        break;
      case "start":
        this.#start(effect);
        break;
      case "signal":
        this.#signalled(effect.kind, effect.body);
        break;
      case "rekeyed":
        this.#rekeyed(effect.suite);
        break;
      case "notice":
        this.#around.notice(sentence(effect.reason, this.peer));
        break;
    }
  }

  /** @param {{offering: boolean, iceServers: IceServer[]}} how */
  #start({ offering, iceServers }) {
    this.#replaceTransport(iceServers);
    if (offering) {
      this.#transport?.offer();
    }
  }

  /** @param {Kind} kind @param {Payload} body */
  #signalled(kind, body) {
    if (kind === "offer" && this.#conversation !== null) {
      this.#replaceTransport(this.#call.iceServers);
    }
    this.#transport?.receive(kind, body);
  }

  /** @param {Suite} suite */
  #rekeyed(suite) {
    if (this.#conversation !== null) {
      this.#conversation.rekeyed(suite);
      this.#timers.cancel("hello", "handshake");
      this.#pump();
    }
  }

  /** The other side makes another connection: the one that stood is given up. @param {IceServer[]} iceServers */
  #replaceTransport(iceServers) {
    this.#closeTransport();
    this.#conversation?.interrupted();
    try {
      this.#transport = new Transport(iceServers, this);
    } catch {
      this.failed(); // the browser has no connection left to give
    }
  }

  #closeTransport() {
    this.#transport?.close();
    this.#transport = null;
  }

  /** Where the call is in another state it has another deadline, and with its end the transport goes. */
  #follow() {
    if (this.#call.state === this.#followed) {
      return;
    }
    this.#followed = this.#call.state;
    this.#timers.cancel("call");
    if (this.#call.deadline !== undefined) {
      this.#timers.start("call", this.#call.deadline, () => this.#do(this.#call.timeout()));
    }
    if (this.over) {
      this.#timers.cancel();
      this.#closeTransport();
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
        continue;
      }
      this.#conversation.refused(frame);
      if (this.#conversation.suite.acknowledges) {
        break;
      }
    }
    this.#keepTime();
    this.#around.changed();
  }

  /** What the conversation needs a clock for. */
  #keepTime() {
    const conversation = this.#conversation;
    if (conversation === null || this.over) {
      return;
    }
    if (conversation.owes) {
      this.#timers.start("ack", ACK_SECONDS, () => this.#acknowledge());
    }
    if (conversation.outstanding) {
      this.#timers.start("resend", this.#patience, () => this.#resend());
    }
    if (conversation.state === "greeting") {
      this.#timers.start("hello", HELLO_SECONDS, () => this.#silent());
    } else {
      this.#timers.cancel("hello");
    }
  }

  #acknowledge() {
    this.#conversation?.acknowledge();
    this.#pump();
  }

  /** Send again what was not acknowledged in all this time, unless it has not even left. */
  #resend() {
    if (this.#conversation === null) {
      return;
    }
    const progress = this.#conversation.acknowledged !== this.#acknowledged;
    this.#acknowledged = this.#conversation.acknowledged;
    this.#patience = progress ? RESEND_SECONDS : this.#patience * 2;
    if (!progress && this.#transport?.idle) {
      this.#conversation.resend();
    }
    this.#pump();
  }

  /** Nothing came over a channel that stands; one that is interrupted has its own time. */
  #silent() {
    if (this.#conversation?.state === "greeting") {
      this.#gone("silent");
    }
  }
}
