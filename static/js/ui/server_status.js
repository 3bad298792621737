// The pill that says whether the matchmaker can be reached, and what to do when it will not have us.

/** @import { ServerState, Snapshot } from "../peer/peer.js" */

import { part, setText, show } from "./dom.js";
import { WRITABLE } from "./view.js";

/** @type {Record<ServerState, string>} */
const WORDS = {
  online: "Online",
  connecting: "Connecting…",
  offline: "Offline",
  taken: "Name in use",
  replaced: "Open elsewhere",
  refused: "Name refused",
};

/** The states that do not mend themselves, and the words for trying again.
 * @type {Partial<Record<ServerState, string>>} */
const AGAIN = { taken: "Try again", replaced: "Use it here", refused: "Try again" };

export class ServerStatus {
  /**
   * @param {ParentNode} root
   * @param {{again: () => void, rename: () => void}} actions
   */
  constructor(root, { again, rename }) {
    this.box = part(root, "server", HTMLElement);
    this.pill = part(root, "server-state", HTMLElement);
    this.word = part(root, "server-word", HTMLElement);
    this.sentence = part(root, "server-sentence", HTMLElement);
    this.actions = part(root, "server-actions", HTMLElement);
    this.again = part(root, "server-again", HTMLButtonElement);
    this.tried = false;
    this.again.addEventListener("click", again);
    part(root, "server-rename", HTMLButtonElement).addEventListener("click", rename);
  }

  /** While the page loads it takes no line of its own: what is below would move up a moment later. @param {ServerState} state */
  #meet(state) {
    if (state === "connecting") {
      this.tried = true;
    } else if (state !== "offline" || this.tried) {
      this.box.dataset.met = "";
    }
  }

  /** @param {Snapshot} snapshot */
  render({ server, chat }) {
    this.box.dataset.state = server.state;
    this.#meet(server.state);
    this.pill.dataset.state = server.state;
    setText(this.word, WORDS[server.state]);
    const goesOn = server.state !== "online" && WRITABLE.has(chat.state);
    setText(this.sentence, goesOn ? `${server.sentence} Your chat goes on.` : server.sentence);
    const again = AGAIN[server.state];
    setText(this.again, again ?? "");
    show(this.actions, again !== undefined);
  }
}
