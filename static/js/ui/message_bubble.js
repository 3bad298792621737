// One message: made once from the template in the page, then patched where it changed.

/** @import { Message } from "../peer/peer.js" */
/** @import { Trust } from "../peer/peer.js" */

import { build, buildButton, buildIcon } from "./build.js";
import { part, setText, show } from "./dom.js";
import { foldedAt, isPicture } from "./message_body.js";
import { clockOf, momentOf, quoteOf, STATUS } from "./message_words.js";
import { renderFormat } from "./render_format.js";

/** @typedef {{peer: string, trust: Trust | null, find: (ref: {mine: boolean, id: string}) => Message | null}} Talk */

/** Above the first message of a later call with the same name: the older protocol does not prove whose name it is.
 * @type {Record<"proven" | "unproven", string>} */
const NEW_CALL = {
  proven: "A new call.",
  unproven: "A new call. lowkey cannot tell whether it is the same person.",
};

export class Bubble {
  /**
   * @param {HTMLTemplateElement} template
   * @param {Message} message
   * @param {Talk} talk
   */
  constructor(template, message, talk) {
    this.message = message;
    this.talk = talk;
    this.element = cloned(template);
    this.bubble = /** @type {HTMLElement} */ (this.element.querySelector(".bubble"));
    this.body = part(this.element, "body", HTMLElement);
    this.status = part(this.element, "status", HTMLElement);
    this.unfolded = false;
    this.written = "";
    this.reacted = "";
    /** @type {HTMLElement | null} */
    this.quote = null;
    /** @type {HTMLElement | null} */
    this.reactions = null;
    this.#begin();
    this.patch();
  }

  /** What changed, and nothing else. */
  patch() {
    const { message, element } = this;
    const written = `${message.deleted} ${message.edited} ${message.body}`;
    if (this.written !== written) {
      this.written = written;
      this.#write();
    }
    const reacted = `${message.reactions.mine} ${message.reactions.theirs}`;
    if (this.reacted !== reacted) {
      this.reacted = reacted;
      this.#react();
    }
    if (element.dataset.status !== message.status) {
      element.dataset.status = message.status;
      setText(this.status, message.mine ? STATUS[message.status] : "");
      show(part(element, "unsent", HTMLElement), message.mine && message.status === "failed");
    }
    this.#tellVanishing();
  }

  /** What it replies to is another text now, or none. */
  requote() {
    if (this.quote !== null && this.message.re !== null) {
      setText(part(this.quote, "quoted", HTMLElement), quoteOf(this.talk.find(this.message.re)));
    }
  }

  /** Show all of a long message, or only its beginning again. */
  fold() {
    this.unfolded = !this.unfolded;
    this.#write();
  }

  #begin() {
    const { message, element, talk } = this;
    element.dataset.id = message.id;
    element.dataset.mine = String(message.mine);
    setText(part(element, "author", HTMLElement), `${message.mine ? "You" : talk.peer}: `);
    const newCall = part(element, "new-call", HTMLElement);
    show(newCall, message.newCall === true);
    setText(newCall, NEW_CALL[talk.trust === "unverified" || talk.trust === "verified" ? "proven" : "unproven"]);
    const time = part(element, "time", HTMLTimeElement);
    time.dateTime = new Date(message.at).toISOString();
    time.title = momentOf(message.at);
    setText(time, clockOf(message.at));
  }

  #write() {
    const { message, body, element } = this;
    const { deleted } = message;
    element.toggleAttribute("data-deleted", deleted);
    show(part(element, "edited", HTMLElement), message.edited && !deleted);
    if (deleted) {
      setText(body, message.mine ? "You deleted this message" : "This message was deleted");
    } else {
      this.#spell();
    }
    this.#quote();
  }

  #spell() {
    const { message, body, element } = this;
    const end = foldedAt(message.body);
    const folded = end < message.body.length && !this.unfolded;
    renderFormat(body, folded ? `${message.body.slice(0, end)}…` : message.body);
    element.toggleAttribute("data-picture", isPicture(message.body));
    if (end < message.body.length) {
      const length = new Intl.NumberFormat().format(message.body.length);
      const text = folded ? `Show all ${length} characters` : "Show less";
      const button = buildButton({ className: "fold", testid: "message-fold", text });
      button.setAttribute("aria-expanded", String(!folded));
      body.append(button);
    }
  }

  #quote() {
    const { re } = this.message;
    if (re === null) {
      this.quote?.remove();
      this.quote = null;
      return;
    }
    if (this.quote === null) {
      const author = build("strong", { className: "quote-author", text: re.mine ? "You" : this.talk.peer });
      const quoted = build("span", { className: "quote-text" });
      quoted.dataset.part = "quoted";
      quoted.dir = "auto";
      const said = build("span", { className: "visually-hidden", text: "In reply to " });
      this.quote = buildButton({ className: "quote", testid: "quote" }, said, author, " ", quoted);
      this.bubble.prepend(this.quote);
    }
    this.requote();
  }

  #react() {
    const { mine, theirs } = this.message.reactions;
    const chips = [mine, mine === theirs ? "" : theirs].filter((emoji) => emoji !== "");
    this.element.toggleAttribute("data-reacted", chips.length > 0);
    if (chips.length === 0) {
      this.reactions?.remove();
      this.reactions = null;
      return;
    }
    this.reactions ??= build("div", { className: "reactions" });
    this.reactions.replaceChildren(...chips.map((emoji) => chipOf(emoji, this.message.reactions, this.talk.peer)));
    this.bubble.after(this.reactions);
  }

  #tellVanishing() {
    const { expires } = this.message;
    const icon = part(this.element, "vanishing", HTMLElement);
    if (icon.hidden !== (expires === null)) {
      show(icon, expires !== null);
      const sentence = expires === null ? "" : `Vanishes ${momentOf(expires)}`;
      icon.title = sentence;
      icon.setAttribute("aria-label", sentence);
    }
  }
}

/** @param {HTMLTemplateElement} template */
function cloned(template) {
  const element = part(template.content, "message", HTMLElement).cloneNode(true);
  if (!(element instanceof HTMLElement)) {
    throw new TypeError("a message is an element");
  }
  return element;
}

/**
 * @param {string} emoji
 * @param {Message["reactions"]} reactions
 * @param {string} peer
 */
function chipOf(emoji, { mine, theirs }, peer) {
  const who = mine === theirs ? `you and ${peer}` : mine === emoji ? "you" : peer;
  const chip = buildButton({ className: "reaction", testid: "reaction", label: `${emoji} from ${who}` }, emoji);
  chip.dataset.emoji = emoji;
  chip.dataset.mine = String(mine === emoji);
  chip.setAttribute("aria-pressed", String(mine === emoji));
  chip.title = mine === emoji ? `From ${who}. Press to take yours back.` : `From ${who}. Press to join in.`;
  if (mine === theirs) {
    chip.append(build("span", { className: "reaction-count", text: "2" }));
  }
  return chip;
}

/**
 * A line between messages: how long they stay from here on.
 *
 * @param {Message} message
 * @param {string} sentence
 */
export function eventLine(message, sentence) {
  const words = build("p", { className: "event-words" }, buildIcon("timer"), sentence);
  const element = build("li", { className: "event", testid: "event" }, words);
  element.dataset.id = message.id;
  element.dataset.mine = String(message.mine);
  return element;
}
