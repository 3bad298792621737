import { originOf, prove } from "/static/js/peer/ownership.js";
import { b64 } from "/static/js/peer/primitives.js";
import { chance, describe, expect, hex, it, rejection, unhex } from "./kit.js";
import { identityOf, LOW_ORDER, LOWKEY2 } from "./lowkey2_kit.js";

const ORIGIN = "https://chat.example";

describe("ownership of a name", () => {
  it("proofs are those of the vectors in any case of the name", async () => {
    for (const { origin, name, S, UK, UK_private: ours, nonce, mac } of LOWKEY2.name_auth) {
      const key = identityOf(unhex(ours));
      expect(hex(key.public)).to.equal(UK);
      const challenge = { publicKey: b64(unhex(S)), nonce: b64(unhex(nonce)) };
      for (const spelling of [name, name.toUpperCase()]) {
        expect(await prove(key, origin, spelling, challenge)).to.deep.equal({ origin, mac: b64(unhex(mac)) });
      }
    }
  });

  it("a malformed challenge is refused", async () => {
    const good = b64(identityOf().public);
    const nonce = b64(new Uint8Array(32));
    for (const [publicKey, said] of [
      ["", nonce],
      [good.slice(0, -1), nonce],
      [b64(chance(31)), nonce],
      [b64(chance(33)), nonce],
      [`${good}\n`, nonce],
      [good, ""],
      [good, b64(chance(31))],
      [good, b64(chance(33))],
      [good, nonce.slice(0, -1)],
      [good, `${nonce}=`],
    ]) {
      expect(await rejection(prove(identityOf(), ORIGIN, "alice", { publicKey, nonce: said }))).to.be.instanceOf(
        RangeError,
      );
    }
  });

  it("a server's key of low order is refused", async () => {
    for (const key of LOW_ORDER) {
      const challenge = { publicKey: b64(key), nonce: b64(chance(32)) };
      expect(await rejection(prove(identityOf(), ORIGIN, "alice", challenge))).to.be.instanceOf(RangeError);
    }
  });

  it("an origin is written as browsers write it", () => {
    for (const [server, origin] of [
      ["https://chat.example", ORIGIN],
      ["HTTPS://Chat.Example:443/chat?a#b", ORIGIN],
      ["http://chat.example:443", "http://chat.example:443"],
      ["https://me:secret@chat.example:8443", "https://chat.example:8443"],
      ["http://[0:0:0:0:0:0:0:1]", "http://[::1]"],
      ["https://bücher.example", "https://xn--bcher-kva.example"],
    ]) {
      expect(originOf(server)).to.equal(origin);
    }
  });

  it("what is no site is refused", () => {
    for (const server of ["", "chat.example", "ftp://chat.example", "http://", "http://a:99999", "http://[::1"]) {
      expect(() => originOf(server), server).to.throw(TypeError);
    }
  });
});
