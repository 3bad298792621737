// Whether the two devices are known to be whose they seem: a word, what it means, and the way to find out.

/** @import { Snapshot, Trust } from "../peer/peer.js" */

import { part, setText, show } from "./dom.js";
import { alarmOf } from "./verify_words.js";
import { WRITABLE } from "./view.js";

/** @typedef {Snapshot["chat"]} Chat */

/** What stands beside the shield, and the truth behind it; the last two are for a chat that somebody compared in vain.
 * @type {Record<Trust | "mismatched" | "theyMismatched", {word: string, explained: (peer: string) => string}>} */
const WORDS = {
  unverified: {
    word: "Not verified yet",
    explained: (peer) =>
      `Messages are encrypted between the two devices. But whether the other one is ${peer}’s, lowkey cannot know until you compare: a dishonest server could stand between you.`,
  },
  verified: {
    word: "Verified",
    explained: (peer) =>
      `Messages are encrypted between the two devices, and you know that the other one is ${peer}’s: you compared, or one of you came by the other’s invite.`,
  },
  classic: {
    word: "The server could read this chat",
    explained: (peer) =>
      `${peer} uses an older app. Messages are encrypted, but nothing shows whose keys they are encrypted with: a dishonest server could stand between you and read along.`,
  },
  changed: {
    word: "Another device",
    explained: (peer) => `This is not the device that was ${peer} before. Ask them in another way before you go on.`,
  },
  mismatched: {
    word: "Does not match",
    explained: (peer) => `You compared, and it did not match. Somebody may be between you and ${peer}.`,
  },
  theyMismatched: {
    word: "Does not match",
    explained: (peer) => `${peer} saw something different. Somebody may be between you.`,
  },
};

export class TrustLine {
  /** @param {ParentNode} root */
  constructor(root) {
    this.line = part(root, "trust-line", HTMLElement);
    this.trust = part(root, "trust", HTMLDetailsElement);
    this.word = part(root, "trust-word", HTMLElement);
    this.explained = part(root, "trust-explained", HTMLElement);
    this.verify = part(root, "verify-open", HTMLButtonElement);
    this.#closeWhenDone();
  }

  /** @param {Chat} chat */
  render(chat) {
    const trust = WRITABLE.has(chat.state) || chat.state === "blocked" ? chat.trust : null;
    this.trust.dataset.trust = trust ?? "";
    show(this.line, trust !== null);
    show(this.trust, trust !== null);
    if (trust === null) {
      this.#close();
      return;
    }
    const key = alarmOf(chat) ?? trust;
    this.line.dataset.trust = key;
    setText(this.word, WORDS[key].word);
    setText(this.explained, WORDS[key].explained(chat.peer ?? ""));
    show(this.verify, key === "unverified" || key === "verified");
    setText(this.verify, key === "verified" ? "Compare" : "Verify");
  }

  #close() {
    this.trust.open = false;
  }

  /** The explanation floats over the messages: it goes with Escape, and with a click beside it. */
  #closeWhenDone() {
    this.trust.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.trust.open) {
        this.#close();
        this.trust.querySelector("summary")?.focus();
      }
    });
    document.addEventListener("click", ({ target }) => {
      if (target instanceof Node && !this.trust.contains(target)) {
        this.#close();
      }
    });
  }
}
