/**
 * The stage for the scripts of tests/vectors/talk.json: alice's conversation, and bob, who says what the script says. Mirrors
 * tests/support/talk_scripts.py.
 */

import { Conversation } from "/static/js/peer/conversation.js";
import { PeerError } from "/static/js/peer/errors.js";
import { History } from "/static/js/peer/history.js";
import { message } from "/static/js/peer/messages.js";
import { preferences } from "/static/js/peer/preferences.js";
import { b64url } from "/static/js/peer/primitives.js";
import { agreed } from "./devices.js";
import { expect } from "./kit.js";

/** The id that a script calls '#1', or '@1'. */
function idOf(name) {
  const bytes = new Uint8Array(16).fill(name.startsWith("@") ? 1 : 0, 0, 8);
  bytes[15] = Number(name.slice(1));
  return b64url(bytes);
}

const NAMES = new Map();
const WORDS = new Map([["LONG", "x".repeat(131_072)]]);
for (let number = 0; number < 100; number += 1) {
  for (const name of [`#${number}`, `@${number}`]) {
    NAMES.set(idOf(name), name);
    WORDS.set(name, idOf(name));
  }
}

/** The value with other words for some of its texts. */
function spoken(value, words) {
  if (Array.isArray(value)) {
    return value.map((each) => spoken(each, words));
  }
  if (value instanceof Object) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, spoken(each, words)]));
  }
  return words.get(value) ?? value;
}

/** alice's end, when all of `given` is so. */
export class Stage {
  now = 1_000_000;
  history = new History();
  #drawn = 0;
  #messages = new Map();
  #revision = 0;

  static async new({ features = null, ...preferred }) {
    const stage = new Stage();
    stage.preferences = { ...preferences(), ...preferred };
    stage.features = features;
    await stage.begin();
    return stage;
  }

  /** A chat of the two devices, of which both have said hello. */
  async begin() {
    this.pair = await agreed({ aliceDevice: this.pair?.aliceDevice, bobDevice: this.pair?.bobDevice });
    this.number = 0;
    this.room = true;
    this.end = new Conversation("bob", this.pair.alice, {
      now: () => this.now,
      newId: () => {
        this.#drawn += 1;
        return idOf(`#${this.#drawn}`);
      },
      history: this.history,
      preferences: this.preferences,
    });
    this.greeting = this.says();
    this.hear({ t: "hello", features: this.features ?? this.pair.bob.features });
    this.answer = this.says();
    this.acked();
  }

  /** What comes of an event, in the words of the script. */
  async play(event, ...args) {
    if (event in SEEN) {
      this.draws();
      return SEEN[event](this);
    }
    try {
      await HEARD[event](this, ...spoken(args, WORDS));
    } catch (fault) {
      if (fault instanceof PeerError) {
        return fault.reason;
      }
      throw fault;
    }
    const said = spoken(this.says(), NAMES);
    this.draws();
    return { hello: this.greeting, answer: this.answer }[event] ?? said;
  }

  /** Who draws what changed since they last did sees what is there. */
  draws() {
    const news = this.history.since(this.#revision);
    this.#messages = news === null ? new Map() : this.#messages;
    for (const one of news ?? this.history.messages) {
      this.#messages.set(`${one.mine} ${one.id}`, structuredClone(one));
    }
    this.#revision = this.history.revision;
    expect([...this.#messages.values()], "what was told of").to.deep.equal(this.history.messages);
  }

  /** What alice has to say, where the channel has room. */
  says() {
    const contents = [];
    for (let frame = this.#next(); frame !== null; frame = this.#next()) {
      this.end.taken(frame);
      const { seq = this.said, ...content } = this.pair.bob.open(frame.text);
      this.said = seq;
      contents.push(content);
    }
    return contents.filter(({ t }) => t !== "ack");
  }

  #next() {
    return this.room ? this.end.nextFrame() : null;
  }

  hear(content) {
    this.number += 1;
    this.receive({ ...content, seq: this.number });
  }

  receive(content) {
    this.end.receive(this.pair.bob.seal(content));
  }

  acked() {
    this.receive({ t: "ack", upto: this.said });
  }

  prefer(preferred) {
    Object.assign(this.preferences, preferred);
    this.end.preferred();
  }

  pass(ms) {
    this.now += ms;
    this.history.expire(this.now);
  }
}

const HEARD = {
  send: (stage, ...args) => stage.end.send(...args),
  edit: (stage, ...args) => stage.end.edit(...args),
  delete: (stage, id) => stage.end.delete(id),
  react: (stage, ...args) => stage.end.react(...args),
  read: (stage) => stage.end.read(),
  timer: (stage, seconds) => stage.end.setTimer(seconds),
  types: (stage, on) => stage.end.types(on),
  retry: (stage, id) => stage.end.retry(id),
  prefer: (stage, preferred) => stage.prefer(preferred),
  hear: (stage, content) => stage.hear(content),
  "hear unnumbered": (stage, content) => stage.receive(content),
  acked: (stage) => stage.acked(),
  interrupted: (stage) => stage.end.interrupted(),
  recovered: (stage) => stage.end.recovered(),
  reopened: (stage) => stage.end.reopened(),
  failed: (stage) => stage.end.failed(),
  "another chat": (stage) => stage.begin(),
  deaf: (stage) => {
    stage.room = false;
  },
  hearing: (stage) => {
    stage.room = true;
  },
  pass: (stage, ms) => stage.pass(ms),
  hello: () => {},
  answer: () => {},
};

const SEEN = {
  shown: ({ history }) => history.messages.map(short),
  unread: ({ history }) => history.unread,
  typing: ({ end }) => end.typing,
  "how long": ({ history }) => history.timer.seconds,
  features: ({ end }) => end.features,
};

const USUAL = message({ id: "", mine: true, body: "", at: 0, status: "sent" });

/** A message as the scripts write it. */
function short({ id, mine, body, status, at: _, reactions, ...rest }) {
  const said = Object.entries(rest).filter(([name, value]) => value !== USUAL[name]);
  const shown = { [mine ? "me" : "them"]: NAMES.get(id), body, status };
  if (reactions.mine || reactions.theirs) {
    shown.reactions = [reactions.mine, reactions.theirs];
  }
  return { ...shown, ...spoken(Object.fromEntries(said), NAMES) };
}
