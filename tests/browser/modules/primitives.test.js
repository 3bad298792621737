import * as primitives from "/static/js/peer/primitives.js";
import { describe, expect, hex, it, same, unhex, vectors } from "./kit.js";

const CLASSIC = await vectors("classic");
const LOWKEY2 = await vectors("lowkey2");

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
      expect(() => primitives.dh(same("\x07"), unhex(key)), key).to.throw(RangeError);
    }
  });

  it("a public key of another length is refused", () => {
    for (const length of [0, 31, 33, 64]) {
      expect(() => primitives.boxKey(same("\x07"), same("\x09", length))).to.throw(RangeError);
      expect(() => primitives.dh(same("\x07"), same("\x09", length))).to.throw(RangeError);
      expect(() => primitives.dh(same("\x07", length), same("\x09"))).to.throw(RangeError);
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

  it("both sides of an X25519 agreement have that of RFC 7748, section 6.1", () => {
    const [{ alicePrivate, alicePublic, bobPrivate, bobPublic }] = CLASSIC.messages;
    const shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
    expect(hex(primitives.dh(unhex(alicePrivate), unhex(bobPublic)))).to.equal(shared);
    expect(hex(primitives.dh(unhex(bobPrivate), unhex(alicePublic)))).to.equal(shared);
  });

  it("SHA-512 and HMAC take their message in parts", () => {
    const [a, bc] = [primitives.utf8("a"), primitives.utf8("bc")];
    expect(hex(primitives.sha512(a, bc)).slice(0, 32)).to.equal("ddaf35a193617abacc417349ae204131");
    expect(primitives.sha512(a, bc)).to.deep.equal(primitives.sha512(primitives.utf8("abc")));
    const [data, key] = [primitives.utf8("what do ya want for nothing?"), primitives.utf8("Jefe")];
    const mac = primitives.hmac(key, data.subarray(0, 5), data.subarray(5));
    expect(hex(mac).slice(0, 32)).to.equal("164b7a7bfcf819e2e395fbe73b56e0a3");
    expect(mac).to.have.length(64);
  });

  it("HKDF, HMAC and X25519 make the proofs of the vectors", () => {
    const { utf8, lp } = primitives;
    for (const { origin, name, S, UK, UK_private, nonce, mac } of LOWKEY2.name_auth) {
      const info = [utf8("lowkey/2 name-auth"), lp(utf8(origin)), lp(utf8(name.toLowerCase())), unhex(S), unhex(UK)];
      const shared = primitives.dh(unhex(UK_private), unhex(S));
      const key = primitives.hkdf(unhex(nonce), shared, primitives.concat(...info), 32);
      expect(hex(primitives.hmac(key, utf8("client")).slice(0, 32))).to.equal(mac);
    }
  });

  it("secretbox and numbers make the file frames of the vectors", () => {
    for (const { id, key, index, last, data, frame } of LOWKEY2.file) {
      const counter = BigInt(index) | (last ? 1n << 63n : 0n);
      const nonce = primitives.concat(unhex(id), primitives.u64(counter));
      const box = primitives.seal(unhex(key), nonce, unhex(data));
      expect(hex(primitives.concat(primitives.u32(index), box))).to.equal(frame);
    }
  });

  it("base64url has one form", () => {
    for (const length of [0, 1, 2, 3, 32]) {
      const data = same("\xfb", length);
      const text = primitives.b64url(data);
      expect(text).to.match(/^[A-Za-z0-9_-]*$/);
      expect(primitives.unb64url(text)).to.deep.equal(data);
    }
    for (const text of [
      "A",
      "AB",
      "AA==",
      "+w",
      "-x",
      "_w=",
      "AA\n",
      " AA",
      "AAAAA",
      "ÀA",
      null,
      undefined,
      5,
      ["AA"],
    ]) {
      expect(() => primitives.unb64url(text), String(text)).to.throw(RangeError);
    }
    expect(primitives.unb64url("-w")).to.deep.equal(Uint8Array.of(0xfb));
  });

  it("numbers and lengths are big-endian and refused when they do not fit", () => {
    const { lp, u32, u64 } = primitives;
    expect(hex(u32(0x01020304))).to.equal("01020304");
    expect(hex(u32(0xffffffff))).to.equal("ffffffff");
    expect(hex(u64(Number.MAX_SAFE_INTEGER))).to.equal("001fffffffffffff");
    expect(hex(u64(2n ** 64n - 1n))).to.equal("ffffffffffffffff");
    expect(hex(lp(same("a", 258)).subarray(0, 3))).to.equal("010261");
    expect(hex(lp(new Uint8Array()))).to.equal("0000");
    for (const wrong of [-1, 2 ** 32, 0.5, Number.NaN]) {
      expect(() => u32(wrong), String(wrong)).to.throw(RangeError);
    }
    for (const wrong of [-1, 2 ** 53, 0.5, Number.NaN, -1n, 2n ** 64n]) {
      expect(() => u64(wrong), String(wrong)).to.throw(RangeError);
    }
    expect(() => lp(new Uint8Array(0x10000))).to.throw(RangeError);
  });

  it("padding comes off again, and in one form alone", () => {
    for (const length of [0, 1, 62, 63, 64, 65]) {
      const padded = primitives.pad(same("\x80", length), 64);
      expect(padded.length % 64).to.equal(0);
      expect(padded.length - length).to.be.within(1, 64);
      expect(primitives.unpad(padded, 64)).to.deep.equal(same("\x80", length));
    }
    const wrong = [new Uint8Array(), new Uint8Array(64), same("\x80", 63), same("x", 64)];
    for (const padded of [...wrong, primitives.concat(primitives.pad(same("x", 3), 64), new Uint8Array(64))]) {
      expect(primitives.unpad(padded, 64)).to.equal(null);
    }
  });

  it("bytes are compared, and overwritten", () => {
    expect(primitives.equal(same("a"), same("a"))).to.equal(true);
    expect(primitives.equal(new Uint8Array(), new Uint8Array())).to.equal(true);
    for (const other of [same("b"), same("a", 31), same("a", 33), new Uint8Array()]) {
      expect(primitives.equal(same("a"), other)).to.equal(false);
    }
    const secret = same("s");
    primitives.wipe(secret, null, undefined);
    expect(secret).to.deep.equal(new Uint8Array(32));
  });
});
