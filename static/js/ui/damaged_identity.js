// What the browser keeps of the identity cannot be used. Nothing goes on before the person says so.

import { part, setText, show } from "./dom.js";

export class DamagedIdentity {
  /**
   * @param {ParentNode} root
   * @param {() => Promise<void>} renew
   */
  constructor(root, renew) {
    this.card = part(root, "identity-damaged", HTMLElement);
    this.sentence = part(root, "damage", HTMLElement);
    part(root, "damage-renew", HTMLButtonElement).addEventListener("click", () => {
      renew().catch((error) => this.show(error));
    });
  }

  /** @param {unknown} error */
  show(error) {
    setText(this.sentence, error instanceof Error ? error.message : String(error));
    show(this.card, true);
  }
}
