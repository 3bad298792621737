// A narrow screen shows one thing at a time: the list of chats, or the chat; the browser's Back leads from one to the other.
// A wide one shows both, and none of this is seen.
//
// The step in the browser's history says nothing about whom the chat is with.

/** @import { Snapshot } from "../peer/peer.js" */

import { part, setText, show } from "./dom.js";
import { countWords } from "./entry_words.js";

const NARROW = matchMedia("(max-width: 53.74rem)");

export class Panes {
  /**
   * @param {ParentNode} root
   * @param {{unselect: () => void, draw: () => void}} actions
   */
  constructor(root, { unselect, draw }) {
    this.sheet = part(root, "sheet", HTMLElement);
    this.list = part(root, "list", HTMLElement);
    this.back = part(root, "chat-back", HTMLButtonElement);
    this.connectBack = part(root, "connect-back", HTMLButtonElement);
    this.unread = part(root, "back-unread", HTMLElement);
    this.input = part(root, "peer-input", HTMLInputElement);
    this.newChat = part(root, "new-chat", HTMLButtonElement);
    this.unselect = unselect;
    this.draw = draw;
    /** The person wants to call somebody. */
    this.calling = false;
    /** Whether Back is ours. */
    this.stepped = false;
    this.newChat.addEventListener("click", () => this.callSomebody());
    for (const button of [this.back, this.connectBack]) {
      button.addEventListener("click", () => (this.stepped ? history.back() : this.#toList()));
    }
    addEventListener("popstate", () => this.#popped());
    NARROW.addEventListener("change", () => this.#nameMain());
  }

  callSomebody() {
    this.calling = true;
    this.unselect();
    this.draw();
    this.input.focus();
  }

  /** @param {Snapshot} snapshot */
  render({ conversations, chat }) {
    const listed = conversations.filter(({ state }) => state !== "ringing");
    const selected = chat.peer !== null && chat.state !== "ringing";
    this.calling = this.calling && !selected;
    const stage = selected || this.calling || listed.length === 0;
    const unread = listed.reduce((sum, entry) => sum + (entry.selected || entry.muted ? 0 : entry.unread), 0);
    this.sheet.dataset.pane = stage ? "stage" : "list";
    this.#nameMain();
    show(this.connectBack, this.calling && listed.length > 0);
    show(this.unread, unread > 0);
    setText(this.unread, countWords(unread));
    this.unread.ariaLabel = `, ${unread} unread`;
    this.#step(selected || (this.calling && listed.length > 0));
  }

  /** Where the list is all there is, it is what the page is about. */
  #nameMain() {
    this.list.role = NARROW.matches && this.sheet.dataset.pane === "list" ? "main" : "navigation";
  }

  /** @param {boolean} deep whether Back has somewhere to lead */
  #step(deep) {
    if (deep && !this.stepped && NARROW.matches) {
      history.pushState({ lowkey: "chat" }, "");
      this.stepped = true;
    }
  }

  #popped() {
    if (this.stepped) {
      this.stepped = false;
      this.#toList();
    }
  }

  #toList() {
    this.calling = false;
    this.unselect();
    this.draw();
    this.newChat.focus();
  }
}
