/**
 * A chat that is open, and outlasts its path. Mirrors chat/peer/lasting.py.
 *
 * A chat whose suite acknowledges ends when one of the two ends it, and not with its path. While it has none, and only then,
 * what the server says of the other one counts: that they left, or do not want to go on. Said before, it counts from the
 * moment that the path is lost. How another path is found, restoring.js says.
 */

import { OFFLINE, Returning } from "./returning.js";

/** @import {JoinedPayload, Payload} from "../signaling/messages.js" */
/** @import {Conversation} from "./conversation.js" */
/** @import {Effect} from "./effects.js" */
/** @import {Flow} from "./flow.js" */
/** @import {Kind} from "./sealing.js" */

/** How long what comes may still be on its way from who has left. */
const LEFT_SECONDS = 2;

/** A call, or the conversation that it came to, over one path after the other. */
export class Lasting extends Returning {
  /** @protected @type {Flow | null} */
  flow = null;
  /** When the server said that the other one left, of whom nothing was heard since. @type {number | null} */
  #leftAt = null;

  // The person

  /** Be gone without a word, and perhaps back later: an open chat waits for its path, and what is no such chat is over. */
  suspend() {
    if (this.renewable) {
      this.line.abort();
      this.#lost();
    } else {
      super.suspend();
    }
  }

  /** The network may be another one, or back: look for a path where there is none, and whether the one there is answers. */
  wake() {
    super.wake();
    this.line.check(() => this.#unanswering());
  }

  // The server

  /** @param {JoinedPayload} session */
  joined(session) {
    if (this.conversation !== null && this.restoring.active) {
      this.away = false;
      this.call.adopt(session);
      this.restoring.joined({ caller: this.isCaller });
    }
    return super.joined(session);
  }

  /** @param {string} reason @param {string} [sessionId] */
  declined(reason, sessionId) {
    if (this.conversation === null) {
      super.declined(reason, sessionId);
    } else if (this.restoring.active && this.call.renewing && this.call.isIn(sessionId) && reason !== "busy") {
      this.ended("declined");
    }
  }

  /** @param {string} reason @param {string} [sessionId] */
  left(reason, sessionId) {
    if (this.conversation === null) {
      super.left(reason, sessionId);
    } else if (!this.call.isIn(sessionId)) {
      return;
    } else if (reason === "left" && this.conversation.suite.acknowledges) {
      this.#leftAt = this.around.clock();
      if (this.restoring.active) {
        this.ended("left");
      }
    } else if (this.restoring.active) {
      this.away = true;
      this.around.changed();
    }
  }

  /** @param {string} code @param {string} [sessionId] */
  error(code, sessionId) {
    if (this.conversation !== null && this.restoring.active) {
      this.away ||= OFFLINE.has(code);
      this.restoring.failed();
    }
    super.error(code, sessionId);
  }

  /** A chat goes on without the server. */
  serverLost() {
    if (this.conversation !== null) {
      this.restoring.failed();
    } else {
      super.serverLost();
    }
  }

  // The transport (its listener)

  interrupted() {
    if (this.conversation === null || this.over) {
      return;
    }
    if (this.conversation.suite.acknowledges) {
      this.pacing.interrupted(() => this.#lost());
    } else {
      this.conversation.interrupted();
      this.settle();
    }
  }

  /** The path is back; one whose channel has yet to open tells of that itself. */
  recovered() {
    this.pacing.recovered();
    if (this.conversation !== null && this.line.isOpen && !this.over) {
      this.found();
      this.conversation.recovered();
      this.pump();
    }
  }

  /** @param {string} [reason] */
  failed(reason) {
    if (this.conversation === null) {
      super.failed(reason);
    } else {
      this.#gone("failed");
    }
  }

  closed() {
    if (this.conversation === null) {
      super.closed();
    } else {
      this.#gone("closed");
    }
  }

  // The path

  /** The path is lost: the chat waits for another one. */
  #lost() {
    this.pacing.recovered();
    if (this.conversation === null || this.over) {
      return;
    }
    this.conversation.interrupted();
    if (this.#leftAt !== null) {
      this.ended("left");
    } else {
      this.restoring.begin();
      this.settle();
    }
  }

  #unanswering() {
    if (this.renewable) {
      this.#lost();
    }
  }

  /** There is a path. @protected */
  found() {
    this.pacing.recovered();
    this.pacing.cameBack();
    this.restoring.done();
    this.away = false;
    if (this.call.renewing) {
      this.call.forgetRenewal();
    }
  }

  /** @protected */
  offer() {
    if (this.conversation !== null) {
      this.#replaceLine(this.conversation);
      this.line.offer();
    }
  }

  /** The other side makes another path. */
  #offered() {
    if (this.conversation !== null) {
      this.#replaceLine(this.conversation);
      this.restoring.offered();
    }
  }

  /** @param {Conversation} conversation */
  #replaceLine(conversation) {
    conversation.interrupted();
    this.line.replace(this.call.iceServers);
  }

  /** Something came of the other one. Who was said to have left has not, if it came a while later. @protected */
  heard() {
    if (this.#leftAt !== null && this.around.clock() - this.#leftAt > LEFT_SECONDS) {
      this.#leftAt = null;
    }
  }

  /** The transport is no more: the chat waits for another path, where it can. @param {"failed" | "closed"} event */
  #gone(event) {
    if (this.conversation === null || this.over) {
      return;
    }
    if (!this.conversation.suite.acknowledges) {
      this.ended(event);
      return;
    }
    const wasOpen = this.line.isOpen;
    this.line.close();
    if (!this.restoring.active) {
      this.#lost();
    } else if (!wasOpen) {
      this.restoring.failed();
    }
  }

  /** The chat is over. @protected @param {"failed" | "closed" | "silent" | "left" | "declined"} event */
  ended(event) {
    this.conversation?.[event]();
    this.do(this.call.cancel());
  }

  // Inside

  /** Whether this side called in the handshake whose keys stand. @protected */
  get isCaller() {
    return this.suite?.offers(this.dialled) ?? false;
  }

  /** Who made the signal has the keys, so the session is good. @protected @param {Kind} kind @param {Payload} payload @param {JoinedPayload | null} session */
  signalled(kind, payload, session) {
    const effects = super.signalled(kind, payload, session);
    if (effects.length > 0 && this.conversation !== null) {
      this.restoring.heard();
      if (session !== null) {
        this.call.adopt(session);
      }
    }
    return effects;
  }

  /** @protected @param {Effect} effect */
  carryOut(effect) {
    if (effect.do === "signal" && effect.kind === "offer") {
      this.#offered();
    }
    super.carryOut(effect);
  }

  /** @protected */
  pump() {
    this.flow?.pump();
  }

  /** @protected */
  stop() {
    super.stop();
    this.flow?.stop();
  }
}
