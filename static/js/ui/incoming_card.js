// Somebody calls. There is the name they gave, and whether they hold an invite; whose device it is shows once one accepts.
// A name that is known can be blocked: the call then just goes unanswered.
//
// It never takes the focus: whoever is typing goes on typing, and the live region tells of the call.

/** @import { Snapshot } from "../peer/peer.js" */

import { letter, part, setText, show } from "./dom.js";

const UNKNOWN = "Nothing is known about them yet. Accept only if you expect this call.";
const INVITED = "They hold the link of your invite.";
/** @param {string} peer */
const known = (peer) => `You know somebody called ${peer}. Whether this is their device is checked when you accept.`;

export class IncomingCard {
  /**
   * @param {ParentNode} root
   * @param {{accept: () => void, decline: () => void, block: (peer: string) => void, announce: (sentence: string) => void}} actions
   */
  constructor(root, { accept, decline, block, announce }) {
    this.card = part(root, "incoming-request", HTMLElement);
    this.name = part(root, "incoming-name", HTMLElement);
    this.letter = part(root, "incoming-letter", HTMLElement);
    this.known = part(root, "incoming-known", HTMLElement);
    this.block = part(root, "incoming-block", HTMLButtonElement);
    this.block.addEventListener("click", () => this.name.textContent && block(this.name.textContent));
    this.announce = announce;
    part(root, "incoming-accept", HTMLButtonElement).addEventListener("click", accept);
    part(root, "incoming-decline", HTMLButtonElement).addEventListener("click", decline);
  }

  /** @param {Snapshot} snapshot */
  render({ incoming }) {
    const isNew = incoming !== null && this.card.hidden;
    show(this.card, incoming !== null);
    setText(this.name, incoming?.peer ?? "");
    setText(this.letter, letter(incoming?.peer ?? ""));
    show(this.block, incoming?.known ?? false);
    setText(this.known, incoming === null ? "" : knownOf(incoming));
    if (isNew) {
      const how = incoming.invited ? ", by your invite" : "";
      this.announce(`Someone is calling as ${incoming.peer}${how}. You can accept or decline.`);
    }
  }
}

/** @param {NonNullable<Snapshot["incoming"]>} incoming */
function knownOf({ peer, invited, known: isKnown }) {
  if (invited) {
    return INVITED;
  }
  return isKnown ? known(peer) : UNKNOWN;
}
