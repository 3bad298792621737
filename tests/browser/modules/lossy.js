/**
 * Two conversations over a channel that loses what it likes, with a handshake beside it, and no clock: all is done in turns.
 * Mirrors tests/support/lossy.py.
 */

import { Conversation } from "/static/js/peer/conversation.js";
import { History } from "/static/js/peer/history.js";
import { preferences } from "/static/js/peer/preferences.js";
import { b64url } from "/static/js/peer/primitives.js";
import { Pair } from "./devices.js";
import { chance } from "./kit.js";

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). @param {number} seed */
export function seeded(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const never = () => false;

/** One person's conversation. */
class End {
  said = [];
  heard = [];
  inbox = [];
  /** Steps of a handshake that are on their way here. */
  steps = [];
  renewal = null;
  renewals = 0;

  constructor(suite, peer, talk) {
    const now = () => talk.seconds * 1000;
    this.suite = suite;
    const kept = { history: new History(), preferences: preferences() };
    this.conversation = new Conversation(peer, suite, { now, newId: () => b64url(chance(16)), ...kept });
  }

  say(text) {
    this.conversation.send(text);
    this.said.push(text);
  }

  /** Hand frames over, as long as there are some; how many. */
  pump(other, lost = never, most = Number.POSITIVE_INFINITY) {
    for (let count = 0; count < most; count += 1) {
      const frame = this.conversation.nextFrame();
      if (frame === null) {
        return count;
      }
      this.conversation.taken(frame);
      if (!lost()) {
        other.inbox.push(frame.text);
      }
    }
    return most;
  }

  /** Take in what has come. */
  read(most = this.inbox.length) {
    for (const text of this.inbox.splice(0, most)) {
      const message = this.conversation.receive(text);
      if (message !== null) {
        this.heard.push(message.body);
      }
    }
  }

  // The handshake beside it, as renewal.js has it

  async renew(other) {
    if (this.renewal === null) {
      this.renewals += 1;
      this.renewal = this.suite.renewal();
      other.steps.push(await this.renewal.opening());
    }
  }

  /** Take one step of a handshake. */
  async step(other) {
    const payload = this.steps.shift();
    if (payload?.step === 1 && (this.renewal === null || this.renewal.role === "called")) {
      this.renewal = this.suite.renewal();
    }
    const renewal = this.renewal;
    if (payload === undefined || renewal === null) {
      return;
    }
    const rings = renewal.role === null;
    const answers = await renewal.receiveKey(payload);
    other.steps.push(...(rings && renewal.role === "called" ? await renewal.answer() : answers));
    if (renewal.agreed) {
      this.suite = renewal;
      this.renewal = null;
      this.conversation.rekeyed(renewal);
    }
  }
}

/** Alice, who called, and bob. */
export class LossyTalk {
  seconds = 0;
  cuts = 0;
  lost = 0;

  static async new(random) {
    const pair = await Pair.new();
    await pair.call();
    const talk = new LossyTalk();
    talk.random = random;
    talk.alice = new End(pair.alice, "bob", talk);
    talk.bob = new End(pair.bob, "alice", talk);
    talk.ends = [
      [talk.alice, talk.bob],
      [talk.bob, talk.alice],
    ];
    return talk;
  }

  /** From 0 up to, but not, `below`. */
  below(below) {
    return Math.floor(this.random() * below);
  }

  /** Another channel takes the place of this one; what was on its way is gone. */
  disconnects() {
    this.cuts += 1;
    for (const [end] of this.ends) {
      this.lost += end.inbox.length;
      end.inbox = [];
      end.conversation.interrupted();
      end.conversation.reopened();
    }
  }

  /** Something happens somewhere; frames are lost with this probability. */
  async turn(losing) {
    this.seconds += this.random();
    const [end, other] = this.ends[this.below(2)];
    const what = this.below(8);
    if (what < 3) {
      end.pump(other, () => this.#loses(losing), 1 + this.below(39));
    } else if (what < 6) {
      end.read(1 + this.below(39));
    } else if (what === 6) {
      end.conversation.acknowledge();
    } else {
      await end.step(other);
    }
    if (end.conversation.lostKeys) {
      await end.renew(other);
    }
  }

  #loses(losing) {
    const lost = this.random() < losing;
    this.lost += Number(lost);
    return lost;
  }

  get #settled() {
    return this.ends.every(
      ([end, other]) =>
        !end.conversation.outstanding && other.steps.length === 0 && end.heard.length === other.said.length,
    );
  }

  /** The channel loses nothing any more: go on until both have everything. */
  async settles() {
    for (let round = 0; round < 200 && !this.#settled; round += 1) {
      this.seconds += 2;
      for (const [end, other] of this.ends) {
        await end.step(other);
        end.read();
        end.conversation.acknowledge();
        if (end.conversation.lostKeys) {
          await end.renew(other);
        }
        if (other.inbox.length === 0) {
          end.conversation.resend();
        }
        end.pump(other);
      }
    }
    if (!this.#settled) {
      throw new Error("the conversation is wedged");
    }
  }
}
