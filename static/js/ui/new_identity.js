// Become a new device to everybody: behind a warning, since it cannot be undone.

import { part } from "./dom.js";

export class NewIdentity {
  /**
   * @param {ParentNode} root
   * @param {() => void} renew
   */
  constructor(root, renew) {
    this.section = part(root, "new-identity", HTMLDetailsElement);
    part(root, "new-identity-confirm", HTMLButtonElement).addEventListener("click", renew);
    part(root, "name-dialog", HTMLDialogElement).addEventListener("close", () => {
      this.section.open = false;
    });
  }
}
