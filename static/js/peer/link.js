/**
 * Everything between this device and one other: the call, then the conversation, and the transport under both.
 * Mirrors chat/peer/link.py.
 *
 * The link does the I/O that the state machines leave out. It stands in layers, each of which takes the events of the person, the
 * server and the transport, and leaves to the one below what is not its own: here is what the two say and under which keys, in
 * lasting.js the path of an open chat, in returning.js a chat that is to be open again, in calling.js the call, in standing.js what
 * there is to show. Frames are flow.js's, the transport line.js's, and what is due when, pacing.js says.
 */

import { Conversation } from "./conversation.js";
import { PeerError } from "./errors.js";
import { Flow } from "./flow.js";
import { Lasting } from "./lasting.js";
import { stepOf } from "./lowkey2.js";
import { Talking } from "./talking.js";

/** @import {JoinedPayload, Payload} from "../signaling/messages.js" */
/** @import {Effect} from "./effects.js" */
/** @import {Message, Ref} from "./messages.js" */
/** @import {Suite} from "./suite.js" */

/** The link to one peer. */
export class Link extends Lasting {
  /** What is said in the conversation. @type {Talking | null} */
  talking = null;

  // The person

  /** Leave the chat, or hang up. */
  end() {
    if (this.conversation !== null) {
      this.conversation.leave();
      this.pump();
      this.conversation.end();
    }
    super.end();
  }

  /** Be gone, without a word that it is for good, and at once. */
  abandon() {
    this.conversation?.failed();
    super.abandon();
  }

  /** Compare emoji with the other one. Throws PeerError. */
  verify() {
    this.#open().verify();
    this.pump();
  }

  /** What the person saw when comparing. Throws PeerError. @param {boolean} matches */
  confirm(matches) {
    this.#open().confirm(matches);
    this.pump();
  }

  /** What is said in the open conversation. Throws PeerError. */
  get talk() {
    if (this.talking === null) {
      throw new PeerError("no_chat", this.peer);
    }
    return this.talking;
  }

  /** Queue a message, which may reply to another. Throws PeerError. @param {string} body @param {Ref | null} [re] @returns {Message} */
  send(body, re = null) {
    return this.returning ? super.send(body, re) : this.talk.send(body, re);
  }

  // The server

  /** @param {Payload} payload */
  async key(payload) {
    if (this.#mayTake(payload)) {
      await super.key(payload);
    }
  }

  /** The other one calls anew while the chat is open, as after a reload of its page. @param {JoinedPayload} session @param {Payload} payload */
  async renewed(session, payload) {
    if (this.#mayTake(payload)) {
      await this.doLater(this.call.renewed(session, payload));
    }
  }

  // The transport (its listener)

  opened() {
    this.line.opened();
    this.found();
    if (this.conversation !== null) {
      this.conversation.reopened();
    } else {
      this.returning = false;
      this.#begin();
      this.do(this.call.opened());
    }
    this.pump();
  }

  /** @param {string} frame */
  received(frame) {
    if (this.conversation === null || this.talking === null || this.over) {
      return;
    }
    this.heard();
    const received = this.talking.receive(frame);
    if (this.conversation.state === "ended") {
      this.do(this.call.cancel());
    } else if (this.conversation.lostKeys) {
      this.#renew();
    }
    this.pump();
    if (received !== null) {
      this.around.received(received, this.peer);
    }
  }

  writable() {
    this.pump();
  }

  // New keys

  /** Whether a `key:exchange` is looked at: a chat that is open answers so many handshakes a minute, unasked. @param {Payload} payload */
  #mayTake(payload) {
    return (
      this.conversation === null ||
      stepOf(payload) !== 1 ||
      this.call.renewing ||
      this.call.repeats(payload) ||
      this.pacing.mayAnswer(() => this.call.forgetRenewal())
    );
  }

  /** The other side may have lost its keys; who is called back does not answer. @protected */
  rehandshake() {
    if (this.returning) {
      super.rehandshake();
    } else if (!this.call.renewing) {
      this.#renew();
    }
  }

  /** The two have lost each other's keys: agree on new ones, though not all the time. */
  #renew() {
    if (this.pacing.mayBegin(() => this.call.forgetRenewal())) {
      this.do(this.call.renew());
    }
  }

  /** @param {Suite} suite */
  #rekeyed(suite) {
    if (this.conversation !== null) {
      this.conversation.rekeyed(suite);
      this.pacing.rekeyed();
      this.restoring.rekeyed({ caller: this.isCaller });
      this.pump();
    }
  }

  /**
   * Nothing came over a channel that stands. A chat that was secured has lost its keys in a handshake that the other side did
   * not finish: that ends no chat, another handshake mends it.
   */
  #silent() {
    if (this.conversation?.onceSecured) {
      this.#renew();
      this.pump();
    } else if (!this.over) {
      this.ended("silent");
    }
  }

  // Inside

  #begin() {
    const { suite } = this;
    if (suite === null) {
      throw new TypeError("a channel opens under a suite");
    }
    const { now, newId, notice, preferences, after } = this.around;
    for (const name of suite.knownAs) {
      notice(`${this.peer} is on a device that you know as ${name}.`);
    }
    const history = this.around.history(this.peer, suite.theirIdentity);
    const conversation = new Conversation(this.peer, suite, { now, newId, history, preferences });
    const changed = () => this.around.changed();
    const told = { settle: () => this.settle(), silent: () => this.#silent() };
    this.began(conversation);
    this.flow = new Flow(conversation, this.line, this.pacing, told);
    this.talking = new Talking(conversation, { after, changed, pump: () => this.pump() });
    if (history === this.expected) {
      this.early.say(this.talking);
    }
  }

  #open() {
    if (this.conversation === null) {
      throw new PeerError("no_chat");
    }
    return this.conversation;
  }

  /** @protected @param {Effect} effect */
  carryOut(effect) {
    if (effect.do === "rekeyed") {
      this.#rekeyed(effect.suite);
    } else {
      super.carryOut(effect);
    }
  }

  /** @protected */
  stop() {
    super.stop();
    this.talking?.stop();
  }
}
