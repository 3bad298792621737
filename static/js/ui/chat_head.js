// Who the chat is with and how it stands: one strip that is a card while calling and a header while talking.

/** @import { Snapshot } from "../peer/peer.js" */

import { letter, part, setText, show } from "./dom.js";
import { durationWords, pathWords, sinceWords } from "./status_words.js";
import { TrustLine } from "./trust_line.js";
import { isAlarming } from "./verify_words.js";
import { CALLING, isDeciding, OVER, WRITABLE } from "./view.js";

/** Whoever hears the state must not hear that all is well. */
const NOT_A_MATCH = "Connected, but what you compared does not match.";
const MINUTE_MS = 60_000;

export class ChatHead {
  /**
   * @param {ParentNode} root
   * @param {{cancel: () => void, end: () => void, close: (peer: string) => void, announce: (sentence: string) => void}} actions
   */
  constructor(root, { cancel, end, close, announce }) {
    this.head = part(root, "head", HTMLElement);
    this.letter = part(root, "peer-letter", HTMLElement);
    this.peer = part(root, "peer", HTMLElement);
    this.state = part(root, "chat-state", HTMLElement);
    this.sentence = part(root, "chat-sentence", HTMLElement);
    this.since = part(root, "chat-since", HTMLElement);
    this.notes = part(root, "head-notes", HTMLElement);
    this.path = part(root, "chat-path", HTMLElement);
    this.timer = part(root, "chat-timer", HTMLElement);
    this.timerWords = part(root, "timer-words", HTMLElement);
    this.muted = part(root, "head-muted", HTMLElement);
    this.knownAs = part(root, "known-as", HTMLElement);
    this.cancel = part(root, "call-cancel", HTMLButtonElement);
    this.end = part(root, "chat-end", HTMLButtonElement);
    this.close = part(root, "chat-close", HTMLButtonElement);
    this.trust = new TrustLine(root);
    this.announce = announce;
    this.cancel.addEventListener("click", cancel);
    this.end.addEventListener("click", end);
    this.close.addEventListener("click", () => this.peer.textContent && close(this.peer.textContent));
    /** @type {Snapshot["chat"] | null} */
    this.chat = null;
    setInterval(() => this.chat?.since && this.#tellSince(this.chat), MINUTE_MS / 4);
  }

  /** @param {Snapshot} snapshot */
  render(snapshot) {
    const { chat } = snapshot;
    this.chat = chat;
    this.head.dataset.state = chat.state;
    this.head.dataset.away = String(chat.away);
    this.state.dataset.state = chat.state;
    setText(this.sentence, isAlarming(chat) ? NOT_A_MATCH : chat.sentence);
    show(this.peer, chat.peer !== null);
    setText(this.peer, chat.peer ?? "");
    setText(this.letter, letter(chat.peer ?? ""));
    show(this.cancel, CALLING.has(chat.state) && !isDeciding(snapshot));
    show(this.end, WRITABLE.has(chat.state));
    show(this.close, OVER.has(chat.state));
    this.trust.render(chat);
    this.#tellSince(chat);
    this.#tellNotes(chat);
    this.#tellOtherNames(chat.knownAs);
  }

  /** No part of the live region: that it goes on need not be said again. @param {Snapshot["chat"]} chat */
  #tellSince(chat) {
    const words = chat.state === "reconnecting" ? sinceWords(chat, Date.now()) : "";
    setText(this.since, words);
    show(this.since, words !== "");
  }

  /** @param {Snapshot["chat"]} chat */
  #tellNotes(chat) {
    const path = pathWords(chat);
    const vanishing = WRITABLE.has(chat.state) && chat.timer > 0;
    const muted = chat.muted && chat.peer !== null && chat.state !== "ringing";
    setText(this.path, path);
    setText(this.timerWords, vanishing ? durationWords(chat.timer) : "");
    this.timer.title = vanishing ? `Messages vanish ${durationWords(chat.timer)} after being read` : "";
    show(this.path, path !== "");
    show(this.timer, vanishing);
    show(this.muted, muted);
    show(this.notes, path !== "" || vanishing || muted);
  }

  /** @param {ReadonlyArray<string>} names */
  #tellOtherNames(names) {
    const sentence = names.length > 0 ? `This device is known to you as ${listed(names)}.` : "";
    if (sentence !== "" && sentence !== this.knownAs.textContent) {
      this.announce(sentence);
    }
    setText(this.knownAs, sentence);
    show(this.knownAs, sentence !== "");
  }
}

/** @param {ReadonlyArray<string>} names */
function listed(names) {
  return new Intl.ListFormat("en").format(names);
}
