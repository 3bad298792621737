import { IdentityDamaged } from "/static/js/peer/errors.js";
import { Identity } from "/static/js/peer/identity.js";
import { IdentityStore } from "/static/js/peer/identity_store.js";
import { dh, publicKey } from "/static/js/peer/primitives.js";
import { TABLES } from "/static/js/peer/storage.js";
import { chance, describe, expect, it, rejection, same } from "./kit.js";

const [B, C] = [same("b"), same("c")];
const never = () => new Promise(() => {});

/** Run with an empty database, and leave none behind. */
async function empty() {
  await new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase("lowkey");
    request.onsuccess = resolve;
    request.onerror = request.onblocked = reject;
  });
}

/** What a tab of this browser has, with changes. */
function browser(changes = {}) {
  const channel = () => new BroadcastChannel("test");
  return { indexedDB, subtle: crypto.subtle, channel, patience: never, ...changes };
}

/** Each test runs against its own database, with tabs that are closed at its end. */
function tabs(title, run) {
  it(title, async () => {
    await empty();
    const stores = [];
    const tab = async (changes) => {
      stores.push(await IdentityStore.open(browser(changes)));
      return { store: stores.at(-1), identity: await Identity.open(stores.at(-1), chance, Date.now) };
    };
    try {
      await run(tab);
    } finally {
      for (const store of stores) {
        await store.settled();
        store.close();
      }
    }
  });
}

/** The newest key of a name, by its letter, each time that a store learns of one. */
function newestSeen(store) {
  const [pins, seen] = [store.table("pins"), []];
  pins.set = (name, record) => {
    seen.push(String.fromCharCode(record.pins.at(-1).identity[0]));
    return Map.prototype.set.call(pins, name, record);
  };
  return seen;
}

/** Wait until this holds, for something that another tab has said. */
async function until(holds) {
  while (!holds()) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("identity_store", () => {
  tabs("what is kept outlives the page, in keys that cannot be extracted", async (tab) => {
    const { store, identity } = await tab();
    identity.meet("bob", B);
    identity.setVerified("bob", B, true);
    const invite = identity.newInvite("alice");
    const nameKey = await identity.nameKey("alice");
    await identity.settled();
    expect(store.persistent).to.equal(true);
    store.close();
    const again = await tab();
    expect(again.identity.key.public).to.deep.equal(identity.key.public);
    expect(again.identity.pins("bob")).to.deep.equal(identity.pins("bob"));
    expect(again.identity.madeInvite(invite.uuid, "alice")).to.deep.equal(invite);
    expect((await again.identity.nameKey("Alice")).public).to.deep.equal(nameKey.public);
    const { private: secret } = again.store.table("keys").get("identity");
    expect(secret).to.be.instanceOf(CryptoKey);
    expect(secret.extractable).to.equal(false);
    const other = chance(32);
    expect(await again.identity.key.dh(publicKey(other))).to.deep.equal(dh(other, identity.key.public));
  });

  const insecure = { subtle: null };
  const older = {
    subtle: { generateKey: () => Promise.reject(new DOMException("no such algorithm", "NotSupportedError")) },
  };
  for (const [title, changes] of [
    ["without WebCrypto", insecure],
    ["in a browser whose WebCrypto has no X25519", older],
  ]) {
    tabs(`${title} a key is 32 bytes, and stays so when there is WebCrypto`, async (tab) => {
      const { store, identity } = await tab(changes);
      expect(store.table("keys").get("identity").private).to.be.instanceOf(Uint8Array);
      const again = await tab();
      expect(again.identity.key.public).to.deep.equal(identity.key.public);
      const other = chance(32);
      expect(await again.identity.key.dh(publicKey(other))).to.deep.equal(dh(other, identity.key.public));
      expect((await again.identity.nameKey("alice")).public).to.have.length(32);
    });
  }

  tabs("a browser that cannot keep its WebCrypto keys keeps bytes", async (tab) => {
    const unkept = { generateKey: async () => ({ publicKey: {}, privateKey: () => "a function cannot be cloned" }) };
    const { store, identity } = await tab({ subtle: { ...unkept, exportKey: async () => new ArrayBuffer(32) } });
    expect([store.persistent, identity.key.public.length]).to.deep.equal([true, 32]);
    expect(store.table("keys").get("identity").private).to.be.instanceOf(Uint8Array);
  });

  it("where nothing can be kept it is in memory, and says so", async () => {
    const failing = (error) => ({
      open() {
        const request = { error };
        queueMicrotask(() => request.onerror());
        return request;
      },
    });
    const throwing = {
      open() {
        throw new DOMException("denied", "SecurityError");
      },
    };
    const silent = { open: () => ({}) };
    for (const indexedDB of [null, failing(new DOMException("private", "InvalidStateError")), throwing, silent]) {
      const store = await IdentityStore.open(browser({ indexedDB, patience: async () => {} }));
      const identity = await Identity.open(store, chance, Date.now);
      identity.meet("bob", B);
      await identity.settled();
      expect([store.persistent, identity.persistent]).to.deep.equal([false, false]);
      expect(identity.pin("bob").identity).to.deep.equal(B);
      await identity.wipe();
    }
  });

  it("a database that another page holds back is not waited for", async () => {
    await empty();
    const held = await new Promise((resolve) => {
      const request = indexedDB.open("lowkey", 2);
      request.onsuccess = () => resolve(request.result);
    });
    const deletion = indexedDB.deleteDatabase("lowkey");
    await new Promise((resolve) => {
      deletion.onblocked = resolve;
    });
    const store = await IdentityStore.open(browser({ patience: async () => {} }));
    expect(store.persistent).to.equal(false);
    const deleted = new Promise((resolve) => {
      deletion.onsuccess = resolve;
    });
    held.close();
    await deleted;
  });

  tabs("another page may delete the database, and this one goes on in memory", async (tab) => {
    const { store, identity } = await tab();
    await empty();
    identity.meet("bob", B);
    await identity.settled();
    expect(store.persistent).to.equal(false);
    expect(identity.pin("bob").identity).to.deep.equal(B);
  });

  it("a database of a later version is refused and left as it is", async () => {
    await empty();
    const later = await new Promise((resolve) => {
      const request = indexedDB.open("lowkey", 3);
      request.onsuccess = () => resolve(request.result);
    });
    later.close();
    const error = await rejection(IdentityStore.open(browser()));
    expect(error).to.be.instanceOf(IdentityDamaged);
    expect(error.message).to.contain("another version");
    expect((await indexedDB.databases()).find(({ name }) => name === "lowkey").version).to.equal(3);
    await empty();
  });

  tabs("what is damaged is refused and left as it is", async (tab) => {
    const { store } = await tab();
    store.change("pins", "bob", () => ({ name: "bob", pins: [] }));
    await store.settled();
    expect(await rejection(tab())).to.be.instanceOf(IdentityDamaged);
    const again = await IdentityStore.open(browser());
    expect(again.table("pins").get("bob")).to.deep.equal({ name: "bob", pins: [] });
    again.close();
  });

  tabs("a new identity keeps the keys of its names, on the disk too, and nothing else", async (tab) => {
    const { store, identity } = await tab();
    const names = ["alice", "bob_2"];
    const before = await Promise.all(names.map((name) => identity.nameKey(name)));
    identity.meet("bob", B);
    identity.newInvite("alice");
    for (const place of ["a before", "name", "name9", "name;", "zz after"]) {
      store.change("keys", place, () => store.table("keys").get("identity"));
    }
    await identity.wipe();
    const again = await IdentityStore.open(browser());
    const left = TABLES.map((table) => [...again.table(table).keys()]);
    again.close();
    expect(left).to.deep.equal([["name:alice", "name:bob_2"], [], [], [], []]);
    for (const fresh of [await Identity.open(store, chance, Date.now), (await tab()).identity]) {
      const after = await Promise.all(names.map((name) => fresh.nameKey(name)));
      expect(after.map((key) => key.public)).to.deep.equal(before.map((key) => key.public));
      expect(fresh.key.public).not.to.deep.equal(identity.key.public);
      expect(fresh.pin("bob")).to.equal(null);
    }
  });

  tabs("everything can be deleted, also what is damaged", async (tab) => {
    const { store } = await tab();
    store.change("keys", "name:alice", () => ({ public: "damaged" }));
    await store.settled();
    expect(await rejection(tab())).to.be.instanceOf(IdentityDamaged);
    const damaged = await IdentityStore.open(browser());
    await damaged.clear();
    damaged.close();
    const { identity } = await tab();
    expect((await identity.nameKey("alice")).public).to.have.length(32);
  });

  tabs("two tabs that begin at once have one identity", async (tab) => {
    const both = await Promise.all([tab(), tab(), tab()]);
    const [one, two, three] = both.map(({ identity }) => identity.key.public);
    expect([two, three]).to.deep.equal([one, one]);
    const [first, second] = await Promise.all(both.slice(1).map(({ identity }) => identity.nameKey("alice")));
    expect(first.public).to.deep.equal(second.public);
  });

  tabs("what one tab changes the other sees, and neither undoes the other's work", async (tab) => {
    const [{ identity: one }, { identity: two }] = [await tab(), await tab()];
    one.meet("bob", B);
    two.meet("bob", C);
    one.meet("carol", B);
    two.meet("dave", B);
    await Promise.all([one.settled(), two.settled()]);
    await until(() => one.pin("dave") && two.pin("carol"));
    await Promise.all([one.settled(), two.settled()]);
    for (const identity of [one, two, (await tab()).identity]) {
      expect(identity.pins("bob").map((pin) => pin.identity)).to.deep.equal([B]);
      expect(["carol", "dave"].map((name) => identity.pin(name)?.identity)).to.deep.equal([B, B]);
    }
  });

  tabs("a change that is on its way is not undone by an earlier one that has arrived", async (tab) => {
    const { store, identity } = await tab();
    const seen = newestSeen(store);
    identity.accept("bob", B);
    identity.accept("bob", C);
    await identity.settled();
    expect(seen).to.deep.equal(["b", "c", "c"]);
  });

  tabs("a change that is on its way is not undone by news of an earlier one", async (tab) => {
    const { store, identity } = await tab();
    identity.meet("bob", B);
    await identity.settled();
    const seen = newestSeen(store);
    const [other, ear] = [new BroadcastChannel("test"), new BroadcastChannel("test")];
    const heard = new Promise((resolve) => {
      ear.onmessage = resolve;
    });
    other.postMessage(["pins", "bob"]);
    await heard;
    identity.accept("bob", C);
    await identity.settled();
    expect(seen).to.deep.equal(["c", "c"]);
    other.close();
    ear.close();
  });

  tabs("nothing of an identity comes back once another tab has deleted it", async (tab) => {
    const [one, two, deaf] = [await tab(), await tab(), await tab({ channel: () => null })];
    for (const { identity } of [one, deaf]) {
      identity.meet("bob", B);
      await identity.settled();
    }
    await two.identity.wipe();
    await until(() => !one.store.persistent);
    const fresh = await tab();
    for (const { store, identity } of [one, deaf]) {
      identity.meet("carol", C);
      await identity.settled();
      expect(store.persistent).to.equal(false);
      expect(["bob", "carol"].map((name) => identity.pin(name) !== null)).to.deep.equal([true, true]);
    }
    const again = await tab();
    expect(again.identity.key.public).to.deep.equal(fresh.identity.key.public);
    expect(again.identity.key.public).not.to.deep.equal(one.identity.key.public);
    expect(["bob", "carol"].map((name) => again.identity.pin(name))).to.deep.equal([null, null]);
  });
});
