// A question before something that cannot be undone. Escape, and a click beside it, mean no.

import { part, setText } from "./dom.js";

/** @typedef {{title: string, meaning: string, yes: string}} Question */

export class Confirming {
  /** @param {ParentNode} root */
  constructor(root) {
    this.dialog = part(root, "confirm", HTMLDialogElement);
    this.title = part(root, "confirm-title", HTMLElement);
    this.meaning = part(root, "confirm-meaning", HTMLElement);
    this.yes = part(root, "confirm-yes", HTMLButtonElement);
    /** @type {() => void} */
    this.action = () => {};
    this.yes.addEventListener("click", () => {
      this.dialog.close();
      this.action();
    });
    part(root, "confirm-no", HTMLButtonElement).addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("click", ({ target }) => target === this.dialog && this.dialog.close());
  }

  /**
   * @param {Question} question
   * @param {() => void} action
   */
  ask({ title, meaning, yes }, action) {
    setText(this.title, title);
    setText(this.meaning, meaning);
    setText(this.yes, yes);
    this.action = action;
    this.dialog.showModal();
  }
}
