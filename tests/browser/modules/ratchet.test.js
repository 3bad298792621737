import { b64, concat, hmac, pad, seal, u32, unb64, utf8 } from "/static/js/peer/primitives.js";
import { Ratchet } from "/static/js/peer/ratchet.js";
import { chance, describe, drawn, expect, hex, it, same, unhex } from "./kit.js";
import { agreed, flipped, LOW_ORDER, LOWKEY2 } from "./lowkey2_kit.js";

const KEYS = await agreed(LOWKEY2.handshake[0]);
const encoder = new TextEncoder();

/** Both ends of a conversation. */
function pair() {
  return [new Ratchet("caller", KEYS[0], chance), new Ratchet("called", KEYS[1], chance)];
}

/** @param {Ratchet} ratchet @param {string} text */
function send(ratchet, text) {
  return ratchet.encrypt(encoder.encode(text));
}

/** The text of a frame, null when it was dropped. @param {Ratchet} ratchet @param {string} frame */
function receive(ratchet, frame, now = 0) {
  const plaintext = ratchet.decrypt(frame, now);
  return plaintext && new TextDecoder().decode(plaintext);
}

/** `count` frames, the last of which is this text. */
function sendMany(ratchet, count, text) {
  const frames = Array.from({ length: count - 1 }, () => send(ratchet, "before"));
  return [...frames, send(ratchet, text)];
}

/** Frame, taken apart and put together again with a change. @param {string} frame @param {(header: Uint8Array, body: Uint8Array) => Uint8Array[]} change */
function edited(frame, change) {
  const [, header, body] = frame.split(".");
  const [newHeader, newBody] = change(unb64(header), unb64(body));
  return `2.${b64(newHeader)}.${b64(newBody)}`;
}

/** Its header with this key, pn and n. */
function withHeader(frame, { key, pn, n }) {
  return edited(frame, (header, body) => {
    const changed = concat(
      header.subarray(0, 1),
      key ?? header.subarray(1, 33),
      pn === undefined ? header.subarray(33, 37) : u32(pn),
      n === undefined ? header.subarray(37) : u32(n),
    );
    return [changed, body];
  });
}

/** The called one's first frame, made by hand from its chain key. */
function firstOfCalled(chain, { type = 2, length = 4 } = {}) {
  const header = concat(Uint8Array.of(type), KEYS[0].theirEphemeral, u32(0), u32(0));
  const key = hmac(chain, Uint8Array.of(1)).slice(0, 32);
  const frameKey = hmac(key, utf8("lowkey/2 msg"), KEYS[0].transcript, header).slice(0, 32);
  const nonce = chance(24);
  const box = seal(frameKey, nonce, pad(same("x", length), 64));
  return `2.${b64(header)}.${b64(concat(nonce, box))}`;
}

describe("ratchet", () => {
  it("frames are those of the vectors", async () => {
    for (const vector of LOWKEY2.handshake) {
      const [callerKeys, calledKeys] = await agreed(vector);
      const ratchets = {
        caller: new Ratchet("caller", callerKeys, drawn(...vector.rng.caller.map(unhex))),
        called: new Ratchet("called", calledKeys, drawn(...vector.rng.called.map(unhex))),
      };
      for (const { do: what, by, text, frame } of vector.ratchet) {
        if (what === "send") {
          expect(send(ratchets[by], text)).to.equal(frame);
        } else {
          expect(receive(ratchets[by], frame)).to.equal(text);
        }
      }
    }
  });

  it("both may send at once, and the called one has stepped when the caller's first frame has come", () => {
    const [alice, bob] = pair();
    const [hello, answer] = [send(alice, "hello"), send(bob, "hello too")];
    expect([alice.stepped, bob.stepped]).to.deep.equal([true, false]);
    expect(receive(alice, answer)).to.equal("hello too");
    expect(bob.stepped).to.equal(false);
    expect(receive(bob, hello)).to.equal("hello");
    expect(bob.stepped).to.equal(true);
  });

  it("texts of all lengths around a block come through", () => {
    const [alice, bob] = pair();
    for (const length of [0, 1, 62, 63, 64, 65, 127, 128, 131_072]) {
      const frame = send(alice, "x".repeat(length));
      expect(frame.length).to.be.at.most(180_000);
      expect(receive(bob, frame)).to.equal("x".repeat(length));
    }
  });

  it("what is too long for a frame is refused and costs no number", () => {
    const [alice, bob] = pair();
    expect(() => alice.encrypt(new Uint8Array(131_073))).to.throw(RangeError);
    const frame = send(alice, "first");
    expect(unb64(frame.split(".")[1])[40]).to.equal(0);
    expect(receive(bob, frame)).to.equal("first");
  });

  it("frames of equal blocks have equal lengths", () => {
    const [alice] = pair();
    expect(send(alice, "").length).to.equal(send(alice, "x".repeat(63)).length);
    expect(send(alice, "").length).to.be.below(send(alice, "x".repeat(64)).length);
  });

  it("lost frames are passed over, and opened when they come late and in any order", () => {
    const [alice, bob] = pair();
    const frames = ["0", "1", "2", "3"].map((text) => send(alice, text));
    for (const at of [3, 1, 0, 2]) {
      expect(receive(bob, frames[at])).to.equal(String(at));
    }
  });

  it("frames of an earlier chain open after the turn", () => {
    const [alice, bob] = pair();
    const late = ["a", "b", "c"].map((text) => send(alice, text));
    expect(receive(bob, late[1])).to.equal("b");
    expect(receive(alice, send(bob, "turn"))).to.equal("turn");
    const next = send(alice, "d");
    expect(receive(bob, next)).to.equal("d");
    expect(receive(alice, send(bob, "turn again"))).to.equal("turn again");
    expect(receive(bob, send(alice, "e"))).to.equal("e");
    expect(receive(bob, late[2])).to.equal("c");
    expect(receive(bob, late[0])).to.equal("a");
  });

  it("a long talk with crossing turns keeps its keys in step and never repeats one", () => {
    const [alice, bob] = pair();
    const seen = new Set();
    for (let turn = 0; turn < 20; turn += 1) {
      const [mine, theirs] = [send(alice, `a${turn}`), send(bob, `b${turn}`)];
      expect([receive(bob, mine), receive(alice, theirs)]).to.deep.equal([`a${turn}`, `b${turn}`]);
      seen.add(mine.split(".")[1]).add(theirs.split(".")[1]);
    }
    expect(seen.size).to.equal(40);
  });

  it("a repeated frame is dropped, in its own chain, out of order and after the turn", () => {
    const [alice, bob] = pair();
    const frames = ["a", "b", "c"].map((text) => send(alice, text));
    expect(receive(bob, frames[2])).to.equal("c");
    expect(receive(bob, frames[0])).to.equal("a");
    for (const at of [0, 2]) {
      expect(receive(bob, frames[at])).to.equal(null);
    }
    receive(alice, send(bob, "turn"));
    receive(bob, send(alice, "d"));
    for (const at of [0, 2]) {
      expect(receive(bob, frames[at])).to.equal(null);
    }
    expect(receive(bob, frames[1])).to.equal("b");
  });

  it("one's own frames coming back are dropped, before and after a step", () => {
    const [alice, bob] = pair();
    const [mine, theirs] = [send(alice, "mine"), send(bob, "theirs")];
    expect(receive(alice, mine)).to.equal(null);
    expect(receive(bob, theirs)).to.equal(null);
    expect([receive(bob, mine), receive(alice, theirs)]).to.deep.equal(["mine", "theirs"]);
    const later = send(bob, "later");
    expect(receive(bob, later)).to.equal(null);
    expect(receive(alice, later)).to.equal("later");
    expect(receive(alice, mine)).to.equal(null);
  });

  it("a frame changed in any byte is dropped and the honest one read", () => {
    const [alice, bob] = pair();
    receive(bob, send(alice, "hello"));
    receive(alice, send(bob, "turn"));
    const frame = send(alice, "text");
    const [, head, rest] = frame.split(".");
    const [header, body] = [unb64(head), unb64(rest)];
    for (const at of header.keys()) {
      expect(receive(bob, `2.${b64(flipped(header, at))}.${rest}`), `header ${at}`).to.equal(null);
    }
    for (const at of body.keys()) {
      expect(receive(bob, `2.${head}.${b64(flipped(body, at))}`), `body ${at}`).to.equal(null);
    }
    expect(receive(bob, frame)).to.equal("text");
    expect(receive(alice, send(bob, "back"))).to.equal("back");
  });

  it("a frame cut, extended or in another form is dropped", () => {
    const [alice, bob] = pair();
    const frame = send(alice, "text");
    const [, head, rest] = frame.split(".");
    for (let length = 0; length < frame.length; length += 1) {
      expect(receive(bob, frame.slice(0, length))).to.equal(null);
    }
    const others = [
      `${frame}.`,
      `${frame}.${rest}`,
      `${frame}A`,
      `${frame}=`,
      ` ${frame}`,
      `1.${head}.${rest}`,
      `2.${rest}.${head}`,
      `2.${head}.`,
      `2..${rest}`,
      `2.${head}`,
      rest,
      "2.",
      "",
      "hello bob",
      '{"rk":"","ct":""}',
      `2.${head}.${rest.replaceAll("=", "")}A`,
      edited(frame, (header, body) => [concat(header, new Uint8Array(1)), body]),
      edited(frame, (header, body) => [header, concat(body, new Uint8Array(64))]),
      edited(frame, (header, body) => [header, body.subarray(0, 40)]),
      `2.${head}.${"A".repeat(180_004)}`,
    ];
    for (const other of others) {
      expect(receive(bob, other), other.slice(0, 80)).to.equal(null);
    }
    expect(receive(bob, frame)).to.equal("text");
  });

  it("the two halves of two frames do not make one", () => {
    const [alice, bob] = pair();
    const [one, two] = [send(alice, "one"), send(alice, "two")].map((frame) => frame.split("."));
    expect(receive(bob, `2.${one[1]}.${two[2]}`)).to.equal(null);
    expect(receive(bob, `2.${two[1]}.${one[2]}`)).to.equal(null);
    expect(receive(bob, one.join("."))).to.equal("one");
    expect(receive(bob, two.join("."))).to.equal("two");
  });

  it("an edited header is dropped, whatever it claims", () => {
    const [alice, bob] = pair();
    const frame = send(alice, "text");
    for (const key of [...LOW_ORDER, chance(32), KEYS[0].theirEphemeral]) {
      expect(receive(bob, withHeader(frame, { key }))).to.equal(null);
      expect(receive(alice, withHeader(send(bob, "any"), { key: flipped(key, 31) }))).to.equal(null);
    }
    for (const change of [{ pn: 1 }, { pn: 0xffffffff }, { n: 1 }, { n: 2000 }, { pn: 2000, n: 2000 }]) {
      expect(receive(bob, withHeader(frame, change))).to.equal(null);
    }
    expect(bob.stepped).to.equal(false);
    expect(receive(bob, frame)).to.equal("text");
  });

  it("a number far ahead costs nothing", () => {
    const [alice, bob] = pair();
    const frame = send(alice, "text");
    const far = [{ n: 0xffffffff }, { pn: 0xffffffff, n: 0xffffffff }, { n: 2003 }];
    receive(bob, send(alice, "step"));
    const start = performance.now();
    for (let round = 0; round < 500; round += 1) {
      for (const change of far) {
        expect(receive(bob, withHeader(frame, change))).to.equal(null);
        expect(receive(bob, withHeader(frame, { ...change, key: same("k") }))).to.equal(null);
      }
    }
    expect(performance.now() - start).to.be.below(2000);
    expect(receive(bob, frame)).to.equal("text");
  });

  it("2,000 frames may be missing, and no more", () => {
    for (const [missing, text] of [
      [2000, "after"],
      [2001, null],
    ]) {
      const [alice, bob] = pair();
      const first = send(alice, "first");
      expect(receive(bob, first)).to.equal("first");
      expect(receive(bob, sendMany(alice, missing + 1, "after").at(-1))).to.equal(text);
    }
  });

  it("of two chains too, 2,000 frames may be missing, and no more", () => {
    for (const [before, after, text] of [
      [1200, 800, "after"],
      [1200, 801, null],
    ]) {
      const [alice, bob] = pair();
      expect(receive(bob, send(alice, "first"))).to.equal("first");
      sendMany(alice, before, "lost");
      expect(receive(alice, send(bob, "turn"))).to.equal("turn");
      expect(receive(bob, sendMany(alice, after + 1, "after").at(-1))).to.equal(text);
    }
  });

  it("the newest 512 missing frames can still come", () => {
    const [alice, bob] = pair();
    const frames = sendMany(alice, 1001, "last");
    expect(receive(bob, frames[1000])).to.equal("last");
    expect(receive(bob, frames[487])).to.equal(null);
    expect(receive(bob, frames[488])).to.equal("before");
    expect(receive(bob, frames[999])).to.equal("before");
  });

  it("512 are kept over all chains together", () => {
    const [alice, bob] = pair();
    const early = sendMany(alice, 301, "early");
    expect(receive(bob, early[300])).to.equal("early");
    expect(receive(alice, send(bob, "turn"))).to.equal("turn");
    const late = sendMany(alice, 301, "late");
    expect(receive(bob, late[300])).to.equal("late");
    expect(receive(bob, early[87])).to.equal(null);
    expect(receive(bob, early[88])).to.equal("before");
    expect(receive(bob, late[0])).to.equal("before");
  });

  it("a missing frame can come for five minutes", () => {
    const [alice, bob] = pair();
    const [one, two, three] = ["1", "2", "3"].map((text) => send(alice, text));
    expect(receive(bob, three, 1000)).to.equal("3");
    expect(receive(bob, one, 1299.9)).to.equal("1");
    expect(receive(bob, two, 1300)).to.equal(null);
    expect(receive(bob, send(alice, "4"), 1300)).to.equal("4");
  });

  it("the five minutes count from when each was missed, and a timer may end them", () => {
    const [alice, bob] = pair();
    const [one, two, three, four] = ["1", "2", "3", "4"].map((text) => send(alice, text));
    expect(receive(bob, two, 1000)).to.equal("2");
    expect(receive(bob, four, 1200)).to.equal("4");
    bob.expire(1300);
    expect(receive(bob, one, 1200)).to.equal(null);
    expect(receive(bob, three, 1499)).to.equal("3");
  });

  it("nothing is drawn for a frame that is dropped", () => {
    const [alice] = pair();
    const bob = new Ratchet("called", KEYS[1], drawn());
    for (const change of [{ key: same("k") }, { n: 5 }, { pn: 5 }]) {
      expect(receive(bob, withHeader(send(alice, "text"), change))).to.equal(null);
    }
  });

  it("frames of other keys, and of another transcript, are dropped", async () => {
    const [other] = await agreed();
    const [, bob] = pair();
    expect(receive(bob, send(new Ratchet("caller", other, chance), "text"))).to.equal(null);
    const elsewhere = { ...KEYS[0], transcript: flipped(KEYS[0].transcript, 0) };
    expect(receive(bob, send(new Ratchet("caller", elsewhere, chance), "text"))).to.equal(null);
    expect(receive(bob, send(pair()[0], "text"))).to.equal("text");
  });

  it("the keys it was given stay as they are", () => {
    const before = KEYS.map((keys) => Object.values(keys).map((key) => key && hex(key)));
    const [alice, bob] = pair();
    receive(bob, send(alice, "hello"));
    receive(alice, send(bob, "hello"));
    alice.erase();
    bob.erase();
    expect(KEYS.map((keys) => Object.values(keys).map((key) => key && hex(key)))).to.deep.equal(before);
  });

  it("the called one cannot begin without its ephemeral key", () => {
    expect(() => new Ratchet("called", KEYS[0], chance)).to.throw(TypeError);
  });

  it("what verifies is dropped all the same when it is another type, or longer than a frame may be", () => {
    const [alice] = pair();
    const { chain } = KEYS[0];
    expect(receive(alice, firstOfCalled(chain, { type: 3 }))).to.equal(null);
    expect(receive(alice, firstOfCalled(chain, { length: 135_000 }))).to.equal(null);
    expect(receive(alice, firstOfCalled(chain))).to.equal("xxxx");
  });

  it("what is erased neither sends nor opens, not even under the keys of zeros", () => {
    const [alice, bob] = pair();
    const frame = send(bob, "text");
    alice.erase();
    expect(receive(alice, frame)).to.equal(null);
    expect(receive(alice, firstOfCalled(new Uint8Array(32)))).to.equal(null);
    expect(() => send(alice, "text")).to.throw(TypeError);
  });
});
