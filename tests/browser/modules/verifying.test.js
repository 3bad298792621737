import { Classic } from "/static/js/peer/classic.js";
import { PeerError } from "/static/js/peer/errors.js";
import { Verifying } from "/static/js/peer/verifying.js";
import { agreed } from "./devices.js";
import { chance, describe, expect, it } from "./kit.js";

async function pair() {
  const { alice, bob } = await agreed();
  return { alice, bob, sides: [new Verifying(alice), new Verifying(bob)] };
}

/** Hand messages over, back and forth, until none is left. */
function carry(messages, receiver, sender) {
  const replies = messages.flatMap((message) => receiver.receive(message));
  if (replies.length > 0) {
    carry(replies, sender, receiver);
  }
}

describe("verifying", () => {
  it("both see the emoji, and each decides for themselves", async () => {
    const { alice, bob, sides } = await pair();
    const [one, other] = sides;
    expect([one.state, other.state, one.emoji]).to.deep.equal(["idle", "idle", []]);
    const commits = one.start();
    expect(one.state).to.equal("waiting");
    carry(commits, other, one);
    expect([one.state, other.state]).to.deep.equal(["compare", "compare"]);
    expect(one.emoji).to.deep.equal(other.emoji);
    carry(one.confirm(true), other, one);
    expect([one.state, other.state, other.theyMatched]).to.deep.equal(["matched", "compare", true]);
    expect([alice.trust, bob.trust]).to.deep.equal(["verified", "unverified"]);
  });

  it("the other one's word can only take it away", async () => {
    const { alice, sides } = await pair();
    const [one, other] = sides;
    carry(other.confirm(true), one, other);
    expect(alice.trust).to.equal("unverified");
    carry(one.confirm(true), other, one);
    carry(other.confirm(false), one, other);
    expect([alice.trust, one.state, other.state]).to.deep.equal(["unverified", "theyMismatched", "mismatched"]);
    expect(one.theyMatched).to.equal(false);
  });

  it("after a mismatch, on either side, they do not match any more", async () => {
    const { alice, bob, sides } = await pair();
    const [one, other] = sides;
    carry(one.confirm(false), other, one);
    for (const side of sides) {
      expect(() => side.confirm(true)).to.throw(PeerError, "End this chat and call again.");
      expect(side.confirm(false)).to.deep.equal([{ t: "sas:result", ok: false }]);
    }
    expect([alice.trust, bob.trust]).to.deep.equal(["unverified", "unverified"]);
  });

  it("another handshake does not make a mismatch forgotten", async () => {
    const { sides } = await pair();
    const [one, other] = sides;
    carry(one.confirm(false), other, one);
    const again = await agreed();
    expect([one.renewed(again.alice).state, other.renewed(again.bob).state]).to.deep.equal([
      "mismatched",
      "theyMismatched",
    ]);
  });

  it("a word that is neither yes nor no says nothing", async () => {
    const { alice, sides } = await pair();
    const [one] = sides;
    one.confirm(true);
    for (const ok of [undefined, null, 0, 1, "false", [], {}]) {
      one.receive({ t: "sas:result", ok });
    }
    expect([alice.trust, one.state, one.theyMatched]).to.deep.equal(["verified", "matched", false]);
  });

  it("a reveal that does not fit takes verified away on both sides", async () => {
    const { alice, bob, sides } = await pair();
    const [one, other] = sides;
    one.confirm(true);
    other.confirm(true);
    const [commit] = one.start();
    const [nonce] = other.receive(commit);
    const [reveal] = one.receive(nonce);
    const [result] = other.receive({ ...reveal, nonce: nonce.nonce });
    one.receive(result);
    expect([alice.trust, bob.trust]).to.deep.equal(["unverified", "unverified"]);
    expect([one.state, other.state]).to.deep.equal(["theyMismatched", "mismatched"]);
  });

  it("a classic chat cannot be verified", () => {
    const verifying = new Verifying(new Classic(chance));
    for (const act of [() => verifying.start(), () => verifying.confirm(true)]) {
      expect(act).to.throw(PeerError, "nothing to compare");
    }
    expect(verifying.receive({ t: "sas:result", ok: false })).to.deep.equal([]);
    expect([verifying.state, verifying.emoji]).to.deep.equal(["idle", []]);
  });
});
