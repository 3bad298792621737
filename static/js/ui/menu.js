// A menu under a button: arrow keys go through it, Escape and a click beside it close it, Tab goes on.

import { show } from "./dom.js";

/** How far each key goes. @type {Readonly<Record<string, (at: number, count: number) => number>>} */
const STEPS = {
  ArrowDown: (at, count) => (at + 1) % count,
  ArrowUp: (at, count) => (at <= 0 ? count : at) - 1,
  Home: () => 0,
  End: (_, count) => count - 1,
};

export class Menu {
  /**
   * @param {HTMLButtonElement} button
   * @param {HTMLElement} items
   */
  constructor(button, items) {
    this.button = button;
    this.items = items;
    button.addEventListener("click", () => (items.hidden ? this.open() : this.close()));
    button.addEventListener("keydown", (event) => this.#openByKey(event));
    items.addEventListener("keydown", (event) => this.#key(event));
    items.addEventListener("focusout", ({ relatedTarget }) => this.#left(relatedTarget));
    document.addEventListener("pointerdown", ({ target }) => this.#pressed(target));
  }

  open() {
    this.#show(true);
    this.#choices[0]?.focus();
  }

  close() {
    const had = this.items.contains(document.activeElement);
    this.#show(false);
    if (had) {
      this.button.focus();
    }
  }

  /** @returns {HTMLElement[]} */
  get #choices() {
    return Array.from(this.items.querySelectorAll("[role^=menuitem]")).filter((item) => item instanceof HTMLElement);
  }

  /** @param {boolean} visible */
  #show(visible) {
    show(this.items, visible);
    this.button.ariaExpanded = String(visible);
  }

  /** @param {KeyboardEvent} event */
  #openByKey(event) {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      this.open();
    }
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = STEPS[event.key];
    if (event.key === "Escape") {
      event.stopPropagation();
      this.close();
    } else if (step !== undefined) {
      event.preventDefault();
      const choices = this.#choices;
      const at = choices.findIndex((choice) => choice.matches(":focus"));
      choices[step(at, choices.length)]?.focus();
    }
  }

  /** @param {EventTarget | null} next */
  #left(next) {
    if (next instanceof Node && !this.items.contains(next) && next !== this.button) {
      this.#show(false);
    }
  }

  /** @param {EventTarget | null} target */
  #pressed(target) {
    if (target instanceof Node && !this.items.contains(target) && !this.button.contains(target)) {
      this.#show(false);
    }
  }
}
