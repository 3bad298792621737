// Who the chat is with and how it stands: one strip that is a card while calling and a header while talking.

/** @import { Snapshot } from "../peer/peer.js" */

import { letter, part, setText, show } from "./dom.js";
import { TrustLine } from "./trust_line.js";
import { isAlarming } from "./verify_words.js";
import { CALLING, isDeciding, WRITABLE } from "./view.js";

/** Whoever hears the state must not hear that all is well. */
const NOT_A_MATCH = "Connected, but what you compared does not match.";

export class ChatHead {
  /**
   * @param {ParentNode} root
   * @param {{cancel: () => void, end: () => void, announce: (sentence: string) => void}} actions
   */
  constructor(root, { cancel, end, announce }) {
    this.head = part(root, "head", HTMLElement);
    this.letter = part(root, "peer-letter", HTMLElement);
    this.peer = part(root, "peer", HTMLElement);
    this.state = part(root, "chat-state", HTMLElement);
    this.sentence = part(root, "chat-sentence", HTMLElement);
    this.knownAs = part(root, "known-as", HTMLElement);
    this.cancel = part(root, "call-cancel", HTMLButtonElement);
    this.end = part(root, "chat-end", HTMLButtonElement);
    this.trust = new TrustLine(root);
    this.announce = announce;
    this.cancel.addEventListener("click", cancel);
    this.end.addEventListener("click", end);
  }

  /** @param {Snapshot} snapshot */
  render(snapshot) {
    const { chat } = snapshot;
    this.head.dataset.state = chat.state;
    this.state.dataset.state = chat.state;
    setText(this.sentence, isAlarming(chat) ? NOT_A_MATCH : chat.sentence);
    show(this.peer, chat.peer !== null);
    setText(this.peer, chat.peer ?? "");
    setText(this.letter, letter(chat.peer ?? ""));
    show(this.cancel, CALLING.has(chat.state) && !isDeciding(snapshot));
    show(this.end, WRITABLE.has(chat.state));
    this.trust.render(chat);
    this.#tellOtherNames(chat.knownAs);
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
