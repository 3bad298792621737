import { Classic } from "/static/js/peer/classic.js";
import { Conversation } from "/static/js/peer/conversation.js";
import { ENDINGS, TABLE } from "/static/js/peer/conversation_table.js";
import { SENTENCES, Unexpected } from "/static/js/peer/errors.js";
import { History } from "/static/js/peer/history.js";
import { message } from "/static/js/peer/messages.js";
import { preferences } from "/static/js/peer/preferences.js";
import { b64url, isId } from "/static/js/peer/primitives.js";
import { agreed, Pair } from "./devices.js";
import { chance, describe, expect, it, reasonOf } from "./kit.js";

const newId = () => b64url(chance(16));

/** What was said before. */
function history(messages) {
  const kept = new History();
  for (const one of messages) {
    kept.add(message(one));
  }
  return kept;
}

/** Two ends of one classic chat; the clock stands at 1,000 ms. */
async function pair(messages = []) {
  const suites = [new Classic(chance), new Classic(chance)];
  await suites[0].receiveKey(await suites[1].opening());
  await suites[1].receiveKey(await suites[0].opening());
  const around = { now: () => 1000, newId, preferences: preferences() };
  return [
    new Conversation("bob", suites[0], { ...around, history: history(messages) }),
    new Conversation("alice", suites[1], { ...around, history: new History() }),
  ];
}

/** Hand all frames over, as a channel with room does; the texts that arrive. */
function carry(sender, receiver) {
  const texts = [];
  for (let frame = sender.nextFrame(); frame; frame = sender.nextFrame()) {
    sender.taken(frame);
    texts.push(receiver.receive(frame.text)?.body ?? "dropped");
  }
  return texts;
}

describe("conversation, classic", () => {
  it("messages arrive whole and in order", async () => {
    const [alice, bob] = await pair();
    const texts = ["hello", "two\nlines", "🎉 <b>", "שלום", "x".repeat(30_000)];
    for (const text of texts) {
      alice.send(text);
    }
    expect(carry(alice, bob)).to.deep.equal(texts);
    expect(bob.messages.map(({ body }) => body)).to.deep.equal(texts);
    expect(bob.messages.every(({ mine, at }) => !mine && at === 1000)).to.equal(true);
  });

  it("a message is sent when the channel took it", async () => {
    const [alice] = await pair();
    const message = alice.send("hello");
    const frame = alice.nextFrame();
    expect(message.status).to.equal("queued");
    alice.taken(frame);
    expect(message.status).to.equal("sent");
  });

  it("a message that the channel refused failed and can be retried", async () => {
    const [alice, bob] = await pair();
    const message = alice.send("hello");
    alice.refused(alice.nextFrame());
    expect(message.status).to.equal("failed");
    alice.retry(message.id);
    expect(carry(alice, bob)).to.deep.equal(["hello"]);
    expect(alice.messages.length).to.equal(1);
    expect(reasonOf(() => alice.retry(message.id))).to.equal("empty");
  });

  it("what failed in an earlier chat can be retried in the next", async () => {
    const old = { id: "old", mine: true, body: "hello again", at: 1, status: "failed" };
    const [alice, bob] = await pair([old]);
    alice.retry("old");
    expect(carry(alice, bob)).to.deep.equal(["hello again"]);
  });

  it("the first message of a later chat is marked", async () => {
    const [alice, bob] = await pair([{ id: "old", mine: true, body: "before", at: 1, status: "sent", newCall: false }]);
    alice.send("one");
    alice.send("two");
    carry(alice, bob);
    expect(alice.messages.map(({ newCall }) => newCall)).to.deep.equal([false, true, false]);
    expect(bob.messages.map(({ newCall }) => newCall)).to.deep.equal([false, false]);
  });

  it("half a surrogate becomes a character that can be sent", async () => {
    const [alice, bob] = await pair();
    alice.send("a\ud800b \ud83c\udf89");
    alice.send("next");
    expect(carry(alice, bob)).to.deep.equal(["a\ufffdb 🎉", "next"]);
    expect(alice.messages[0].body).to.equal("a\ufffdb 🎉");
  });

  it("nothing is sent without a text, or over the limit in bytes", async () => {
    const [alice, bob] = await pair();
    expect(reasonOf(() => alice.send(" \n\t"))).to.equal("empty");
    expect(reasonOf(() => alice.send("x".repeat(48_001)))).to.equal("too_long");
    expect(reasonOf(() => alice.send("é".repeat(24_001)))).to.equal("too_long");
    expect(alice.messages).to.deep.equal([]);
    alice.send("x".repeat(48_000));
    expect(carry(alice, bob)[0].length).to.equal(48_000);
  });

  it("it carries texts alone", async () => {
    const [alice, bob] = await pair();
    const sent = alice.send("hello");
    expect(carry(alice, bob)).to.deep.equal(["hello"]);
    for (const act of [
      () => alice.send("a reply", sent),
      () => alice.edit(sent.id, "hello again"),
      () => alice.delete(sent.id),
      () => alice.react(sent, "🎉"),
      () => alice.setTimer(5),
    ]) {
      expect(reasonOf(act)).to.equal("not_supported");
    }
    bob.read();
    bob.types(true);
    bob.preferred();
    expect([bob.history.unread, bob.nextFrame(), alice.messages.length]).to.deep.equal([0, null, 1]);
  });

  it("a frame that cannot be read is not shown", async () => {
    const [, bob] = await pair();
    const [alice, bert] = await pair();
    expect(bert.receive(alice.suite.seal({ t: "text", body: " \n" }))).to.equal(null);
    expect(bert.messages).to.deep.equal([]);
    expect(bob.receive("hello in the clear")).to.equal(null);
    expect(bob.messages).to.deep.equal([]);
  });

  it("while interrupted messages wait", async () => {
    const [alice, bob] = await pair();
    alice.interrupted();
    expect(alice.state).to.equal("reconnecting");
    alice.send("hello");
    expect(alice.nextFrame()).to.equal(null);
    alice.recovered();
    expect(carry(alice, bob)).to.deep.equal(["hello"]);
  });

  it("when it is over what waited failed, and nothing is sent or read", async () => {
    for (const [event, reason] of Object.entries({ failed: "lost", closed: "left", end: "you_left" })) {
      const [alice, bob] = await pair();
      bob.send("late");
      const frame = bob.nextFrame();
      alice.interrupted();
      const message = alice.send("hello");
      alice[event]();
      expect([alice.state, alice.reason, message.status]).to.deep.equal(["ended", reason, "failed"]);
      expect(alice.receive(frame.text)).to.equal(null);
      expect(reasonOf(() => alice.send("hello"))).to.equal("no_chat");
      expect(() => alice.end()).to.throw(Unexpected);
    }
  });

  it("every reason has a sentence, and no row stands in both tables", () => {
    expect(SENTENCES).to.include.all.keys(Object.values(ENDINGS));
    expect(Object.keys(TABLE).filter((row) => row in ENDINGS)).to.deep.equal([]);
  });

  it("ids are made up where none are sent, and are ids", async () => {
    const [alice, bob] = await pair();
    alice.send("hello");
    carry(alice, bob);
    expect(isId(bob.messages[0].id)).to.equal(true);
  });
});

/** A world of two ends of a lowkey/2 chat, on a clock that the test moves. */
class World {
  now = 1_000_000;

  static async new({ messages = [] } = {}) {
    const world = new World();
    world.keys = await agreed();
    const around = { now: () => world.now, newId, preferences: preferences() };
    world.alice = new Conversation("bob", world.keys.alice, { ...around, history: history(messages) });
    world.bob = new Conversation("alice", world.keys.bob, { ...around, history: new History() });
    return world;
  }

  /** One that has been greeted on both sides. */
  static async secured(options) {
    const world = await World.new(options);
    world.settle();
    return world;
  }

  /** What one side hands to the channel now. */
  frames(side) {
    const frames = [];
    for (let frame = side.nextFrame(); frame; frame = side.nextFrame()) {
      side.taken(frame);
      frames.push(frame.text);
    }
    return frames;
  }

  /** Everything goes over, and is acknowledged, until nothing is left to say. */
  settle() {
    for (let busy = true; busy; ) {
      busy = false;
      for (const [from, to] of [
        [this.alice, this.bob],
        [this.bob, this.alice],
      ]) {
        from.acknowledge();
        for (const frame of this.frames(from)) {
          to.receive(frame);
          busy = true;
        }
      }
    }
  }

  /** Another handshake of the same two devices: its two suites. */
  async fresh(caller = "alice") {
    const { aliceDevice, bobDevice } = this.keys;
    const next = caller === "alice" ? await agreed({ aliceDevice, bobDevice }) : await bobCalls(aliceDevice, bobDevice);
    return { alice: next.alice, bob: next.bob };
  }
}

async function bobCalls(aliceDevice, bobDevice) {
  const pair = await Pair.new({ aliceDevice, bobDevice });
  await pair.alice.receiveKey(await pair.bob.opening());
  const [three] = await pair.bob.receiveKey((await pair.alice.answer())[0]);
  await pair.alice.receiveKey(three);
  return pair;
}

const bodies = (side) => side.messages.filter(({ mine }) => !mine).map(({ body }) => body);
const statuses = (side) =>
  side.messages
    .filter(({ mine }) => mine)
    .map(({ status }) => status)
    .join(" ");

describe("conversation, lowkey/2", () => {
  it("the caller is secured at once, the called one with the caller's first frame", async () => {
    const world = await World.new();
    expect([world.alice.state, world.bob.state]).to.deep.equal(["secured", "greeting"]);
    world.bob.send("early");
    const early = world.frames(world.bob);
    expect(early, "hello alone").to.have.lengthOf(1);
    expect(world.alice.receive(early[0])).to.equal(null);
    for (const frame of world.frames(world.alice)) {
      world.bob.receive(frame);
    }
    expect(world.bob.state).to.equal("secured");
    world.settle();
    expect(bodies(world.alice)).to.deep.equal(["early"]);
  });

  it("messages go both ways, are acknowledged, and then delivered", async () => {
    const world = await World.secured();
    const texts = ["hello", "two\nlines", "🎉 <b>", "שלום", "x".repeat(100_000)];
    for (const text of texts) {
      world.alice.send(text);
      world.bob.send(text);
    }
    expect(statuses(world.alice)).to.equal("queued queued queued queued queued");
    const frames = world.frames(world.alice);
    expect(statuses(world.alice)).to.equal("sent sent sent sent sent");
    for (const frame of frames) {
      world.bob.receive(frame);
    }
    world.settle();
    expect([bodies(world.alice), bodies(world.bob)]).to.deep.equal([texts, texts]);
    expect(statuses(world.alice)).to.equal("delivered delivered delivered delivered delivered");
    expect([world.alice.outstanding, world.alice.owes, world.bob.owes]).to.deep.equal([false, false, false]);
  });

  it("one ack answers eight messages at once, and fewer in a moment", async () => {
    const world = await World.secured();
    for (let number = 0; number < 7; number += 1) {
      world.alice.send(`${number}`);
    }
    for (const frame of world.frames(world.alice)) {
      world.bob.receive(frame);
    }
    expect([world.bob.owes, world.bob.nextFrame()]).to.deep.equal([true, null]);
    world.alice.send("eighth");
    world.bob.receive(world.frames(world.alice)[0]);
    expect(world.frames(world.bob)).to.have.lengthOf(1);
    expect(world.bob.owes).to.equal(false);
  });

  it("after a gap everything later is sent again, in its order, and shown once", async () => {
    const world = await World.secured();
    for (const text of ["one", "two", "three"]) {
      world.alice.send(text);
    }
    const [one, , three] = world.frames(world.alice);
    world.bob.receive(one);
    world.bob.receive(three);
    world.settle();
    expect(bodies(world.bob)).to.deep.equal(["one"]);
    world.alice.resend();
    world.settle();
    expect(bodies(world.bob)).to.deep.equal(["one", "two", "three"]);
    expect(statuses(world.alice)).to.equal("delivered delivered delivered");
  });

  it("a repeated ack makes it send again by itself, though not for its own echo", async () => {
    const world = await World.secured();
    for (const text of ["one", "two", "three", "four"]) {
      world.alice.send(text);
    }
    const [one, , three, four] = world.frames(world.alice);
    const acks = [one, three, four].map((frame) => {
      world.bob.receive(frame);
      world.bob.acknowledge();
      return world.frames(world.bob)[0];
    });
    world.alice.receive(acks[0]);
    expect(world.frames(world.alice)).to.deep.equal([]);
    world.alice.receive(acks[1]);
    expect(world.frames(world.alice), "two, three and four again").to.have.lengthOf(3);
    world.alice.receive(acks[2]);
    expect(world.frames(world.alice), "the echo").to.have.lengthOf(0);
    world.now += 1_000;
    world.alice.resend();
    world.settle();
    expect(bodies(world.bob)).to.deep.equal(["one", "two", "three", "four"]);
  });

  it("what was under way when the channel went is sent again over the next", async () => {
    const world = await World.secured();
    world.alice.send("one");
    world.frames(world.alice);
    world.alice.interrupted();
    world.bob.interrupted();
    world.alice.send("two");
    expect(world.alice.nextFrame()).to.equal(null);
    world.alice.reopened();
    world.bob.reopened();
    world.settle();
    expect(bodies(world.bob)).to.deep.equal(["one", "two"]);
    expect([world.alice.state, world.bob.state]).to.deep.equal(["secured", "secured"]);
  });

  for (const caller of ["alice", "bob"]) {
    it(`new keys in mid-conversation, ${caller} calling: nothing is lost, nothing shown twice`, async () => {
      const world = await World.secured();
      for (const side of [world.alice, world.bob]) {
        side.send("acknowledged");
      }
      world.settle();
      for (const side of [world.alice, world.bob]) {
        side.send("arrived");
        side.send("lost");
        side.send("queued");
      }
      const [fromAlice, fromBob] = [world.frames(world.alice), world.frames(world.bob)];
      world.bob.receive(fromAlice[0]);
      world.alice.receive(fromBob[0]);
      const old = world.keys.alice;
      const { alice, bob } = await world.fresh(caller);
      world.alice.rekeyed(alice);
      world.bob.rekeyed(bob);
      world.settle();
      for (const side of [world.alice, world.bob]) {
        expect(bodies(side)).to.deep.equal(["acknowledged", "arrived", "lost", "queued"]);
        expect(statuses(side)).to.equal("delivered delivered delivered delivered");
        expect(side.state).to.equal("secured");
      }
      expect(() => old.seal({ t: "text" }), "the old keys are gone").to.throw(TypeError);
    });
  }

  it("under new keys nothing is sent before the other side has them", async () => {
    const world = await World.secured();
    const { alice, bob } = await world.fresh();
    world.alice.rekeyed(alice);
    world.alice.send("waits");
    expect(world.frames(world.alice)).to.deep.equal([]);
    expect(world.alice.state).to.equal("greeting");
    world.bob.rekeyed(bob);
    world.settle();
    expect([bodies(world.bob), world.alice.state]).to.deep.equal([["waits"], "secured"]);
  });

  it("three frames in a row that cannot be opened mean lost keys; one that can begins the count anew", async () => {
    const world = await World.secured();
    const fail = () => world.bob.receive("2.AAAA.AAAA");
    fail();
    fail();
    expect(world.bob.lostKeys).to.equal(false);
    world.alice.send("fine");
    world.settle();
    fail();
    fail();
    expect(world.bob.lostKeys).to.equal(false);
    fail();
    expect(world.bob.lostKeys).to.equal(true);
  });

  it("what the other side says is read strictly", async () => {
    const world = await World.secured();
    const { alice } = world.keys;
    const next = 2;
    const text = { t: "text", id: "AAAAAAAAAAAAAAAAAAAAAA", body: "x", at: 1 };
    const wrong = [{}, { t: 7, seq: next }, { ...text }, { ...text, seq: "2" }, { ...text, seq: 2.5 }];
    const worse = [0, -1, 2 ** 53, true, null, [2]].map((seq) => ({ ...text, seq }));
    for (const content of [
      ...wrong,
      ...worse,
      { t: "typing", on: true, seq: next },
      { t: "ack", upto: "1", seq: next },
    ]) {
      expect(world.bob.receive(alice.seal(content)), JSON.stringify(content)).to.equal(null);
      expect(world.bob.owes, JSON.stringify(content)).to.equal(false);
    }
    expect(world.bob.receive(alice.seal({ t: "something new", seq: next }))).to.equal(null);
    expect(world.bob.owes, "unknown types are acknowledged").to.equal(true);
    const bad = [{ id: 7 }, { id: "" }, { id: "AAAA" }, { body: 7 }, { body: " \n" }, { body: ["x"] }];
    for (const [at, change] of bad.entries()) {
      expect(
        world.bob.receive(alice.seal({ ...text, ...change, seq: next + 1 + at })),
        JSON.stringify(change),
      ).to.equal(null);
    }
    const seq = next + 1 + bad.length;
    expect(world.bob.receive(alice.seal({ ...text, seq }))?.body).to.equal("x");
    expect(world.bob.receive(alice.seal({ ...text, seq: seq + 1 })), "an id is shown once").to.equal(null);
    expect(bodies(world.bob)).to.deep.equal(["x"]);
  });

  it("an ack for what was never sent, and one that is no number, says nothing", async () => {
    const world = await World.secured();
    world.alice.send("one");
    world.frames(world.alice);
    const { bob } = world.keys;
    for (const upto of [99, 2 ** 53 - 1, 2 ** 53, -1, 1.5, "2", null, true, [2], undefined]) {
      world.alice.receive(bob.seal({ t: "ack", upto }));
      expect(statuses(world.alice), String(upto)).to.equal("sent");
    }
  });

  it("bye ends it and clears the chat on both sides; a channel that closes leaves it to be read", async () => {
    const world = await World.secured();
    world.alice.send("one");
    world.settle();
    world.alice.leave();
    const frames = world.frames(world.alice);
    world.alice.end();
    for (const frame of frames) {
      world.bob.receive(frame);
    }
    expect([world.bob.state, world.bob.reason, world.alice.reason]).to.deep.equal(["ended", "ended", "you_ended"]);
    expect([world.alice.messages, world.bob.messages]).to.deep.equal([[], []]);
    const parted = await World.secured();
    parted.alice.interrupted();
    parted.alice.end();
    expect([parted.alice.state, parted.alice.reason]).to.deep.equal(["ended", "you_left"]);
    const other = await World.secured();
    other.alice.send("one");
    other.settle();
    other.bob.closed();
    expect([other.bob.reason, bodies(other.bob)]).to.deep.equal(["left", ["one"]]);
  });

  it("the two compare emoji, and under new keys begin anew", async () => {
    const world = await World.secured();
    world.alice.verify();
    world.settle();
    expect(world.alice.verifying.emoji).to.have.lengthOf(7);
    expect(world.bob.verifying.emoji).to.deep.equal(world.alice.verifying.emoji);
    world.alice.confirm(true);
    world.settle();
    expect(world.bob.verifying.theyMatched).to.equal(true);
    const { alice, bob } = await world.fresh();
    world.alice.verify();
    world.alice.rekeyed(alice);
    world.bob.rekeyed(bob);
    world.settle();
    expect([world.alice.verifying.state, world.bob.verifying.state]).to.deep.equal(["idle", "idle"]);
    world.bob.verify();
    world.settle();
    expect(world.bob.verifying.emoji).to.deep.equal(world.alice.verifying.emoji);
  });

  it("a greeting that does not come ends it, and over it nothing is done", async () => {
    const world = await World.new();
    world.bob.silent();
    expect([world.bob.state, world.bob.reason]).to.deep.equal(["ended", "no_hello"]);
    for (const act of [() => world.bob.send("x"), () => world.bob.verify(), () => world.bob.confirm(true)]) {
      expect(reasonOf(act)).to.equal("no_chat");
    }
    world.bob.leave();
    expect(world.bob.nextFrame()).to.equal(null);
  });

  it("1,000 messages each way over a channel that loses, with new channels and keys in between", async () => {
    const world = await World.secured();
    let seed = 7;
    const chanceOf = (one) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed / 2 ** 31 < one;
    };
    for (let number = 0; number < 1_000; number += 1) {
      world.alice.send(`a${number}`);
      world.bob.send(`b${number}`);
      const lost = chanceOf(0.05);
      for (const [from, to] of [
        [world.alice, world.bob],
        [world.bob, world.alice],
      ]) {
        from.acknowledge();
        for (const frame of world.frames(from)) {
          if (!lost && !chanceOf(0.02)) {
            to.receive(frame);
          }
        }
      }
      if (lost) {
        for (const side of [world.alice, world.bob]) {
          side.interrupted();
          side.reopened();
        }
      }
      if (number % 250 === 100) {
        const { alice, bob } = await world.fresh(chanceOf(0.5) ? "alice" : "bob");
        world.alice.rekeyed(alice);
        world.bob.rekeyed(bob);
      }
      world.now += 300;
    }
    for (let round = 0; round < 5; round += 1) {
      world.alice.resend();
      world.bob.resend();
      world.settle();
    }
    const all = (letter) => Array.from({ length: 1_000 }, (_, number) => `${letter}${number}`);
    expect(bodies(world.bob)).to.deep.equal(all("a"));
    expect(bodies(world.alice)).to.deep.equal(all("b"));
  });
});
