// Everything that this browser keeps for lowkey, in whatever store: what begins with our name.

import { quietly } from "./quietly.js";

const OURS = "lowkey.";

export function forgetEverything() {
  for (const store of [() => localStorage, () => sessionStorage]) {
    quietly(() => forgetIn(store()));
  }
}

/** @param {Storage} store */
function forgetIn(store) {
  const keys = Array.from({ length: store.length }, (_, index) => store.key(index));
  for (const key of keys) {
    if (key?.startsWith(OURS)) {
      store.removeItem(key);
    }
  }
}
