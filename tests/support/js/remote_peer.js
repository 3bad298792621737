// One end of lowkey/2 without a network, for tests in Python to play against: a device, its attempts and its conversation.
//
// `const end = await Remote.new(seed)` draws all its randomness from the seed. tests/support/ends.py has the same in Python.

import { Conversation } from "/static/js/peer/conversation.js";
import { PeerError } from "/static/js/peer/errors.js";
import { History } from "/static/js/peer/history.js";
import { Identity } from "/static/js/peer/identity.js";
import { Invite } from "/static/js/peer/invites.js";
import { Lowkey2 } from "/static/js/peer/lowkey2.js";
import { preferences } from "/static/js/peer/preferences.js";
import { b64, b64url, sha512, utf8 } from "/static/js/peer/primitives.js";
import { MemoryStorage } from "/static/js/peer/storage.js";

/** Randomness that is the same for the same seed. */
function seeded(seed) {
  let draws = 0;
  return (length) => {
    draws += 1;
    return sha512(utf8(`${seed} ${draws}`)).slice(0, length);
  };
}

class Remote {
  now = 1_000_000;
  suite = null;
  conversation = null;

  static async new(seed, me, peer) {
    const end = new Remote();
    end.random = seeded(seed);
    end.me = me;
    end.peer = peer;
    end.identity = await Identity.open(new MemoryStorage(), end.random, () => end.now);
    return end;
  }

  // The handshake

  begin(invite = null) {
    const around = { random: this.random, clock: () => this.now / 1000 };
    this.suite = new Lowkey2(this.me, this.peer, this.identity, { ...around, invite: invite && Invite.parse(invite) });
  }

  invite() {
    return new URL(this.identity.newInvite(this.me).link("http://127.0.0.1")).hash;
  }

  opening() {
    return this.suite.opening();
  }

  answer() {
    return this.suite.answer();
  }

  receiveKey(payload) {
    return this.suite.receiveKey(payload);
  }

  known() {
    const { agreed, trust, theirIdentity } = this.suite;
    return {
      agreed,
      trust,
      theirs: b64(theirIdentity),
      mine: b64(this.identity.key.public),
      safety: this.suite.safetyNumber(),
    };
  }

  sealSignal(kind, body) {
    return this.suite.sealSignal(kind, body);
  }

  openSignal(kind, payload) {
    return this.suite.openSignal(kind, payload);
  }

  // The conversation

  converse() {
    const around = { now: () => this.now, newId: () => b64url(this.random(16)) };
    const kept = { history: new History(), preferences: preferences() };
    this.conversation = new Conversation(this.peer, this.suite, { ...around, ...kept });
  }

  rekey() {
    this.conversation.rekeyed(this.suite);
  }

  reconnect() {
    this.conversation.interrupted();
    this.conversation.reopened();
  }

  say(body) {
    this.conversation.send(body);
  }

  /** Say something about a message, or how they are to be kept. */
  about(what, drawn) {
    const texts = this.conversation.messages.filter(
      ({ mine, kind }) => mine === (what !== "admire") && kind === "text",
    );
    const message = texts[drawn % texts.length];
    try {
      if (what === "read") {
        this.conversation.read();
      } else if (what === "time") {
        this.conversation.setTimer(drawn % 3 && 2_000_000 + drawn);
      } else if (message !== undefined) {
        this.#aboutOne(what, drawn, message);
      }
    } catch (fault) {
      if (!(fault instanceof PeerError)) {
        throw fault;
      }
    }
  }

  #aboutOne(what, drawn, { id, mine, body }) {
    if (what === "edit") {
      this.conversation.edit(id, `${body}, said ${drawn}`);
    } else if (what === "delete") {
      this.conversation.delete(id);
    } else {
      this.conversation.react({ mine, id }, "🎉".repeat(drawn % 2));
    }
  }

  /** What stands of the messages of one side: how they read, and the reactions, their author's first. */
  told(ofMine) {
    const { messages, history } = this.conversation;
    const said = messages.filter(({ mine, kind, deleted }) => mine === ofMine && kind === "text" && !deleted);
    const reactions = said.map(({ reactions: { mine, theirs } }) => (ofMine ? [mine, theirs] : [theirs, mine]));
    const texts = said.map(({ id, body, edited, status }) => [id, body, edited, status === "read"]);
    return { texts, reactions, timer: [history.timer.seconds, history.timer.at] };
  }

  verify() {
    this.conversation.verify();
  }

  /** All that there is to hand over now. */
  frames() {
    const frames = [];
    for (let frame = this.conversation.nextFrame(); frame; frame = this.conversation.nextFrame()) {
      this.conversation.taken(frame);
      frames.push(frame.text);
    }
    return frames;
  }

  receive(frames) {
    for (const frame of frames) {
      this.conversation.receive(frame);
    }
  }

  acknowledge() {
    this.conversation.acknowledge();
  }

  resend() {
    this.conversation.resend();
  }

  passMs(ms) {
    this.now += ms;
  }

  /** What stands to be seen. */
  seen() {
    const { state, messages, verifying } = this.conversation;
    const heard = messages.filter(({ mine }) => !mine).map(({ body }) => body);
    const statuses = messages.filter(({ mine }) => mine).map(({ status }) => status);
    return { state, heard, statuses, emoji: verifying.emoji.map(([emoji]) => emoji) };
  }
}

globalThis.Remote = Remote;
