// A passing sentence. It stays while the pointer is on it, and a click sends it away.

import { setText } from "./dom.js";

const READ_AFTER_MS = 7_000;

export class Toast {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    element.addEventListener("click", () => this.#hide());
    element.addEventListener("pointerenter", () => clearTimeout(this.timer));
    element.addEventListener("pointerleave", () => this.#hideLater());
  }

  /** @param {string} sentence */
  show(sentence) {
    setText(this.element, sentence);
    this.element.dataset.open = "";
    this.#hideLater();
  }

  #hideLater() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#hide(), READ_AFTER_MS);
  }

  #hide() {
    clearTimeout(this.timer);
    delete this.element.dataset.open;
    setText(this.element, "");
  }
}
