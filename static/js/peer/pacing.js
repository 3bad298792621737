/**
 * What a link needs a clock for: how long things may last, when to acknowledge and to send again, and how often new keys are
 * agreed on. Mirrors chat/peer/pacing.py.
 */

import { Timers } from "./timers.js";

/** @import {Conversation} from "./conversation.js" */
/** @import {After} from "./timers.js" */

/** @typedef {() => void} Action */

const ACK_SECONDS = 0.05;
/** What is not acknowledged for so long, with nothing on its way, is sent again; then after twice as long, and so on. */
const RESEND_SECONDS = 3;
const HELLO_SECONDS = 20;
/** How long the caller of a handshake beside the channel waits to be spoken to under the new keys. */
const HOLD_SECONDS = 1;
/** How long a path may not answer before it is taken for lost. */
const INTERRUPTED_SECONDS = 3;
/** How long a call that is being made outlives the socket to the server. */
const SERVER_SECONDS = 10;
/**
 * How long somebody who is offline is waited for, in a chat that was open before this side was started anew; names are kept
 * for their owners nearly as long.
 */
const COMEBACK_SECONDS = 150;
const HANDSHAKE_SECONDS = 60;
/** How often a new handshake may be begun. */
const RENEW_SECONDS = 10;
/** How many of the other side's are answered. */
const RENEWALS_A_MINUTE = 3;

/** The timers of one link. */
export class Pacing {
  #timers;
  #clock;
  #patience = RESEND_SECONDS;
  #acknowledged = 0;
  /** @type {number[]} */
  #answered = [];

  /** @param {After} after @param {() => number} clock counts seconds and never goes back */
  constructor(after, clock) {
    this.#timers = new Timers(after);
    this.#clock = clock;
  }

  /** The call is in another state, which may last so long. @param {number | undefined} deadline @param {Action} timeout */
  followCall(deadline, timeout) {
    this.#timers.cancel("call");
    if (deadline !== undefined) {
      this.#timers.start("call", deadline, timeout);
    }
  }

  /**
   * Call back when something is due, as things stand now.
   * @param {Conversation} conversation
   * @param {{acknowledge: Action, resend: Action, release: Action, silent: Action}} actions
   */
  followConversation(conversation, { acknowledge, resend, release, silent }) {
    if (conversation.owes) {
      this.#timers.start("ack", ACK_SECONDS, acknowledge);
    }
    if (conversation.outstanding) {
      this.#timers.start("resend", this.#patience, resend);
    }
    if (conversation.held) {
      this.#timers.start("hold", HOLD_SECONDS, release);
    }
    if (conversation.state === "greeting") {
      this.#timers.start("hello", HELLO_SECONDS, silent);
    } else {
      this.#timers.cancel("hello");
    }
  }

  /** The path does not answer. @param {Action} lost */
  interrupted(lost) {
    this.#timers.start("interrupted", INTERRUPTED_SECONDS, lost);
  }

  /** It does again, or there is another one. */
  recovered() {
    this.#timers.cancel("interrupted");
  }

  /** The socket to the server is gone. @param {Action} ended */
  serverLost(ended) {
    this.#timers.start("server", SERVER_SECONDS, ended);
  }

  serverBack() {
    this.#timers.cancel("server");
  }

  /** Somebody is called back into the chat that was open. @param {Action} inVain */
  comesBack(inVain) {
    this.#timers.start("comeback", COMEBACK_SECONDS, inVain);
  }

  cameBack() {
    this.#timers.cancel("comeback");
  }

  /** Whether anything was acknowledged since this was last asked; without, patience grows. @param {Conversation} conversation */
  progress(conversation) {
    const progress = conversation.acknowledged !== this.#acknowledged;
    this.#acknowledged = conversation.acknowledged;
    this.#patience = progress ? RESEND_SECONDS : this.#patience * 2;
    return progress;
  }

  /** Whether a handshake that the other side begins may be answered unasked. It has its time, and then `forget`. @param {Action} forget */
  mayAnswer(forget) {
    const now = this.#clock();
    this.#answered = this.#answered.filter((at) => now - at < 60);
    if (this.#answered.length >= RENEWALS_A_MINUTE) {
      return false;
    }
    this.#answered.push(now);
    this.#timers.start("handshake", HANDSHAKE_SECONDS, forget);
    return true;
  }

  /** Whether this side may begin one now. It has its time, and then `forget`. @param {Action} forget */
  mayBegin(forget) {
    if (this.#timers.runs("renew")) {
      return false;
    }
    this.#timers.start("renew", RENEW_SECONDS, () => {});
    this.#timers.start("handshake", HANDSHAKE_SECONDS, forget);
    return true;
  }

  /** The handshake has finished, and `hello` is awaited anew. */
  rekeyed() {
    this.#timers.cancel("hello", "hold", "handshake");
  }

  stop() {
    this.#timers.cancel();
  }
}
