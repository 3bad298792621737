import { KeyRefused, Unexpected } from "/static/js/peer/errors.js";
import { Invite } from "/static/js/peer/invites.js";
import { LIFETIME_MS } from "/static/js/peer/kept_invites.js";
import { b64, concat, unb64 } from "/static/js/peer/primitives.js";
import { MAX_PLAINTEXT_BYTES } from "/static/js/peer/ratchet.js";
import { agreed, attempt, device, NOW_MS, Pair } from "./devices.js";
import { chance, describe, expect, it, rejection } from "./kit.js";
import { flipped, LOW_ORDER } from "./lowkey2_kit.js";

const OFFER = { type: "offer", sdp: "v=0" };
const ANSWER = { type: "answer", sdp: "v=0" };
const CANDIDATE = { candidate: "candidate:1", sdpMid: "0", sdpMLineIndex: 0 };
const NO_HS = b64(new Uint8Array(16));

/** Why a step ends the attempt. */
async function reasonOf(promise) {
  const refusal = await rejection(promise);
  expect(refusal).to.be.instanceOf(KeyRefused);
  return refusal.reason;
}

/** The step with one bit changed in this byte of its message. */
function changedAt(payload, at) {
  return { ...payload, m: b64(flipped(unb64(payload.m), at)) };
}

/** As far as the answer: step 1 has been read, and this is step 2. */
async function answered(pair) {
  await pair.bob.receiveKey(await pair.alice.opening());
  const [two] = await pair.bob.answer();
  return two;
}

describe("lowkey2: the steps", () => {
  it("three steps carry what the protocol says, and after them both speak under the same keys", async () => {
    const pair = await Pair.new();
    const steps = await pair.call();
    expect(steps.map((step) => Object.keys(step).join())).to.deep.equal(Array(3).fill("v,step,hs,m"));
    expect(steps.map(({ v, step }) => `${v} ${step}`)).to.deep.equal(["2 1", "2 2", "2 3"]);
    expect(new Set(steps.map(({ hs }) => hs)).size).to.equal(1);
    expect([unb64(steps[0].hs).length, unb64(steps[0].m).length]).to.deep.equal([16, 32]);
    expect([pair.alice.role, pair.bob.role]).to.deep.equal(["caller", "called"]);
    expect(pair.alice.theirIdentity).to.deep.equal(pair.bobDevice.key.public);
    expect(pair.bob.theirIdentity).to.deep.equal(pair.aliceDevice.key.public);
    expect(pair.alice.safetyNumber()).to.equal(pair.bob.safetyNumber());
    const content = { t: "text", body: "hello" };
    expect(pair.bob.open(pair.alice.seal(content))).to.deep.equal(content);
  });

  it("it is the same with keys that WebCrypto keeps", async () => {
    const { alice, bob, aliceDevice } = await agreed({ aliceDevice: await device({ subtle: crypto.subtle }) });
    expect(bob.theirIdentity).to.deep.equal(aliceDevice.key.public);
    expect(bob.open(alice.seal({ t: "hello" }))).to.deep.equal({ t: "hello" });
  });

  it("names that differ in case alone agree, and a step passed on to somebody else fails", async () => {
    const [caller, called] = [attempt("Alice", "BOB", await device()), attempt("bob", "aLICE", await device())];
    await called.receiveKey(await caller.opening());
    const [three] = await caller.receiveKey((await called.answer())[0]);
    await called.receiveKey(three);
    expect([caller.agreed, called.agreed]).to.deep.equal([true, true]);
    const pair = await Pair.new();
    pair.bob = attempt("bob", "mallory", await device());
    const two = await answered(pair);
    expect(await reasonOf(pair.alice.receiveKey(two))).to.equal("bad_handshake");
  });

  it("the opening said again is the same and is read once", async () => {
    const pair = await Pair.new();
    const one = await pair.alice.opening();
    expect(await pair.alice.opening()).to.deep.equal(one);
    await pair.bob.receiveKey(one);
    expect(await pair.bob.receiveKey(one)).to.deep.equal([]);
    const [two] = await pair.bob.answer();
    expect(await pair.bob.receiveKey(one)).to.deep.equal([]);
    expect(await pair.alice.receiveKey(two)).to.have.lengthOf(1);
  });

  it("before the answer a caller may begin anew, and after it nobody", async () => {
    const pair = await Pair.new();
    await pair.bob.receiveKey(await pair.alice.opening());
    pair.alice = attempt("alice", "bob", pair.aliceDevice);
    const two = await answered(pair);
    const stranger = await attempt("alice", "bob", await device()).opening();
    expect(await pair.bob.receiveKey(stranger)).to.deep.equal([]);
    const [three] = await pair.alice.receiveKey(two);
    await pair.bob.receiveKey(three);
    expect(pair.bob.agreed).to.equal(true);
  });

  it("steps of another handshake, or out of turn, are dropped", async () => {
    const pair = await Pair.new();
    const two = await answered(pair);
    for (const change of [
      { hs: NO_HS },
      { hs: null },
      { hs: 7 },
      { hs: [two.hs] },
      { step: 3 },
      { step: 0 },
      { step: "2" },
    ]) {
      expect(await pair.alice.receiveKey({ ...two, ...change }), JSON.stringify(change)).to.deep.equal([]);
    }
    const [three] = await pair.alice.receiveKey(two);
    expect(await pair.alice.receiveKey(two)).to.deep.equal([]);
    for (const change of [{ hs: NO_HS }, { step: 2 }, { step: 4 }]) {
      expect(await pair.bob.receiveKey({ ...three, ...change })).to.deep.equal([]);
    }
    expect(await pair.bob.receiveKey(three)).to.deep.equal([]);
    expect(await pair.bob.receiveKey(three)).to.deep.equal([]);
    expect(pair.bob.agreed).to.equal(true);
  });

  it("what begins with another step than the first is no call", async () => {
    for (const step of [2, 3, true, "1", [1], null, undefined]) {
      const fresh = attempt("bob", "alice", await device());
      const payload = { v: 2, step, hs: NO_HS, m: "AAAA" };
      expect(await reasonOf(fresh.receiveKey(payload)), String(step)).to.equal("bad_handshake");
    }
  });

  it("another version, or one without a message, ends the attempt; a later one without v is dropped", async () => {
    const pair = await Pair.new();
    const one = await pair.alice.opening();
    for (const wrong of [{ v: 3 }, { v: 1 }, { v: "2" }, { v: null }, { v: [2] }, { v: 2.5 }]) {
      expect(await reasonOf(attempt("bob", "alice", pair.bobDevice).receiveKey({ ...one, ...wrong }))).to.equal(
        "version",
      );
    }
    const { m: _, ...bare } = one;
    expect(await reasonOf(attempt("bob", "alice", pair.bobDevice).receiveKey(bare))).to.equal("version");
    await pair.bob.receiveKey(one);
    expect(await pair.bob.receiveKey({ publicKey: NO_HS })).to.deep.equal([]);
    expect(await pair.alice.receiveKey({ publicKey: NO_HS })).to.deep.equal([]);
    expect(await pair.alice.receiveKey((await pair.bob.answer())[0])).to.have.lengthOf(1);
  });
});

describe("lowkey2: what fails", () => {
  it("messages that cannot be end the attempt", async () => {
    const pair = await Pair.new();
    const one = await pair.alice.opening();
    const fails = (step) => reasonOf(attempt("bob", "alice", pair.bobDevice).receiveKey(step));
    for (const m of ["", "AAAA", "?", null, 7, [], one.m.slice(0, -4), b64(new Uint8Array(33)), "A".repeat(2004)]) {
      expect(await fails({ ...one, m }), JSON.stringify(m)).to.equal("bad_handshake");
    }
    for (const hs of [b64(new Uint8Array(15)), "?", null, 7, [one.hs]]) {
      expect(await fails({ ...one, hs }), JSON.stringify(hs)).to.equal("bad_handshake");
    }
  });

  it("a byte changed anywhere ends the attempt, and pins nothing", async () => {
    const [, two, three] = await (await Pair.new()).call();
    for (let at = 0; at < unb64(two.m).length; at += 5) {
      const pair = await Pair.new();
      const step = changedAt(await answered(pair), at);
      expect(await reasonOf(pair.alice.receiveKey(step)), at).to.equal("bad_handshake");
      expect(pair.aliceDevice.pin("bob")).to.equal(null);
    }
    for (let at = 0; at < unb64(three.m).length; at += 5) {
      const pair = await Pair.new();
      const [step] = await pair.alice.receiveKey(await answered(pair));
      expect(await reasonOf(pair.bob.receiveKey(changedAt(step, at))), at).to.equal("bad_handshake");
      expect(pair.bobDevice.pin("alice")).to.equal(null);
    }
  });

  it("low-order keys are refused", async () => {
    for (const key of LOW_ORDER) {
      const bob = attempt("bob", "alice", await device());
      await bob.receiveKey({ v: 2, step: 1, hs: NO_HS, m: b64(key) });
      expect(await reasonOf(bob.answer())).to.equal("bad_handshake");
      const alice = attempt("alice", "bob", await device());
      const { hs } = await alice.opening();
      const step = { v: 2, step: 2, hs, m: b64(concat(key, chance(80))) };
      expect(await reasonOf(alice.receiveKey(step))).to.equal("bad_handshake");
    }
  });

  it("after a failure nothing more is read, and one's own identity is refused", async () => {
    const pair = await Pair.new();
    const two = await answered(pair);
    await reasonOf(pair.alice.receiveKey(changedAt(two, 0)));
    expect(await pair.alice.receiveKey(two)).to.deep.equal([]);
    expect(pair.alice.agreed).to.equal(false);
    const one = await device();
    const selves = await Pair.new({ aliceDevice: one, bobDevice: one });
    expect(await reasonOf(selves.alice.receiveKey(await answered(selves)))).to.equal("bad_handshake");
  });

  it("an attempt that is erased while it computes goes no further", async () => {
    const pair = await Pair.new();
    const two = await answered(pair);
    const meeting = pair.alice.receiveKey(two);
    pair.alice.erase();
    expect(await rejection(meeting)).to.be.instanceOf(Unexpected);
    expect([pair.alice.agreed, pair.alice.ready, pair.alice.open("2.AAAA.AAAA")]).to.deep.equal([false, false, null]);
  });
});

describe("lowkey2: both call at once", () => {
  for (const [aliceInvited, bobInvited, caller] of [
    [false, false, "alice"],
    [true, false, "alice"],
    [false, true, "bob"],
    [true, true, "alice"],
  ]) {
    it(`${caller} calls; invited: alice ${aliceInvited}, bob ${bobInvited}`, async () => {
      const [hers, his] = [await device(), await device()];
      const alice = attempt("alice", "BOB", hers, { invite: aliceInvited ? his.newInvite("bob") : null });
      const bob = attempt("BOB", "alice", his, { invite: bobInvited ? hers.newInvite("alice") : null });
      const [fromAlice, fromBob] = [await alice.opening(), await bob.opening()];
      let [toBob, toAlice] = [await alice.receiveKey(fromBob), await bob.receiveKey(fromAlice)];
      expect(toBob.length + toAlice.length).to.equal(1);
      while (toBob.length + toAlice.length > 0) {
        const [step] = [...toBob, ...toAlice];
        [toBob, toAlice] = toBob.length > 0 ? [[], await bob.receiveKey(step)] : [await alice.receiveKey(step), []];
      }
      expect([alice.agreed, bob.agreed]).to.deep.equal([true, true]);
      expect([alice.role, bob.role]).to.deep.equal(caller === "alice" ? ["caller", "called"] : ["called", "caller"]);
      const trust = aliceInvited || bobInvited ? "verified" : "unverified";
      expect([alice.trust, bob.trust]).to.deep.equal([trust, trust]);
    });
  }
});

describe("lowkey2: invites", () => {
  async function invited() {
    const world = { now: NOW_MS };
    const now = () => world.now;
    const [aliceDevice, bobDevice] = [await device({ now }), await device({ now })];
    const invite = bobDevice.newInvite("bob");
    aliceDevice.keepOpened(invite);
    const pair = (other = invite) => Pair.new({ aliceDevice, bobDevice, invite: other });
    const opened = () => aliceDevice.openedState(invite.uuid);
    const made = () => bobDevice.madeInvite(invite.uuid, "bob");
    return { world, invite, pair, opened, made, aliceDevice, bobDevice };
  }

  it("both end verified; the opener burns it at a verified step 2, the inviter at a verified step 3", async () => {
    const { invite, pair, opened, made } = await invited();
    const both = await pair();
    const one = await both.alice.opening();
    expect([one.invite, unb64(one.m).length]).to.deep.equal([invite.uuid, 48]);
    const two = await answered(both);
    expect([opened(), made().uuid]).to.deep.equal(["fresh", invite.uuid]);
    const [three] = await both.alice.receiveKey(two);
    expect([opened(), made().uuid]).to.deep.equal(["used", invite.uuid]);
    await both.bob.receiveKey(three);
    expect([opened(), made()]).to.deep.equal(["used", "invite_used"]);
    expect([both.alice.trust, both.bob.trust, both.bob.invited]).to.deep.equal(["verified", "verified", true]);
    expect(await both.alice.renewal().opening()).not.to.have.property("invite");
  });

  it("steps that fail do not burn it", async () => {
    const { pair, opened, made } = await invited();
    for (let at = 0; at < 48; at += 7) {
      const both = await pair();
      const one = changedAt(await both.alice.opening(), at);
      expect(await reasonOf(both.bob.receiveKey(one))).to.equal("invite_changed");
    }
    const both = await pair();
    expect(await reasonOf(both.alice.receiveKey(changedAt(await answered(both), 40)))).to.equal("invite_failed");
    expect(opened()).to.equal("fresh");
    const others = await pair();
    const [three] = await others.alice.receiveKey(await answered(others));
    expect(await reasonOf(others.bob.receiveKey(changedAt(three, 0)))).to.equal("invite_failed");
    expect(made()).to.be.instanceOf(Invite);
  });

  it("one that is used, expired or unknown says which", async () => {
    const { world, pair, bobDevice, invite } = await invited();
    const one = await (await pair()).alice.opening();
    const reason = (name, identity, step = one) => reasonOf(attempt(name, "alice", identity).receiveKey(step));
    expect(await reason("carol", bobDevice)).to.equal("invite_unknown");
    expect(await reason("bob", await device())).to.equal("invite_unknown");
    for (const uuid of [null, 7, [invite.uuid], "", "x"]) {
      expect(await reason("bob", bobDevice, { ...one, invite: uuid }), String(uuid)).to.equal("invite_unknown");
    }
    world.now += LIFETIME_MS;
    expect(await reason("bob", bobDevice)).to.equal("invite_expired");
    bobDevice.burnMade(invite.uuid);
    expect(await reason("bob", bobDevice)).to.equal("invite_used");
  });

  it("a wrong secret fails; stripped or put in on the way, it does not fit", async () => {
    const { pair, invite, made, opened, aliceDevice, bobDevice } = await invited();
    const forged = await pair(new Invite(invite.name, invite.uuid, chance(32)));
    expect(await reasonOf(forged.bob.receiveKey(await forged.alice.opening()))).to.equal("invite_changed");
    const stripped = await pair();
    const { invite: _, ...one } = await stripped.alice.opening();
    expect(await reasonOf(stripped.bob.receiveKey(one))).to.equal("bad_handshake");
    const plain = attempt("alice", "bob", aliceDevice);
    const step = { ...(await plain.opening()), invite: invite.uuid };
    expect(await reasonOf(attempt("bob", "alice", bobDevice).receiveKey(step))).to.equal("invite_changed");
    expect([opened(), made().uuid]).to.deep.equal(["fresh", invite.uuid]);
  });

  it("another device than the one known stops under an invite too", async () => {
    const { pair, aliceDevice } = await invited();
    aliceDevice.meet("bob", chance(32));
    const both = await pair();
    expect(await both.alice.receiveKey(await answered(both))).to.deep.equal([]);
    expect([both.alice.trust, both.alice.agreed]).to.deep.equal(["changed", false]);
  });
});

describe("lowkey2: pins", () => {
  it("a first contact is pinned, not verified; the person's word is remembered and can be taken back", async () => {
    const pair = await agreed();
    expect([pair.alice.trust, pair.bob.trust]).to.deep.equal(["unverified", "unverified"]);
    expect(pair.aliceDevice.pin("bob").identity).to.deep.equal(pair.bobDevice.key.public);
    pair.alice.verify(true);
    const again = await agreed(pair);
    expect([again.alice.trust, again.bob.trust]).to.deep.equal(["verified", "unverified"]);
    again.alice.verify(false);
    expect(again.alice.trust).to.equal("unverified");
    again.aliceDevice.accept("bob", chance(32));
    again.alice.verify(true);
    expect([again.alice.trust, again.aliceDevice.pin("bob").verified]).to.deep.equal(["unverified", false]);
  });

  it("a caller who meets another key says nothing before the person accepts", async () => {
    const pair = await Pair.new();
    pair.aliceDevice.meet("bob", chance(32));
    expect(await pair.alice.receiveKey(await answered(pair))).to.deep.equal([]);
    expect([pair.alice.trust, pair.alice.agreed]).to.deep.equal(["changed", false]);
    const [three] = await pair.alice.acceptKey();
    await pair.bob.receiveKey(three);
    expect([pair.alice.trust, pair.alice.changed, pair.bob.agreed]).to.deep.equal(["unverified", null, true]);
    expect(pair.aliceDevice.pins("bob")).to.have.lengthOf(2);
  });

  it("the called one who meets another key opens nothing before the person accepts", async () => {
    const pair = await Pair.new();
    pair.bobDevice.meet("alice", chance(32));
    await pair.call();
    expect([pair.bob.trust, pair.bob.agreed]).to.deep.equal(["changed", false]);
    const box = pair.alice.sealSignal("offer", OFFER);
    expect(pair.bob.openSignal("offer", box)).to.equal(null);
    expect(await pair.bob.acceptKey()).to.deep.equal([]);
    expect(pair.bob.openSignal("offer", box)).to.deep.equal(OFFER);
  });

  it("accepted when the call is over it is a pin and no call", async () => {
    const pair = await Pair.new();
    pair.aliceDevice.meet("bob", chance(32));
    await pair.alice.receiveKey(await answered(pair));
    pair.alice.erase();
    expect(await pair.alice.acceptKey()).to.deep.equal([]);
    expect(pair.alice.agreed).to.equal(false);
    expect((await agreed(pair)).alice.trust).to.equal("unverified");
  });

  it("a device known under other names is announced", async () => {
    const pair = await Pair.new();
    pair.aliceDevice.meet("Robert", pair.bobDevice.key.public);
    await pair.call();
    expect([pair.alice.knownAs, pair.bob.knownAs]).to.deep.equal([["Robert"], []]);
  });
});

describe("lowkey2: signals and messages", () => {
  it("an answer and candidates belong to the newest offer", async () => {
    const { alice, bob } = await agreed();
    expect(bob.openSignal("offer", alice.sealSignal("offer", OFFER))).to.deep.equal(OFFER);
    const [answer, candidate] = [bob.sealSignal("answer", ANSWER), bob.sealSignal("ice", CANDIDATE)];
    expect(alice.openSignal("answer", answer)).to.deep.equal({ ...ANSWER, re: 1 });
    const newer = alice.sealSignal("offer", OFFER);
    expect([alice.openSignal("ice", candidate), alice.openSignal("answer", answer)]).to.deep.equal([null, null]);
    bob.openSignal("offer", newer);
    expect(alice.openSignal("answer", bob.sealSignal("answer", ANSWER))).to.deep.equal({ ...ANSWER, re: 2 });
    expect([alice.offers(false), bob.offers(true)]).to.deep.equal([true, false]);
  });

  it("plain, repeated, reflected and unopenable signals are dropped and change nothing", async () => {
    const { alice, bob } = await agreed();
    const box = alice.sealSignal("offer", OFFER);
    const stranger = (await agreed()).alice.sealSignal("offer", OFFER);
    for (const payload of [OFFER, {}, { box: null }, { box: "" }, stranger, { box: box.box.slice(0, -4) }]) {
      expect(bob.openSignal("offer", payload)).to.equal(null);
    }
    expect([bob.openSignal("answer", box), alice.openSignal("offer", box)]).to.deep.equal([null, null]);
    expect(bob.openSignal("offer", box)).to.deep.equal(OFFER);
    expect(bob.openSignal("offer", box)).to.equal(null);
  });

  it("the called one is ready with the caller's first frame", async () => {
    const { alice, bob } = await agreed();
    expect([alice.ready, bob.ready]).to.deep.equal([true, false]);
    expect(alice.open(bob.seal({ t: "hello" }))).to.deep.equal({ t: "hello" });
    expect(bob.ready).to.equal(false);
    bob.open(alice.seal({ t: "hello" }));
    expect(bob.ready).to.equal(true);
  });

  it("a message fits whatever its number will be", async () => {
    const { alice, bob } = await agreed();
    const room = MAX_PLAINTEXT_BYTES - '{"t":"text","body":"","seq":9007199254740991}'.length;
    const fits = (body) => alice.fits({ t: "text", body });
    expect([fits("x".repeat(room)), fits("x".repeat(room + 1))]).to.deep.equal([true, false]);
    expect([fits("é".repeat(room / 2)), fits("é".repeat(room / 2 + 1))]).to.deep.equal([true, false]);
    const longest = { t: "text", body: "x".repeat(room), seq: Number.MAX_SAFE_INTEGER };
    expect(bob.open(alice.seal(longest))).to.deep.equal(longest);
  });

  it("a frame that fails is none", async () => {
    const { alice, bob } = await agreed();
    const stranger = (await agreed()).alice.seal({ t: "x" });
    for (const frame of ["", "hello", "2..", "2.AAAA.AAAA", bob.seal({ t: "hello" }), stranger]) {
      expect(bob.open(frame)).to.equal(null);
    }
    const content = { t: "text", body: 'schön 🎉 \u0000\\"' };
    expect(bob.open(alice.seal(content))).to.deep.equal(content);
  });
});
