/**
 * How things stand with one other: what a link shows of its call and its conversation. Mirrors chat/peer/standing.py.
 */

import { ORDERLY, sentence } from "./errors.js";

/** @import {JoinedPayload} from "../signaling/messages.js" */
/** @import {Call} from "./call.js" */
/** @import {Conversation} from "./conversation.js" */
/** @import {Message} from "./messages.js" */
/** @import {Suite} from "./suite.js" */

/**
 * @typedef {"idle" | "calling" | "ringing" | "connecting" | "secured" | "reconnecting" | "blocked" | "failed" | "ended"} State
 */
/** @typedef {"unverified" | "verified" | "classic" | "changed"} Trust */

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

/** A call, and the conversation that it came to, if it did. */
export class Standing {
  /** @protected */
  call;
  /** @protected @type {Conversation | null} */
  conversation = null;
  /** @protected */
  expected;

  /**
   * @param {Call} call
   * @param {Message[]} expected to be shown before there is a conversation
   * @param {{known: boolean}} about whether a device has been met under this name
   */
  constructor(call, expected, { known }) {
    this.call = call;
    this.expected = expected;
    this.known = known;
  }

  /** The call has come to a conversation. @protected @param {Conversation} conversation */
  began(conversation) {
    this.conversation = conversation;
  }

  get peer() {
    return this.call.peer;
  }

  /** Whether there is neither a call nor a chat any more. */
  get over() {
    return this.call.state === "ended";
  }

  /** Why it is over; a key of `SENTENCES` in errors.js. */
  get reason() {
    return this.conversation?.reason ?? this.call.reason;
  }

  /** @returns {State} */
  get state() {
    if (this.over) {
      return ORDERLY.has(this.reason ?? "") ? "ended" : "failed";
    }
    return this.conversation ? CONVERSATION_STATES[this.conversation.state] : CALL_STATES[this.call.state];
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
    return this.call.state === "warned";
  }

  /** Whether the server has not answered yet. */
  get dialling() {
    return this.call.state === "dialling";
  }

  /** Whether the call is over, and only the question about a key stands. */
  get outlived() {
    return this.call.state === "asked";
  }

  /** Whether it is this side's person who called. */
  get dialled() {
    return this.call.dialled;
  }

  /** @returns {Suite | null} */
  get suite() {
    return this.call.suite;
  }

  /** @returns {Trust | null} */
  get trust() {
    const shown = this.conversation !== null || this.state === "blocked";
    return shown ? (this.suite?.trust ?? null) : null;
  }

  get verifying() {
    return this.over ? null : (this.conversation?.verifying ?? null);
  }

  get messages() {
    return this.conversation?.messages ?? this.expected;
  }

  /** How many of `messages` were exchanged before. */
  get earlier() {
    return this.conversation?.earlier ?? this.messages.length;
  }

  /**
   * Whether a session is another call of the same name, beside the chat that is open; not the one that this side asked for,
   * to renew the keys.
   * @param {JoinedPayload} session
   */
  beside(session) {
    const other = this.call.sessionId !== session.sessionId;
    return this.conversation !== null && other && !this.call.renewing;
  }

  /** Whether a chat is open that another handshake may go on with. */
  get renewable() {
    return this.conversation !== null && !this.over && this.conversation.suite.acknowledges;
  }
}
