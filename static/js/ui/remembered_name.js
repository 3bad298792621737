// The person's own name, kept in this browser and nowhere else.
//
// It is kept twice: for this tab (sessionStorage), so that two tabs can be two people, and for the next visit
// (localStorage). A browser may refuse either; one of them is enough.

import { isName } from "../signaling/messages.js";
import { quietly } from "./quietly.js";

const KEY = "lowkey.username";

export class RememberedName {
  /** @param {Array<() => Storage>} stores The first one that has a name is believed. */
  constructor(stores = [() => sessionStorage, () => localStorage]) {
    this.stores = stores;
  }

  /** @returns {string | null} */
  read() {
    for (const store of this.stores) {
      const name = quietly(() => store().getItem(KEY));
      if (name && isName(name)) {
        return name;
      }
    }
    return null;
  }

  /**
   * @param {string} name
   * @returns {boolean} Whether any store kept it.
   */
  write(name) {
    const kept = this.stores.map((store) => quietly(() => keep(store(), name)));
    return kept.some(Boolean);
  }

  forget() {
    for (const store of this.stores) {
      quietly(() => store().removeItem(KEY));
    }
  }
}

/**
 * @param {Storage} store
 * @param {string} name
 */
function keep(store, name) {
  store.setItem(KEY, name);
  return true;
}
