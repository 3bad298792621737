// Where the keyboard is after something changed: in the message box when a chat is ready, and never nowhere.
//
// Only focus that was lost, because what had it is gone from the page, is placed anew; nobody is pulled away from what
// they are doing, but by a question that comes before anything is sent. On the way to a chat it goes to a heading rather than a button, so that an Enter still held down from
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
    this.inviteAgain = part(root, "invite-again", HTMLButtonElement);
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
    if (document.querySelector("dialog:modal") !== null) {
      return;
    }
    if (before === state) {
      this.#keep(state);
    } else if (state === "decide") {
      this.#place(state);
    } else if (state === "secured") {
      this.#ready(before);
    } else if (before === null ? isMouse() : isLost()) {
      this.#place(state);
    }
  }

  /** Nothing new, but a button that was pressed may be gone. @param {Place} state */
  #keep(state) {
    if (isGone()) {
      (isMouse() ? this.#target(state) : this.head).focus();
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
    if (state !== "reconnecting" || isGone()) {
      this.#target(state).focus();
    }
  }

  /** @param {Place} state */
  #target(state) {
    if (state === "decide") {
      return this.key.hidden ? this.classic : this.key;
    }
    if (FREE.has(state)) {
      return [this.again, this.inviteAgain].find((button) => !button.hidden) ?? this.peerInput;
    }
    return CALLING.has(state) ? this.head : this.composer;
  }
}

function isLost() {
  return document.activeElement === null || document.activeElement === document.body || isGone();
}

/** What has the focus has just gone from the page, or takes nothing any more. */
function isGone() {
  const active = document.activeElement;
  return active !== null && (!active.checkVisibility() || active.matches(":disabled"));
}

/** With a finger, a focused field brings up the keyboard: not before it is asked for. */
function isMouse() {
  return matchMedia("(pointer: fine)").matches;
}
