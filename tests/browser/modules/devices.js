/** Devices that keep their identity in memory, and attempts of lowkey/2 between two of them. */

import { Identity } from "/static/js/peer/identity.js";
import { Lowkey2 } from "/static/js/peer/lowkey2.js";
import { MemoryStorage } from "/static/js/peer/storage.js";
import { chance } from "./kit.js";

export const NOW_MS = 1_700_000_000_000;

/** A new device, that knows nobody. */
export function device({ random = chance, now = () => NOW_MS, subtle = null } = {}) {
  return Identity.open(new MemoryStorage(subtle), random, now);
}

/** One side, before anything has been said; its clock stands still. */
export function attempt(me, peer, identity, { invite = null, random = chance, clock = () => 0 } = {}) {
  return new Lowkey2(me, peer, identity, { random, clock, invite });
}

/** alice's attempt and bob's, each with a device. */
export class Pair {
  static async new({ aliceDevice, bobDevice, invite = null } = {}) {
    const pair = new Pair();
    pair.aliceDevice = aliceDevice ?? (await device());
    pair.bobDevice = bobDevice ?? (await device());
    pair.alice = attempt("alice", "bob", pair.aliceDevice, { invite });
    pair.bob = attempt("bob", "alice", pair.bobDevice);
    return pair;
  }

  /** alice calls, and bob accepts; the three steps. */
  async call() {
    const one = await this.alice.opening();
    await this.bob.receiveKey(one);
    const [two] = await this.bob.answer();
    const [three] = await this.alice.receiveKey(two);
    await this.bob.receiveKey(three);
    return [one, two, three];
  }
}

/** A pair whose keys stand. */
export async function agreed(options) {
  const pair = await Pair.new(options);
  await pair.call();
  return pair;
}
