// Comparing with the other one: seven emoji, or the safety number and its QR code (docs/protocol.md, section 3.5).
//
// It lies over the messages and leaves the message box alone. It opens by itself when the other side begins, or says that
// something does not match; then it never takes the focus, and its answers wait a moment, so that nobody gives one with a
// click that was meant for what was there before.

/** @import { Peer, Snapshot } from "../peer/peer.js" */

import { part, presence, setText, show } from "./dom.js";
import { SafetyNumber } from "./safety_number.js";
import { emojiItems, isAlarming, isSettled, spokenFor, wordsFor } from "./verify_words.js";
import { WRITABLE } from "./view.js";

/** @typedef {Snapshot["chat"]} Chat */
/**
 * @typedef {object} Actions
 * @property {() => void} begin
 * @property {(matches: boolean) => boolean} confirm whether the answer was taken
 * @property {() => void} write on to the message box
 * @property {() => void} end
 * @property {Peer["safetyNumber"]} safetyNumber
 * @property {Peer["qrText"]} qrText
 * @property {(sentence: string) => void} announce
 */

const OR_THE_NUMBER = "Or this number, the same on both screens:";
const TAKEN_IN_MS = 1_000;

export class VerifyPanel {
  /**
   * @param {ParentNode} root
   * @param {Actions} actions
   */
  constructor(root, actions) {
    this.actions = actions;
    this.panel = part(root, "verify", HTMLElement);
    this.title = part(root, "verify-title", HTMLElement);
    this.what = part(root, "verify-what", HTMLElement);
    this.emoji = part(root, "sas-emoji", HTMLElement);
    this.emojiThere = presence(this.emoji);
    this.note = part(root, "verify-note", HTMLElement);
    this.calm = part(root, "verify-calm", HTMLElement);
    this.answers = part(root, "verify-answers", HTMLElement);
    this.alarm = part(root, "verify-alarm", HTMLElement);
    this.numberTitle = part(root, "number-title", HTMLElement);
    this.end = part(root, "verify-end", HTMLButtonElement);
    this.chatEnd = part(root, "chat-end", HTMLButtonElement);
    this.match = part(root, "sas-match", HTMLButtonElement);
    this.mismatch = part(root, "sas-mismatch", HTMLButtonElement);
    this.opener = part(root, "verify-open", HTMLButtonElement);
    this.number = new SafetyNumber(root, actions);
    /** Whom to compare with as soon as that can be done. @type {string | null} */
    this.wanted = null;
    this.asked = false;
    /** @type {Chat | null} */
    this.before = null;
    this.#listen(root);
  }

  /** @param {ParentNode} root */
  #listen(root) {
    this.opener.addEventListener("click", () => (this.before?.trust === "verified" ? this.open() : this.begin()));
    part(root, "verify-close", HTMLButtonElement).addEventListener("click", () => this.close());
    this.end.addEventListener("click", this.actions.end);
    this.end.addEventListener("keydown", (event) => event.repeat && event.preventDefault());
    this.match.addEventListener("click", () => this.actions.confirm(true) && this.#leave());
    this.mismatch.addEventListener("click", () => this.actions.confirm(false));
    this.panel.addEventListener("keydown", ({ key }) => key === "Escape" && this.close());
  }

  /** As soon as the chat with whom it is about now is secured, even if that takes another call. */
  beginWhenSecured() {
    this.wanted = this.before?.peer ?? null;
  }

  /** The person wants to compare: the other side's page shows the emoji too. */
  begin() {
    this.open();
    this.asked = true;
    this.actions.begin();
  }

  /** The person wants to see it. */
  open() {
    this.asked = false;
    this.#show();
    this.panel.focus();
  }

  close() {
    const had = this.panel.contains(document.activeElement);
    show(this.panel, false);
    this.number.hide();
    if (had) {
      (this.opener.checkVisibility() ? this.opener : this.chatEnd).focus();
    }
  }

  /** All is said: back to the chat. */
  #leave() {
    this.close();
    this.actions.write();
  }

  /** @param {Snapshot} snapshot */
  render({ chat }) {
    const before = this.before;
    this.before = chat;
    if (!WRITABLE.has(chat.state)) {
      this.close();
      return;
    }
    this.#react(before, chat);
    this.#draw(chat);
  }

  /** @param {Chat} chat */
  #draw(chat) {
    const words = wordsFor(chat, this.asked);
    const alarming = isAlarming(chat);
    const settled = isSettled(chat);
    const had = this.answers.contains(document.activeElement);
    this.panel.dataset.alarm = String(alarming);
    setText(this.title, words.title);
    setText(this.what, words.what);
    setText(this.note, words.note);
    show(this.calm, !alarming);
    setText(this.numberTitle, settled ? "The same number is on both screens:" : OR_THE_NUMBER);
    show(this.answers, !(alarming || settled));
    show(this.alarm, alarming);
    this.#drawEmoji(settled ? [] : (chat.verification?.emoji ?? []));
    if (had && this.answers.hidden) {
      (alarming ? this.end : this.panel).focus();
    }
  }

  /** @param {ReadonlyArray<{emoji: string, name: string}>} emoji */
  #drawEmoji(emoji) {
    const drawn = emoji.map(({ name }) => name).join();
    if (this.emoji.dataset.drawn !== drawn) {
      this.emoji.dataset.drawn = drawn;
      this.emoji.replaceChildren(...emojiItems(emoji));
    }
    this.emojiThere(emoji.length > 0);
  }

  /**
   * What has just happened, apart from what is to be seen.
   *
   * @param {Chat | null} before
   * @param {Chat} chat
   */
  #react(before, chat) {
    if (this.wanted !== null && chat.state === "secured") {
      this.#beginIfWanted(chat);
    } else if (isAlarming(chat) && !(before !== null && isAlarming(before))) {
      this.#openUnasked(chat);
    } else if (this.panel.hidden && chat.verification !== null && (before?.verification ?? null) === null) {
      this.#openUnasked(chat);
    } else if (chat.trust === "verified" && before?.trust !== "verified") {
      this.close();
      this.actions.announce(`Verified. Nobody stands between you and ${chat.peer}.`);
    }
  }

  /** @param {Chat} chat */
  #beginIfWanted({ peer, trust }) {
    const wanted = this.wanted === peer;
    this.wanted = null;
    if (wanted && trust === "unverified") {
      this.begin();
    }
  }

  /** @param {Chat} chat */
  #openUnasked(chat) {
    if (this.panel.hidden) {
      this.asked = false;
      this.#show();
      this.#holdAnswers();
    }
    this.actions.announce(spokenFor(chat));
  }

  #show() {
    show(this.panel, true);
    this.number.show();
  }

  #holdAnswers() {
    const answers = [this.match, this.mismatch];
    for (const answer of answers) {
      answer.disabled = true;
    }
    setTimeout(() => {
      for (const answer of answers) {
        answer.disabled = false;
      }
    }, TAKEN_IN_MS);
  }
}
