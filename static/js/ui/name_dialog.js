// Change one's name, or have this device forget it. In mid-chat it says first what that would end.

/** @import { Snapshot } from "../peer/peer.js" */

import { letter, part, setText, show } from "./dom.js";
import { modal } from "./modal.js";
import { NameForm } from "./name_form.js";
import { BUSY } from "./view.js";

export class NameDialog {
  /**
   * @param {ParentNode} root
   * @param {{rename: (name: string) => string | null, forget: () => void}} actions
   */
  constructor(root, { rename, forget }) {
    this.dialog = part(root, "name-dialog", HTMLDialogElement);
    this.warning = part(root, "name-dialog-warning", HTMLElement);
    this.submit = part(root, "username-submit", HTMLButtonElement);
    this.ownName = part(root, "own-name", HTMLElement);
    this.ownLetter = part(root, "own-letter", HTMLElement);
    this.form = new NameForm(
      {
        form: part(root, "name-form", HTMLFormElement),
        input: part(root, "username-input", HTMLInputElement),
        error: part(root, "username-error", HTMLElement),
      },
      rename,
    );
    part(root, "forget-name", HTMLButtonElement).addEventListener("click", forget);
    part(root, "change-name", HTMLButtonElement).addEventListener("click", () => this.open());
    modal(this.dialog, part(root, "name-dialog-close", HTMLButtonElement));
  }

  /** @param {Snapshot} snapshot */
  render({ name, chat }) {
    const busy = BUSY.has(chat.state);
    setText(this.ownName, name);
    setText(this.ownLetter, letter(name));
    setText(
      this.warning,
      `You are in a chat with ${chat.peer ?? "somebody"}. Changing or forgetting your name ends it.`,
    );
    setText(this.submit, busy ? "End chat and change name" : "Change name");
    show(this.warning, busy);
  }

  open() {
    this.form.fill(this.ownName.textContent ?? "");
    this.dialog.showModal();
    this.form.input.select();
  }
}
