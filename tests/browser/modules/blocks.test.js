import { Blocks, MAX_KEYS } from "/static/js/peer/blocks.js";
import { Identity } from "/static/js/peer/identity.js";
import { IdentityStore } from "/static/js/peer/identity_store.js";
import { MemoryStorage } from "/static/js/peer/storage.js";
import { chance, describe, expect, it, same } from "./kit.js";

const [B, C] = [same("b"), same("c")];
const browser = { indexedDB, subtle: crypto.subtle, channel: () => null, patience: () => new Promise(() => {}) };

function newBlocks() {
  const storage = new MemoryStorage();
  return { storage, blocks: new Blocks(storage) };
}

/** A database as the first version of lowkey made it. */
async function oldDatabase() {
  await new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase("lowkey");
    request.onsuccess = resolve;
    request.onerror = request.onblocked = reject;
  });
  const database = await new Promise((resolve) => {
    const request = indexedDB.open("lowkey", 1);
    request.onupgradeneeded = () => {
      for (const table of ["keys", "pins", "made", "opened"]) {
        request.result.createObjectStore(table);
      }
      const pin = { identity: B, firstSeen: 1, verified: true };
      request.transaction.objectStore("pins").put({ name: "Bob", pins: [pin] }, "bob");
    };
    request.onsuccess = () => resolve(request.result);
  });
  database.close();
}

describe("blocks", () => {
  it("nobody is blocked or muted at first", () => {
    const { blocks } = newBlocks();
    expect([blocks.names, blocks.name("bob"), blocks.identity(B), blocks.muted("bob")]).to.deep.equal([
      [],
      false,
      false,
      false,
    ]);
  });

  it("a name is blocked whatever its case, and shown as it was spelt", () => {
    const { blocks } = newBlocks();
    blocks.block("Bob");
    blocks.block("alan");
    expect(blocks.name("bOB")).to.equal(true);
    expect(blocks.names).to.deep.equal(["alan", "Bob"]);
  });

  it("a key is blocked under whatever name it comes", () => {
    const { blocks } = newBlocks();
    blocks.block("bob", B);
    expect([blocks.identity(B), blocks.identity(C)]).to.deep.equal([true, false]);
  });

  it("unblocking a name frees its keys", () => {
    const { blocks, storage } = newBlocks();
    blocks.block("bob", B);
    blocks.block("carol", C);
    blocks.unblock("BOB");
    expect([blocks.name("bob"), blocks.identity(B), blocks.identity(C)]).to.deep.equal([false, false, true]);
    expect([...storage.table("blocks").keys()]).to.deep.equal(["carol"]);
  });

  it("a name that is blocked again keeps its newest keys", () => {
    const { blocks } = newBlocks();
    const keys = Array.from({ length: MAX_KEYS + 2 }, (_, number) => new Uint8Array(32).fill(number));
    for (const key of [...keys, keys.at(-2)]) {
      blocks.block("bob", key);
    }
    blocks.block("bob");
    expect(keys.map((key) => blocks.identity(key))).to.deep.equal([false, false, ...Array(MAX_KEYS).fill(true)]);
  });

  it("muting and blocking leave each other alone", () => {
    const { blocks } = newBlocks();
    blocks.mute("bob", true);
    expect([blocks.muted("BOB"), blocks.name("bob"), blocks.names]).to.deep.equal([true, false, []]);
    blocks.block("bob", B);
    blocks.mute("bob", false);
    expect([blocks.muted("bob"), blocks.identity(B)]).to.deep.equal([false, true]);
    blocks.mute("bob", true);
    blocks.unblock("bob");
    expect([blocks.muted("bob"), blocks.identity(B)]).to.deep.equal([true, false]);
  });

  it("nothing is kept of somebody who is neither", () => {
    const { blocks, storage } = newBlocks();
    blocks.mute("bob", true);
    blocks.mute("bob", false);
    blocks.unblock("carol");
    expect(storage.table("blocks").size).to.equal(0);
  });

  it("a database from before there were blocks is taken over, and keeps them from then on", async () => {
    await oldDatabase();
    const store = await IdentityStore.open(browser);
    const identity = await Identity.open(store, chance, Date.now);
    expect([store.persistent, identity.pin("bob").verified]).to.deep.equal([true, true]);
    identity.blocks.block("bob", B);
    await identity.settled();
    store.close();
    const again = await IdentityStore.open(browser);
    const kept = await Identity.open(again, chance, Date.now);
    expect([kept.blocks.names, kept.blocks.identity(B)]).to.deep.equal([["bob"], true]);
    await kept.wipe();
    expect(kept.blocks.names).to.deep.equal([]);
    again.close();
  });
});
