// The chats there are, the one with the latest word first: with whom, what was said last, and what is unread.
//
// An entry keeps its element while it is in the list. The list is one stop of the Tab key; arrow keys go through it, and the
// focus follows an entry that moves.

/** @import { Entry, Snapshot } from "../peer/peer.js" */

import { letter, part, setText, show } from "./dom.js";
import { countWords, lastWords, stateWords, whenWords } from "./entry_words.js";
import { KeptElements } from "./kept_elements.js";

/** @type {Readonly<Record<string, (at: number, count: number) => number>>} */
const STEPS = {
  ArrowDown: (at, count) => Math.min(at + 1, count - 1),
  ArrowUp: (at) => Math.max(at - 1, 0),
  Home: () => 0,
  End: (_, count) => count - 1,
};

export class ConversationList {
  /**
   * @param {ParentNode} root
   * @param {(peer: string) => void} open
   */
  constructor(root, open) {
    this.list = part(root, "entries", HTMLOListElement);
    this.empty = part(root, "list-empty", HTMLElement);
    const template = part(root, "entry-template", HTMLTemplateElement);
    /** @type {KeptElements<Entry>} */
    this.entries = new KeptElements(this.list, template, { keyOf: ({ peer }) => peer.toLowerCase(), patch });
    this.list.addEventListener("click", ({ target }) => {
      const entry = target instanceof Element ? target.closest("[data-peer]") : null;
      if (entry instanceof HTMLElement && entry.dataset.peer) {
        open(entry.dataset.peer);
      }
    });
    this.list.addEventListener("keydown", (event) => this.#key(event));
  }

  /** @param {Snapshot} snapshot */
  render({ conversations }) {
    const listed = conversations.filter(({ state }) => state !== "ringing");
    show(this.empty, listed.length === 0);
    const focused = document.activeElement;
    this.entries.draw(listed);
    if (focused instanceof HTMLElement && focused !== document.activeElement && this.list.contains(focused)) {
      focused.focus();
    }
    this.#leaveOneStop();
  }

  get #buttons() {
    return Array.from(this.list.querySelectorAll("button"));
  }

  /** The one with the focus, else the selected one, else the first. */
  #leaveOneStop() {
    const buttons = this.#buttons;
    const stop =
      buttons.find((each) => each === document.activeElement) ??
      buttons.find((each) => each.ariaCurrent === "true") ??
      buttons[0];
    for (const button of buttons) {
      button.tabIndex = button === stop ? 0 : -1;
    }
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = STEPS[event.key];
    if (step === undefined) {
      return;
    }
    event.preventDefault();
    const buttons = this.#buttons;
    const at = buttons.findIndex((each) => each.matches(":focus"));
    buttons[step(at, buttons.length)]?.focus();
    this.#leaveOneStop();
  }
}

/**
 * @param {HTMLElement} element
 * @param {Entry} entry
 */
function patch(element, entry) {
  const { peer, last, unread } = entry;
  const button = part(element, "conversation", HTMLButtonElement);
  Object.assign(button.dataset, dataOf(entry));
  button.ariaCurrent = String(entry.selected);
  const count = part(element, "entry-unread", HTMLElement);
  const time = part(element, "entry-time", HTMLTimeElement);
  setText(part(element, "entry-letter", HTMLElement), letter(peer));
  setText(part(element, "entry-name", HTMLElement), peer);
  setText(part(element, "entry-state", HTMLElement), stateWords(entry));
  setText(part(element, "entry-last", HTMLElement), lastWords(entry));
  setText(time, last === null ? "" : whenWords(last.at, Date.now()));
  setText(count, countWords(unread));
  count.ariaLabel = `${unread} unread`;
  show(count, unread > 0);
  show(part(element, "entry-verified", HTMLElement), entry.trust === "verified");
  show(part(element, "entry-muted", HTMLElement), entry.muted);
}

/** @param {Entry} entry */
function dataOf({ peer, unread, state, typing, muted, away, doubted }) {
  return {
    peer,
    unread: String(unread),
    state: state === "reconnecting" && away ? "away" : state,
    typing: String(typing),
    doubted: String(doubted),
    muted: String(muted),
  };
}
