import { Classic } from "/static/js/peer/classic.js";
import { Conversation, ENDINGS } from "/static/js/peer/conversation.js";
import { PeerError, SENTENCES, Unexpected } from "/static/js/peer/errors.js";
import { chance, describe, expect, it } from "./kit.js";

/** Two ends of one chat; the clock stands at 1,000 ms and ids count up. */
async function pair(messages = []) {
  const suites = [new Classic(chance), new Classic(chance)];
  await suites[0].receiveKey(suites[1].opening());
  await suites[1].receiveKey(suites[0].opening());
  let id = 0;
  const around = { now: () => 1000, newId: () => String(++id) };
  return [
    new Conversation("bob", suites[0], { ...around, messages }),
    new Conversation("alice", suites[1], { ...around, messages: [] }),
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

const reasonOf = (act) => {
  try {
    act();
  } catch (error) {
    return error instanceof PeerError ? error.reason : error;
  }
  return undefined;
};

describe("conversation", () => {
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

  it("a frame that cannot be read is not shown", async () => {
    const [, bob] = await pair();
    const [alice, bert] = await pair();
    expect(bert.receive(alice.suite.seal(" \n"))).to.equal(null);
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

  it("every reason has a sentence", () => {
    expect(SENTENCES).to.include.all.keys(Object.values(ENDINGS));
  });
});
