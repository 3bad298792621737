/** A conversation over a channel that loses whatever it likes, and with somebody who says whatever they like. Mirrors
 * tests/test_attacks_conversation.py. */

import { describe, expect, it } from "./kit.js";
import { LossyTalk, seeded } from "./lossy.js";

/** Both say `count` things at once, while frames are lost, the channel breaks, and either begins new handshakes. */
async function run(seed, { count, losing, cutting, renewing = 0 }) {
  const talk = await LossyTalk.new(seeded(seed));
  while (talk.ends.some(([end]) => end.said.length < count)) {
    for (const [end] of talk.ends) {
      for (let more = Math.min(talk.below(6), count - end.said.length); more > 0; more -= 1) {
        end.say(String(end.said.length));
      }
    }
    await talk.turn(losing);
    if (talk.random() < cutting) {
      talk.disconnects();
    }
    if (talk.random() < renewing) {
      const [end, other] = talk.ends[talk.below(2)];
      await end.renew(other);
    }
  }
  await talk.settles();
  return talk;
}

function expectAllArrived(talk) {
  for (const [end, other] of talk.ends) {
    expect(end.heard).to.deep.equal(other.said);
    expect(new Set(end.conversation.messages.map(({ status }) => status))).to.deep.equal(new Set(["delivered"]));
    expect(end.conversation.state).to.equal("secured");
  }
}

describe("a channel that loses what it likes", () => {
  it("delivers a thousand messages each way once and in order though it breaks", async () => {
    const talk = await run(1, { count: 1_000, losing: 0, cutting: 0.05 });
    expectAllArrived(talk);
    expect(talk.cuts).to.be.above(10);
    expect(talk.lost).to.be.above(100);
  });

  it("delivers a thousand messages each way once and in order though frames and acknowledgements are lost", async () => {
    const talk = await run(2, { count: 1_000, losing: 0.02, cutting: 0.05 });
    expectAllArrived(talk);
    expect(talk.cuts).to.be.above(3);
    expect(talk.lost).to.be.above(100);
  });

  it("delivers a thousand messages each way once and in order though the keys change all the time", async () => {
    const talk = await run(6, { count: 1_000, losing: 0.02, cutting: 0.02, renewing: 0.1 });
    expectAllArrived(talk);
    expect(talk.alice.renewals + talk.bob.renewals).to.be.above(5);
  });

  it("delivers all once and in order whatever is lost", async () => {
    for (let seed = 10; seed < 30; seed += 1) {
      const [losing, cutting] = [[0, 0.1, 0.5][seed % 3], [0.5, 0.1, 0][Math.floor(seed / 3) % 3]];
      expectAllArrived(await run(seed, { count: 20, losing, cutting }));
    }
  });

  it("is not wedged by ten thousand lost frames", async () => {
    const talk = await LossyTalk.new(seeded(3));
    talk.alice.say("first");
    await talk.settles();
    for (let lost = 0; lost < 10_000; ) {
      talk.alice.say(String(lost));
      talk.alice.conversation.resend();
      lost += talk.alice.pump(talk.bob, () => true);
    }
    await talk.settles();
    expect(talk.bob.heard).to.deep.equal(talk.alice.said);
    expect(talk.bob.renewals).to.equal(1);
  });
});

describe("one who is who they are, and speaks nonsense", () => {
  const NUMBERS = [-1, 0, 1, 2, 3, 1.5, true, null, 2 ** 53, 1e300, "1", [], {}];
  const TEXTS = ["", "x", null, 5, [], {}, "A".repeat(22), `${"A".repeat(43)}=`, "\ud800x"];
  const TYPES = [
    "text",
    "ack",
    "hello",
    "typing",
    "sas:commit",
    "sas:nonce",
    "sas:reveal",
    "sas:result",
    "sas:",
    "edit",
    "delete",
    "react",
    "read",
    "timer",
    "x",
    5,
  ];
  const REFS = [null, "alice", ["alice"], ["alice", "A".repeat(22)], ["bob", "A".repeat(22)], ["bob", 7], [[], {}], {}];

  it("breaks no conversation", async () => {
    const random = seeded(5);
    const any = (list) => list[Math.floor(random() * list.length)];
    for (let round = 0; round < 40; round += 1) {
      const talk = await LossyTalk.new(random);
      await talk.settles();
      const mine = talk.alice.conversation.send("mine alone");
      talk.alice.pump(talk.bob);
      talk.bob.read();
      for (let count = 0; count < 30; count += 1) {
        const fields = { t: any(TYPES), seq: any(NUMBERS), upto: any(NUMBERS), ok: any(NUMBERS), on: any(NUMBERS) };
        const times = { seconds: any(NUMBERS), at: any(NUMBERS), features: any([...TEXTS, TEXTS]), re: any(REFS) };
        const texts = { id: any(TEXTS), body: any(TEXTS), commit: any(TEXTS), nonce: any(TEXTS), emoji: any(TEXTS) };
        talk.alice.inbox.push(talk.bob.suite.seal(any([{ ...fields, ...times, ...texts }, fields, texts, [], {}])));
      }
      talk.alice.read();
      expect(talk.alice.conversation.state).to.be.oneOf(["secured", "greeting"]);
      expect([mine.body, mine.edited, mine.deleted]).to.deep.equal(["mine alone", false, false]);
      expect(mine.status).to.be.oneOf(["sent", "delivered"]);
      talk.alice.say("still here");
      talk.alice.pump(talk.bob);
      talk.bob.read();
      expect(talk.bob.heard).to.deep.equal(["mine alone", "still here"]);
    }
  });
});
