// Who types. Its room is there whether anybody does or not, so that nothing jumps.

/** @import { Snapshot } from "../peer/peer.js" */

import { part, setText, show } from "./dom.js";
import { WRITABLE } from "./view.js";

export class TypingLine {
  /** @param {ParentNode} root */
  constructor(root) {
    this.line = part(root, "typing", HTMLElement);
    this.sentence = part(root, "typing-sentence", HTMLElement);
  }

  /** @param {Snapshot} snapshot */
  render({ chat }) {
    const typing = chat.typing && WRITABLE.has(chat.state);
    if (typing === this.line.hidden) {
      show(this.line, typing);
    }
    setText(this.sentence, typing ? `${chat.peer} is typing…` : "");
  }
}
