// What can be done with a message: a bar that comes to the message under the pointer, under a finger's tap or under the
// keyboard; and, under a long press, the same in a sheet at the foot of a phone.
//
// There is one bar for all messages, which goes into the bubble it is for, so that ten thousand messages need not have one
// each. What is offered is what can be done: only one's own is edited and deleted, and only while the other's app knows how.

/** @import { Message, Snapshot } from "../peer/peer.js" */

import { buildButton, buildIcon } from "./build.js";
import { part, setText, show } from "./dom.js";
import { LongPress } from "./long_press.js";
import { quoteOf } from "./message_words.js";
import { modal } from "./modal.js";
import { can, QUICK } from "./what_can.js";

/** @typedef {"react" | "reply" | "copy" | "edit" | "delete"} Action */
/**
 * @typedef {object} Does What the page does about a message.
 * @property {(message: Message) => void} reply
 * @property {(message: Message) => void} edit
 * @property {(message: Message, element: HTMLElement) => void} copy
 * @property {(message: Message) => void} delete
 * @property {(message: Message, emoji: string) => void} react
 * @property {(message: Message, opener: HTMLElement) => void} pick
 */

/** @type {readonly Action[]} */
const ACTIONS = ["react", "reply", "copy", "edit", "delete"];

/** So many pixels of the bubble are under the bar, so that the pointer gets from one to the other. */
const OVERLAP = 6;

export class MessageActions {
  /**
   * @param {ParentNode} root
   * @param {{messageAt: (element: Element | null) => Message | null}} list
   * @param {Does} does
   */
  constructor(root, list, does) {
    this.drawn = list;
    this.does = does;
    this.scroller = part(root, "scroller", HTMLElement);
    this.list = part(root, "messages", HTMLOListElement);
    this.bar = part(root, "actions", HTMLElement);
    this.quick = part(root, "quick", HTMLElement);
    this.sheet = part(root, "message-sheet", HTMLDialogElement);
    this.sheetQuote = part(root, "message-sheet-quote", HTMLElement);
    this.sheetActions = part(root, "message-sheet-actions", HTMLElement);
    this.home = /** @type {HTMLElement} */ (this.bar.parentElement);
    /** @type {Message | null} */
    this.message = null;
    /** @type {HTMLElement | null} */
    this.element = null;
    /** @type {Snapshot["chat"] | null} */
    this.chat = null;
    this.buttons = new Map(ACTIONS.map((action) => [action, part(this.bar, `message-${action}`, HTMLButtonElement)]));
    this.#fillQuick();
    this.#listen();
    modal(this.sheet, part(root, "message-sheet-close", HTMLButtonElement));
    this.sheet.addEventListener("close", () => this.#leave());
  }

  /** @param {Snapshot} snapshot */
  render({ chat }) {
    this.chat = chat;
    if (this.message !== null && (this.element?.isConnected !== true || this.message.deleted)) {
      this.sheet.close();
      this.#leave();
    } else if (this.message !== null) {
      this.#offer();
    }
  }

  /** Bring the bar to a message, and the keyboard into it. @param {HTMLElement} element */
  enter(element) {
    if (element === this.element || this.#come(element)) {
      this.#shown().at(0)?.focus();
    }
  }

  #fillQuick() {
    for (const emoji of QUICK) {
      const button = buildButton({
        className: "quick-emoji",
        testid: "quick-emoji",
        label: `React with ${emoji}`,
        text: emoji,
      });
      button.addEventListener("click", () => this.#do((message) => this.does.react(message, emoji)));
      this.quick.append(button);
    }
    const more = buildButton(
      { className: "quick-emoji", testid: "react-more", label: "Another emoji" },
      buildIcon("plus"),
    );
    more.addEventListener("click", () => this.#do((message, element) => this.does.pick(message, bubbleOf(element))));
    this.quick.append(more);
  }

  #listen() {
    this.list.addEventListener("pointerover", (event) => event.pointerType === "mouse" && this.#under(event.target));
    this.list.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && this.#leaveUnlessUsed());
    this.list.addEventListener("focusin", ({ target }) => this.#focused(target));
    this.list.addEventListener("focusout", () => setTimeout(() => this.#leaveUnlessUsed()));
    this.list.addEventListener("click", (event) => this.#tapped(event));
    this.bar.addEventListener("keydown", (event) => this.#key(event));
    new LongPress(this.list, (target) => this.#openSheet(target));
    this.buttons.get("react")?.addEventListener("click", () => this.#toggleQuick());
    for (const action of /** @type {const} */ (["reply", "copy", "edit", "delete"])) {
      this.buttons
        .get(action)
        ?.addEventListener("click", () => this.#do((message, element) => this.does[action](message, element)));
    }
  }

  /** @param {EventTarget | null} target */
  #under(target) {
    if (target instanceof Element && !this.sheet.open && !this.bar.contains(document.activeElement)) {
      const element = target.closest(".message");
      if (element instanceof HTMLElement && element !== this.element) {
        this.#come(element);
      }
    }
  }

  /** The keyboard came to a message. @param {EventTarget | null} target */
  #focused(target) {
    if (target instanceof HTMLElement && target.matches(".message:focus-visible") && target !== this.element) {
      this.#come(target);
    }
  }

  /** A finger's tap shows the bar, and the next one sends it away. @param {MouseEvent} event */
  #tapped(event) {
    const { target } = event;
    if (!(event instanceof PointerEvent && event.pointerType === "touch" && target instanceof Element)) {
      return;
    }
    const bubble = target.closest(".bubble");
    const element = bubble?.closest(".message");
    if (target.closest("a, button") !== null) {
      return;
    }
    if (element instanceof HTMLElement && element !== this.element) {
      this.#come(element);
    } else {
      this.#leave();
    }
  }

  /**
   * @param {HTMLElement} element
   * @returns {boolean} Whether there is anything to be done with it.
   */
  #come(element) {
    this.#leave();
    const message = this.drawn.messageAt(element);
    const bubble = element.querySelector(".bubble");
    if (
      message === null ||
      bubble === null ||
      this.chat === null ||
      !ACTIONS.some((action) => this.#may(action, message))
    ) {
      return false;
    }
    this.message = message;
    this.element = element;
    this.#offer();
    bubble.append(this.bar);
    show(this.bar, true);
    this.#place(bubble);
    return true;
  }

  /** On the upper edge of the bubble, or where that can be seen. @param {Element} bubble */
  #place(bubble) {
    const { top, bottom } = bubble.getBoundingClientRect();
    const edge = Math.max(top + OVERLAP, this.scroller.getBoundingClientRect().top + this.bar.offsetHeight + OVERLAP);
    this.bar.style.setProperty("inset-block-end", `${bottom - edge}px`);
  }

  #leaveUnlessUsed() {
    if (!this.element?.contains(document.activeElement) && !this.sheet.open) {
      this.#leave();
    }
  }

  #leave() {
    this.message = null;
    this.element = null;
    show(this.bar, false);
    this.#showQuick(false);
    if (this.bar.parentElement !== this.home) {
      this.home.append(this.bar);
    }
  }

  /** @param {Element} target */
  #openSheet(target) {
    const element = target.closest(".message");
    if (element instanceof HTMLElement && this.#come(element) && this.message !== null) {
      setText(this.sheetQuote, quoteOf(this.message));
      this.sheetActions.append(this.bar);
      this.#showQuick(this.#may("react", this.message));
      this.sheet.showModal();
    }
  }

  #offer() {
    for (const [action, button] of this.buttons) {
      show(button, this.message !== null && this.#may(action, this.message));
    }
  }

  /**
   * @param {Action} action
   * @param {Message} message
   */
  #may(action, message) {
    return this.chat !== null && can(action, message, this.chat);
  }

  #toggleQuick() {
    const open = this.quick.hidden !== false;
    this.#showQuick(open);
    if (open) {
      this.#place(/** @type {HTMLElement} */ (this.bar.parentElement));
      this.quick.querySelector("button")?.focus();
    }
  }

  /** @param {boolean} visible */
  #showQuick(visible) {
    show(this.quick, visible);
    this.buttons.get("react")?.setAttribute("aria-expanded", String(visible));
  }

  /** @param {(message: Message, element: HTMLElement) => void} action */
  #do(action) {
    const { message, element } = this;
    if (message !== null && element !== null) {
      this.sheet.close();
      this.#leave();
      element.focus({ preventScroll: true });
      action(message, element);
    }
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const shown = this.#shown();
    if (step !== undefined) {
      const index = shown.findIndex((button) => button.matches(":focus"));
      shown.at((index + step) % shown.length)?.focus();
    } else if (event.key === "Escape" && !this.sheet.open) {
      const { element } = this;
      this.#leave();
      element?.focus({ preventScroll: true });
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  #shown() {
    return [...this.bar.querySelectorAll("button")].filter((button) => button.checkVisibility());
  }
}

/** @param {HTMLElement} element @returns {HTMLElement} */
function bubbleOf(element) {
  return element.querySelector(".bubble") ?? element;
}
