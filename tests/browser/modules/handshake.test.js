import { HandshakeFailed, Unexpected } from "/static/js/peer/errors.js";
import { Handshake } from "/static/js/peer/handshake.js";
import { concat, publicKey } from "/static/js/peer/primitives.js";
import { chance, describe, drawn, expect, hex, it, rejection, same, unhex } from "./kit.js";
import { finish, flipped, identityOf, Liar, LOW_ORDER, LOWKEY2, sides } from "./lowkey2_kit.js";

const [PLAIN, INVITED] = LOWKEY2.handshake;
const SAYS_2 = '{"versions":[2]}';

/** Every message of the vector in turn, offered to its reader in ways that must fail; then the honest handshake ends. */
async function besieged(vector, attacks) {
  const [alice, bob] = sides(vector);
  for (const [from, to] of [
    [alice, bob],
    [bob, alice],
    [alice, bob],
  ]) {
    const message = await from.write();
    for (const attack of attacks(message)) {
      expect(await rejection(to.read(attack)), hex(attack)).to.be.instanceOf(HandshakeFailed);
    }
    await to.read(message);
  }
  expect(hex(bob.keys.transcript)).to.equal(vector.h);
  expect(hex(alice.keys.transcript)).to.equal(vector.h);
}

describe("handshake", () => {
  it("messages and keys are those of the vectors", async () => {
    for (const vector of LOWKEY2.handshake) {
      const [alice, bob] = sides(vector);
      expect((await finish(alice, bob)).map(hex)).to.deep.equal([vector.m1, vector.m2, vector.m3]);
      for (const { keys } of [alice, bob]) {
        expect(hex(keys.transcript)).to.equal(vector.h);
        expect(hex(keys.root)).to.equal(vector.rk);
        expect(hex(keys.chain)).to.equal(vector.ckr);
        expect(hex(keys.sealCaller)).to.equal(vector.seal_caller);
        expect(hex(keys.sealCalled)).to.equal(vector.seal_called);
      }
      expect(hex(alice.keys.theirEphemeral)).to.equal(vector.public.eb);
      expect(hex(bob.keys.theirEphemeral)).to.equal(vector.public.ea);
      expect(hex(bob.keys.ephemeral)).to.equal(vector.private.eb);
      expect(alice.keys.ephemeral).to.equal(null);
    }
  });

  it("each side knows the other's identity as soon as it has come", async () => {
    const [alice, bob] = sides(PLAIN);
    await bob.read(await alice.write());
    expect(alice.theirIdentity).to.equal(null);
    await alice.read(await bob.write());
    expect(hex(alice.theirIdentity)).to.equal(PLAIN.public.IKb);
    expect(bob.theirIdentity).to.equal(null);
    expect(alice.keys).to.equal(null);
    await bob.read(await alice.write());
    expect(hex(bob.theirIdentity)).to.equal(PLAIN.public.IKa);
  });

  it("names count without their case", async () => {
    const [alice, bob] = sides({ ...PLAIN, caller: PLAIN.caller.toUpperCase() });
    expect((await finish(alice, bob)).map(hex)).to.deep.equal([PLAIN.m1, PLAIN.m2, PLAIN.m3]);
  });

  it("a message changed in any byte is refused and the honest one still read", async () => {
    for (const vector of LOWKEY2.handshake) {
      await besieged(vector, (message) => {
        const unverified = message.length === 32;
        return unverified ? [] : [...message.keys()].map((at) => flipped(message, at));
      });
    }
  });

  it("the first message without an invite verifies with the second", async () => {
    for (let at = 0; at < 32; at += 1) {
      const [alice, bob] = sides();
      await bob.read(flipped(await alice.write(), at));
      const change = await rejection(bob.write().then((second) => alice.read(second)));
      expect(change, String(at)).to.be.instanceOf(HandshakeFailed);
    }
  });

  it("a message cut or extended anywhere is refused", async () => {
    for (const vector of LOWKEY2.handshake) {
      await besieged(vector, (message) => [
        ...[...message.keys()].map((length) => message.subarray(0, length)),
        ...[1, 16, 1000].map((length) => concat(message, new Uint8Array(length))),
        concat(new Uint8Array(1), message),
      ]);
    }
  });

  it("one message is not another", async () => {
    await besieged(PLAIN, (message) =>
      [PLAIN.m1, PLAIN.m2, PLAIN.m3].map(unhex).filter((other) => other.length !== message.length),
    );
  });

  it("low-order ephemeral keys are refused", async () => {
    for (const key of LOW_ORDER) {
      const [alice, bob] = sides(PLAIN);
      await alice.write();
      const second = unhex(PLAIN.m2);
      second.set(key);
      expect(await rejection(alice.read(second)), hex(key)).to.be.instanceOf(HandshakeFailed);
      await bob.read(key);
      expect(await rejection(bob.write()), hex(key)).to.be.instanceOf(HandshakeFailed);
      expect(bob.keys).to.equal(null);
    }
  });

  it("low-order identity keys are refused", async () => {
    for (const key of LOW_ORDER) {
      const liar = { public: key, dh: async () => same("\x05") };
      const [alice, bob] = sides();
      const called = new Handshake("called", "alice", "bob", liar, chance);
      await called.read(await alice.write());
      expect(await rejection(alice.read(await called.write()))).to.be.instanceOf(HandshakeFailed);
      const caller = new Handshake("caller", "alice", "bob", liar, chance);
      await bob.read(await caller.write());
      await caller.read(await bob.write());
      expect(await rejection(bob.read(await caller.write()))).to.be.instanceOf(HandshakeFailed);
      expect(bob.keys).to.equal(null);
    }
  });

  it("identity keys in another form than the shortest are refused on both sides", async () => {
    const rogue = identityOf();
    rogue.public[31] |= 0x80;
    const [alice, bob] = sides();
    const called = new Handshake("called", "alice", "bob", rogue, chance);
    await called.read(await alice.write());
    expect((await rejection(alice.read(await called.write()))).message).to.contain("one form");
    const caller = new Handshake("caller", "alice", "bob", rogue, chance);
    await bob.read(await caller.write());
    await caller.read(await bob.write());
    expect((await rejection(bob.read(await caller.write()))).message).to.contain("one form");
    expect([alice.theirIdentity, bob.theirIdentity, bob.keys]).to.deep.equal([null, null, null]);
  });

  it("an identity that cannot agree ends it, however it says so", async () => {
    const failures = [
      async () => new Uint8Array(32),
      async () => new Uint8Array(31),
      async () => {
        throw new DOMException("an all-zero result", "OperationError");
      },
    ];
    for (const failing of failures) {
      const [alice] = sides();
      const bob = new Handshake("called", "alice", "bob", { ...identityOf(), dh: failing }, chance);
      await bob.read(await alice.write());
      expect(await rejection(bob.write())).to.be.instanceOf(HandshakeFailed);
    }
  });

  it("one's own identity is refused on both sides", async () => {
    const own = chance(32);
    const alice = new Handshake("caller", "alice", "bob", identityOf(own), chance);
    const second = new Liar().second(await alice.write(), own, SAYS_2);
    expect((await rejection(alice.read(second))).message).to.contain("own identity");
    const bob = new Handshake("called", "alice", "bob", identityOf(own), chance);
    const liar = new Liar();
    await bob.read(liar.first());
    const third = liar.third(await bob.write(), own, SAYS_2);
    expect((await rejection(bob.read(third))).message).to.contain("own identity");
  });

  it("nothing is agreed under another psk, or with one on one side alone", async () => {
    for (const [one, other] of [
      [same("p"), same("q")],
      [same("p"), null],
      [null, same("p")],
    ]) {
      const alice = new Handshake("caller", "alice", "bob", identityOf(), chance, one);
      const bob = new Handshake("called", "alice", "bob", identityOf(), chance, other);
      expect(await rejection(alice.write().then((first) => bob.read(first)))).to.be.instanceOf(HandshakeFailed);
    }
  });

  it("nothing is agreed under swapped or other names", async () => {
    for (const names of [
      ["bob", "alice"],
      ["alice", "bobb"],
      ["alic", "ebob"],
    ]) {
      const [alice] = sides();
      const bob = new Handshake("called", ...names, identityOf(), chance);
      await bob.read(await alice.write());
      expect(await rejection(alice.read(await bob.write()))).to.be.instanceOf(HandshakeFailed);
    }
  });

  it("messages of another handshake are refused", async () => {
    const [[alice, bob], [carol, dave]] = [sides(), sides()];
    await bob.read(await alice.write());
    await dave.read(await carol.write());
    const [second, other] = [await bob.write(), await dave.write()];
    expect(await rejection(alice.read(other))).to.be.instanceOf(HandshakeFailed);
    await alice.read(second);
    await carol.read(other);
    expect(await rejection(bob.read(await carol.write()))).to.be.instanceOf(HandshakeFailed);
    await bob.read(await alice.write());
    expect(alice.keys.root).to.deep.equal(bob.keys.root);
  });

  it("a turn that is not this side's is unexpected", async () => {
    const [alice, bob] = sides();
    expect(await rejection(bob.write())).to.be.instanceOf(Unexpected);
    expect(await rejection(alice.read(chance(32)))).to.be.instanceOf(Unexpected);
    const messages = await finish(alice, bob);
    for (const side of [alice, bob]) {
      expect(await rejection(side.write())).to.be.instanceOf(Unexpected);
      expect(await rejection(side.read(messages[2]))).to.be.instanceOf(Unexpected);
    }
  });

  it("a second turn does not begin within the first", async () => {
    const [alice, bob] = sides();
    await bob.read(await alice.write());
    const [second, again] = await Promise.allSettled([bob.write(), bob.write()]);
    expect(again.reason).to.be.instanceOf(Unexpected);
    await alice.read(second.value);
    await bob.read(await alice.write());
    expect(alice.keys.root).to.deep.equal(bob.keys.root);
  });

  it("payloads may say more, and end it when malformed or of a better version", async () => {
    const good = ['{"versions":[2]}', '{"versions":[1,2,3],"more":{"of":"it"}}', ' {"versions": [2, 2]}'];
    const bad = ["", "{}", "null", "[2]", "2", '{"versions":2}', '{"versions":[]}', '{"versions":[3]}', "{"];
    const worse = ['{"versions":["2"]}', '{"versions":[2,"3"]}', '{"versions":[2,null]}', '{"versions":{"0":2}}'];
    for (const payload of [...good, ...bad, ...worse]) {
      const [[alice, bob], liar] = [sides(), new Liar()];
      const second = new Liar().second(await alice.write(), chance(32), payload);
      await bob.read(liar.first());
      const third = liar.third(await bob.write(), chance(32), payload);
      for (const read of [() => alice.read(second), () => bob.read(third)]) {
        const error = await read().catch((reason) => reason);
        expect(error instanceof HandshakeFailed, payload).to.equal(!good.includes(payload));
      }
      expect(bob.keys !== null, payload).to.equal(good.includes(payload));
      expect(alice.theirIdentity !== null, payload).to.equal(good.includes(payload));
    }
  });

  it("what is erased is overwritten, and nothing follows", async () => {
    const [alice, bob] = sides(INVITED);
    await finish(alice, bob);
    const keys = Object.values(bob.keys);
    bob.erase();
    for (const key of keys) {
      expect(hex(key)).to.match(/^0+$/);
    }
    expect(bob.keys).to.equal(null);
    expect(bob.theirIdentity).to.equal(null);
    expect(await rejection(bob.read(chance(32)))).to.be.instanceOf(Unexpected);
    bob.erase();
  });

  it("what is erased during a turn stays erased", async () => {
    const [alice, bob] = sides();
    await bob.read(await alice.write());
    const second = bob.write();
    bob.erase();
    expect(await rejection(second)).to.be.instanceOf(Unexpected);
    expect(bob.keys).to.equal(null);
  });

  it("the caller's own arrays stay as they are", async () => {
    const [psk, ephemeral] = [same("p"), same("e")];
    const alice = new Handshake("caller", "alice", "bob", identityOf(), drawn(ephemeral), psk);
    const bob = new Handshake("called", "alice", "bob", identityOf(), chance, psk);
    const [first] = await finish(alice, bob);
    alice.erase();
    bob.erase();
    expect(psk).to.deep.equal(same("p"));
    expect(ephemeral).to.deep.equal(same("e"));
    expect(first.subarray(0, 32)).to.deep.equal(publicKey(same("e")));
  });
});
