// Somebody to call: by name, or once more the person the last chat was with.

/** @import { Snapshot } from "../peer/peer.js" */

import { SENTENCES, sentence } from "../peer/errors.js";
import { part, setText, show } from "./dom.js";
import { NameForm } from "./name_form.js";
import { isFree, OVER, WRITABLE } from "./view.js";

/** The ends after which one would call somebody else than one wants: a refused device, or a stranger with an invite. */
const NOBODYS = Object.keys(SENTENCES).filter(
  (reason) => reason === "you_refused_key" || reason.startsWith("their_invite_"),
);

export class ConnectPanel {
  /**
   * @param {ParentNode} root
   * @param {(name: string) => string | null} dial Returns the sentence that says why not.
   */
  constructor(root, dial) {
    this.panel = part(root, "connect", HTMLElement);
    this.input = part(root, "peer-input", HTMLInputElement);
    this.again = part(root, "again", HTMLButtonElement);
    this.againWords = part(root, "again-words", HTMLElement);
    const form = part(root, "connect-form", HTMLFormElement);
    this.form = new NameForm({ form, input: this.input, error: part(root, "peer-error", HTMLElement) }, dial);
    this.again.addEventListener("click", () => this.form.complain(this.peer && dial(this.peer)));
    /** @type {string | null} */
    this.peer = null;
  }

  /** @param {Snapshot} snapshot */
  render(snapshot) {
    const { chat } = snapshot;
    this.peer = chat.peer;
    show(this.panel, isFree(snapshot));
    show(this.again, canBeCalledAgain(snapshot));
    setText(this.againWords, `Call ${chat.peer ?? ""} again`);
    if (WRITABLE.has(chat.state)) {
      this.form.fill("");
    }
  }
}

/**
 * There was somebody, and no invite of theirs that offers the same.
 *
 * @param {Snapshot} snapshot
 */
function canBeCalledAgain({ chat, invite }) {
  const { peer, state } = chat;
  if (peer === null || !OVER.has(state) || NOBODYS.some((reason) => sentence(reason, peer) === chat.sentence)) {
    return false;
  }
  return !(invite?.state === "offline" && invite.peer === peer);
}
