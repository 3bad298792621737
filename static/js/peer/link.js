/**
 * Everything between this device and one other: the call, then the conversation, and the transport under both.
 * Mirrors chat/peer/link.py.
 *
 * The link does the I/O that the state machines leave out: it does what a call returns, pulls frames while the channel has
 * room, and closes the transport when it is all over. What is due when, pacing.js says; what there is to show, standing.js.
 *
 * What may wait for the handshake returns a promise, and the peer waits for it before it gives the next of such events.
 */

import { Call } from "./call.js";
import { Conversation } from "./conversation.js";
import { PeerError, sentence } from "./errors.js";
import { stepOf } from "./lowkey2.js";
import { Pacing } from "./pacing.js";
import { Standing } from "./standing.js";
import { Transport } from "./transport.js";

/** @import {IceServer, JoinedPayload, Payload} from "../signaling/messages.js" */
/** @import {Effect} from "./effects.js" */
/** @import {Kind} from "./sealing.js" */
/** @import {Suite} from "./suite.js" */
/** @import {Surroundings} from "./surroundings.js" */

/** The link to one peer. */
export class Link extends Standing {
  #around;
  #pacing;
  /** @type {Transport | null} */
  #transport = null;
  #followed = "idle";
  #due = {
    acknowledge: () => this.#acknowledge(),
    resend: () => this.#resend(),
    release: () => this.#release(),
    silent: () => this.#silent(),
  };

  /** @param {string} peer @param {Surroundings} around @param {Uint8Array | null} [identity] of the device that is expected */
  constructor(peer, around, identity = null) {
    super(new Call(peer, around.suites), around.history(peer, identity), { known: identity !== null });
    this.#around = around;
    this.#pacing = new Pacing(around.after, around.clock);
  }

  // The person

  dial() {
    this.#do(this.call.dial());
  }

  accept() {
    return this.#doLater(this.call.accept());
  }

  decline() {
    this.#do(this.call.decline());
  }

  /** Leave the chat, or hang up. */
  end() {
    if (this.conversation !== null) {
      this.conversation.leave();
      this.#pump();
      this.conversation.end();
    }
    this.#do(this.call.cancel());
  }

  /** Be gone, without a word that it is for good, and at once: the page goes away. */
  abandon() {
    this.#transport?.abort();
    this.#transport = null;
    this.conversation?.failed();
    this.#do(this.call.cancel());
  }

  /** Another call takes the place of this one: nothing more is heard of it. */
  forget() {
    this.#pacing.stop();
    this.#around = { ...this.#around, changed() {} };
  }

  acceptClassic() {
    return this.#doLater(this.call.acceptClassic());
  }

  refuseClassic() {
    this.#do(this.call.refuseClassic());
  }

  acceptKey() {
    return this.#doLater(this.call.acceptKey());
  }

  refuseKey() {
    this.#do(this.call.refuseKey());
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
    this.#do(await this.call.ring(session, payload));
  }

  /** @param {JoinedPayload} session */
  joined(session) {
    return this.#doLater(this.call.joined(session));
  }

  /** @param {Payload} payload */
  async key(payload) {
    if (this.#mayTake(payload)) {
      await this.#doLater(this.call.key(payload));
    }
  }

  /** The other one calls anew while the chat is open, as after a reload of its page. @param {JoinedPayload} session @param {Payload} payload */
  async renewed(session, payload) {
    if (this.#mayTake(payload)) {
      await this.#doLater(this.call.renewed(session, payload));
    }
  }

  /** @param {Kind} kind @param {Payload} payload */
  remoteSignal(kind, payload) {
    this.#do(this.call.signal(kind, payload));
  }

  /** @param {string} reason @param {string} sessionId */
  declined(reason, sessionId) {
    this.#do(this.call.declined(reason, sessionId));
  }

  /** @param {string} reason @param {string} sessionId */
  left(reason, sessionId) {
    this.#do(this.call.left(reason, sessionId));
  }

  /** @param {string} code @param {string} [sessionId] */
  error(code, sessionId) {
    this.#do(this.call.error(code, sessionId));
  }

  serverLost() {
    this.#do(this.call.serverLost());
  }

  // The transport (its listener)

  /** @param {Kind} kind @param {Payload} body */
  signal(kind, body) {
    this.#do(this.call.localSignal(kind, body));
  }

  opened() {
    if (this.conversation !== null) {
      this.conversation.reopened();
    } else {
      this.began(this.#newConversation());
      this.#do(this.call.opened());
    }
    this.#pump();
  }

  /** @param {string} frame */
  received(frame) {
    if (this.conversation === null || this.over) {
      return;
    }
    const message = this.conversation.receive(frame);
    if (this.conversation.state === "ended") {
      this.#do(this.call.cancel());
    } else if (this.conversation.lostKeys) {
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
    this.conversation?.interrupted();
    this.#around.changed();
  }

  recovered() {
    if (this.conversation !== null) {
      this.conversation.recovered();
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

  #newConversation() {
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
    if (this.conversation === null) {
      throw new PeerError("no_chat");
    }
    return this.conversation;
  }

  /** Whether a `key:exchange` is looked at: a chat that is open answers so many handshakes a minute, unasked. @param {Payload} payload */
  #mayTake(payload) {
    return (
      this.conversation === null || stepOf(payload) !== 1 || this.#pacing.mayAnswer(() => this.call.forgetRenewal())
    );
  }

  /** The two have lost each other's keys: agree on new ones, though not all the time. */
  #renew() {
    if (this.#pacing.mayBegin(() => this.call.forgetRenewal())) {
      this.#do(this.call.renew());
    }
  }

  /** The transport is no more: before the channel was open the call failed, after that the chat is over. @param {"failed" | "closed" | "silent"} event */
  #gone(event) {
    if (this.over) {
      return;
    }
    if (this.conversation === null) {
      this.#do(this.call.failed());
    } else {
      this.conversation[event]();
      this.#do(this.call.cancel());
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
    if (kind === "offer" && this.conversation !== null) {
      this.#replaceTransport(this.call.iceServers);
    }
    this.#transport?.receive(kind, body);
  }

  /** @param {Suite} suite */
  #rekeyed(suite) {
    if (this.conversation !== null) {
      this.conversation.rekeyed(suite);
      this.#pacing.rekeyed();
      this.#pump();
    }
  }

  /** The other side makes another connection: the one that stood is given up. @param {IceServer[]} iceServers */
  #replaceTransport(iceServers) {
    this.#closeTransport();
    this.conversation?.interrupted();
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
    if (this.call.state === this.#followed) {
      return;
    }
    this.#followed = this.call.state;
    this.#pacing.followCall(this.call.deadline, () => this.#do(this.call.timeout()));
    if (this.over) {
      this.#pacing.stop();
      this.#closeTransport();
    }
  }

  /** Hand frames to the channel while it has room. */
  #pump() {
    while (this.conversation !== null && this.#transport?.hasRoom) {
      const frame = this.conversation.nextFrame();
      if (frame === null) {
        break;
      }
      if (this.#transport.send(frame.text)) {
        this.conversation.taken(frame);
        continue;
      }
      this.conversation.refused(frame);
      if (this.conversation.suite.acknowledges) {
        break;
      }
    }
    if (this.conversation !== null && !this.over) {
      this.#pacing.followConversation(this.conversation, this.#due);
    }
    this.#around.changed();
  }

  #acknowledge() {
    this.conversation?.acknowledge();
    this.#pump();
  }

  /** Send again what was not acknowledged in all this time, unless it has not even left. */
  #resend() {
    if (this.conversation === null) {
      return;
    }
    const progress = this.#pacing.progress(this.conversation);
    if (!progress && this.#transport?.idle) {
      this.conversation.resend();
    }
    this.#pump();
  }

  #release() {
    if (this.conversation !== null && !this.over) {
      this.conversation.release();
      this.#pump();
    }
  }

  /**
   * Nothing came over a channel that stands; one that is interrupted has its own time. A chat that was secured has lost its
   * keys in a handshake that the other side did not finish: that ends no chat, another handshake mends it.
   */
  #silent() {
    if (this.conversation?.state !== "greeting") {
      return;
    }
    if (this.conversation.onceSecured) {
      this.#renew();
      this.#pump();
    } else {
      this.#gone("silent");
    }
  }
}
