/**
 * Everything between this device and one other: the call, then the conversation, and the transport under both.
 * Mirrors chat/peer/link.py.
 *
 * The link does the I/O that the state machines leave out: it does what a call returns, pulls frames while the channel has
 * room, and closes the transport when it is all over. What is due when, pacing.js says; how a lost path is replaced,
 * restoring.js; what there is to show, standing.js.
 *
 * A chat whose suite acknowledges ends when one of the two ends it, and not with its path. While it has none, and only then,
 * what the server says of the other one counts: that they left, or do not want to go on. Said before, it counts from the
 * moment that the path is lost.
 *
 * What may wait for the handshake returns a promise, and the peer waits for it before it gives the next of such events.
 */

import { Call } from "./call.js";
import { Conversation } from "./conversation.js";
import { Early } from "./early.js";
import { connect } from "./effects.js";
import { PeerError, sentence } from "./errors.js";
import { stepOf } from "./lowkey2.js";
import { Pacing } from "./pacing.js";
import { Restoring } from "./restoring.js";
import { Standing } from "./standing.js";
import { Talking } from "./talking.js";
import { Transport } from "./transport.js";

/** @import {IceServer, JoinedPayload, Payload} from "../signaling/messages.js" */
/** @import {Effect} from "./effects.js" */
/** @import {Ref} from "./messages.js" */
/** @import {Kind} from "./sealing.js" */
/** @import {Suite} from "./suite.js" */
/** @import {Surroundings} from "./surroundings.js" */

/** Codes of the server that say that the other one is not there. */
const OFFLINE = new Set(["USER_OFFLINE", "RELAY_FAILED"]);
/** Why a call ends by which somebody is called back into a chat, where they do not want to, or know of it. */
const IN_VAIN = new Set(["declined", "no_answer", "hung_up", "undecided"]);
/** Why such a call ends that is not made again. */
const NO_MORE = new Set([...IN_VAIN, "bad_handshake", "bad_key", "wrong_peer", "classic_refused", "version"]);
/** How long what comes may still be on its way from who has left. */
const LEFT_SECONDS = 2;
/** How many calls back may go unanswered before the last one. */
const UNANSWERED = 2;
/**
 * How long after such a call the next one is made, in seconds. It is not hung up meanwhile; and a minute, after which the other
 * side answers handshakes again, is over before the last.
 */
const UNANSWERED_SECONDS = 22;
/** Why a call ends that this person did not answer. */
const MISSED = new Set(["missed", "cancelled"]);
/** Calls that may go on in their session when the server is back. */
const OUTLIVE_THE_SERVER = new Set(["calling", "ringing", "keys", "connecting"]);

/** The link to one peer. */
export class Link extends Standing {
  /** What is said in the conversation. @type {Talking | null} */
  talking = null;
  #around;
  #early;
  #pacing;
  #restoring;
  /** @type {Transport | null} */
  #transport = null;
  /** Whether the channel of this transport has opened. */
  #isOpen = false;
  /** When the server said that the other one left, of whom nothing was heard since. @type {number | null} */
  #leftAt = null;
  /** How many calls back have gone unanswered. */
  #unanswered = 0;
  #followed = "idle";
  #due = {
    acknowledge: () => this.#acknowledge(),
    resend: () => this.#resend(),
    release: () => this.#release(),
    silent: () => this.#silent(),
  };

  /** @param {string} peer @param {Surroundings} around @param {Uint8Array | null} [identity] of the device that is expected */
  constructor(peer, around, identity = null) {
    const call = new Call(peer, around.suites);
    super(call, around.history(peer, identity), { beganAt: around.now(), identity });
    this.#around = around;
    this.#early = new Early(this.history, around);
    this.#pacing = new Pacing(around.after, around.clock);
    const way = { ask: () => this.#ask(), offer: () => this.#offer(), rehandshake: () => this.#rehandshake() };
    this.#restoring = new Restoring(way, around);
  }

  // The person

  dial() {
    this.#do(this.call.dial());
  }

  /** The chat was open before this side was started anew: call the other one, who is expected to go on with it. */
  comeBack() {
    this.returning = true;
    this.#restoring.begin();
    this.#settle();
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
    } else if (this.returning) {
      this.#giveUp("you_left");
    }
    this.#hangUp();
    this.#settle();
  }

  /** Be gone, without a word that it is for good, and at once. */
  abandon() {
    this.#abort();
    this.conversation?.failed();
    this.returning = false;
    this.#hangUp();
  }

  /** Be gone without a word, and perhaps back later: an open chat waits for its path, and what is no such chat is over. */
  suspend() {
    if (this.renewable) {
      this.#abort();
      this.#lost();
    } else if (!this.returning) {
      this.abandon();
    }
  }

  /** Another call takes the place of this one: nothing more is heard of it. */
  forget() {
    this.#stop();
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

  /** What is said in the open conversation. Throws PeerError. */
  get talk() {
    if (this.talking === null) {
      throw new PeerError("no_chat", this.peer);
    }
    return this.talking;
  }

  /** Queue a message, which may reply to another. Throws PeerError. @param {string} body @param {Ref | null} [re] */
  send(body, re = null) {
    if (!this.returning) {
      return this.talk.send(body, re);
    }
    const queued = this.#early.send(body, re);
    this.#settle();
    return queued;
  }

  /** The network may be another one, or back: look for a path where there is none, and whether the one there is answers. */
  wake() {
    this.#restoring.hurry();
    if (this.#transport !== null && this.#isOpen) {
      this.#check(this.#transport);
    }
  }

  /** How the two are connected. @returns {{relayed: boolean, rtt: number | null} | null} */
  get path() {
    return this.#isOpen ? (this.#transport?.path ?? null) : null;
  }

  // The server

  /** Rings when the key has been read. @param {JoinedPayload} session @param {Payload} payload */
  async ring(session, payload) {
    this.#do(await this.call.ring(session, payload));
  }

  /** @param {JoinedPayload} session */
  joined(session) {
    if (this.conversation !== null && this.#restoring.active) {
      this.away = false;
      this.call.adopt(session);
      this.#restoring.joined({ caller: this.#isCaller });
    } else if (this.returning) {
      this.away = false;
      if (this.call.state === "ended") {
        this.#renewCall();
        this.call.dial();
      }
      this.#restoring.joined({ caller: true });
    }
    return this.#doLater(this.call.joined(session));
  }

  /** @param {Payload} payload */
  async key(payload) {
    if (!this.#mayTake(payload)) {
      return;
    }
    const anew = this.returning ? this.call.begunAnew(payload) : null;
    if (anew) {
      await this.#answerAnew(anew, payload);
      return;
    }
    const before = this.call.state;
    await this.#doLater(this.call.key(payload));
    if (this.returning && this.call.state !== before) {
      this.#heardOf();
    }
  }

  /** The other one calls anew while the chat is open, as after a reload of its page. @param {JoinedPayload} session @param {Payload} payload */
  async renewed(session, payload) {
    if (this.#mayTake(payload)) {
      await this.#doLater(this.call.renewed(session, payload));
    }
  }

  /**
   * A signal, and the session in which it may have come, where nobody here asked for that. Who made the signal has the keys,
   * so the session is good.
   * @param {Kind} kind
   * @param {Payload} payload
   * @param {JoinedPayload | null} [session]
   */
  remoteSignal(kind, payload, session = null) {
    const effects = this.call.signal(kind, payload);
    if (effects.length > 0 && this.conversation !== null) {
      this.#restoring.heard();
      if (session !== null) {
        this.call.adopt(session);
      }
    }
    this.#do(effects);
  }

  /** @param {string} reason @param {string} [sessionId] */
  declined(reason, sessionId) {
    if (this.conversation === null) {
      this.#do(this.call.declined(reason, sessionId));
    } else if (this.#restoring.active && this.call.renewing && this.#isOurs(sessionId) && reason !== "busy") {
      this.#over("declined");
    }
  }

  /** @param {string} reason @param {string} [sessionId] */
  left(reason, sessionId) {
    if (this.conversation === null) {
      this.#do(this.call.left(reason, sessionId, this.#transport?.overdue ? this.#transport.fault : undefined));
    } else if (!this.#isOurs(sessionId)) {
      return;
    } else if (reason === "left" && this.conversation.suite.acknowledges) {
      this.#leftAt = this.#around.clock();
      if (this.#restoring.active) {
        this.#over("left");
      }
    } else if (this.#restoring.active) {
      this.away = true;
      this.#around.changed();
    }
  }

  /** @param {string} code @param {string} [sessionId] */
  error(code, sessionId) {
    if (this.conversation !== null && this.#restoring.active) {
      this.away ||= OFFLINE.has(code);
      this.#restoring.failed();
    }
    this.#do(this.call.error(code, sessionId));
  }

  /** A call in a session may go on in it, if the server is back soon. */
  serverLost() {
    if (this.conversation !== null || this.returning) {
      this.#restoring.failed();
    } else if (OUTLIVE_THE_SERVER.has(this.call.state)) {
      this.#pacing.serverLost(() => this.#do(this.call.serverLost()));
    } else {
      this.#do(this.call.serverLost());
    }
  }

  serverBack() {
    this.#pacing.serverBack();
    this.#restoring.hurry();
    if (this.call.state === "calling" && !this.returning) {
      this.#around.send(message(connect(this.peer)));
    }
  }

  // The transport (its listener)

  /** @param {Kind} kind @param {Payload} body */
  signal(kind, body) {
    this.#do(this.call.localSignal(kind, body));
  }

  opened() {
    this.#isOpen = true;
    this.#found();
    if (this.conversation !== null) {
      this.conversation.reopened();
    } else {
      this.returning = false;
      this.#begin();
      this.#do(this.call.opened());
    }
    this.#pump();
  }

  /** @param {string} frame */
  received(frame) {
    if (this.conversation === null || this.talking === null || this.over) {
      return;
    }
    if (this.#leftAt !== null && this.#around.clock() - this.#leftAt > LEFT_SECONDS) {
      this.#leftAt = null;
    }
    const received = this.talking.receive(frame);
    if (this.conversation.state === "ended") {
      this.#do(this.call.cancel());
    } else if (this.conversation.lostKeys) {
      this.#renew();
    }
    this.#pump();
    if (received !== null) {
      this.#around.received(received, this.peer);
    }
  }

  writable() {
    this.#pump();
  }

  interrupted() {
    if (this.conversation === null || this.over) {
      return;
    }
    if (this.conversation.suite.acknowledges) {
      this.#pacing.interrupted(() => this.#lost());
    } else {
      this.conversation.interrupted();
      this.#settle();
    }
  }

  /** The path is back; one whose channel has yet to open tells of that itself. */
  recovered() {
    this.#pacing.recovered();
    if (this.conversation !== null && this.#isOpen && !this.over) {
      this.#found();
      this.conversation.recovered();
      this.#pump();
    }
  }

  /** @param {string} [reason] */
  failed(reason) {
    this.#gone("failed", reason);
  }

  closed() {
    this.#gone("closed");
  }

  pathChanged() {
    this.#around.changed();
  }

  // The path

  /** The path is lost: the chat waits for another one. */
  #lost() {
    this.#pacing.recovered();
    if (this.conversation === null || this.over) {
      return;
    }
    this.conversation.interrupted();
    if (this.#leftAt !== null) {
      this.#over("left");
    } else {
      this.#restoring.begin();
      this.#settle();
    }
  }

  /** @param {Transport} transport */
  async #check(transport) {
    const answers = await transport.check();
    if (!answers && transport === this.#transport && this.#isOpen && this.renewable) {
      this.#lost();
    }
  }

  /** There is a path. */
  #found() {
    this.#pacing.recovered();
    this.#pacing.cameBack();
    this.#restoring.done();
    this.away = false;
    if (this.call.renewing) {
      this.call.forgetRenewal();
    }
  }

  /** Ask for the session of the two, and in it for another path. */
  #ask() {
    if (this.returning) {
      this.#renewCall();
      this.call.dial();
    }
    return this.#around.send(message(connect(this.peer)));
  }

  #offer() {
    if (this.conversation !== null) {
      this.#replaceTransport(this.call.iceServers);
      this.#transport?.offer();
    }
  }

  /** The other side may have lost its keys; who is called back does not answer. */
  #rehandshake() {
    if (!this.returning) {
      if (!this.call.renewing) {
        this.#renew();
      }
    } else if (this.#unanswered < UNANSWERED) {
      this.#unanswered += 1;
      this.#restoring.later(UNANSWERED_SECONDS);
    } else {
      this.#giveUp("not_back");
    }
  }

  /**
   * The transport is no more: before the channel was open the call failed, after that the chat waits for another path, where
   * it can.
   * @param {"failed" | "closed" | "silent"} event
   * @param {string} [reason]
   */
  #gone(event, reason) {
    if (this.over) {
      return;
    }
    if (this.conversation === null) {
      this.#do(this.call.failed(reason));
    } else if (!this.conversation.suite.acknowledges || event === "silent") {
      this.#over(event);
    } else {
      const wasOpen = this.#isOpen;
      this.#closeTransport();
      if (!this.#restoring.active) {
        this.#lost();
      } else if (!wasOpen) {
        this.#restoring.failed();
      }
    }
  }

  /** The chat is over. @param {"failed" | "closed" | "silent" | "left" | "declined"} event */
  #over(event) {
    this.conversation?.[event]();
    this.#do(this.call.cancel());
  }

  // Coming back

  /** Call once more; of the call before nobody hears anything. */
  #renewCall() {
    this.#closeTransport();
    this.call.drop();
    this.calls(new Call(this.peer, this.#around.suites));
  }

  /**
   * Who was being called back has been started anew too, and calls: that is answered at once, though not all the time.
   * @param {JoinedPayload} session
   * @param {Payload} payload
   */
  async #answerAnew(session, payload) {
    if (!this.#pacing.mayAnswer(() => this.call.forgetRenewal())) {
      return;
    }
    this.#renewCall();
    await this.#doLater(this.call.ring(session, payload));
    if (this.call.state === "ringing") {
      await this.#doLater(this.call.accept());
      this.#heardOf();
    }
  }

  /** Who is called back answers: that has its time, and no other attempt is made meanwhile. */
  #heardOf() {
    if (this.call.state === "keys" || this.call.state === "connecting") {
      this.#restoring.offered();
    }
  }

  /** A call back has ended; whether it is made again. */
  #cameToNothing() {
    const reason = this.call.reason ?? "lost";
    if (NO_MORE.has(reason)) {
      this.#giveUp(IN_VAIN.has(reason) ? "not_back" : null);
      return false;
    }
    this.#closeTransport();
    this.away = OFFLINE.has(reason) || reason === "gone";
    if (this.away) {
      this.#pacing.comesBack(() => this.#giveUp("not_back"));
    }
    this.#restoring.failed();
    return true;
  }

  /** The chat does not go on. @param {string | null} reason */
  #giveUp(reason) {
    this.returning = false;
    this.gaveUp = reason;
    this.#stop();
    this.#hangUp();
    if (reason === "not_back") {
      this.#around.notice(sentence(reason, this.peer));
    }
    this.#around.changed();
  }

  // Inside

  #hangUp() {
    if (this.call.state === "ringing") {
      this.#do(this.call.decline());
    } else if (this.call.state !== "ended") {
      this.#do(this.call.cancel());
    }
  }

  #begin() {
    const { suite } = this;
    if (suite === null) {
      throw new TypeError("a channel opens under a suite");
    }
    const { now, newId, notice, preferences, after } = this.#around;
    for (const name of suite.knownAs) {
      notice(`${this.peer} is on a device that you know as ${name}.`);
    }
    const history = this.#around.history(this.peer, suite.theirIdentity);
    const conversation = new Conversation(this.peer, suite, { now, newId, history, preferences });
    const changed = () => this.#around.changed();
    this.began(conversation);
    this.talking = new Talking(conversation, { after, changed, pump: () => this.#pump() });
    if (history === this.expected) {
      this.#early.say(this.talking);
    }
  }

  #open() {
    if (this.conversation === null) {
      throw new PeerError("no_chat");
    }
    return this.conversation;
  }

  /** Whether this side called in the handshake whose keys stand. */
  get #isCaller() {
    return this.suite?.offers(this.dialled) ?? false;
  }

  /** Whether the session is the one that the call is in, or is not named. @param {string} [sessionId] */
  #isOurs(sessionId) {
    return sessionId === undefined || sessionId === this.call.sessionId;
  }

  /** Whether a `key:exchange` is looked at: a chat that is open answers so many handshakes a minute, unasked. @param {Payload} payload */
  #mayTake(payload) {
    return (
      this.conversation === null ||
      stepOf(payload) !== 1 ||
      this.call.renewing ||
      this.call.repeats(payload) ||
      this.#pacing.mayAnswer(() => this.call.forgetRenewal())
    );
  }

  /** The two have lost each other's keys: agree on new ones, though not all the time. */
  #renew() {
    if (this.#pacing.mayBegin(() => this.call.forgetRenewal())) {
      this.#do(this.call.renew());
    }
  }

  /** Follow the call's state at once, and do what it returns when that is there, unless another call has taken its place. @param {Promise<Effect[]>} effects */
  async #doLater(effects) {
    const { call } = this;
    this.#do([]);
    const done = await effects;
    if (this.call === call) {
      this.#do(done);
    }
  }

  /** Follow the call's state, and do what it returned. @param {Effect[]} effects */
  #do(effects) {
    const considered = this.#considered(effects);
    this.#follow();
    for (const effect of considered) {
      this.#carryOut(effect);
    }
    this.#settle();
  }

  /** What is to be done of it: nothing for who is blocked, nor for a call back that is made again. @param {Effect[]} effects */
  #considered(effects) {
    if (this.#isBlocked) {
      this.call.cancel();
      this.returning = false;
      this.gaveUp = "you_blocked";
      return [];
    }
    if (this.returning && this.call.state === "blocked") {
      this.returning = false;
      this.#restoring.stop();
      this.#early.fail();
    }
    const again = this.returning && this.call.state === "ended" && this.#cameToNothing();
    return again ? [] : effects;
  }

  /** Whether a call turns out to be with a device that the person blocked. */
  get #isBlocked() {
    const identity = this.suite?.theirIdentity ?? null;
    const isNew = this.conversation === null && this.call.state !== "ended";
    return isNew && identity !== null && this.#around.blocked(identity);
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
      this.#restoring.offered();
    }
    this.#transport?.receive(kind, body);
  }

  /** @param {Suite} suite */
  #rekeyed(suite) {
    if (this.conversation !== null) {
      this.conversation.rekeyed(suite);
      this.#pacing.rekeyed();
      this.#restoring.rekeyed({ caller: this.#isCaller });
      this.#pump();
    }
  }

  /** Another connection is made: the one that stood is given up. @param {IceServer[]} iceServers */
  #replaceTransport(iceServers) {
    this.#closeTransport();
    this.conversation?.interrupted();
    try {
      this.#transport = new Transport(iceServers, this, { relayOnly: this.#around.preferences.relayOnly });
    } catch {
      this.failed(); // the browser has no connection left to give
    }
  }

  #closeTransport() {
    this.#isOpen = false;
    this.#transport?.close();
    this.#transport = null;
  }

  /** Close it at once: there is no time to hand over what it holds. */
  #abort() {
    this.#isOpen = false;
    this.#transport?.abort();
    this.#transport = null;
  }

  /** Where the call is in another state it has another deadline, and with its end the transport goes. */
  #follow() {
    if (this.call.state === this.#followed) {
      return;
    }
    this.#followed = this.call.state;
    this.#pacing.followCall(this.call.deadline, () => this.#do(this.call.timeout(this.#transport?.fault)));
    if (this.over) {
      this.#stop();
      if (this.conversation === null && MISSED.has(this.reason ?? "")) {
        this.#around.missed(this.peer);
      }
    }
  }

  /** Nothing more is due. */
  #stop() {
    this.#pacing.stop();
    this.#restoring.stop();
    this.#early.fail();
    this.talking?.stop();
    this.#closeTransport();
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
    this.#settle();
  }

  /** Note since when there is no path, and say that something changed. */
  #settle() {
    const state = this.conversation?.state;
    if (this.returning || state === "reconnecting") {
      this.since ??= this.#around.now();
    } else if (state !== "greeting") {
      this.since = null;
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

/** The message of an effect that is one. @param {Effect} effect */
function message(effect) {
  if (effect.do !== "send") {
    throw new TypeError("this effect sends nothing");
  }
  return effect.message;
}
