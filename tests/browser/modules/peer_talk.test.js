/** What is said about messages, between two real peers over real WebRTC; the rules have their scripts in
 * tests/vectors/talk.json. Mirrors tests/test_peer_talk.py. */

import { describe, expect, it, reasonOf } from "./kit.js";
import { Matchmaker } from "./matchmaker.js";

/** Two people who chat. */
async function chatting() {
  const server = new Matchmaker();
  const [alice, bob] = [await server.join("alice"), await server.join("bob")];
  alice.peer.dial("bob");
  await bob.until("ringing");
  bob.peer.accept();
  await Promise.all([alice.until("secured"), bob.until("secured")]);
  await Promise.all([alice, bob].map((one) => one.is(({ chat }) => chat.features.includes("read"))));
  return [alice, bob];
}

/** The message of which that is so, as soon as there is one. */
async function sees(person, sight) {
  await person.is(({ chat }) => chat.messages.some(sight), sight);
  return person.chat.messages.find(sight);
}

function part(...people) {
  for (const { peer } of people) {
    peer.stop();
  }
}

describe("peers who talk", () => {
  it("a message is read, answered, edited, liked and taken back", async () => {
    const [alice, bob] = await chatting();
    const sent = alice.peer.send("helo");
    const theirs = await sees(bob, ({ body }) => body === "helo");
    await alice.is(() => sent.status === "delivered");
    expect(bob.chat.unread).to.equal(1);
    bob.peer.read();
    await alice.is(() => sent.status === "read");
    expect([bob.chat.unread, theirs.status]).to.deep.equal([0, "read"]);
    alice.peer.edit(sent.id, "hello");
    await sees(bob, ({ body, edited }) => body === "hello" && edited);
    const answer = bob.peer.send("and hello to you", theirs);
    const told = await sees(alice, ({ id }) => id === answer.id);
    expect(told.re).to.deep.equal({ mine: true, id: sent.id });
    alice.peer.react(told, "🎉");
    await bob.is(() => answer.reactions.theirs === "🎉");
    alice.peer.delete(sent.id);
    await bob.is(() => theirs.deleted && theirs.body === "");
    expect(reasonOf(() => alice.peer.edit(sent.id, "back"))).to.equal("no_message");
    part(alice, bob);
  });

  it("the two see each other type, unless either does not want to", async () => {
    const [alice, bob] = await chatting();
    alice.peer.typed();
    await bob.is(({ chat }) => chat.typing);
    alice.peer.send("done");
    await bob.is(({ chat }) => !chat.typing && chat.messages.length === 1);
    alice.peer.prefer({ typing: false });
    await bob.is(({ chat }) => !chat.features.includes("typing"));
    alice.peer.typed();
    bob.peer.typed();
    alice.peer.send("and that is all");
    await bob.is(({ chat }) => chat.messages.length === 2);
    expect([alice.chat.typing, bob.chat.typing]).to.deep.equal([false, false]);
    part(alice, bob);
  });

  it("messages with a timer vanish on both sides", async () => {
    const [alice, bob] = await chatting();
    alice.peer.setTimer(1);
    const line = await sees(bob, ({ kind }) => kind === "timer");
    expect([line.seconds, line.mine, bob.chat.timer]).to.deep.equal([1, false, 1]);
    alice.peer.send("secret");
    await sees(bob, ({ body }) => body === "secret");
    bob.peer.read();
    await Promise.all([alice, bob].map((one) => one.is(({ chat }) => chat.messages.length === 1)));
    expect(alice.chat.messages[0].kind).to.equal("timer");
    part(alice, bob);
  });
});
