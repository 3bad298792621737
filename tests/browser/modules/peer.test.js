import { Classic } from "/static/js/peer/classic.js";
import { Invite } from "/static/js/peer/invites.js";
import { attempt, device } from "./devices.js";
import { chance, describe, expect, it, reasonOf } from "./kit.js";
import { Matchmaker } from "./matchmaker.js";

const settled = () => new Promise((resolve) => setTimeout(resolve));
const joined = (peer, sessionId = "one", initiator = false) => ({
  type: "session:joined",
  payload: { sessionId, peer, initiator, iceServers: [] },
});
const relayed = (sender, payload) => ({ type: "key:exchange", sender, payload });
const key = async (sender) => relayed(sender, await new Classic(chance).opening());
const step1 = async (sender, to) => relayed(sender, await attempt(sender, to, await device()).opening());

/** alice, online with a server that says what the test says. */
async function world() {
  const server = new Matchmaker();
  const { peer, notices, identity } = await server.join("alice");
  const socket = server.socketOf("alice");
  socket.sent.length = 0;
  server.says = () => {};
  const says = async (...messages) => {
    for (const message of messages) {
      server.deliver("alice", await message);
    }
    await settled();
    await settled();
  };
  const state = () => [peer.snapshot().chat.state, peer.snapshot().chat.peer];
  return { peer, socket, notices, identity, says, state };
}

/** Two people who chat. */
async function chatting(options = {}) {
  const server = new Matchmaker();
  const [alice, bob] = [await server.join("alice", options.alice), await server.join("bob", options.bob)];
  await call(alice, bob);
  return { server, alice, bob };
}

async function call(caller, called) {
  caller.peer.dial(called.peer.name);
  await called.until("ringing");
  called.peer.accept();
  await Promise.all([caller.until("secured"), called.until("secured")]);
}

describe("peer", () => {
  it("a call rings when its key comes, and nothing is said before it is accepted", async () => {
    const { peer, socket, says, state } = await world();
    await says(step1("bob", "alice"));
    expect(state()).to.deep.equal(["idle", null]);
    await says(joined("bob"));
    expect(state()).to.deep.equal(["idle", null]);
    await says(step1("bob", "alice"));
    expect(state()).to.deep.equal(["ringing", "bob"]);
    expect(socket.sent).to.deep.equal([]);
    peer.accept();
    await settled();
    expect(socket.sent[0].type).to.equal("key:exchange");
    peer.stop();
  });

  it("a second caller hears busy", async () => {
    const { peer, socket, notices, says, state } = await world();
    await says(joined("bob"), step1("bob", "alice"), joined("carol", "two"), step1("carol", "alice"));
    expect(state()).to.deep.equal(["ringing", "bob"]);
    expect(socket.sent).to.deep.equal([{ type: "session:decline", sessionId: "two", payload: { reason: "busy" } }]);
    expect(notices).to.deep.equal(["carol tried to call you and was told that you are busy."]);
    peer.stop();
  });

  it("only the newest sessions that nobody asked for are kept", async () => {
    const { peer, says, state } = await world();
    await says(...Array.from({ length: 65 }, (_, number) => joined(`caller_${number}`)));
    await says(step1("caller_0", "alice"));
    expect(state()).to.deep.equal(["idle", null]);
    await says(step1("caller_1", "alice"));
    expect(state()).to.deep.equal(["ringing", "caller_1"]);
    peer.stop();
  });

  it("an answer for somebody else than the one dialled ends the call", async () => {
    const { peer, says, state } = await world();
    peer.dial("bob");
    await says(joined("mallory", "one", true), key("mallory"));
    expect(state()).to.deep.equal(["failed", "bob"]);
    expect(peer.snapshot().chat.sentence).to.contain("somebody else than bob");
    peer.stop();
  });

  it("leaving a session that is over already is nothing to tell", async () => {
    const { peer, notices, says } = await world();
    const error = (code) => ({ type: "error", payload: { code, message: "x" } });
    await says(error("NOT_IN_SESSION"));
    expect(notices).to.deep.equal([]);
    await says(error("RATE_LIMITED"));
    expect(notices).to.deep.equal(["That was too much at once. Wait a moment and try again."]);
    peer.stop();
  });

  it("a further call of who chats already changes nothing, and one of somebody else rings beside the chat", async () => {
    const { server, alice, bob } = await chatting();
    const { sent } = server.socketOf("alice");
    sent.length = 0;
    server.deliver("alice", joined("bob", "two"));
    server.deliver("alice", await key("bob"));
    server.deliver("alice", joined("carol", "three"));
    server.deliver("alice", await step1("carol", "alice"));
    await alice.is(({ incoming }) => incoming !== null);
    expect([alice.chat.state, alice.chat.peer]).to.deep.equal(["secured", "bob"]);
    expect(alice.peer.snapshot().incoming.peer).to.equal("carol");
    server.deliver("alice", joined("dave", "four"));
    server.deliver("alice", await step1("dave", "alice"));
    await alice.is(() => sent.length > 0);
    expect(sent).to.deep.equal([{ type: "session:decline", sessionId: "four", payload: { reason: "busy" } }]);
    alice.peer.stop();
    bob.peer.stop();
  });
});

describe("peer with peer", () => {
  it("two people chat, and leaving clears the chat on both sides", async () => {
    const { alice, bob } = await chatting();
    expect([alice.chat.trust, bob.chat.trust]).to.deep.equal(["unverified", "unverified"]);
    expect(alice.chat.sentence).to.equal("Connected to bob. Encrypted, not verified yet.");
    const texts = ["hello", "two\nlines", "🎉 <b>", "שלום", "x".repeat(30_000)];
    for (const text of texts) {
      alice.peer.send(text);
      bob.peer.send(text.toUpperCase());
    }
    await bob.is(() => bob.received.length === 5);
    await alice.is(
      ({ chat }) => chat.messages.every(({ status }) => status === "delivered") && chat.messages.length === 10,
    );
    expect(bob.received).to.deep.equal(texts);
    expect(alice.received).to.deep.equal(texts.map((text) => text.toUpperCase()));
    alice.peer.end();
    await bob.until("ended");
    expect(bob.chat.sentence).to.equal("alice ended the chat, and its messages are deleted.");
    expect([alice.bodies, bob.bodies]).to.deep.equal([[], []]);
    alice.peer.stop();
    bob.peer.stop();
  });

  it("both call at once", async () => {
    const server = new Matchmaker();
    const [alice, bob] = [await server.join("alice"), await server.join("bob")];
    alice.peer.dial("bob");
    bob.peer.dial("alice");
    await Promise.all([alice.until("secured"), bob.until("secured")]);
    bob.peer.send("hello");
    await alice.is(() => alice.received.length === 1);
    alice.peer.stop();
    bob.peer.stop();
  });

  it("the two compare emoji, and what does not match takes verified away", async () => {
    const { alice, bob } = await chatting();
    alice.peer.verify();
    for (const person of [alice, bob]) {
      await person.is(({ chat }) => chat.verification?.state === "compare");
    }
    expect(alice.chat.verification.emoji).to.deep.equal(bob.chat.verification.emoji);
    expect(alice.chat.verification.emoji).to.have.lengthOf(7);
    expect(alice.peer.safetyNumber())
      .to.equal(bob.peer.safetyNumber())
      .and.to.match(/^\d{60}$/);
    expect(alice.peer.qrText()).to.equal(`lowkey2:${alice.peer.safetyNumber()}`);
    alice.peer.confirm(true);
    await bob.is(({ chat }) => chat.verification.theyMatched);
    expect([alice.chat.trust, bob.chat.trust]).to.deep.equal(["verified", "unverified"]);
    bob.peer.confirm(false);
    await alice.is(({ chat }) => chat.verification.state === "theyMismatched");
    expect([alice.chat.trust, bob.chat.trust]).to.deep.equal(["unverified", "unverified"]);
    expect(bob.chat.verification.state).to.equal("mismatched");
    alice.peer.stop();
    bob.peer.stop();
  });

  it("what was verified is remembered, and seen again in the next call", async () => {
    const { alice, bob } = await chatting();
    alice.peer.confirm(true);
    alice.peer.end();
    await bob.until("ended");
    await call(bob, alice);
    expect([alice.chat.trust, bob.chat.trust]).to.deep.equal(["verified", "unverified"]);
    alice.peer.stop();
    bob.peer.stop();
  });

  it("under an invite both end verified, and it is good once", async () => {
    const server = new Matchmaker();
    const alice = await server.join("alice");
    const { link, expires } = alice.peer.createInvite();
    expect(link).to.match(/^http.*\/chat#invite=alice\./);
    expect(expires - Date.now()).to.be.within(86_390_000, 86_400_000);
    const bob = await server.join("bob");
    bob.peer.openInvite(new URL(link).hash);
    await alice.until("ringing");
    expect(alice.peer.snapshot().incoming).to.deep.equal({ peer: "bob", invited: true, known: false });
    alice.peer.accept();
    await Promise.all([alice.until("secured"), bob.until("secured")]);
    expect([alice.chat.trust, bob.chat.trust]).to.deep.equal(["verified", "verified"]);
    expect(bob.peer.snapshot().invite.state).to.equal("done");
    bob.peer.openInvite(new URL(link).hash);
    expect(bob.peer.snapshot().invite.state).to.equal("used");
    bob.peer.dismissInvite();
    expect(bob.peer.snapshot().invite).to.equal(null);
    bob.peer.stop();

    const carol = await server.join("carol");
    alice.peer.end();
    carol.peer.openInvite(new URL(link).hash);
    await carol.is(({ invite }) => invite.state === "used");
    expect(alice.chat.sentence).to.contain("Someone called as carol with an invite of yours that was used already.");
    for (const [fragment, state] of [
      ["#invite=alice.x", "damaged"],
      [new URL(carol.peer.createInvite().link).hash, "own"],
    ]) {
      carol.peer.openInvite(fragment);
      expect(carol.peer.snapshot().invite.state).to.equal(state);
    }
    alice.peer.stop();
    carol.peer.stop();
  });

  it("an invite whose link was changed is refused, both learn it, and it stays good", async () => {
    const server = new Matchmaker();
    const [alice, bob] = [await server.join("alice"), await server.join("bob")];
    const { link } = alice.peer.createInvite();
    const { name, uuid } = Invite.parse(new URL(link).hash);
    bob.peer.openInvite(new URL(new Invite(name, uuid, chance(32)).link(location.origin)).hash);
    await bob.is(({ invite }) => invite.state === "unknown");
    expect(bob.chat.sentence).to.contain("alice does not know this invite.");
    expect(alice.chat.sentence).to.contain("whose link was changed or copied badly. They were told so.");
    alice.peer.stop();
    bob.peer.stop();
    const carol = await server.join("carol");
    const again = await server.join("alice", { identity: alice.identity });
    carol.peer.openInvite(new URL(link).hash);
    await again.until("ringing");
    expect(again.peer.snapshot().incoming.invited).to.equal(true);
    again.peer.stop();
    carol.peer.stop();
  });

  it("an invite opened during a call waits for its end", async () => {
    const server = new Matchmaker();
    const [alice, bob, carol] = [await server.join("alice"), await server.join("bob"), await server.join("carol")];
    alice.peer.dial("bob");
    await bob.until("ringing");
    alice.peer.openInvite(new URL(carol.peer.createInvite().link).hash);
    const { state, sentence } = alice.peer.snapshot().invite;
    expect([state, sentence]).to.deep.equal([
      "waiting",
      "You have an invite from carol. They are called when this chat is over.",
    ]);
    alice.peer.end();
    await carol.until("ringing");
    for (const { peer } of [alice, bob, carol]) {
      peer.stop();
    }
  });

  it("an invite opened before the peer is online waits", async () => {
    const server = new Matchmaker();
    const alice = await server.join("alice");
    const identity = await device({ now: Date.now });
    const bob = await server.join("bob", { identity });
    bob.peer.stop();
    bob.peer.openInvite(new URL(alice.peer.createInvite().link).hash);
    expect(bob.peer.snapshot().invite.state).to.equal("waiting");
    bob.peer.dismissInvite();
    const again = await server.join("bob", { identity });
    again.peer.dial("alice");
    await alice.until("ringing");
    expect(alice.peer.snapshot().incoming.invited).to.equal(true);
    alice.peer.stop();
    again.peer.stop();
  });

  it("another device under a known name is asked about, on either side, and nothing leaves before", async () => {
    const server = new Matchmaker();
    const [alice, bob] = [await server.join("alice"), await server.join("bob")];
    alice.identity.meet("bob", chance(32));
    alice.identity.setVerified("bob", alice.identity.pin("bob").identity, true);
    alice.peer.dial("bob");
    await bob.until("ringing");
    bob.peer.accept();
    await alice.until("blocked");
    expect(alice.chat.changed).to.have.property("verified", true);
    expect(alice.chat.trust).to.equal("changed");
    expect(server.heard.filter(([to]) => to === "bob").map(([, { type }]) => type)).to.deep.equal([
      "session:joined",
      "key:exchange",
    ]);
    alice.peer.acceptKey();
    await Promise.all([alice.until("secured"), bob.until("secured")]);
    expect([alice.chat.trust, alice.chat.changed]).to.deep.equal(["unverified", null]);
    expect(alice.identity.pins("bob")).to.have.lengthOf(2);
    alice.peer.end();
    await bob.until("ended");

    bob.identity.accept("alice", chance(32));
    alice.peer.dial("bob");
    await bob.until("ringing");
    expect(bob.peer.snapshot().incoming).to.deep.equal({ peer: "alice", invited: false, known: true });
    bob.peer.accept();
    await bob.until("blocked");
    bob.peer.refuseKey();
    await alice.until("ended");
    expect(alice.chat.sentence).to.equal("bob ended the call.");
    expect(bob.chat.sentence).to.contain("You did not go on with alice’s other device.");
    expect(reasonOf(() => bob.peer.acceptKey())).to.equal("no_call");
    alice.peer.stop();
    bob.peer.stop();
  });

  it("who called and accepts another device when the call is over calls again at once, and is asked no more", async () => {
    const server = new Matchmaker();
    const [alice, bob] = [await server.join("alice"), await server.join("bob")];
    alice.identity.meet("bob", chance(32));
    const states = [];
    alice.is(({ chat }) => states.push(chat.state) && false, "never").catch(() => {});
    alice.peer.dial("bob");
    await bob.until("ringing");
    bob.peer.accept();
    await alice.until("blocked");
    bob.peer.end();
    await settled();
    expect(alice.chat.state).to.equal("blocked");
    states.length = 0;
    alice.peer.acceptKey();
    await bob.until("ringing");
    bob.peer.accept();
    await Promise.all([alice.until("secured"), bob.until("secured")]);
    expect(new Set(states)).to.deep.equal(new Set(["calling", "connecting", "secured"]));
    alice.peer.stop();
    bob.peer.stop();
  });

  it("who was called and accepts another device when the call is over does not call", async () => {
    const server = new Matchmaker();
    const [alice, bob] = [await server.join("alice"), await server.join("bob")];
    alice.identity.meet("bob", chance(32));
    bob.peer.dial("alice");
    await alice.until("ringing");
    alice.peer.accept();
    await alice.until("blocked");
    bob.peer.end();
    await settled();
    alice.peer.acceptKey();
    await alice.until("ended");
    expect(alice.chat.sentence).to.equal("You accepted bob’s other device. Call again to chat.");
    alice.peer.stop();
    bob.peer.stop();
  });

  it("an invite that was burnt before the call came to nothing is done, and not good any more", async () => {
    const server = new Matchmaker();
    const [alice, bob] = [await server.join("alice"), await server.join("bob")];
    server.tamper = (message) => (message.type.startsWith("signal:") ? [] : [message]);
    bob.peer.openInvite(new URL(alice.peer.createInvite().link).hash);
    await alice.until("ringing");
    alice.peer.accept();
    await alice.is(() => server.heard.some(([, { payload }]) => payload?.step === 3));
    bob.peer.end();
    expect([bob.chat.state, bob.peer.snapshot().invite.state]).to.deep.equal(["ended", "done"]);
    alice.peer.stop();
    bob.peer.stop();
  });

  it("a device known under another name is announced", async () => {
    const server = new Matchmaker();
    const [alice, bob] = [await server.join("alice"), await server.join("bob")];
    alice.identity.meet("robert", bob.identity.key.public);
    await call(alice, bob);
    expect(alice.chat.knownAs).to.deep.equal(["robert"]);
    expect(alice.notices).to.deep.equal(["bob is on a device that you know as robert."]);
    alice.peer.stop();
    bob.peer.stop();
  });

  it("a classic caller is announced, and nothing is sent before the person accepts that too", async () => {
    const { peer, socket, says, state } = await world();
    await says(joined("bob"), key("bob"));
    expect(state()).to.deep.equal(["ringing", "bob"]);
    peer.accept();
    await settled();
    expect([...state(), peer.snapshot().chat.classicWarning]).to.deep.equal(["connecting", "bob", true]);
    expect(socket.sent).to.deep.equal([]);
    peer.acceptClassic();
    await settled();
    await settled();
    expect(socket.sent.map(({ type }) => type)).to.include("key:exchange");
    expect(peer.snapshot().chat.classicWarning).to.equal(false);
    peer.stop();
  });

  it("a classic caller under a pinned name is refused", async () => {
    const { peer, identity, says, state } = await world();
    identity.meet("bob", chance(32));
    await says(joined("bob"), key("bob"));
    expect(state()).to.deep.equal(["failed", "bob"]);
    expect(peer.snapshot().chat.sentence).to.contain("should have proved who they are");
    peer.stop();
  });

  it("the server hears no signal in the clear", async () => {
    const { server, alice, bob } = await chatting();
    const signals = server.heard.map(([, message]) => message).filter(({ type }) => type.startsWith("signal:"));
    expect(signals.map(({ type }) => type)).to.include.members(["signal:offer", "signal:answer", "signal:ice"]);
    expect(signals.every(({ payload }) => Object.keys(payload).join() === "box")).to.equal(true);
    alice.peer.stop();
    bob.peer.stop();
  });

  it("a page that goes away leaves the chat to be read on the other side", async () => {
    const { alice, bob } = await chatting();
    alice.peer.send("see you");
    await bob.is(() => bob.received.length === 1);
    alice.peer.stop();
    await bob.until("ended");
    expect(bob.bodies).to.deep.equal(["< see you"]);
    bob.peer.stop();
  });

  it("what the person asks for at the wrong time has a sentence", async () => {
    const { peer } = await world();
    for (const method of ["acceptClassic", "refuseClassic", "acceptKey", "refuseKey", "accept", "decline", "end"]) {
      expect(
        reasonOf(() => peer[method]()),
        method,
      ).to.equal("no_call");
    }
    for (const method of ["verify", "confirm", "safetyNumber", "qrText", "send", "retry"]) {
      expect(
        reasonOf(() => peer[method]("x")),
        method,
      ).to.equal("no_chat");
    }
    peer.stop();
  });

  it("frames that cannot be opened lead to new keys, and nothing of the conversation is lost", async () => {
    const { server, alice, bob } = await chatting();
    alice.peer.send("one");
    await bob.is(() => bob.received.length === 1);
    const handshakes = () => server.heard.filter(([, { payload }]) => payload?.step === 3).length;
    const real = RTCDataChannel.prototype.send;
    RTCDataChannel.prototype.send = function send(frame) {
      const spoilt = handshakes() === 1 && frame.length > 1_000;
      real.call(this, spoilt ? `${frame.slice(0, 100)}${"A".repeat(8)}${frame.slice(108)}` : frame);
    };
    try {
      const texts = ["two", "three", "four"].map((text) => text.padEnd(1_000));
      for (const text of texts) {
        alice.peer.send(text);
      }
      await bob.is(() => bob.received.length === 4);
      expect(bob.received).to.deep.equal(["one", ...texts]);
    } finally {
      RTCDataChannel.prototype.send = real;
    }
    expect(handshakes()).to.equal(2);
    bob.peer.send("five");
    await alice.is(() => alice.received.length === 1);
    expect([alice.chat.state, bob.chat.state]).to.deep.equal(["secured", "secured"]);
    alice.peer.stop();
    bob.peer.stop();
  });

  it("a stranger who calls under the name of who chats learns nothing and changes nothing", async () => {
    const { server, alice, bob } = await chatting();
    const stranger = attempt("bob", "alice", await device());
    server.deliver("alice", joined("bob", "two"));
    server.deliver("alice", relayed("bob", await stranger.opening()));
    const answer = () => server.socketOf("alice").sent.find(({ payload }) => payload?.step === 2)?.payload;
    await alice.is(() => answer() !== undefined);
    const [three] = await stranger.receiveKey(answer());
    server.deliver("alice", relayed("bob", three));
    await alice.is(() => alice.notices.length > 0);
    expect(alice.notices).to.deep.equal([
      "Somebody with another key tried to take bob’s place in this chat, and was refused.",
    ]);
    alice.peer.send("to bob alone");
    await bob.is(() => bob.received.length === 1);
    expect(alice.identity.pin("bob").identity).to.deep.equal(bob.identity.key.public);
    alice.peer.stop();
    bob.peer.stop();
  });

  it("so many handshakes are answered in a minute, unasked, and after it as many again", async () => {
    let now = 0;
    const { server, alice, bob } = await chatting({ alice: { clock: () => now } });
    const { sent } = server.socketOf("alice");
    sent.length = 0;
    const six = async () => {
      for (let number = 0; number < 6; number += 1) {
        server.deliver("alice", relayed("bob", await attempt("bob", "alice", await device()).opening()));
      }
      for (let turn = 0; turn < 20; turn += 1) {
        await settled();
      }
      return sent.splice(0).map(({ payload }) => payload.step);
    };
    expect(await six()).to.deep.equal([2, 2, 2]);
    now = 59.9;
    expect(await six()).to.deep.equal([]);
    now = 60;
    expect(await six()).to.deep.equal([2, 2, 2]);
    alice.peer.stop();
    bob.peer.stop();
  });
});
