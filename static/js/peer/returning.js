/**
 * A chat that was open before this side was started anew: the other one is called back into it. Mirrors chat/peer/returning.py.
 *
 * Nobody here is asked, and the other side answers without asking. restoring.js says when a call back is made; each is a call of
 * its own that takes the place of the one before, until one comes to a channel, or the person is known not to come back.
 */

import { Call } from "./call.js";
import { Calling } from "./calling.js";
import { Early } from "./early.js";
import { sentence } from "./errors.js";
import { Restoring } from "./restoring.js";

/** @import {JoinedPayload, Payload} from "../signaling/messages.js" */
/** @import {Effect} from "./effects.js" */
/** @import {Message, Ref} from "./messages.js" */
/** @import {Surroundings} from "./surroundings.js" */

/** Codes of the server that say that the other one is not there. */
export const OFFLINE = new Set(["USER_OFFLINE", "RELAY_FAILED"]);
/** Why a call ends by which somebody is called back into a chat, where they do not want to, or know of it. */
const IN_VAIN = new Set(["declined", "no_answer", "hung_up", "undecided"]);
/** Why such a call ends that is not made again. */
const NO_MORE = new Set([...IN_VAIN, "bad_handshake", "bad_key", "wrong_peer", "classic_refused", "version"]);
/** How many calls back may go unanswered before the last one. */
const UNANSWERED = 2;
/**
 * How long after such a call the next one is made, in seconds. It is not hung up meanwhile; and a minute, after which the other
 * side answers handshakes again, is over before the last.
 */
const UNANSWERED_SECONDS = 22;

/** A call, or calls back into the chat that was open. */
export class Returning extends Calling {
  /** @protected */
  early;
  /** @protected */
  restoring;
  /** How many calls back have gone unanswered. */
  #unanswered = 0;

  /** @param {string} peer @param {Surroundings} around @param {Uint8Array | null} [identity] of the device that is expected */
  constructor(peer, around, identity = null) {
    super(peer, around, identity);
    this.early = new Early(this.expected, around);
    const way = { ask: () => this.#ask(), offer: () => this.offer(), rehandshake: () => this.rehandshake() };
    this.restoring = new Restoring(way, around);
  }

  // The person

  /** The chat was open before this side was started anew: call the other one, who is expected to go on with it. */
  comeBack() {
    this.returning = true;
    this.restoring.begin();
    this.settle();
  }

  /** Leave the chat, or hang up. */
  end() {
    if (this.returning) {
      this.#giveUp("you_left");
    }
    super.end();
  }

  abandon() {
    this.returning = false;
    super.abandon();
  }

  /** Be gone without a word, and perhaps back later: who is on the way back stays so, and what is no such chat is over. */
  suspend() {
    if (!this.returning) {
      super.suspend();
    }
  }

  /** Queue a message for when the chat goes on. Throws PeerError. @param {string} body @param {Ref | null} [re] @returns {Message} */
  send(body, re = null) {
    const queued = this.early.send(body, re);
    this.settle();
    return queued;
  }

  /** The network may be another one, or back: look for a path where there is none. */
  wake() {
    this.restoring.hurry();
  }

  // The server

  /** @param {JoinedPayload} session */
  joined(session) {
    if (this.returning) {
      this.away = false;
      if (this.call.state === "ended") {
        this.#renewCall();
        this.call.dial();
      }
      this.restoring.joined({ caller: true });
    }
    return super.joined(session);
  }

  /** @param {Payload} payload */
  async key(payload) {
    const anew = this.returning ? this.call.begunAnew(payload) : null;
    if (anew) {
      await this.#answerAnew(anew, payload);
      return;
    }
    const before = this.call.state;
    await super.key(payload);
    if (this.returning && this.call.state !== before) {
      this.#heardOf();
    }
  }

  serverLost() {
    if (this.returning) {
      this.restoring.failed();
    } else {
      super.serverLost();
    }
  }

  serverBack() {
    this.restoring.hurry();
    super.serverBack();
  }

  // What an attempt takes (see Restoring)

  /** Ask for the session of the two, and in it for another path. */
  #ask() {
    if (this.returning) {
      this.#renewCall();
      this.call.dial();
    }
    return this.connect();
  }

  /** A call back makes its path itself, when it is agreed on. @protected */
  offer() {}

  /** Who is called back does not answer. @protected */
  rehandshake() {
    if (this.#unanswered < UNANSWERED) {
      this.#unanswered += 1;
      this.restoring.later(UNANSWERED_SECONDS);
    } else {
      this.#giveUp("not_back");
    }
  }

  // Inside

  /** Call once more; of the call before nobody hears anything. */
  #renewCall() {
    this.line.close();
    this.call.drop();
    this.calls(new Call(this.peer, this.around.suites));
  }

  /**
   * Who was being called back has been started anew too, and calls: that is answered at once, though not all the time.
   * @param {JoinedPayload} session
   * @param {Payload} payload
   */
  async #answerAnew(session, payload) {
    if (!this.pacing.mayAnswer(() => this.call.forgetRenewal())) {
      return;
    }
    this.#renewCall();
    await this.doLater(this.call.ring(session, payload));
    if (this.call.state === "ringing") {
      await this.doLater(this.call.accept());
      this.#heardOf();
    }
  }

  /** Who is called back answers: that has its time, and no other attempt is made meanwhile. */
  #heardOf() {
    if (this.call.state === "keys" || this.call.state === "connecting") {
      this.restoring.offered();
    }
  }

  /** Nothing is to be done of a call back that is made again; one about which the person is asked is a call like others. @protected @param {Effect[]} effects */
  considered(effects) {
    const left = super.considered(effects);
    if (this.returning && this.call.state === "blocked") {
      this.returning = false;
      this.restoring.stop();
      this.early.fail();
    }
    const again = this.returning && this.call.state === "ended" && this.#cameToNothing();
    return again ? [] : left;
  }

  /** A call back has ended; whether it is made again. */
  #cameToNothing() {
    const reason = this.call.reason ?? "lost";
    if (NO_MORE.has(reason)) {
      this.#giveUp(IN_VAIN.has(reason) ? "not_back" : null);
      return false;
    }
    this.line.close();
    this.away = OFFLINE.has(reason) || reason === "gone";
    if (this.away) {
      this.pacing.comesBack(() => this.#giveUp("not_back"));
    }
    this.restoring.failed();
    return true;
  }

  /** The chat does not go on. @param {string | null} reason */
  #giveUp(reason) {
    this.returning = false;
    this.gaveUp = reason;
    this.stop();
    this.hangUp();
    if (reason === "not_back") {
      this.around.notice(sentence(reason, this.peer));
    }
    this.around.changed();
  }

  /** @protected */
  stop() {
    super.stop();
    this.restoring.stop();
    this.early.fail();
  }
}
