import { b64, concat, pad, seal, u32, unb64, utf8 } from "/static/js/peer/primitives.js";
import { Sealing } from "/static/js/peer/sealing.js";
import { chance, describe, drawn, expect, it, unhex } from "./kit.js";
import { agreed, flipped, LOWKEY2 } from "./lowkey2_kit.js";

const KEYS = await agreed();
const KINDS = ["offer", "answer", "ice"];
const BODY = { type: "offer", sdp: "v=0\r\n" };

function pair() {
  return [new Sealing("caller", KEYS[0], chance), new Sealing("called", KEYS[1], chance)];
}

/** A payload as only somebody with the caller's key could make it. */
function made(kind, counter, json, padded = (plain) => pad(plain, 1024)) {
  const nonce = chance(24);
  const plain = padded(concat(Uint8Array.of(kind), u32(counter), json));
  return { box: b64(concat(nonce, seal(KEYS[0].sealCaller, nonce, plain))) };
}

describe("sealing", () => {
  it("payloads are those of the vectors", () => {
    for (const [index, { key, nonce, kind, counter, json, box }] of LOWKEY2.sealed.entries()) {
      const keys = { ...KEYS[0], sealCaller: unhex(key) };
      const earlier = Array.from({ length: counter - 1 }, () => new Uint8Array(24));
      const alice = new Sealing("caller", keys, drawn(...earlier, unhex(nonce)));
      earlier.forEach(() => {
        alice.seal("ice", {});
      });
      expect(alice.seal(KINDS[kind - 1], JSON.parse(json)), String(index)).to.deep.equal({ box });
      expect(alice.counter).to.equal(counter);
      const opened = new Sealing("called", keys, chance).open(KINDS[kind - 1], { box });
      expect(opened).to.deep.equal([counter, JSON.parse(json)]);
    }
  });

  it("both directions carry every kind, and count from 1", () => {
    for (const [from, to] of [pair(), pair().reverse()]) {
      for (const [index, kind] of KINDS.entries()) {
        const body = { candidate: "naïve ☕", sdpMid: "0", sdpMLineIndex: 0 };
        expect(to.open(kind, from.seal(kind, body))).to.deep.equal([index + 1, body]);
        expect(from.counter).to.equal(index + 1);
      }
    }
  });

  it("a repeated signal, and one overtaken by another, are dropped", () => {
    const [alice, bob] = pair();
    const [one, two, three] = [1, 2, 3].map((n) => alice.seal("ice", { n }));
    expect(bob.open("ice", two)).to.deep.equal([2, { n: 2 }]);
    for (const payload of [one, two]) {
      expect(bob.open("ice", payload)).to.equal(null);
    }
    expect(bob.open("ice", three)).to.deep.equal([3, { n: 3 }]);
  });

  it("a signal under another kind is dropped and changes nothing", () => {
    const [alice, bob] = pair();
    for (const kind of KINDS) {
      const payload = alice.seal(kind, BODY);
      for (const other of [...KINDS, "", "bye", "constructor"].filter((name) => name !== kind)) {
        expect(bob.open(other, payload), other).to.equal(null);
      }
      expect(bob.open(kind, payload)?.[1]).to.deep.equal(BODY);
    }
  });

  it("one's own signal coming back is dropped", () => {
    const [alice, bob] = pair();
    for (const side of [alice, bob]) {
      expect(side.open("offer", side.seal("offer", BODY))).to.equal(null);
    }
  });

  it("plain signals and rubbish are dropped and change nothing", () => {
    const [alice, bob] = pair();
    const payload = alice.seal("offer", BODY);
    const box = payload.box;
    const boxes = [
      null,
      undefined,
      5,
      "",
      "AA==",
      [box],
      {},
      box.slice(4),
      `${box}AAAA`,
      ` ${box}`,
      "A".repeat(100_000),
    ];
    for (const other of [{}, BODY, ...boxes.map((changed) => ({ box: changed }))]) {
      expect(bob.open("offer", other)).to.equal(null);
    }
    expect(bob.open("offer", payload)).to.deep.equal([1, BODY]);
  });

  it("a signal changed in any byte is dropped", () => {
    const [alice, bob] = pair();
    const payload = alice.seal("offer", BODY);
    const data = unb64(payload.box);
    for (const at of data.keys()) {
      expect(bob.open("offer", { box: b64(flipped(data, at)) }), String(at)).to.equal(null);
    }
    expect(bob.open("offer", payload)).to.deep.equal([1, BODY]);
  });

  it("signals of another handshake are dropped", async () => {
    const [other] = await agreed();
    const [, bob] = pair();
    expect(bob.open("offer", new Sealing("caller", other, chance).seal("offer", BODY))).to.equal(null);
  });

  it("lengths are hidden in blocks of 1,024 bytes", () => {
    const [alice] = pair();
    const lengthOf = (count) => unb64(alice.seal("ice", { x: "y".repeat(count) }).box).length;
    expect([lengthOf(0), lengthOf(1010), lengthOf(1011)]).to.deep.equal([1064, 1064, 2088]);
  });

  it("40,000 bytes of JSON are sealed and opened, and not one more", () => {
    const [alice, bob] = pair();
    const body = { x: "y".repeat(40_000 - 8) };
    expect(() => alice.seal("offer", { x: `${body.x}y` })).to.throw(RangeError);
    expect(alice.counter).to.equal(0);
    const longest = alice.seal("offer", body);
    expect(longest.box.length).to.equal(54_668);
    expect(bob.open("offer", longest)).to.deep.equal([1, body]);
    expect(bob.open("offer", made(1, 2, utf8(JSON.stringify({ x: `${body.x}y` }))))).to.equal(null);
    expect(bob.open("offer", alice.seal("offer", BODY))).to.deep.equal([2, BODY]);
  });

  it("an unknown kind is not sealed", () => {
    const [alice] = pair();
    expect(() => alice.seal("bye", {})).to.throw(RangeError);
    expect(alice.counter).to.equal(0);
  });

  it("what verifies and still is no signal is dropped and changes nothing", () => {
    const [, bob] = pair();
    const json = utf8("{}");
    const wrong = [
      ...["null", "[]", "5", '"text"', "{", "", "{} {}"].map((text) => made(1, 9, utf8(text))),
      made(1, 9, Uint8Array.of(0x22, 0xff, 0x22)),
      made(4, 9, json),
      made(1, 0, json),
      made(1, 9, json, (plain) => plain),
      made(1, 9, json, () => new Uint8Array(1024)),
      made(1, 9, json, () => pad(Uint8Array.of(1, 0, 0), 1024)),
      made(1, 9, json, (plain) => concat(pad(plain, 1024), new Uint8Array(1024))),
      made(1, 9, json, () => new Uint8Array()),
    ];
    for (const [index, payload] of wrong.entries()) {
      expect(bob.open("offer", payload), String(index)).to.equal(null);
    }
    expect(bob.open("offer", made(1, 1, json))).to.deep.equal([1, {}]);
  });

  it("the highest counter is accepted, and nothing after it", () => {
    const [, bob] = pair();
    expect(bob.open("ice", made(3, 0xffffffff, utf8("{}")))).to.deep.equal([0xffffffff, {}]);
    expect(bob.open("ice", made(3, 0xffffffff, utf8("{}")))).to.equal(null);
  });

  it("what is erased neither seals nor opens, not even under the key of zeros", () => {
    const [alice, bob] = pair();
    const payload = alice.seal("offer", BODY);
    bob.erase();
    expect(bob.open("offer", payload)).to.equal(null);
    const zeros = new Sealing("caller", { ...KEYS[0], sealCaller: new Uint8Array(32) }, chance);
    expect(bob.open("offer", zeros.seal("offer", BODY))).to.equal(null);
    expect(() => bob.seal("offer", BODY)).to.throw(TypeError);
    expect(pair()[1].open("offer", payload)).to.deep.equal([1, BODY]);
  });
});
