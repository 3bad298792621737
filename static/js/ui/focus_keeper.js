// Where the keyboard is after something changed: in the message box when a chat is ready, and never nowhere.
//
// Only focus that was lost, because what had it is gone from the page, is placed anew; nobody is pulled away from what
// they are doing. On the way to a chat it goes to a heading rather than a button, so that an Enter still held down from
// calling does not cancel the call.

/** @import { ChatState, Snapshot } from "../peer/peer.js" */

import { part } from "./dom.js";
import { CALLING, FREE, isDeciding } from "./view.js";

/** @typedef {ChatState | "decide"} Place */

export class FocusKeeper {
  /**
   * @param {ParentNode} root
   * @param {{focus: () => void}} composer
   */
  constructor(root, composer) {
    this.composer = composer;
    this.head = part(root, "head", HTMLElement);
    this.again = part(root, "again", HTMLButtonElement);
    this.peerInput = part(root, "peer-input", HTMLInputElement);
    this.key = part(root, "key-changed", HTMLElement);
    this.classic = part(root, "classic-warning", HTMLElement);
    /** @type {Place | null} */
    this.state = null;
  }

  /** @param {Snapshot} snapshot */
  render(snapshot) {
    const before = this.state;
    const state = isDeciding(snapshot) ? "decide" : snapshot.chat.state;
    this.state = state;
    if (before === state || document.querySelector("dialog:modal") !== null) {
      return;
    }
    if (state === "secured") {
      this.#ready(before);
    } else if (before === null ? isMouse() : isLost()) {
      this.#place(state);
    }
  }

  /** @param {Place | null} before */
  #ready(before) {
    if (before !== "reconnecting" || isLost()) {
      this.composer.focus();
    }
  }

  /** @param {Place} state */
  #place(state) {
    if (state === "decide") {
      (this.key.hidden ? this.classic : this.key).focus();
    } else if (FREE.has(state)) {
      (this.again.hidden ? this.peerInput : this.again).focus();
    } else if (CALLING.has(state)) {
      this.head.focus();
    }
  }
}

function isLost() {
  const active = document.activeElement;
  return active === null || active === document.body || !active.checkVisibility() || active.matches(":disabled");
}

/** With a finger, a focused field brings up the keyboard: not before it is asked for. */
function isMouse() {
  return matchMedia("(pointer: fine)").matches;
}
