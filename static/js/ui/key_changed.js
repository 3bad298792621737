// Another device answers under a name that is known. Nothing goes to it before the person has decided.

/** @import { Snapshot } from "../peer/peer.js" */

import { part, setText, show } from "./dom.js";

const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });

export class KeyChanged {
  /**
   * @param {ParentNode} root
   * @param {{accept: () => void, refuse: () => void, announce: (sentence: string) => void}} actions
   */
  constructor(root, { accept, refuse, announce }) {
    this.card = part(root, "key-changed", HTMLElement);
    this.title = part(root, "key-title", HTMLElement);
    this.meaning = part(root, "key-meaning", HTMLElement);
    this.before = part(root, "key-before", HTMLElement);
    this.announce = announce;
    part(root, "key-accept", HTMLButtonElement).addEventListener("click", accept);
    part(root, "key-refuse", HTMLButtonElement).addEventListener("click", refuse);
  }

  /** @param {Snapshot} snapshot */
  render({ chat }) {
    const blocked = chat.state === "blocked";
    const isNew = blocked && this.card.hidden;
    const peer = chat.peer ?? "them";
    show(this.card, blocked);
    setText(this.title, `This is not the device that was ${peer} before`);
    setText(
      this.meaning,
      `${peer} may have a new device or browser, or have cleared their browser’s data. Or somebody has put themselves between you and ${peer}.`,
    );
    setText(this.before, chat.changed === null ? "" : known(peer, chat.changed));
    if (isNew) {
      this.announce(`${this.title.textContent}. Nothing is sent until you decide: verify again, or end the chat.`);
    }
  }
}

/**
 * @param {string} peer
 * @param {{firstSeen: number, verified: boolean}} pin
 */
function known(peer, { firstSeen, verified }) {
  const since = `You have known the device before since ${DAY.format(firstSeen)}`;
  return verified ? `${since}, and had verified that it is ${peer}’s.` : `${since}, but never verified it.`;
}
