import { HandshakeFailed } from "/static/js/peer/errors.js";
import { Noise } from "/static/js/peer/noise.js";
import { utf8 } from "/static/js/peer/primitives.js";
import { describe, expect, hex, it } from "./kit.js";

function keyed() {
  const noise = Noise.named("Noise_for_tests");
  noise.mixKey(utf8("secret"));
  return noise;
}

describe("noise", () => {
  it("it begins with the name of the protocol", () => {
    expect(hex(Noise.named("name").hash)).to.equal(hex(utf8("name")).padEnd(128, "0"));
  });

  it("without a key nothing is hidden but all is hashed", () => {
    const [noise, other] = [Noise.named("name"), Noise.named("name")];
    expect(noise.encrypt(utf8("plain"))).to.deep.equal(utf8("plain"));
    expect(other.decrypt(utf8("plain"))).to.deep.equal(utf8("plain"));
    expect(noise.hash).to.deep.equal(other.hash);
    expect(noise.hash).not.to.deep.equal(Noise.named("name").hash);
  });

  it("what one encrypts the other decrypts once and in order", () => {
    const [one, other] = [keyed(), keyed()];
    const [first, second] = [one.encrypt(utf8("text")), one.encrypt(utf8("text"))];
    expect(first).not.to.deep.equal(second);
    expect(() => other.copy().decrypt(second)).to.throw(HandshakeFailed);
    expect(other.decrypt(first)).to.deep.equal(utf8("text"));
    expect(other.decrypt(second)).to.deep.equal(utf8("text"));
    expect(() => other.decrypt(second)).to.throw(HandshakeFailed);
  });

  it("a ciphertext opens only after the same words", () => {
    const [one, other] = [keyed(), keyed()];
    other.mixHash(new Uint8Array());
    expect(() => other.decrypt(one.encrypt(utf8("text")))).to.throw(HandshakeFailed);
  });

  it("a copy goes its own way, and is erased alone", () => {
    const noise = keyed();
    const copy = noise.copy();
    copy.encrypt(new Uint8Array());
    copy.mixKeyAndHash(utf8("psk"));
    copy.erase();
    expect(hex(copy.hash)).to.match(/^0+$/);
    expect(noise.split(utf8("info"))).to.deep.equal(keyed().split(utf8("info")));
  });

  it("the keys at the end depend on all that was said and mixed", () => {
    const [said, mixed] = [keyed(), keyed()];
    said.mixHash(utf8("more"));
    mixed.mixKey(utf8("more"));
    const keys = [keyed(), said, mixed].flatMap((noise) => noise.split(utf8("info")));
    expect(new Set([...keys, ...said.split(utf8("other"))].map(hex)).size).to.equal(16);
    expect(keys.every((key) => key.length === 32)).to.equal(true);
  });
});
