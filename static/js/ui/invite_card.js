// An invite that this page opened: how far it has come, and which of the things it is that can be wrong with one.

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
    this.again.addEventListener("click", again);
    this.dismiss = part(root, "invite-dismiss", HTMLButtonElement);
    this.dismiss.addEventListener("click", dismiss);
  }

  /** @param {Snapshot} snapshot */
  render({ invite }) {
    show(this.card, invite !== null);
    this.card.dataset.state = invite?.state ?? "";
    setText(this.sentence, invite?.sentence ?? "");
    show(this.again, invite?.state === "offline");
    show(this.dismiss, invite?.state !== "done");
    if (invite !== null && OVER.has(invite.state)) {
      this.over();
    }
  }
}
