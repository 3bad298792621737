// A new invite: a link to send to one person, and its QR code to show to them.

import { copy } from "./copying.js";
import { part, setText, show } from "./dom.js";
import { drawQr } from "./draw_qr.js";
import { modal } from "./modal.js";

/** @import { Peer, Snapshot } from "../peer/peer.js" */

const UNTIL = new Intl.DateTimeFormat(undefined, { weekday: "long", hour: "numeric", minute: "2-digit" });

export class InviteDialog {
  /**
   * @param {ParentNode} root
   * @param {{create: Peer["createInvite"], fault: (error: unknown) => void}} actions
   */
  constructor(root, { create, fault }) {
    this.dialog = part(root, "invite-dialog", HTMLDialogElement);
    this.link = part(root, "invite-link", HTMLInputElement);
    this.until = part(root, "invite-until", HTMLElement);
    this.qr = part(root, "invite-qr", HTMLElement);
    this.said = part(root, "invite-said", HTMLElement);
    this.share = part(root, "invite-share", HTMLButtonElement);
    this.create = create;
    modal(this.dialog, part(root, "invite-dialog-close", HTMLButtonElement));
    show(this.share, "share" in navigator);
    this.share.addEventListener("click", () => this.#share());
    part(root, "invite-copy", HTMLButtonElement).addEventListener("click", () => this.#copy());
    part(root, "invite-create", HTMLButtonElement).addEventListener("click", () => this.open().catch(fault));
    this.dialog.addEventListener("close", () => this.#forget());
  }

  async open() {
    const { link, expires } = await this.create();
    this.link.value = link;
    setText(this.until, UNTIL.format(expires));
    this.dialog.showModal();
    await drawQr(this.qr, link, "The invite as a QR code", () => this.link.value === link);
  }

  /** Whoever holds the link is calling: it has done its work, and must not lie over the question whether to answer. @param {Snapshot} snapshot */
  render({ incoming }) {
    if (incoming?.invited) {
      this.dialog.close();
    }
  }

  async #copy() {
    setText(this.said, await copy(this.link.value, this.link));
  }

  /** Somebody who changes their mind has shared nothing, and there is nothing to say about it. */
  async #share() {
    try {
      await navigator.share({ title: "lowkey", text: "Chat with me on lowkey:", url: this.link.value });
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "AbortError")) {
        setText(this.said, "This could not be shared. Copy the link instead.");
      }
    }
  }

  /** The link holds a secret: it stays in the page no longer than it is seen. */
  #forget() {
    this.link.value = "";
    this.qr.replaceChildren();
    setText(this.said, "");
  }
}
