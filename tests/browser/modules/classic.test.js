import { Classic } from "/static/js/peer/classic.js";
import { KeyRefused } from "/static/js/peer/errors.js";
import { b64, boxKey, concat, publicKey, seal } from "/static/js/peer/primitives.js";
import { chance, describe, drawn, expect, it, rejection, same, unhex, vectors } from "./kit.js";

const CLASSIC = await vectors("classic");

/** Two sides that have each other's key. */
async function pair(alice = new Classic(chance), bob = new Classic(chance)) {
  await alice.receiveKey(bob.opening());
  await bob.receiveKey(alice.opening());
  return [alice, bob];
}

describe("classic", () => {
  it("frames are those of the vectors", async () => {
    for (const { alicePrivate, bobPrivate, nonce, text, frame } of CLASSIC.messages) {
      const [alice, bob] = await pair(
        new Classic(drawn(unhex(alicePrivate), unhex(nonce))),
        new Classic(drawn(unhex(bobPrivate))),
      );
      expect(alice.seal(text)).to.equal(frame);
      expect(bob.open(frame)).to.equal(text);
    }
  });

  it("the later form is read and answered in kind", async () => {
    for (const { alicePrivate, bobPrivate, wrapped, text } of CLASSIC.messages) {
      const [alice, bob] = await pair(
        new Classic(drawn(unhex(alicePrivate))),
        new Classic(drawn(unhex(bobPrivate), same("m", 24), same("n", 24))),
      );
      expect(bob.seal("first").startsWith("{")).to.equal(false);
      expect(bob.open(wrapped)).to.equal(text);
      const answer = bob.seal("answer");
      expect(JSON.parse(answer)).to.have.all.keys("rk", "ct");
      expect(alice.open(answer)).to.equal("answer");
    }
  });

  it("a later form under another key is dropped", async () => {
    const [alice, bob] = await pair();
    const ct = alice.seal("text");
    for (const rk of [bob.opening().publicKey, "", null, 5]) {
      expect(bob.open(JSON.stringify({ rk, ct }))).to.equal(null);
    }
    expect(bob.open(JSON.stringify({ rk: alice.opening().publicKey, ct }))).to.equal("text");
  });

  it("a repeated frame, and one's own coming back, are dropped", async () => {
    const [alice, bob] = await pair();
    const frame = alice.seal("once");
    expect(bob.open(frame)).to.equal("once");
    expect(bob.open(frame)).to.equal(null);
    expect(alice.open(frame)).to.equal(null);
  });

  it("a frame changed anywhere is dropped and the next one read", async () => {
    const [alice, bob] = await pair();
    const frame = alice.seal("text");
    for (let at = 0; at < frame.length; at += 1) {
      const letter = frame[at] === "A" ? "B" : "A";
      expect(bob.open(frame.slice(0, at) + letter + frame.slice(at + 1))).to.equal(null);
    }
    expect(bob.open(frame)).to.equal("text");
  });

  it("rubbish and plain text are dropped", async () => {
    const [, bob] = await pair();
    const rubbish = [
      "",
      "hello bob",
      "{",
      "{}",
      "[]",
      "{".repeat(5000),
      '{"rk":1,"ct":[]}',
      "null",
      "A".repeat(180_004),
    ];
    for (const frame of rubbish) {
      expect(bob.open(frame)).to.equal(null);
    }
  });

  it("what is not UTF-8 is dropped", async () => {
    const bob = new Classic(drawn(same("b")));
    await bob.receiveKey(new Classic(drawn(same("a"))).opening());
    const key = boxKey(same("a"), publicKey(same("b")));
    const box = seal(key, same("n", 24), Uint8Array.of(0xff, 0xfe));
    expect(bob.open(b64(concat(same("n", 24), box)))).to.equal(null);
  });

  it("keys that cannot be are refused", async () => {
    const zero = { publicKey: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" };
    const alice = new Classic(chance);
    for (const payload of [{}, { publicKey: null }, { publicKey: "AA==" }, { publicKey: 7 }, zero, alice.opening()]) {
      const refusal = await rejection(alice.receiveKey(payload));
      expect(refusal).to.be.instanceOf(KeyRefused);
      expect(refusal.reason).to.equal("bad_key");
    }
  });

  it("the first key stands", async () => {
    const [alice, bob] = await pair();
    await bob.receiveKey(new Classic(chance).opening());
    expect(bob.open(alice.seal("still"))).to.equal("still");
  });

  it("a peer is classic by the absence of v alone", () => {
    const alice = new Classic(chance);
    expect(alice.recognises({ publicKey: "x" })).to.equal(true);
    expect(alice.recognises({ publicKey: "x", v: 2 })).to.equal(false);
    expect(alice.recognises({ v: null })).to.equal(false);
  });
});
