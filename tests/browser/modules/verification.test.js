import { commitment, EMOJI, emoji, qrText, safetyNumber } from "/static/js/peer/verification.js";
import { describe, expect, hex, it, same, unhex } from "./kit.js";
import { flipped, LOWKEY2 } from "./lowkey2_kit.js";

describe("verification", () => {
  it("safety numbers are those of the vectors, from either side", () => {
    for (const { a, b, number } of LOWKEY2.safety) {
      expect(safetyNumber(unhex(a), unhex(b))).to.equal(number);
      expect(safetyNumber(unhex(b), unhex(a))).to.equal(number);
    }
  });

  it("another key gives another safety number", () => {
    const [{ a, b, number }] = LOWKEY2.safety;
    expect(safetyNumber(unhex(a), flipped(unhex(b), 0)))
      .to.match(/^\d{60}$/)
      .and.not.equal(number);
  });

  it("the QR code holds the safety number", () => {
    const [{ number }] = LOWKEY2.safety;
    expect(qrText(number)).to.equal(`lowkey2:${number}`);
  });

  it("commitments and emoji are those of the vectors", () => {
    for (const { h, nA, nB, commit, numbers } of LOWKEY2.sas) {
      expect(hex(commitment(unhex(nA)))).to.equal(commit);
      expect(emoji(unhex(h), unhex(nA), unhex(nB))).to.deep.equal(numbers.map((number) => EMOJI[number]));
    }
  });

  it("the emoji change with the transcript, each nonce and their order", () => {
    const [{ h, nA, nB }] = LOWKEY2.sas;
    const [transcript, a, b] = [h, nA, nB].map(unhex);
    const all = [
      emoji(transcript, a, b),
      emoji(transcript, b, a),
      emoji(flipped(transcript, 63), a, b),
      emoji(transcript, flipped(a, 31), b),
      emoji(transcript, a, flipped(b, 31)),
    ];
    expect(new Set(all.map((row) => row.join())).size).to.equal(all.length);
  });

  it("keys and nonces of another length are refused", () => {
    for (const length of [0, 31, 33, 64]) {
      const wrong = same("w", length);
      expect(() => safetyNumber(same("a"), wrong)).to.throw(RangeError);
      expect(() => safetyNumber(wrong, same("a"))).to.throw(RangeError);
      expect(() => commitment(wrong)).to.throw(RangeError);
      expect(() => emoji(same("h", 64), wrong, same("b"))).to.throw(RangeError);
      expect(() => emoji(same("h", 64), same("a"), wrong)).to.throw(RangeError);
    }
  });

  it("there are 64 different emoji with different names", () => {
    expect(EMOJI).to.have.length(64);
    expect(new Set(EMOJI.map(([sign]) => sign)).size).to.equal(64);
    expect(new Set(EMOJI.map(([, name]) => name)).size).to.equal(64);
    expect([EMOJI[0], EMOJI[21], EMOJI[63]]).to.deep.equal([
      ["🐶", "Dog"],
      ["☁️", "Cloud"],
      ["📌", "Pin"],
    ]);
  });
});
