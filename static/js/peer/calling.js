/**
 * The call of a link: it is given its events, and what it returns is done. Mirrors chat/peer/calling.py.
 *
 * The events come from the person, from the server, and from the transport that a call makes when it is agreed on. A state that
 * lasts too long ends, and with the call's end nothing more is due. returning.js and link.js add what becomes of these events when
 * there is more than a call.
 *
 * What may wait for the handshake returns a promise, and the peer waits for it before it gives the next of such events.
 */

import { Call } from "./call.js";
import { connect } from "./effects.js";
import { sentence } from "./errors.js";
import { Line } from "./line.js";
import { Pacing } from "./pacing.js";
import { Standing } from "./standing.js";

/** @import {FromClient, IceServer, JoinedPayload, Payload} from "../signaling/messages.js" */
/** @import {Effect} from "./effects.js" */
/** @import {Kind} from "./sealing.js" */
/** @import {Surroundings} from "./surroundings.js" */

/** Why a call ends that this person did not answer. */
const MISSED = new Set(["missed", "cancelled"]);
/** Calls that may go on in their session when the server is back. */
const OUTLIVE_THE_SERVER = new Set(["calling", "ringing", "keys", "connecting"]);

/** The call with one peer. */
export class Calling extends Standing {
  /** @protected */
  around;
  /** @protected */
  pacing;
  /** @protected */
  line;
  #followed = "idle";

  /** @param {string} peer @param {Surroundings} around @param {Uint8Array | null} [identity] of the device that is expected */
  constructor(peer, around, identity = null) {
    super(new Call(peer, around.suites), around.history(peer, identity), { beganAt: around.now(), identity });
    this.around = around;
    this.pacing = new Pacing(around.after, around.clock);
    this.line = new Line(this, around.preferences);
  }

  // The person

  dial() {
    this.do(this.call.dial());
  }

  accept() {
    return this.doLater(this.call.accept());
  }

  decline() {
    this.do(this.call.decline());
  }

  /** Hang up. */
  end() {
    this.hangUp();
    this.settle();
  }

  /** Be gone, without a word that it is for good, and at once. */
  abandon() {
    this.line.abort();
    this.hangUp();
  }

  /** Be gone without a word, and perhaps back later: a call is not. */
  suspend() {
    this.abandon();
  }

  /** Another call takes the place of this one: nothing more is heard of it. */
  forget() {
    this.stop();
    this.around = { ...this.around, changed() {} };
  }

  acceptClassic() {
    return this.doLater(this.call.acceptClassic());
  }

  refuseClassic() {
    this.do(this.call.refuseClassic());
  }

  acceptKey() {
    return this.doLater(this.call.acceptKey());
  }

  refuseKey() {
    this.do(this.call.refuseKey());
  }

  /** How the two are connected. */
  get path() {
    return this.line.path;
  }

  // The server

  /** Rings when the key has been read. @param {JoinedPayload} session @param {Payload} payload */
  async ring(session, payload) {
    this.do(await this.call.ring(session, payload));
  }

  /** @param {JoinedPayload} session */
  joined(session) {
    return this.doLater(this.call.joined(session));
  }

  /** @param {Payload} payload */
  async key(payload) {
    await this.doLater(this.call.key(payload));
  }

  /**
   * A signal, and the session in which it may have come, where nobody here asked for that.
   * @param {Kind} kind
   * @param {Payload} payload
   * @param {JoinedPayload | null} [session]
   */
  remoteSignal(kind, payload, session = null) {
    this.do(this.signalled(kind, payload, session));
  }

  /** @param {string} reason @param {string} [sessionId] */
  declined(reason, sessionId) {
    this.do(this.call.declined(reason, sessionId));
  }

  /** @param {string} reason @param {string} [sessionId] */
  left(reason, sessionId) {
    this.do(this.call.left(reason, sessionId, this.line.overdueFault));
  }

  /** @param {string} code @param {string} [sessionId] */
  error(code, sessionId) {
    this.do(this.call.error(code, sessionId));
  }

  /** A call in a session may go on in it, if the server is back soon. */
  serverLost() {
    if (OUTLIVE_THE_SERVER.has(this.call.state)) {
      this.pacing.serverLost(() => this.do(this.call.serverLost()));
    } else {
      this.do(this.call.serverLost());
    }
  }

  serverBack() {
    this.pacing.serverBack();
    if (this.call.state === "calling" && !this.returning) {
      this.connect();
    }
  }

  // The transport (its listener)

  /** @param {Kind} kind @param {Payload} body */
  signal(kind, body) {
    this.do(this.call.localSignal(kind, body));
  }

  /** Before the channel was open the call failed. @param {string} [reason] */
  failed(reason) {
    if (!this.over) {
      this.do(this.call.failed(reason));
    }
  }

  closed() {
    this.failed();
  }

  pathChanged() {
    this.around.changed();
  }

  // What else the transport tells is for a chat

  opened() {}

  /** @param {string} _frame */
  received(_frame) {}

  writable() {}

  interrupted() {}

  recovered() {}

  // Inside

  /** Follow the call's state at once, and do what it returns when that is there, unless another call has taken its place. @protected @param {Promise<Effect[]>} effects */
  async doLater(effects) {
    const { call } = this;
    this.do([]);
    const done = await effects;
    if (this.call === call) {
      this.do(done);
    }
  }

  /** Follow the call's state, and do what it returned. @protected @param {Effect[]} effects */
  do(effects) {
    const considered = this.considered(effects);
    this.#follow();
    for (const effect of considered) {
      this.carryOut(effect);
    }
    this.settle();
  }

  /** @protected @param {Kind} kind @param {Payload} payload @param {JoinedPayload | null} _session */
  signalled(kind, payload, _session) {
    return this.call.signal(kind, payload);
  }

  /** What is to be done of it: nothing for who is blocked. @protected @param {Effect[]} effects */
  considered(effects) {
    if (!this.#isBlocked) {
      return effects;
    }
    this.call.cancel();
    this.returning = false;
    this.gaveUp = "you_blocked";
    return [];
  }

  /** Whether a call turns out to be with a device that the person blocked. */
  get #isBlocked() {
    const identity = this.theirIdentity;
    const isNew = this.conversation === null && this.call.state !== "ended";
    return isNew && identity !== null && this.around.blocked(identity);
  }

  /** @protected @param {Effect} effect */
  carryOut(effect) {
    switch (effect.do) {
      case "send":
        this.around.send(effect.message);
        break;
      case "start":
        this.#start(effect);
        break;
      case "signal":
        this.line.receive(effect.kind, effect.body);
        break;
      case "notice":
        this.around.notice(sentence(effect.reason, this.peer));
        break;
    }
  }

  /** @param {{offering: boolean, iceServers: IceServer[]}} how */
  #start({ offering, iceServers }) {
    this.line.replace(iceServers);
    if (offering) {
      this.line.offer();
    }
  }

  /** Ask the server for the session of the two; whether it was there to be asked. @protected */
  connect() {
    return this.around.send(message(connect(this.peer)));
  }

  /** @protected */
  hangUp() {
    if (this.call.state === "ringing") {
      this.do(this.call.decline());
    } else if (this.call.state !== "ended") {
      this.do(this.call.cancel());
    }
  }

  /** Where the call is in another state it has another deadline, and with its end the transport goes. */
  #follow() {
    if (this.call.state === this.#followed) {
      return;
    }
    this.#followed = this.call.state;
    this.pacing.followCall(this.call.deadline, () => this.do(this.call.timeout(this.line.fault)));
    if (this.over) {
      this.stop();
      if (this.conversation === null && MISSED.has(this.reason ?? "")) {
        this.around.missed(this.peer);
      }
    }
  }

  /** Nothing more is due. @protected */
  stop() {
    this.pacing.stop();
    this.line.close();
  }

  /** Note since when there is no path, and say that something changed. @protected */
  settle() {
    const state = this.conversation?.state;
    if (this.returning || state === "reconnecting") {
      this.since ??= this.around.now();
    } else if (state !== "greeting") {
      this.since = null;
    }
    this.around.changed();
  }
}

/** The message of an effect that is one. @param {Effect} effect @returns {FromClient} */
function message(effect) {
  if (effect.do !== "send") {
    throw new TypeError("this effect sends nothing");
  }
  return effect.message;
}
