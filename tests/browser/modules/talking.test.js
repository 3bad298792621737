/** When it is said and shown that somebody types, and what the person does goes out at once. Mirrors tests/test_talking.py. */

import { Conversation } from "/static/js/peer/conversation.js";
import { History } from "/static/js/peer/history.js";
import { preferences } from "/static/js/peer/preferences.js";
import { b64url } from "/static/js/peer/primitives.js";
import { Talking } from "/static/js/peer/talking.js";
import { agreed } from "./devices.js";
import { FakeTimers } from "./hourglass.js";
import { chance, describe, expect, it, reasonOf } from "./kit.js";

const ON = { t: "typing", on: true };
const OFF = { t: "typing", on: false };

/** alice's talking, and bob, of whom the test says what he says. */
class World {
  timers = new FakeTimers();
  preferences = preferences();
  changes = 0;
  number = 0;
  #said = [];

  static async new() {
    const world = new World();
    const { alice, bob } = await agreed();
    world.bob = bob;
    world.end = new Conversation("bob", alice, {
      now: () => world.timers.now * 1000,
      newId: () => b64url(chance(16)),
      history: new History(),
      preferences: world.preferences,
    });
    world.talking = new Talking(world.end, {
      after: world.timers.after,
      changed: () => {
        world.changes += 1;
      },
      pump: () => world.pump(),
    });
    world.hears({ t: "hello", features: bob.features });
    world.pump();
    world.news();
    return world;
  }

  pump() {
    for (let frame = this.end.nextFrame(); frame !== null; frame = this.end.nextFrame()) {
      this.end.taken(frame);
      this.#said.push(this.bob.open(frame.text));
    }
  }

  /** What was said since this was last asked. */
  news() {
    return this.#said.splice(0);
  }

  hears(content) {
    const numbered = content.t === "typing" ? content : { ...content, seq: ++this.number };
    return this.talking.receive(this.bob.seal(numbered));
  }

  hearsText() {
    return this.hears({ t: "text", id: b64url(chance(16)), body: "hello", at: 1 });
  }
}

const kinds = (contents) => contents.map(({ t }) => t);

describe("talking", () => {
  it("that the person types is said every two seconds at most", async () => {
    const { talking, timers, ...world } = await rich();
    for (let number = 0; number < 30; number += 1) {
      talking.typed();
      timers.pass(0.25);
    }
    expect(world.news()).to.deep.equal([ON, ON, ON, ON]);
  });

  it("after five quiet seconds they do not type any more", async () => {
    const { talking, timers, news } = await rich();
    talking.typed();
    timers.pass(1);
    talking.typed();
    timers.pass(4.9);
    expect(news()).to.deep.equal([ON]);
    timers.pass(0.2);
    expect(news()).to.deep.equal([OFF]);
    timers.pass(60);
    expect([news(), timers.waiting]).to.deep.equal([[], 0]);
  });

  it("who sends does not type any more, and is not quiet later", async () => {
    const { talking, timers, news } = await rich();
    talking.typed();
    expect(reasonOf(() => talking.send(" "))).to.equal("empty");
    expect(kinds(news())).to.deep.equal(["typing"]);
    talking.send("hello");
    expect(kinds(news())).to.deep.equal(["text", "typing"]);
    timers.pass(60);
    expect(news()).to.deep.equal([]);
  });

  it("who does not want to be seen typing is not, and sees nobody type", async () => {
    const { talking, timers, news, hears, preferences: preferred } = await rich();
    hears(ON);
    expect(talking.typing).to.equal(true);
    preferred.typing = false;
    expect(talking.typing).to.equal(false);
    talking.typed();
    timers.pass(10);
    expect(news()).to.deep.equal([]);
  });

  it("without a channel nothing is said of it, then or later", async () => {
    const { talking, news, end, pump } = await rich();
    end.interrupted();
    talking.typed();
    end.recovered();
    pump();
    expect(news()).to.deep.equal([]);
  });

  it("what is said of typing acknowledges nothing", async () => {
    const { talking, news, world, end } = await rich();
    world.hearsText();
    talking.typed();
    expect([news(), end.owes]).to.deep.equal([[ON], true]);
  });

  it("that they type is shown for six seconds after they last said so", async () => {
    const { talking, timers, hears, world } = await rich();
    hears(ON);
    timers.pass(4);
    hears(ON);
    timers.pass(5.9);
    expect([talking.typing, world.changes]).to.deep.equal([true, 0]);
    timers.pass(0.2);
    expect([talking.typing, world.changes]).to.deep.equal([false, 1]);
  });

  it("it is shown until they say that they do not, or send", async () => {
    const { talking, hears, world } = await rich();
    hears(ON);
    hears(OFF);
    expect(talking.typing).to.equal(false);
    hears(ON);
    world.hearsText();
    expect(talking.typing).to.equal(false);
  });

  it("what the person does goes out at once", async () => {
    const { talking, news } = await rich();
    const message = talking.send("helo");
    talking.edit(message.id, "hello");
    talking.react(message, "🎉");
    talking.setTimer(60);
    talking.delete(message.id);
    expect(kinds(news())).to.deep.equal(["text", "edit", "react", "timer", "delete"]);
  });

  it("reading is told when there is anything new, and not at each look", async () => {
    const { talking, news, world } = await rich();
    world.hearsText();
    talking.read();
    talking.read();
    expect(kinds(news())).to.deep.equal(["read"]);
  });

  it("when it is over reading is told nobody, and the rest is refused", async () => {
    const { talking, news, world, end } = await rich();
    world.hearsText();
    end.failed();
    talking.stop();
    talking.read();
    expect([news(), talking.history.unread]).to.deep.equal([[], 0]);
    expect(reasonOf(() => talking.setTimer(5))).to.equal("no_chat");
  });
});

/** A world to be taken apart. */
async function rich() {
  const world = await World.new();
  const bound = { news: () => world.news(), hears: (content) => world.hears(content), pump: () => world.pump() };
  return { world, ...world, ...bound };
}
