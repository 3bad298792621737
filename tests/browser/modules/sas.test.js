import { b64, unb64 } from "/static/js/peer/primitives.js";
import { Sas } from "/static/js/peer/sas.js";
import { commitment, emoji } from "/static/js/peer/verification.js";
import { chance, describe, drawn, expect, it, same } from "./kit.js";

const H = same("h", 64);

/** Both sides of one handshake, the caller's first, with made-up nonces "a" and "b". */
function pair() {
  return [new Sas("caller", H, drawn(same("a"))), new Sas("called", H, drawn(same("b"), same("c")))];
}

/** Hand messages over, back and forth, until none is left; all that was said. */
function carry(messages, to, from) {
  const said = [];
  let [left, receiver, sender] = [messages, to, from];
  while (left.length > 0) {
    said.push(...left);
    [left, receiver, sender] = [left.flatMap((message) => receiver.receive(message)), sender, receiver];
  }
  return said.map(({ t }) => t);
}

describe("sas", () => {
  it("both see the same seven emoji, whoever began", () => {
    for (const [first, second] of [
      ["caller", "called"],
      ["called", "caller"],
    ]) {
      const sides = { caller: new Sas("caller", H, chance), called: new Sas("called", H, chance) };
      const said = carry(sides[first].start(), sides[second], sides[first]);
      expect(said).to.deep.equal(["sas:commit", "sas:nonce", "sas:reveal"]);
      expect(sides.caller.emoji).to.have.lengthOf(7);
      expect(sides.caller.emoji).to.deep.equal(sides.called.emoji);
    }
  });

  it("the emoji are those of the nonces, the committed one first", () => {
    const [alice, bob] = pair();
    carry(alice.start(), bob, alice);
    expect(alice.emoji).to.deep.equal(emoji(H, same("a"), same("b")));
  });

  it("commits that cross: the caller's stands", () => {
    const [alice, bob] = pair();
    const [[fromAlice], [fromBob]] = [alice.start(), bob.start()];
    expect(alice.receive(fromBob)).to.deep.equal([]);
    carry(bob.receive(fromAlice), alice, bob);
    expect(alice.emoji).to.deep.equal(emoji(H, same("a"), same("c")));
    expect(bob.emoji).to.deep.equal(alice.emoji);
  });

  it("a run begins once", () => {
    const [alice, bob] = pair();
    const commits = alice.start();
    expect(commits).to.have.lengthOf(1);
    expect(alice.start()).to.deep.equal([]);
    bob.receive(commits[0]);
    expect([bob.begun, bob.start()]).to.deep.equal([true, []]);
  });

  it("a reveal that does not fit its commit has failed, and shows nothing", () => {
    const [alice, bob] = pair();
    const [nonce] = bob.receive(alice.start()[0]);
    alice.receive(nonce);
    expect(bob.receive({ t: "sas:reveal", nonce: b64(same("x")) })).to.deep.equal([{ t: "sas:result", ok: false }]);
    expect([bob.failed, bob.emoji]).to.deep.equal([true, []]);
    expect(bob.receive({ t: "sas:reveal", nonce: b64(same("a")) })).to.deep.equal([]);
  });

  it("what is not awaited, or malformed, changes nothing", () => {
    const [alice, bob] = pair();
    const commit = b64(commitment(same("x")));
    for (const content of [
      { t: "sas:nonce", nonce: commit },
      { t: "sas:reveal", nonce: commit },
      { t: "sas:unknown", nonce: commit },
      { t: "sas:commit" },
      { t: "sas:commit", commit: 5 },
      { t: "sas:commit", commit: [commit] },
      { t: "sas:commit", commit: commit.slice(4) },
      { t: "sas:commit", nonce: commit },
    ]) {
      expect(bob.receive(content), JSON.stringify(content)).to.deep.equal([]);
      expect(bob.begun).to.equal(false);
    }
    carry(alice.start(), bob, alice);
    const before = bob.emoji;
    expect(bob.receive({ t: "sas:commit", commit })).to.deep.equal([]);
    expect(bob.emoji).to.equal(before);
  });

  it("a nonce is not shown before the other's is fixed", () => {
    const [alice] = pair();
    const [{ commit }] = alice.start();
    expect(unb64(commit)).to.deep.equal(commitment(same("a")));
  });
});
