import { Classic } from "/static/js/peer/classic.js";
import { KeyRefused } from "/static/js/peer/errors.js";
import { b64, boxKey, concat, publicKey, seal } from "/static/js/peer/primitives.js";
import { chance, describe, drawn, expect, it, rejection, same, unhex, vectors } from "./kit.js";

const CLASSIC = await vectors("classic");

/** Two sides that have each other's key. */
async function pair(alice = new Classic(chance), bob = new Classic(chance)) {
  await alice.receiveKey(await bob.opening());
  await bob.receiveKey(await alice.opening());
  return [alice, bob];
}

const said = (side, body) => side.seal({ t: "text", body });
const heard = (side, frame) => side.open(frame)?.body ?? null;

describe("classic", () => {
  it("frames are those of the vectors", async () => {
    for (const { alicePrivate, bobPrivate, nonce, text, frame } of CLASSIC.messages) {
      const [alice, bob] = await pair(
        new Classic(drawn(unhex(alicePrivate), unhex(nonce))),
        new Classic(drawn(unhex(bobPrivate))),
      );
      expect(said(alice, text)).to.equal(frame);
      expect(heard(bob, frame)).to.equal(text);
    }
  });

  it("the later form is read and answered in kind", async () => {
    for (const { alicePrivate, bobPrivate, wrapped, text } of CLASSIC.messages) {
      const [alice, bob] = await pair(
        new Classic(drawn(unhex(alicePrivate))),
        new Classic(drawn(unhex(bobPrivate), same("m", 24), same("n", 24))),
      );
      expect(said(bob, "first").startsWith("{")).to.equal(false);
      expect(heard(bob, wrapped)).to.equal(text);
      const answer = said(bob, "answer");
      expect(JSON.parse(answer)).to.have.all.keys("rk", "ct");
      expect(heard(alice, answer)).to.equal("answer");
    }
  });

  it("a later form under another key is dropped", async () => {
    const [alice, bob] = await pair();
    const ct = said(alice, "text");
    for (const rk of [(await bob.opening()).publicKey, "", null, 5]) {
      expect(heard(bob, JSON.stringify({ rk, ct }))).to.equal(null);
    }
    expect(heard(bob, JSON.stringify({ rk: (await alice.opening()).publicKey, ct }))).to.equal("text");
  });

  it("a repeated frame, and one's own coming back, are dropped", async () => {
    const [alice, bob] = await pair();
    const frame = said(alice, "once");
    expect(heard(bob, frame)).to.equal("once");
    expect(heard(bob, frame)).to.equal(null);
    expect(heard(alice, frame)).to.equal(null);
  });

  it("a frame changed anywhere is dropped and the next one read", async () => {
    const [alice, bob] = await pair();
    const frame = said(alice, "text");
    for (let at = 0; at < frame.length; at += 1) {
      const letter = frame[at] === "A" ? "B" : "A";
      expect(heard(bob, frame.slice(0, at) + letter + frame.slice(at + 1))).to.equal(null);
    }
    expect(heard(bob, frame)).to.equal("text");
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
      expect(heard(bob, frame)).to.equal(null);
    }
  });

  it("what is not UTF-8 is dropped", async () => {
    const bob = new Classic(drawn(same("b")));
    await bob.receiveKey(await new Classic(drawn(same("a"))).opening());
    const key = boxKey(same("a"), publicKey(same("b")));
    const box = seal(key, same("n", 24), Uint8Array.of(0xff, 0xfe));
    expect(heard(bob, b64(concat(same("n", 24), box)))).to.equal(null);
  });

  it("keys that cannot be are refused", async () => {
    const zero = { publicKey: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" };
    const alice = new Classic(chance);
    for (const payload of [
      {},
      { publicKey: null },
      { publicKey: "AA==" },
      { publicKey: 7 },
      zero,
      await alice.opening(),
    ]) {
      const refusal = await rejection(alice.receiveKey(payload));
      expect(refusal).to.be.instanceOf(KeyRefused);
      expect(refusal.reason).to.equal("bad_key");
    }
  });

  it("the first key stands", async () => {
    const [alice, bob] = await pair();
    await bob.receiveKey(await new Classic(chance).opening());
    expect(heard(bob, said(alice, "still"))).to.equal("still");
  });

  it("where the other one is known to speak lowkey/2, whatever comes is refused", async () => {
    const alice = new Classic(chance, { refused: true });
    const refusal = await rejection(alice.receiveKey(await new Classic(chance).opening()));
    expect(refusal.reason).to.equal("classic_refused");
    expect(alice.agreed).to.equal(false);
  });

  it("a text fits up to 48,000 bytes", () => {
    const fits = (body) => new Classic(chance).fits({ t: "text", body });
    expect([fits("x".repeat(48_000)), fits("x".repeat(48_001))]).to.deep.equal([true, false]);
    expect([fits("é".repeat(24_000)), fits("é".repeat(24_001))]).to.deep.equal([true, false]);
  });

  it("the server's initiator makes the offer, and what is erased opens nothing", async () => {
    const [alice, bob] = await pair();
    expect([alice.offers(true), alice.offers(false)]).to.deep.equal([true, false]);
    const frame = said(alice, "text");
    bob.erase();
    expect([bob.agreed, heard(bob, frame)]).to.deep.equal([false, null]);
  });

  it("a peer is classic by the absence of v alone", () => {
    const alice = new Classic(chance);
    expect(alice.recognises({ publicKey: "x" })).to.equal(true);
    expect(alice.recognises({ publicKey: "x", v: 2 })).to.equal(false);
    expect(alice.recognises({ v: null })).to.equal(false);
  });
});
