/**
 * How things stand with one other: what a link shows of its call and its conversation. Mirrors chat/peer/standing.py.
 */

import { ORDERLY, sentence } from "./errors.js";

/** @import {JoinedPayload} from "../signaling/messages.js" */
/** @import {Call} from "./call.js" */
/** @import {Conversation} from "./conversation.js" */
/** @import {History} from "./history.js" */
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
  reconnecting: "Reconnecting to {peer}…",
  away: "{peer} is offline. Messages wait until they are back.",
  coming_back: "Coming back to the chat with {peer}…",
  nobody_back: "{peer} is offline. The chat goes on when they are back.",
});

/** A call, and the conversation that it came to, if it did. */
export class Standing {
  /** @protected */
  call;
  /** @protected @type {Conversation | null} */
  conversation = null;
  /** @protected */
  expected;
  /** @protected */
  identity;
  /** @protected */
  beganAt;
  /** Whether the chat was open before this side was started anew, and is to go on. */
  returning = false;
  /** Why a chat that was to go on does not. @protected @type {string | null} */
  gaveUp = null;
  /** When it began to reconnect, in milliseconds since 1970. @type {number | null} */
  since = null;
  /** Whether the other one is not online, as far as the server has said. */
  away = false;

  /**
   * @param {Call} call
   * @param {History} expected to be shown before there is a conversation
   * @param {{beganAt: number, identity: Uint8Array | null}} about `identity` is that of the device that has been met under
   *   this name, if one has
   */
  constructor(call, expected, { beganAt, identity }) {
    this.call = call;
    this.expected = expected;
    this.identity = identity;
    this.beganAt = beganAt;
  }

  /** Whether a device has been met under this name. */
  get known() {
    return this.identity !== null;
  }

  /** Another call takes the place of this one. @protected @param {Call} call */
  calls(call) {
    this.call = call;
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
    return this.call.state === "ended" && !this.returning;
  }

  /** Why it is over; a key of `SENTENCES` in errors.js. */
  get reason() {
    return this.returning ? null : (this.gaveUp ?? this.conversation?.reason ?? this.call.reason);
  }

  /** @returns {State} */
  get state() {
    if (this.over) {
      return ORDERLY.has(this.reason ?? "") ? "ended" : "failed";
    }
    if (this.returning) {
      return "reconnecting";
    }
    if (this.conversation === null) {
      return CALL_STATES[this.call.state];
    }
    const state = CONVERSATION_STATES[this.conversation.state];
    return state === "connecting" && this.since !== null ? "reconnecting" : state;
  }

  get sentence() {
    if (this.reason !== null) {
      return sentence(this.reason, this.peer);
    }
    return SENTENCES[this.#topic].replaceAll("{peer}", () => this.peer);
  }

  /** What there is to say, a key of `SENTENCES`. */
  get #topic() {
    if (this.warned) {
      return "warned";
    }
    if (this.returning) {
      return this.away ? "nobody_back" : "coming_back";
    }
    if (this.state === "reconnecting" && this.away) {
      return "away";
    }
    return this.state === "secured" ? (this.trust ?? "unverified") : this.state;
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

  /** Whether it is a call that is being made, or rings. */
  get isCall() {
    return this.conversation === null && !this.over && !this.outlived && !this.returning;
  }

  /** @returns {Suite | null} */
  get suite() {
    return this.call.suite;
  }

  /** The identity key that the other one has shown. */
  get theirIdentity() {
    return this.suite?.theirIdentity ?? null;
  }

  /** @returns {Trust | null} */
  get trust() {
    const shown = this.conversation !== null || this.state === "blocked";
    return shown ? (this.suite?.trust ?? null) : null;
  }

  get verifying() {
    return this.over ? null : (this.conversation?.verifying ?? null);
  }

  get history() {
    return this.conversation?.history ?? this.expected;
  }

  get messages() {
    return this.history.messages;
  }

  // For the list

  /** When anything last happened, in milliseconds since 1970. */
  get activity() {
    return Math.max(this.beganAt, this.last?.at ?? 0);
  }

  /** Whether it is still something when nobody looks at it: a call, a chat, or one that left messages. */
  get isWorthListing() {
    return !this.over || this.messages.length > 0;
  }

  get last() {
    return this.history.last;
  }

  get unread() {
    return this.history.unread;
  }

  get timer() {
    return this.history.timer.seconds;
  }

  get typing() {
    return !this.over && (this.conversation?.typing ?? false);
  }

  /** What the other one's app knows of. */
  get features() {
    return this.conversation?.features ?? [];
  }

  // For the switchboard

  /**
   * Whether a session is another call of the same name, beside the chat that is open; not the one that this side asked for,
   * to renew the keys.
   * @param {JoinedPayload} session
   */
  beside(session) {
    const other = this.call.sessionId !== session.sessionId;
    const waits = this.renewable && this.state === "reconnecting";
    return this.conversation !== null && other && !this.call.renewing && !waits;
  }

  /** The identity key of the other one, where a chat is open that could go on with it. */
  get restorable() {
    if (this.returning) {
      return this.identity;
    }
    return this.renewable ? this.theirIdentity : null;
  }

  /** Whether a chat is open that another handshake may go on with. */
  get renewable() {
    return this.conversation !== null && !this.over && this.conversation.suite.acknowledges;
  }
}
