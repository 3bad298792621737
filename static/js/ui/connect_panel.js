// Somebody to call: by name, once more the person the last chat was with, or one of those met before.

/** @import { Snapshot } from "../peer/peer.js" */
/** @import { Met } from "./met_people.js" */

import { SENTENCES, sentence } from "../peer/errors.js";
import { part, setText, show } from "./dom.js";
import { MetPeople } from "./met_people.js";
import { NameForm } from "./name_form.js";
import { isFree, OVER, viewOf, WRITABLE } from "./view.js";

/** The ends after which one would call somebody else than one wants: a refused device, or a stranger with an invite. */
const NOBODYS = Object.keys(SENTENCES).filter(
  (reason) => reason === "you_refused_key" || reason.startsWith("their_invite_"),
);

export class ConnectPanel {
  /**
   * @param {ParentNode} root
   * @param {{dial: (name: string) => string | null, met: () => ReadonlyArray<Met>, blocked: () => ReadonlyArray<string>}} actions
   *   `dial` returns the sentence that says why not
   */
  constructor(root, { dial, met, blocked }) {
    this.panel = part(root, "connect", HTMLElement);
    this.input = part(root, "peer-input", HTMLInputElement);
    this.again = part(root, "again", HTMLButtonElement);
    this.againWords = part(root, "again-words", HTMLElement);
    this.dial = dial;
    const form = part(root, "connect-form", HTMLFormElement);
    const error = part(root, "peer-error", HTMLElement);
    this.form = new NameForm({ form, input: this.input, error }, (name) => this.#call(name));
    this.again.addEventListener("click", () => this.form.complain(this.peer && this.#call(this.peer)));
    this.met = new MetPeople(root, { met, blocked, call: (name) => this.form.complain(this.#call(name)) });
    /** @type {string | null} */
    this.peer = null;
    /** How things stand, as far as it matters to whom can be called. */
    this.standing = "";
    /** What the peer would not do. @type {string | null} */
    this.refusal = null;
  }

  /** @param {string} name */
  #call(name) {
    this.refusal = this.dial(name);
    return this.refusal;
  }

  /** @param {Snapshot} snapshot */
  render(snapshot) {
    const { chat } = snapshot;
    this.peer = chat.peer;
    show(this.panel, isFree(snapshot));
    show(this.again, canBeCalledAgain(snapshot));
    setText(this.againWords, `Call ${chat.peer ?? ""} again`);
    if (viewOf(snapshot) === "home") {
      this.met.render(snapshot);
    }
    this.#forgetRefusal(`${snapshot.server.state === "online"} ${chat.state}`);
    if (WRITABLE.has(chat.state)) {
      this.form.fill("");
    }
  }

  /** What the peer would not do then, it might do now; what is wrong with the name stays. @param {string} standing */
  #forgetRefusal(standing) {
    if (standing !== this.standing && this.refusal !== null) {
      this.form.withdraw(this.refusal);
      this.refusal = null;
    }
    this.standing = standing;
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
