// The message box. Enter sends, Shift+Enter breaks the line, and what could not be sent stays in the box.

/** @import { ChatState, Snapshot } from "../peer/peer.js" */

import { part, setText, show } from "./dom.js";
import { isFree, viewOf, WRITABLE } from "./view.js";

/** What some browsers report for a key that an input method is still working on. */
const COMPOSING = 229;

/** Why nobody can write, where there is more to say than that there is nobody.
 * @type {Partial<Record<ChatState, string>>} */
const CLOSED = { blocked: "Nothing is sent until you decide" };

export class Composer {
  /**
   * @param {ParentNode} root
   * @param {(text: string) => boolean} send Whether the message was taken.
   */
  constructor(root, send) {
    this.form = part(root, "composer", HTMLFormElement);
    this.input = part(root, "message-input", HTMLTextAreaElement);
    this.button = part(root, "message-send", HTMLButtonElement);
    this.hint = part(root, "message-hint", HTMLElement);
    this.send = send;
    this.form.addEventListener("submit", (event) => this.#submit(event));
    this.input.addEventListener("keydown", (event) => this.#key(event));
    this.input.addEventListener("input", () => this.#grow());
  }

  /** @param {Snapshot} snapshot */
  render(snapshot) {
    const { state, peer } = snapshot.chat;
    const talking = viewOf(snapshot) === "talk" || state === "blocked";
    const writable = WRITABLE.has(state);
    const hasDraft = this.input.value !== "";
    this.input.disabled = !writable;
    this.button.disabled = !writable;
    this.input.placeholder = writable ? `Message ${peer ?? ""}` : (CLOSED[state] ?? "You are not connected");
    setText(this.hint, hintFor(state, peer ?? ""));
    const appears = this.form.hidden;
    show(this.form, talking && (!isFree(snapshot) || hasDraft));
    if (appears) {
      this.#grow();
    }
  }

  focus() {
    this.input.focus();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const composing = event.isComposing || event.keyCode === COMPOSING;
    if (event.key === "Enter" && !event.shiftKey && !composing) {
      this.#submit(event);
    }
  }

  /** @param {Event} event */
  #submit(event) {
    event.preventDefault();
    const text = this.input.value;
    if (text.trim() !== "" && !this.input.disabled && this.send(text)) {
      this.input.value = "";
      this.#grow();
    }
    this.input.focus();
  }

  /** As tall as its text; the style sheet sets the limit. */
  #grow() {
    this.input.style.height = "auto";
    const border = this.input.offsetHeight - this.input.clientHeight;
    this.input.style.height = `${this.input.scrollHeight + border}px`;
  }
}

/**
 * @param {ChatState} state
 * @param {string} peer
 */
function hintFor(state, peer) {
  if (state === "secured") {
    return "Enter sends, Shift and Enter starts a new line.";
  }
  if (state === "reconnecting") {
    return `Messages wait until ${peer} can be reached again.`;
  }
  if (state === "blocked") {
    return "You can write once you have decided about the other device.";
  }
  return "You can write as soon as you are connected to somebody.";
}
