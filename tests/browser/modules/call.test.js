import { Call } from "/static/js/peer/call.js";
import { DEADLINES, ENDINGS, TABLE } from "/static/js/peer/call_table.js";
import { Classic } from "/static/js/peer/classic.js";
import { SENTENCES } from "/static/js/peer/errors.js";
import { SESSION, Stage } from "./call_scripts.js";
import { attempt, device } from "./devices.js";
import { chance, describe, expect, it, vectors } from "./kit.js";

const { scripts } = await vectors("call");

/** A call of alice's with bob, who may speak either. */
async function callOf(me = "alice", peer = "bob") {
  const identity = await device();
  return new Call(peer, () => [attempt(me, peer, identity), new Classic(chance)]);
}

/** The payload of the first key message among what is to be done. */
const keyIn = (effects) => effects.find(({ message }) => message?.type === "key:exchange").message.payload;

describe("call", () => {
  for (const { name, me = "alice", given = [], steps, reason, pin } of scripts) {
    it(name, async () => {
      const stage = await Stage.new(me, given);
      for (const [[event, ...args], state, effects] of steps) {
        expect(await stage.play(event, ...args), event).to.deep.equal(effects);
        expect(stage.call.state, event).to.equal(state);
      }
      expect(stage.call.reason).to.equal(reason ?? null);
      if (pin !== undefined) {
        expect(stage.pin()).to.equal(pin);
      }
    });
  }

  it("every reason has a sentence", () => {
    const reasons = Object.values(ENDINGS).filter((reason) => reason !== null);
    expect(SENTENCES).to.include.all.keys(reasons);
  });

  it("every state on the way has a row for its deadline, and no row stands in both tables", () => {
    for (const state of Object.keys(DEADLINES)) {
      expect({ ...TABLE, ...ENDINGS }).to.have.property(`${state} timeout`);
    }
    expect(Object.keys(TABLE).filter((row) => row in ENDINGS)).to.deep.equal([]);
  });

  it("messages name the session and the peer as its owner writes it", async () => {
    const call = await callOf("alice", "BOB");
    call.dial();
    const [{ message }] = await call.joined(SESSION);
    expect(message).to.include({ target: "bob", sessionId: SESSION.sessionId });
  });

  it("what ends while the handshake computes says nothing more", async () => {
    const [alice, bob] = [await callOf(), await callOf("bob", "alice")];
    alice.dial();
    const opening = keyIn(await alice.joined(SESSION));
    await bob.ring({ ...SESSION, peer: "alice" }, opening);
    const accepting = bob.accept();
    expect(bob.state).to.equal("keys");
    expect(bob.cancel().map(({ message }) => message.type)).to.deep.equal(["session:leave"]);
    expect(await accepting).to.deep.equal([]);
    expect([bob.state, bob.reason]).to.deep.equal(["ended", "you_left"]);
  });

  it("at whatever step a call ends while it computes, it stays ended and says nothing", async () => {
    const dialled = await callOf();
    dialled.dial();
    const joining = dialled.joined(SESSION);
    dialled.cancel();
    expect(await joining).to.deep.equal([]);

    const [alice, bob] = [await callOf(), await callOf("bob", "alice")];
    alice.dial();
    const opening = keyIn(await alice.joined(SESSION));
    const ringing = bob.ring({ ...SESSION, peer: "alice" }, opening);
    bob.decline();
    expect(await ringing).to.deep.equal([]);

    const other = await callOf("bob", "alice");
    await other.ring({ ...SESSION, peer: "alice" }, opening);
    const answer = keyIn(await other.accept());
    const meeting = alice.key(answer);
    alice.serverLost();
    expect(await meeting).to.deep.equal([]);
    expect([alice.state, alice.reason]).to.deep.equal(["ended", "server_lost"]);
  });

  it("a classic call that ends while it answers says nothing more", async () => {
    const call = new Call("bob", () => [new Classic(chance)]);
    await call.ring(SESSION, await new Classic(chance).opening());
    await call.accept();
    const answering = call.acceptClassic();
    call.cancel();
    expect(await answering).to.deep.equal([]);
  });

  it("with the channel open, new keys are for the device that the chat began with, whatever is pinned now", async () => {
    const stage = await Stage.new("alice", []);
    for (const step of [["dial"], ["joined", "SESSION"], ["key", "STEP2"], ["opened"]]) {
      await stage.play(...step);
    }
    const { suite } = stage.call;
    stage.identity.accept("bob", stage.stranger.identity.key.public);
    expect(await stage.play("key", "STRANGER STEP1")).to.deep.equal(["key:exchange 2"]);
    expect(await stage.play("key", "STRANGER STEP3")).to.deep.equal(["notice stranger"]);
    expect(stage.call.suite).to.equal(suite);
  });

  it("a handshake beside the chat that ends while it computes says nothing more", async () => {
    const stage = await Stage.new("alice", []);
    for (const step of [["dial"], ["joined", "SESSION"], ["key", "STEP2"], ["opened"]]) {
      await stage.play(...step);
    }
    const beside = stage.call.key(await stage.bob.says("STEP1"));
    stage.call.cancel();
    expect(await beside).to.deep.equal([]);
    expect(stage.call.state).to.equal("ended");
  });
});
