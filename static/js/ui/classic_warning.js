// The other one has an older app, with which the server could read along. Nothing is sent before the person has said yes.

/** @import { Snapshot } from "../peer/peer.js" */

import { part, setText, show } from "./dom.js";

export class ClassicWarning {
  /**
   * @param {ParentNode} root
   * @param {{accept: () => void, refuse: () => void, announce: (sentence: string) => void}} actions
   */
  constructor(root, { accept, refuse, announce }) {
    this.card = part(root, "classic-warning", HTMLElement);
    this.title = part(root, "classic-title", HTMLElement);
    this.announce = announce;
    part(root, "classic-accept", HTMLButtonElement).addEventListener("click", accept);
    part(root, "classic-refuse", HTMLButtonElement).addEventListener("click", refuse);
  }

  /** @param {Snapshot} snapshot */
  render({ chat }) {
    const isNew = chat.classicWarning && this.card.hidden;
    show(this.card, chat.classicWarning);
    setText(this.title, `The server could read a chat with ${chat.peer ?? "them"}`);
    if (isNew) {
      this.announce(`${this.title.textContent}. Nothing has been sent. You can refuse, or chat anyway.`);
    }
  }
}
