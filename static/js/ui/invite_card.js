// An invite that this page opened: how far it has come, and which of the things it is that can be wrong with one.
//
// What the chat below says word for word is not shown twice: the card is out of the way then, and stays so until there is
// something else to say.

/** @import { Snapshot } from "../peer/peer.js" */

import { part, setText, show } from "./dom.js";

/** @typedef {NonNullable<Snapshot["invite"]>["state"]} InviteState */

/** Nothing more comes of it.
 * @type {ReadonlySet<InviteState>} */
const OVER = new Set(["done", "used", "expired", "unknown", "own", "damaged"]);

export class InviteCard {
  /**
   * @param {ParentNode} root
   * @param {{again: () => void, dismiss: () => void, over: () => void}} actions
   */
  constructor(root, { again, dismiss, over }) {
    this.card = part(root, "invite-state", HTMLElement);
    this.sentence = part(root, "invite-sentence", HTMLElement);
    this.again = part(root, "invite-again", HTMLButtonElement);
    this.over = over;
    /** What the chat has said in the card's place. @type {string | null} */
    this.told = null;
    this.again.addEventListener("click", again);
    this.dismiss = part(root, "invite-dismiss", HTMLButtonElement);
    this.dismiss.addEventListener("click", dismiss);
  }

  /** @param {Snapshot} snapshot */
  render({ invite, chat }) {
    show(this.card, invite !== null);
    this.#leaveToChat(invite?.sentence ?? null, chat.sentence);
    this.card.dataset.state = invite?.state ?? "";
    setText(this.sentence, invite?.sentence ?? "");
    show(this.again, invite?.state === "offline");
    show(this.dismiss, invite?.state !== "done");
    if (invite !== null && OVER.has(invite.state)) {
      this.over();
    }
  }

  /** @param {string | null} sentence @param {string} said by the chat */
  #leaveToChat(sentence, said) {
    if (sentence === said) {
      this.told = said;
    } else if (sentence !== this.told) {
      this.told = null;
    }
    this.card.inert = this.told !== null;
  }
}
