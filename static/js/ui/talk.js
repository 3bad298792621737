// The talk, put together: what was said, what can be done with it, who types, and the box for what comes next.

/** @import { Peer } from "../peer/peer.js" */

import { Composer } from "./composer.js";
import { copy } from "./copying.js";
import { DeleteDialog } from "./delete_dialog.js";
import { part } from "./dom.js";
import { pickEmoji } from "./emoji.js";
import { MessageActions } from "./message_actions.js";
import { MessageClicks } from "./message_clicks.js";
import { MessageKeys } from "./message_keys.js";
import { MessageList } from "./message_list.js";
import { quietly } from "./quietly.js";
import { TypingLine } from "./typing_line.js";

const GONE = "This message is no longer here.";

export class Talk {
  /**
   * @param {ParentNode} root
   * @param {{peer: Peer, attempt: (action: () => void) => boolean, say: (sentence: string) => void}} page `attempt` tells the
   *   person why something could not be done.
   */
  constructor(root, { peer, attempt, say }) {
    this.peer = peer;
    this.attempt = attempt;
    this.say = say;
    this.body = part(root, "messages", HTMLElement);
    this.list = new MessageList(root, { read: () => quietly(() => peer.read()) });
    this.composer = this.#composer(root);
    this.actions = this.#actions(root);
    this.typing = new TypingLine(root);
    this.#reactTo(root);
  }

  /** What has to be drawn. */
  get parts() {
    return [this.list, this.composer, this.actions, this.typing];
  }

  /** @param {ParentNode} root */
  #composer(root) {
    const { peer, attempt } = this;
    return new Composer(root, {
      send: (text, re) => attempt(() => peer.send(text, re)),
      edit: (id, text) => attempt(() => peer.edit(id, text)),
      typed: () => quietly(() => peer.typed()),
      pick: (opener, picked) => this.#pick(opener, picked),
    });
  }

  /** @param {ParentNode} root */
  #actions(root) {
    const { peer, attempt, composer } = this;
    const deleting = new DeleteDialog(root, (id) => attempt(() => peer.delete(id)));
    return new MessageActions(root, this.list, {
      reply: (message) => composer.reply(message),
      edit: (message) => composer.edit(message),
      copy: (message, element) => this.#copy(message.body, part(element, "body", HTMLElement)),
      delete: (message) => deleting.ask(message),
      react: (message, emoji) => this.#react(message, emoji),
      pick: (message, opener) => this.#pick(opener, (emoji) => this.#react(message, emoji)),
    });
  }

  /** @param {ParentNode} root */
  #reactTo(root) {
    new MessageClicks(this.list, {
      retry: (id) => this.attempt(() => this.peer.retry(id)),
      react: (message, emoji) => this.#react(message, emoji),
      jump: (ref) => this.list.reveal(ref) || this.say(GONE),
      copy: (text, element) => this.#copy(text, element),
    });
    new MessageKeys(part(root, "scroller", HTMLElement), this.body, {
      open: (element) => this.actions.enter(element),
      leave: () => this.composer.focus(),
    });
  }

  /**
   * The same emoji again takes it back.
   *
   * @param {import("../peer/peer.js").Message} message
   * @param {string} emoji
   */
  #react({ mine, id, reactions }, emoji) {
    this.attempt(() => this.peer.react({ mine, id }, reactions.mine === emoji ? "" : emoji));
  }

  /**
   * @param {string} text
   * @param {HTMLElement} element
   */
  async #copy(text, element) {
    this.say(await copy(text, element));
  }

  /**
   * @param {HTMLElement} opener
   * @param {(emoji: string) => void} picked
   */
  #pick(opener, picked) {
    return pickEmoji(opener, { picked, fault: this.say });
  }
}
