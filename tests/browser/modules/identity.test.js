import { MAX_KEYS } from "/static/js/peer/blocks.js";
import { IdentityDamaged } from "/static/js/peer/errors.js";
import { Identity, MAX_NAMES, MAX_PINS } from "/static/js/peer/identity.js";
import { Invite } from "/static/js/peer/invites.js";
import { LIFETIME_MS, MAX_MADE, MAX_OPENED } from "/static/js/peer/kept_invites.js";
import { newBytes } from "/static/js/peer/key_pairs.js";
import { dh, publicKey } from "/static/js/peer/primitives.js";
import { MemoryStorage, TABLES } from "/static/js/peer/storage.js";
import { chance, describe, drawn, expect, it, rejection, same } from "./kit.js";

const [A, B, C] = ["a", "b", "c"].map((letter) => same(letter));
const UUID = "6d2fb21c-39a4-4df5-8b9b-7b9c1ac4e9b1";
const DAY = 24 * 60 * 60 * 1000;

/** An identity in memory, its storage, and a clock that goes on when a test says so. */
async function device() {
  const [storage, time] = [new MemoryStorage(), { ms: 1_700_000_000_000 }];
  const open = () => Identity.open(storage, chance, () => time.ms);
  return { storage, time, open, identity: await open() };
}

/** @param {number} number */
function numbered(number) {
  return `${String(number).padStart(8, "0")}${UUID.slice(8)}`;
}

/** All secrets that a storage still has of invites. */
function secrets(storage) {
  return ["made", "opened"].flatMap((table) => [...storage.table(table).values()].map((record) => record.secret));
}

describe("identity", () => {
  it("a new device draws a key and keeps it", async () => {
    const storage = new MemoryStorage();
    const first = await Identity.open(storage, drawn(A), Date.now);
    expect(first.key.public).to.deep.equal(publicKey(A));
    expect((await Identity.open(storage, drawn(), Date.now)).key.public).to.deep.equal(first.key.public);
    expect(await first.key.dh(publicKey(B))).to.deep.equal(dh(A, publicKey(B)));
  });

  it("each name has a key of its own whatever its case", async () => {
    const { identity, open } = await device();
    const [alice, bob] = [await identity.nameKey("Alice"), await identity.nameKey("bob")];
    expect(alice.public).not.to.deep.equal(bob.public);
    expect(alice.public).not.to.deep.equal(identity.key.public);
    expect((await (await open()).nameKey("aLICE")).public).to.deep.equal(alice.public);
  });

  it("a new identity keeps nothing of the old one but its names", async () => {
    const { identity, open, storage } = await device();
    identity.meet("bob", B);
    identity.newInvite("alice");
    identity.keepOpened(new Invite("bob", UUID, A));
    const nameKey = await identity.nameKey("Alice");
    await identity.wipe();
    const left = TABLES.map((table) => [...storage.table(table).keys()]);
    expect(left).to.deep.equal([["name:alice"], [], [], [], []]);
    identity.meet("bob", C);
    expect(storage.table("pins").size).to.equal(0);
    const fresh = await open();
    expect(fresh.key.public).not.to.deep.equal(identity.key.public);
    expect(fresh.pin("bob")).to.equal(null);
    expect((await fresh.nameKey("alice")).public).to.deep.equal(nameKey.public);
  });

  it("a storage can be emptied of everything", async () => {
    const { identity, storage } = await device();
    await identity.nameKey("alice");
    identity.meet("bob", B);
    await storage.clear();
    expect(TABLES.map((table) => storage.table(table).size)).to.deep.equal([0, 0, 0, 0, 0]);
  });

  it("the first key met stays until another is accepted", async () => {
    const { identity, open, time } = await device();
    expect(identity.pin("bob")).to.equal(null);
    const first = { identity: B, firstSeen: time.ms, verified: false };
    identity.meet("Bob", B);
    time.ms += 1;
    identity.meet("bob", C);
    expect(identity.pin("BOB")).to.deep.equal(first);
    expect((await open()).pins("bob")).to.deep.equal([first]);
  });

  it("those met last come first, as they were spelt first and with their newest key", async () => {
    const { identity, open, time } = await device();
    expect(identity.met).to.deep.equal([]);
    identity.meet("Bob", B);
    identity.setVerified("bob", B, true);
    const bob = { name: "Bob", identity: B, firstSeen: time.ms, verified: true };
    time.ms += 1;
    identity.meet("carol", C);
    const carol = { name: "carol", identity: C, firstSeen: time.ms, verified: false };
    expect(identity.met).to.deep.equal([carol, bob]);
    time.ms += 1;
    identity.accept("bob", A);
    const other = { name: "Bob", identity: A, firstSeen: time.ms, verified: false };
    expect((await open()).met).to.deep.equal([other, carol]);
  });

  it("what is accepted is the newest and not verified, an earlier key that comes back too", async () => {
    const { identity, time } = await device();
    const met = time.ms;
    identity.meet("bob", B);
    identity.setVerified("bob", B, true);
    time.ms += 5;
    identity.accept("BOB", C);
    const earlier = { identity: B, firstSeen: met, verified: true };
    const later = { identity: C, firstSeen: time.ms, verified: false };
    expect(identity.pins("bob")).to.deep.equal([earlier, later]);
    identity.accept("bob", B);
    expect(identity.pins("bob")).to.deep.equal([later, { ...earlier, verified: false }]);
    identity.setVerified("bob", B, true);
    identity.accept("bob", B);
    expect(identity.pin("bob")).to.deep.equal(earlier);
  });

  it("only the newest key of a name can be verified", async () => {
    const { identity, open } = await device();
    identity.setVerified("bob", B, true);
    expect(identity.pins("bob")).to.deep.equal([]);
    identity.meet("bob", B);
    identity.accept("bob", C);
    identity.setVerified("bob", B, true);
    expect(identity.pins("bob").map((pin) => pin.verified)).to.deep.equal([false, false]);
    identity.setVerified("Bob", C, true);
    expect((await open()).pins("bob").map((pin) => pin.verified)).to.deep.equal([false, true]);
    identity.setVerified("bob", C, false);
    expect(identity.pin("bob").verified).to.equal(false);
  });

  it("the newest keys of a name are kept", async () => {
    const { identity } = await device();
    const keys = Array.from({ length: MAX_PINS + 3 }, (_, number) => new Uint8Array(32).fill(number));
    for (const key of keys) {
      identity.accept("bob", key);
    }
    expect(identity.pins("bob").map((pin) => pin.identity)).to.deep.equal(keys.slice(-MAX_PINS));
  });

  it("a key known under another name is found as it was spelt", async () => {
    const { identity } = await device();
    identity.meet("Bob", B);
    identity.meet("bOB_2", B);
    identity.accept("bob", C);
    identity.meet("carol", C);
    expect(identity.otherNames("dave", B)).to.deep.equal(["Bob", "bOB_2"]);
    expect(identity.otherNames("BOB", B)).to.deep.equal(["bOB_2"]);
    expect(identity.otherNames("bob", A)).to.deep.equal([]);
  });

  it("of too many names the oldest that was never verified goes", async () => {
    const { identity, storage, time } = await device();
    for (let number = 0; number < MAX_NAMES; number += 1) {
      time.ms += 1;
      identity.meet(`peer${number}`, A);
    }
    identity.setVerified("peer0", A, true);
    identity.meet("newest", C);
    expect(storage.table("pins").size).to.equal(MAX_NAMES);
    const kept = ["peer0", "peer1", "peer2", "newest"].map((name) => identity.pin(name) !== null);
    expect(kept).to.deep.equal([true, false, true, true]);
  });

  it("an invite that was made serves once, for a day, for one name", async () => {
    const { identity, open, storage, time } = await device();
    const [invite, other] = [identity.newInvite("Alice"), identity.newInvite("alice")];
    expect((await open()).madeInvite(invite.uuid.toUpperCase(), "aLICE")).to.deep.equal(invite);
    expect(identity.madeInvite(invite.uuid, "bob")).to.equal("invite_unknown");
    expect(identity.madeInvite(UUID, "alice")).to.equal("invite_unknown");
    identity.burnMade(invite.uuid.toUpperCase());
    identity.burnMade(UUID);
    expect((await open()).madeInvite(invite.uuid, "alice")).to.equal("invite_used");
    expect(secrets(storage)).to.deep.equal([null, other.secret]);
    time.ms += DAY - 1;
    expect(identity.madeInvite(other.uuid, "alice")).to.deep.equal(other);
    time.ms += 1;
    expect(identity.madeInvite(other.uuid, "alice")).to.equal("invite_expired");
    identity.newInvite("alice");
    expect(secrets(storage).slice(0, 2)).to.deep.equal([null, null]);
    time.ms -= 10 * DAY;
    expect(identity.madeInvite(other.uuid, "alice")).to.equal("invite_expired");
    expect(LIFETIME_MS).to.equal(DAY);
  });

  it("a clock that was set back does not end an invite", async () => {
    const { identity, time } = await device();
    const invite = identity.newInvite("alice");
    time.ms -= 10 * DAY;
    expect(identity.madeInvite(invite.uuid, "alice")).to.deep.equal(invite);
  });

  it("an invite that was opened is kept until it is used", async () => {
    const { identity, open, storage } = await device();
    const invite = new Invite("Bob", UUID, A);
    expect(identity.openedState(UUID)).to.equal(null);
    identity.keepOpened(invite);
    expect((await open()).openedInvite("bOB")).to.deep.equal(invite);
    expect(identity.openedState(UUID.toUpperCase())).to.equal("fresh");
    identity.burnOpened(UUID);
    identity.keepOpened(invite);
    expect((await open()).openedInvite("bob")).to.equal(null);
    expect(identity.openedState(UUID)).to.equal("used");
    expect(secrets(storage)).to.deep.equal([null]);
  });

  it("opening an invite again does not make it younger", async () => {
    const { identity, time } = await device();
    const invite = new Invite("bob", UUID, A);
    identity.keepOpened(invite);
    time.ms += DAY - 1;
    identity.keepOpened(invite);
    expect(identity.openedState(UUID)).to.equal("fresh");
    time.ms += 1;
    identity.keepOpened(invite);
    expect(identity.openedState(UUID)).to.equal("expired");
    expect(identity.openedInvite("bob")).to.equal(null);
  });

  it("of several opened invites the newest that serves is taken", async () => {
    const { identity, time } = await device();
    const invites = ["bob", "Bob", "carol"].map((name, number) => new Invite(name, numbered(number), A));
    for (const invite of invites.toReversed()) {
      time.ms += 1;
      identity.keepOpened(invite);
    }
    expect(identity.openedInvite("bob")).to.deep.equal(invites[0]);
    identity.burnOpened(invites[0].uuid);
    expect(identity.openedInvite("bob")).to.deep.equal(invites[1]);
    expect(identity.openedInvite("alice")).to.equal(null);
  });

  it("the newest invites are kept", async () => {
    const { identity, storage, time } = await device();
    const made = [];
    for (let number = 0; number < MAX_MADE + 1; number += 1) {
      time.ms += 1;
      made.push(identity.newInvite("alice"));
      identity.keepOpened(new Invite("bob", numbered(number), A));
    }
    expect(identity.madeInvite(made[0].uuid, "alice")).to.equal("invite_unknown");
    expect(identity.madeInvite(made[1].uuid, "alice")).to.deep.equal(made[1]);
    expect(storage.table("opened").size).to.equal(MAX_OPENED);
    const last = MAX_MADE - MAX_OPENED;
    expect([last, last + 1].map((number) => identity.openedState(numbered(number)))).to.deep.equal([null, "fresh"]);
  });

  it("what it is given and what it gives can be overwritten without harm", async () => {
    const { identity } = await device();
    const key = B.slice();
    identity.meet("bob", key);
    identity.keepOpened(new Invite("bob", UUID, key));
    identity.newInvite("alice").secret.fill(0);
    key.fill(0);
    identity.openedInvite("bob").secret.fill(0);
    expect(identity.pin("bob").identity).to.deep.equal(B);
    expect(identity.openedInvite("bob").secret).to.deep.equal(B);
  });

  it("what cannot have been written here is refused and left as it is", async () => {
    const pin = { identity: A, firstSeen: 1, verified: false };
    const kept = { name: "bob", at: 1, used: false, secret: A };
    const manner = { name: "bob", blocked: true, muted: false, identities: [A] };
    const key = newBytes(chance);
    const damaged = [
      ...[{}, { ...key, private: null }, { ...key, public: A }, { ...key, public: "x" }].map((r) => ["keys", r]),
      ["keys", { public: A, private: key.private.subarray(1) }],
      ...[{}, { name: "bob" }, { name: "bob", pins: [] }, { pins: [pin] }].map((r) => ["pins", r]),
      ...[Array(MAX_PINS + 1).fill(pin), {}, [null]].map((pins) => ["pins", { name: "bob", pins }]),
      ...[{ identity: "a" }, { identity: A.subarray(1) }, { firstSeen: 1.5 }, { firstSeen: "1" }, { verified: 1 }].map(
        (wrong) => ["pins", { name: "bob", pins: [{ ...pin, ...wrong }] }],
      ),
      ...[{ name: null }, { at: "1" }, { at: Number.NaN }, { used: 0 }, { secret: "" }, { used: true }].flatMap(
        (wrong) => ["made", "opened"].map((table) => [table, { ...kept, ...wrong }]),
      ),
      ...[{ name: 1 }, { blocked: 1 }, { muted: null }, { identities: null }].map((r) => [
        "blocks",
        { ...manner, ...r },
      ]),
      ...[["a"], [null], [A.subarray(1)], Array(MAX_KEYS + 1).fill(A)].map((identities) => [
        "blocks",
        { ...manner, identities },
      ]),
    ];
    for (const [table, record] of damaged) {
      const storage = new MemoryStorage();
      storage.change(table, "bob", () => record);
      const error = await rejection(Identity.open(storage, chance, Date.now));
      expect(error, `${table} ${JSON.stringify(record)}`).to.be.instanceOf(IdentityDamaged);
      expect(TABLES.map((name) => storage.table(name).size).reduce((a, b) => a + b)).to.equal(1);
      expect(storage.table(table).get("bob")).to.equal(record);
    }
  });
});
