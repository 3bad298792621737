// Deleting a message is asked about: it cannot be undone, and it is for both.

/** @import { Message } from "../peer/peer.js" */

import { part, setText } from "./dom.js";
import { quoteOf } from "./message_words.js";
import { modal } from "./modal.js";

export class DeleteDialog {
  /**
   * @param {ParentNode} root
   * @param {(id: string) => void} confirmed
   */
  constructor(root, confirmed) {
    this.dialog = part(root, "delete-dialog", HTMLDialogElement);
    this.quote = part(root, "delete-quote", HTMLElement);
    /** @type {Message | null} */
    this.message = null;
    modal(this.dialog, part(root, "delete-keep", HTMLButtonElement));
    part(root, "delete-confirm", HTMLButtonElement).addEventListener("click", () => {
      const { message } = this;
      this.dialog.close();
      if (message !== null) {
        confirmed(message.id);
      }
    });
    this.dialog.addEventListener("close", () => {
      this.message = null;
      setText(this.quote, "");
    });
  }

  /** @param {Message} message */
  ask(message) {
    this.message = message;
    setText(this.quote, quoteOf(message));
    this.dialog.showModal();
  }
}
