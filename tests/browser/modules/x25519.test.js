import { Classic } from "/static/js/peer/classic.js";
import { KeyRefused } from "/static/js/peer/errors.js";
import { keyPairOf, newBytes, newKey } from "/static/js/peer/key_pairs.js";
import { b64, boxKey, concat, dh, isCanonical, publicKey } from "/static/js/peer/primitives.js";
import { chance, describe, expect, hex, it, rejection, unhex, vectors } from "./kit.js";
import { LOW_ORDER } from "./lowkey2_kit.js";

const { cases } = await vectors("x25519");
const PKCS8 = unhex("302e020100300506032b656e04220420");

/** A key pair of WebCrypto with this private key. */
async function inWebCrypto(bytes) {
  const key = await crypto.subtle.importKey("pkcs8", concat(PKCS8, bytes), { name: "X25519" }, false, ["deriveBits"]);
  return keyPairOf({ public: publicKey(bytes), private: key }, crypto.subtle);
}

describe("X25519", () => {
  it("results are those of Wycheproof, and a zero one is refused", () => {
    expect(cases).to.have.length(518);
    for (const { id, flags, private: own, public: theirs, shared } of cases) {
      if (flags.includes("ZeroSharedSecret")) {
        expect(() => dh(unhex(own), unhex(theirs)), id).to.throw(RangeError);
        expect(() => boxKey(unhex(own), unhex(theirs)), id).to.throw(RangeError);
      } else {
        expect(hex(dh(unhex(own), unhex(theirs))), id).to.equal(shared);
      }
    }
  });

  it("WebCrypto's results are the same, and it refuses the same", async () => {
    for (const { id, flags, private: own, public: theirs, shared } of cases) {
      const pair = await inWebCrypto(unhex(own));
      if (flags.includes("ZeroSharedSecret")) {
        expect(await rejection(pair.dh(unhex(theirs))), id).to.be.instanceOf(RangeError);
      } else {
        expect(hex(await pair.dh(unhex(theirs))), id).to.equal(shared);
      }
    }
  });

  it("a canonical key is the shortest name of its point", () => {
    const end = `${"ff".repeat(30)}7f`;
    for (const [key, canonical] of [
      ["00".repeat(32), true],
      [`09${"00".repeat(31)}`, true],
      [`ec${end}`, true],
      [`ed${end}`, false],
      [`ff${end}`, false],
      [`ff${"ff".repeat(29)}fe7f`, true],
      [`ff${"ff".repeat(30)}7e`, true],
      [`09${"00".repeat(30)}80`, false],
      ["00".repeat(31), false],
      ["00".repeat(33), false],
      ["", false],
    ]) {
      expect(isCanonical(unhex(key)), key).to.equal(canonical);
    }
  });

  it("a classic key of low order is refused", async () => {
    for (const key of LOW_ORDER) {
      const refused = await new Classic(chance).receiveKey({ publicKey: b64(key) }).catch((error) => error);
      expect(refused, hex(key)).to.be.instanceOf(KeyRefused);
    }
  });

  it("kept key pairs refuse keys of low order and of other lengths", async () => {
    const pairs = [keyPairOf(newBytes(chance), null), keyPairOf(await newKey(chance, crypto.subtle), crypto.subtle)];
    for (const pair of pairs) {
      for (const key of [...LOW_ORDER, new Uint8Array(), chance(31), chance(33)]) {
        expect(await rejection(pair.dh(key)), hex(key)).to.be.instanceOf(RangeError);
      }
    }
  });
});
