// The safety number of two devices, to read out, to copy, or to hold side by side as a QR code.

/** @import { Peer } from "../peer/peer.js" */

import { copy } from "./copying.js";
import { part, presence, setText, show } from "./dom.js";
import { drawQr } from "./draw_qr.js";

const GROUP = /\d{5}/g;

export class SafetyNumber {
  /**
   * @param {ParentNode} root
   * @param {{safetyNumber: Peer["safetyNumber"], qrText: Peer["qrText"]}} peer
   */
  constructor(root, peer) {
    this.peer = peer;
    this.digits = part(root, "safety-number", HTMLElement);
    this.digitsThere = presence(this.digits);
    this.qr = part(root, "safety-qr", HTMLElement);
    this.qrBox = part(root, "safety-qr-box", HTMLElement);
    this.toggle = part(root, "safety-qr-toggle", HTMLButtonElement);
    this.said = part(root, "safety-said", HTMLElement);
    this.toggle.addEventListener("click", () => this.#showQr(this.qrBox.hidden !== false));
    part(root, "safety-copy", HTMLButtonElement).addEventListener("click", () => this.#copy());
  }

  /** It takes some 50 ms to work out, so it is done once for each time it is looked at. */
  show() {
    const groups = this.peer.safetyNumber().match(GROUP) ?? [];
    this.digits.replaceChildren(...groups.flatMap((group) => [span(group), " "]));
    this.digitsThere(groups.length > 0);
    setText(this.said, "");
    this.#showQr(false);
  }

  hide() {
    this.digits.replaceChildren();
    this.digitsThere(false);
    this.#showQr(false);
  }

  /** @param {boolean} visible */
  #showQr(visible) {
    this.toggle.ariaExpanded = String(visible);
    show(this.qrBox, visible);
    this.qr.replaceChildren();
    if (visible) {
      this.#drawQr(this.peer.qrText());
    }
  }

  /** @param {string} text */
  async #drawQr(text) {
    const wanted = () => !this.qrBox.hidden && this.peer.qrText() === text;
    await drawQr(this.qr, text, "The safety number as a QR code", wanted);
    this.qrBox.scrollIntoView({ block: "nearest" });
  }

  async #copy() {
    setText(this.said, await copy(this.digits.textContent.trim(), this.digits));
  }
}

/** @param {string} text */
function span(text) {
  const made = document.createElement("span");
  made.textContent = text;
  return made;
}
