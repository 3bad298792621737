// The message box. Enter sends, Shift+Enter breaks the line, and what could not be sent stays in the box. Each conversation
// has a draft of its own. Above the box stands what the text is about: a message it replies to, or one it will replace.

/** @import { ChatState, Message, Snapshot } from "../peer/peer.js" */
/** @import { Draft } from "./drafts.js" */

import { part, setText, show } from "./dom.js";
import { Drafts } from "./drafts.js";
import { quoteOf } from "./message_words.js";
import { isFree, viewOf, WRITABLE } from "./view.js";
import { can } from "./what_can.js";

/** What some browsers report for a key that an input method is still working on. */
const COMPOSING = 229;

/** Where the style sheet makes the box as tall as its text, nothing is to be done. */
const GROWS_BY_ITSELF = CSS.supports("field-sizing", "content");

/** Why nobody can write, where there is more to say than that there is nobody.
 * @type {Partial<Record<ChatState, string>>} */
const CLOSED = { blocked: "Nothing is sent until you decide" };

/**
 * @typedef {object} Does
 * @property {(text: string, re: {mine: boolean, id: string} | null) => boolean} send Whether the message was taken.
 * @property {(id: string, text: string) => boolean} edit Likewise.
 * @property {() => void} typed The person typed.
 * @property {(opener: HTMLElement, picked: (emoji: string) => void) => void} pick
 */

export class Composer {
  /**
   * @param {ParentNode} root
   * @param {Does} does
   */
  constructor(root, does) {
    this.form = part(root, "composer", HTMLFormElement);
    this.input = part(root, "message-input", HTMLTextAreaElement);
    this.button = part(root, "message-send", HTMLButtonElement);
    this.emoji = part(root, "emoji-open", HTMLButtonElement);
    this.hint = part(root, "message-hint", HTMLElement);
    this.about = part(root, "composer-about", HTMLElement);
    this.aboutIcon = part(root, "about-icon", HTMLElement);
    this.aboutTitle = part(root, "about-title", HTMLElement);
    this.aboutQuote = part(root, "about-quote", HTMLElement);
    this.does = does;
    this.drafts = new Drafts();
    this.peer = "";
    /** @type {Draft} */
    this.draft = this.drafts.of("");
    /** @type {Snapshot["chat"] | null} */
    this.chat = null;
    this.form.addEventListener("submit", (event) => this.#submit(event));
    this.input.addEventListener("keydown", (event) => this.#key(event));
    this.input.addEventListener("input", () => this.#typed());
    this.emoji.addEventListener("click", () => does.pick(this.emoji, (emoji) => this.#insert(emoji)));
    part(root, "composer-cancel", HTMLButtonElement).addEventListener("click", () => this.#cancel());
  }

  /** @param {Snapshot} snapshot */
  render(snapshot) {
    const { state, peer } = snapshot.chat;
    this.chat = snapshot.chat;
    this.#turnTo(peer ?? "");
    const talking = viewOf(snapshot) === "talk" || state === "blocked";
    const writable = WRITABLE.has(state);
    const hasDraft = this.input.value !== "";
    this.input.disabled = !writable;
    this.button.disabled = !writable;
    this.emoji.disabled = !writable;
    this.input.placeholder = writable ? `Message ${peer ?? ""}` : (CLOSED[state] ?? "You are not connected");
    setText(this.hint, hintFor(state, peer ?? ""));
    const appears = this.form.hidden;
    show(this.form, talking && (!isFree(snapshot) || hasDraft));
    if (appears) {
      this.#grow();
    }
    this.#tellAbout();
  }

  focus() {
    this.input.focus();
  }

  /** What is sent next is a reply. @param {Message} message */
  reply(message) {
    if (this.draft.about?.kind === "edit") {
      this.#cancel();
    }
    this.draft.about = { kind: "reply", message };
    this.#tellAbout();
    this.focus();
  }

  /** What is sent next replaces one's own message. @param {Message} message */
  edit(message) {
    if (this.draft.about?.kind !== "edit") {
      this.draft.kept = this.input.value;
    }
    this.draft.about = { kind: "edit", message };
    this.#write(message.body);
    this.#tellAbout();
    this.focus();
    this.input.setSelectionRange(message.body.length, message.body.length);
  }

  /** The draft of another conversation. @param {string} peer */
  #turnTo(peer) {
    if (peer.toLowerCase() === this.peer.toLowerCase()) {
      return;
    }
    this.draft.text = this.input.value;
    this.peer = peer;
    this.draft = this.drafts.of(peer);
    this.#write(this.draft.text);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const composing = event.isComposing || event.keyCode === COMPOSING;
    if (composing) {
      return;
    }
    if (event.key === "Enter" && !event.shiftKey) {
      this.#submit(event);
    } else if (event.key === "Escape" && this.draft.about !== null) {
      event.preventDefault();
      this.#cancel();
    } else if (event.key === "ArrowUp" && this.input.value === "" && !event.shiftKey) {
      this.#editLast(event);
    }
  }

  /** The last of one's own, while the box is empty. @param {Event} event */
  #editLast(event) {
    const { chat } = this;
    const last = chat?.history.messages.findLast((message) => can("edit", message, chat));
    if (last !== undefined) {
      event.preventDefault();
      this.edit(last);
    }
  }

  /** @param {Event} event */
  #submit(event) {
    event.preventDefault();
    const text = this.input.value;
    if (text.trim() !== "" && !this.input.disabled && this.#take(text)) {
      this.#write(this.draft.kept);
      this.draft.kept = "";
      this.draft.about = null;
      this.#tellAbout();
    }
    this.input.focus();
  }

  /** @param {string} text */
  #take(text) {
    const { about } = this.draft;
    if (about?.kind === "edit") {
      return text === about.message.body || this.does.edit(about.message.id, text);
    }
    const re = about && { mine: about.message.mine, id: about.message.id };
    return this.does.send(text, re);
  }

  #cancel() {
    if (this.draft.about?.kind === "edit") {
      this.#write(this.draft.kept);
      this.draft.kept = "";
    }
    this.draft.about = null;
    this.#tellAbout();
    this.focus();
  }

  /** A message that is gone meanwhile is neither replied to nor edited. */
  #tellAbout() {
    const { about } = this.draft;
    if (about !== null && this.chat?.history.find(about.message) === null) {
      this.#drop(about.kind);
    }
    const kind = this.draft.about?.kind ?? "";
    show(this.about, kind !== "");
    if (this.draft.about !== null) {
      const { message } = this.draft.about;
      this.aboutIcon.className = `icon icon-${kind === "edit" ? "pencil" : "reply"}`;
      setText(this.aboutTitle, kind === "edit" ? "Editing" : `Reply to ${message.mine ? "yourself" : this.peer}`);
      setText(this.aboutQuote, quoteOf(message));
    }
    this.about.dataset.about = kind;
  }

  /** What was written stays in the box, for a message of its own. @param {"reply" | "edit"} kind */
  #drop(kind) {
    this.draft.about = null;
    if (kind === "edit") {
      this.#write(this.draft.kept);
      this.draft.kept = "";
    }
  }

  #typed() {
    this.#grow();
    if (this.input.value !== "") {
      this.does.typed();
    }
  }

  /** @param {string} text */
  #insert(text) {
    this.focus();
    this.input.setRangeText(text, this.input.selectionStart, this.input.selectionEnd, "end");
    this.#typed();
  }

  /** @param {string} text */
  #write(text) {
    this.input.value = text;
    this.#grow();
  }

  /** As tall as its text; the style sheet sets the limit. */
  #grow() {
    if (!GROWS_BY_ITSELF) {
      this.input.style.height = "auto";
      const border = this.input.offsetHeight - this.input.clientHeight;
      this.input.style.height = `${this.input.scrollHeight + border}px`;
    }
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
