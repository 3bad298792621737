// Who the chat is with and how it stands: one strip that is a card while calling and a header while talking.

/** @import { Snapshot, Trust } from "../peer/peer.js" */

import { letter, part, setText, show } from "./dom.js";
import { CALLING, WRITABLE } from "./view.js";

/** What the lock means, for each trust: the words beside it, and the truth behind them.
 * @type {Record<Trust, {word: string, explained: (peer: string) => string}>} */
const TRUST = {
  classic: { word: "Encrypted, not verified", explained: notVerified },
  unverified: { word: "Encrypted, not verified", explained: notVerified },
  verified: {
    word: "Encrypted and verified",
    explained: (peer) => `Messages are encrypted between the two devices, and you have checked that this is ${peer}.`,
  },
  changed: {
    word: "Another device",
    explained: (peer) => `This is not the device that was ${peer} before. Ask them in another way before you go on.`,
  },
};

/** @param {string} peer */
function notVerified(peer) {
  return `Messages are encrypted between the two devices. lowkey cannot check that this is really ${peer}: a dishonest server could stand between you and read along. If it matters, do not say it here yet.`;
}

export class ChatHead {
  /**
   * @param {ParentNode} root
   * @param {{cancel: () => void, end: () => void}} actions
   */
  constructor(root, { cancel, end }) {
    this.head = part(root, "head", HTMLElement);
    this.letter = part(root, "peer-letter", HTMLElement);
    this.peer = part(root, "peer", HTMLElement);
    this.state = part(root, "chat-state", HTMLElement);
    this.sentence = part(root, "chat-sentence", HTMLElement);
    this.cancel = part(root, "call-cancel", HTMLButtonElement);
    this.end = part(root, "chat-end", HTMLButtonElement);
    this.trust = part(root, "trust", HTMLDetailsElement);
    this.trustWord = part(root, "trust-word", HTMLElement);
    this.trustExplained = part(root, "trust-explained", HTMLElement);
    this.cancel.addEventListener("click", cancel);
    this.end.addEventListener("click", end);
    this.#closeTrustWhenDone();
  }

  /** @param {Snapshot} snapshot */
  render({ chat }) {
    this.head.dataset.state = chat.state;
    this.state.dataset.state = chat.state;
    setText(this.sentence, chat.sentence);
    show(this.peer, chat.peer !== null);
    setText(this.peer, chat.peer ?? "");
    setText(this.letter, letter(chat.peer ?? ""));
    show(this.cancel, CALLING.has(chat.state));
    show(this.end, WRITABLE.has(chat.state));
    this.#renderTrust(WRITABLE.has(chat.state) ? chat.trust : null, chat.peer ?? "");
  }

  /**
   * @param {Trust | null} trust
   * @param {string} peer
   */
  #renderTrust(trust, peer) {
    this.trust.dataset.trust = trust ?? "";
    show(this.trust, trust !== null);
    if (trust === null) {
      this.trust.open = false;
      return;
    }
    setText(this.trustWord, TRUST[trust].word);
    setText(this.trustExplained, TRUST[trust].explained(peer));
  }

  /** The explanation floats over the messages: it goes with Escape, and with a click beside it. */
  #closeTrustWhenDone() {
    this.trust.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.trust.open) {
        this.trust.open = false;
        this.trust.querySelector("summary")?.focus();
      }
    });
    document.addEventListener("click", ({ target }) => {
      if (target instanceof Node && !this.trust.contains(target)) {
        this.trust.open = false;
      }
    });
  }
}
