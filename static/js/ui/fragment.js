// The invite in the page's address (docs/protocol.md, section 3.6): its fragment holds a secret that no server may see.
//
// Both pages import this before anything else. It takes the invite out of the address bar and out of the history, and
// keeps it for this tab alone, until the peer has come to an end with it: the person may have to choose a name first, or
// reload. Other fragments are left where they are.

import { quietly } from "./quietly.js";

const KEY = "lowkey.invite";
const INVITE = "#invite=";

/** Where the browser refuses to keep it, the page itself does. @type {string | null} */
let held = null;

/** @type {(fragment: string) => void} */
let listener = () => {};

function take() {
  const fragment = location.hash;
  if (!fragment.startsWith(INVITE)) {
    return;
  }
  history.replaceState(history.state, "", location.pathname + location.search);
  held = fragment;
  quietly(() => sessionStorage.setItem(KEY, fragment));
  listener(fragment);
}

/** The fragment with the invite, or null. */
export function heldInvite() {
  return held ?? quietly(() => sessionStorage.getItem(KEY));
}

/** Whom the invite says it is from, which is not checked before there is a handshake; null where it says nothing that could be. */
export function inviterClaimed() {
  return /^#invite=([A-Za-z0-9_]{3,20})\./.exec(heldInvite() ?? "")?.[1] ?? null;
}

/** The peer is done with it, or the person is. */
export function dropInvite() {
  held = null;
  quietly(() => sessionStorage.removeItem(KEY));
}

/** What the next of our pages has to be told in its address: nothing, unless the browser keeps nothing. */
export function travelling() {
  const kept = quietly(() => sessionStorage.getItem(KEY));
  return held !== null && kept === null ? held : location.hash;
}

/**
 * Another invite may be pasted into the address of a page that is open already.
 *
 * @param {(fragment: string) => void} heard
 */
export function onInvite(heard) {
  listener = heard;
}

take();
addEventListener("hashchange", take);
