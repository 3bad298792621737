// What else can be done about the chat that is shown: when its messages vanish, mute it, block the other one.

/** @import { Snapshot } from "../peer/peer.js" */
/** @import { Question } from "./confirming.js" */

import { part, setText, show } from "./dom.js";
import { Menu } from "./menu.js";
import { TIMERS } from "./status_words.js";
import { WRITABLE } from "./view.js";

/**
 * @typedef {object} Actions
 * @property {(seconds: number) => void} setTimer
 * @property {(peer: string, on: boolean) => void} mute
 * @property {(peer: string) => void} block
 * @property {(question: Question, action: () => void) => void} ask
 */

export class ChatMenu {
  /**
   * @param {ParentNode} root
   * @param {Actions} actions
   */
  constructor(root, actions) {
    this.actions = actions;
    this.place = part(root, "menu-place", HTMLElement);
    this.timers = part(root, "timer-group", HTMLElement);
    this.mute = part(root, "chat-mute", HTMLButtonElement);
    this.blockWords = part(root, "block-words", HTMLElement);
    this.menu = new Menu(part(root, "chat-menu", HTMLButtonElement), part(root, "menu", HTMLElement));
    this.choices = TIMERS.map(([seconds, words]) => this.#timerChoice(seconds, words));
    part(root, "timer-choices", HTMLElement).append(...this.choices);
    this.mute.addEventListener("click", () => this.#mute());
    part(root, "chat-block", HTMLButtonElement).addEventListener("click", () => this.#block());
    /** @type {Snapshot["chat"] | null} */
    this.chat = null;
  }

  /** @param {Snapshot} snapshot */
  render({ chat }) {
    this.chat = chat;
    const there = chat.peer !== null && (WRITABLE.has(chat.state) || chat.messages.length > 0);
    show(this.place, there && chat.state !== "blocked");
    if (this.place.hidden) {
      this.menu.close();
    }
    show(this.timers, WRITABLE.has(chat.state) && chat.features.includes("timer"));
    for (const choice of this.choices) {
      choice.ariaChecked = String(choice.dataset.seconds === String(chat.timer));
    }
    this.mute.ariaChecked = String(chat.muted);
    setText(this.blockWords, `Block ${chat.peer ?? ""}`);
  }

  /**
   * @param {number} seconds
   * @param {string} words
   */
  #timerChoice(seconds, words) {
    const choice = document.createElement("button");
    choice.type = "button";
    choice.className = "menu-choice";
    choice.role = "menuitemradio";
    choice.tabIndex = -1;
    choice.dataset.testid = "timer-choice";
    choice.dataset.seconds = String(seconds);
    choice.textContent = words;
    choice.addEventListener("click", () => {
      this.menu.close();
      this.actions.setTimer(seconds);
    });
    return choice;
  }

  #mute() {
    this.menu.close();
    if (this.chat?.peer) {
      this.actions.mute(this.chat.peer, !this.chat.muted);
    }
  }

  #block() {
    const peer = this.chat?.peer;
    this.menu.close();
    if (peer) {
      this.actions.ask(
        {
          title: `Block ${peer}?`,
          meaning: `The chat ends, and its messages are deleted on both sides. From now on calls from ${peer}, and from this device of theirs under any name, go unanswered. They are not told.`,
          yes: "Block",
        },
        () => this.actions.block(peer),
      );
    }
  }
}
