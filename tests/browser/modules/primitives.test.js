import * as primitives from "/static/js/peer/primitives.js";
import { describe, expect, hex, it, same, unhex, vectors } from "./kit.js";

const CLASSIC = await vectors("classic");

describe("primitives", () => {
  it("a public key comes from its private key", () => {
    for (const { alicePrivate, alicePublic } of CLASSIC.messages) {
      expect(hex(primitives.publicKey(unhex(alicePrivate)))).to.equal(alicePublic);
    }
  });

  it("both sides of a box have one key", () => {
    for (const { alicePrivate, alicePublic, bobPrivate, bobPublic, key } of CLASSIC.messages) {
      expect(hex(primitives.boxKey(unhex(alicePrivate), unhex(bobPublic)))).to.equal(key);
      expect(hex(primitives.boxKey(unhex(bobPrivate), unhex(alicePublic)))).to.equal(key);
    }
  });

  it("low-order public keys are refused", () => {
    for (const key of CLASSIC.lowOrderPublicKeys) {
      expect(() => primitives.boxKey(same("\x07"), unhex(key)), key).to.throw(RangeError);
    }
  });

  it("a public key of another length is refused", () => {
    for (const length of [0, 31, 33, 64]) {
      expect(() => primitives.boxKey(same("\x07"), same("\x09", length))).to.throw(RangeError);
    }
  });

  it("a changed box does not open", () => {
    const [key, nonce] = [same("k"), same("n", 24)];
    const box = primitives.seal(key, nonce, same("t", 4));
    expect(primitives.unseal(key, nonce, box)).to.deep.equal(same("t", 4));
    for (let at = 0; at < box.length; at += 1) {
      const changed = box.slice();
      changed[at] ^= 1;
      expect(primitives.unseal(key, nonce, changed)).to.equal(null);
    }
    expect(primitives.unseal(key, nonce, box.subarray(0, 15))).to.equal(null);
    expect(primitives.unseal(key, nonce.subarray(0, 8), box)).to.equal(null);
  });

  it("base64 has one form", () => {
    for (const text of [...CLASSIC.notStrictBase64, null, undefined, 5, ["AA=="]]) {
      expect(() => primitives.unb64(text), String(text)).to.throw(RangeError);
    }
    const all = Uint8Array.from({ length: 100_000 }, (_, index) => index);
    for (const data of [new Uint8Array(), Uint8Array.of(0), Uint8Array.of(0xfb, 0xff), all]) {
      expect(primitives.unb64(primitives.b64(data))).to.deep.equal(data);
    }
  });
});
