/** Frames that are not what the other one sent. Mirrors tests/test_attacks_frames.py. */

import { b64, concat, u32, unb64, utf8 } from "/static/js/peer/primitives.js";
import { Ratchet } from "/static/js/peer/ratchet.js";
import { chance, describe, expect, it } from "./kit.js";
import { agreed, LOW_ORDER } from "./lowkey2_kit.js";

const ALL = 2 ** 32 - 1;
const MAX_SKIPPED = 2_000;

/** Both sides of a chat in which each has said something. */
async function ratchets() {
  const [ours, theirs] = await agreed();
  const pair = [new Ratchet("caller", ours, chance), new Ratchet("called", theirs, chance)];
  expectReads(pair[1], pair[0].encrypt(utf8("hello")));
  expectReads(pair[0], pair[1].encrypt(utf8("hello")));
  return pair;
}

function expectReads(ratchet, frame) {
  expect(ratchet.decrypt(frame, 0)).to.not.equal(null);
}

function expectRefuses(ratchet, ...frames) {
  for (const frame of frames) {
    expect(ratchet.decrypt(frame, 0), frame.slice(0, 80)).to.equal(null);
  }
}

/** The next honest messages are read, each way. */
function expectGoesOn(alice, bob) {
  expectReads(bob, alice.encrypt(utf8("next")));
  expectReads(alice, bob.encrypt(utf8("and back")));
}

/** The frame with another header. */
function edited(frame, { key = null, pn = null, n = null, version = 2 }) {
  const [, header, body] = frame.split(".");
  const data = unb64(header);
  const parts = [
    key ?? data.slice(1, 33),
    pn === null ? data.slice(33, 37) : u32(pn),
    n === null ? data.slice(37) : u32(n),
  ];
  return `2.${b64(concat(Uint8Array.of(version), ...parts))}.${body}`;
}

/** Milliseconds that it takes once. */
function cost(doing, times) {
  const start = performance.now();
  for (let count = 0; count < times; count += 1) {
    doing();
  }
  return (performance.now() - start) / times;
}

describe("frames that are not the other one's", () => {
  it("are refused when replayed, reflected, cut, changed, or of another session", async () => {
    const [alice, bob] = await ratchets();
    const [stranger] = await ratchets();
    const read = alice.encrypt(utf8("once"));
    expectReads(bob, read);
    const frame = alice.encrypt(utf8("x"));
    const [, header, body] = frame.split(".");
    const whole = concat(unb64(header), unb64(body));
    expectRefuses(bob, read, read, bob.encrypt(utf8("mine")), stranger.encrypt(utf8("elsewhere")));
    for (let at = 0; at < whole.length; at += 1) {
      const changed = whole.slice();
      changed[at] ^= 1 << (at % 8);
      expectRefuses(bob, `2.${b64(changed.slice(0, 41))}.${b64(changed.slice(41))}`, frame.slice(0, at));
      if (at >= 41) {
        expectRefuses(bob, `2.${header}.${b64(whole.slice(41, at))}`);
      }
    }
    expectReads(bob, frame);
    expectGoesOn(alice, bob);
  });

  it("are refused when their header is changed", async () => {
    const [alice, bob] = await ratchets();
    const frame = alice.encrypt(utf8("x"));
    const changes = [{ n: 1 }, { n: ALL }, { n: 2 ** 31 }, { pn: 0 }, { pn: ALL }, { n: ALL, pn: ALL }, { version: 1 }];
    expectRefuses(bob, ...changes.map((change) => edited(frame, change)));
    expectRefuses(bob, ...LOW_ORDER.map((key) => edited(frame, { key })));
    expectReads(bob, frame);
    expectGoesOn(alice, bob);
  });

  it("cost, by the hundred thousand, no more than as many honest ones", async () => {
    const [alice, bob] = await ratchets();
    const honest = cost(() => expectReads(bob, alice.encrypt(utf8("x"))), 500);
    const frame = alice.encrypt(utf8("x"));
    const cheap = [
      edited(frame, { n: ALL }),
      edited(frame, { pn: ALL, n: ALL, key: chance(32) }),
      edited(frame, { n: 1 }),
      edited(frame, { version: 3 }),
      frame.slice(0, 100),
      "",
      "2..",
    ];
    const wrong = `${frame.slice(0, -4)}AAAA`;
    const each = cost(() => expectRefuses(bob, ...cheap, wrong), 100_000 / 8) / 8;
    expect(each).to.be.below(5 * honest);
    const steps = [edited(frame, { key: chance(32), n: 0 }), edited(frame, { key: LOW_ORDER[0], n: 0 })];
    const turns = cost(() => expectRefuses(bob, ...steps), 100);
    expectReads(bob, frame);
    expect(turns).to.be.below(5 * cost(() => expectGoesOn(alice, bob), 20));
  });

  it("cost at most the frames that they claim to skip", async () => {
    const [alice, bob] = await ratchets();
    const honest = cost(() => expectReads(bob, alice.encrypt(utf8("x"))), 500);
    const frame = alice.encrypt(utf8("x"));
    const dear = edited(frame, { n: 500 + MAX_SKIPPED });
    expect(cost(() => expectRefuses(bob, dear), 20)).to.be.below(MAX_SKIPPED * honest);
    expectReads(bob, frame);
    expectGoesOn(alice, bob);
  });
});
