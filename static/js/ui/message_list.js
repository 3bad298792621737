// The messages, oldest first. A message keeps its element for life, so a new one costs one element and no more. It is one
// of ours or one of theirs, and its id: the other side chooses its ids, and may choose one of ours.
//
// The list follows the newest message as long as the person is at the end of it. Whoever has scrolled up to read stays
// there, and a button tells of what came meanwhile; one's own message always leads to the end.

/** @import { Message } from "../peer/messages.js" */
/** @import { Snapshot } from "../peer/peer.js" */

import { part, setText, show } from "./dom.js";
import { makeBubble, patchBubble } from "./message_bubble.js";
import { isAlarming } from "./verify_words.js";
import { WRITABLE } from "./view.js";

const NEAR_THE_END = 48;

export class MessageList {
  /**
   * @param {ParentNode} root
   * @param {(id: string) => void} retry
   */
  constructor(root, retry) {
    this.section = part(root, "conversation", HTMLElement);
    this.scroller = part(root, "scroller", HTMLElement);
    this.list = part(root, "messages", HTMLOListElement);
    this.newer = part(root, "newer", HTMLButtonElement);
    this.nothingYet = part(root, "nothing-yet", HTMLElement);
    this.nothingYetPeer = part(root, "nothing-yet-peer", HTMLElement);
    this.template = part(root, "message-template", HTMLTemplateElement);
    this.following = true;
    this.place = 0;
    /** @type {Map<string, HTMLElement>} */
    this.bubbles = new Map();
    this.list.addEventListener("click", (event) => retryOf(event, retry));
    this.newer.addEventListener("click", () => this.#goToEnd());
    this.scroller.addEventListener("scroll", () => this.#notePlace(), { passive: true });
    this.#keepAtEnd();
  }

  /** @param {Snapshot} snapshot */
  render({ chat }) {
    const { messages, peer, state } = chat;
    show(this.section, messages.length > 0 || WRITABLE.has(state));
    show(this.nothingYet, messages.length === 0 && !isAlarming(chat));
    setText(this.nothingYetPeer, peer ?? "");
    const newest = messages.at(-1);
    const came = newest !== undefined && !this.bubbles.has(keyOf(newest));
    this.#place(chat);
    if (came) {
      this.#follow(newest.mine);
    }
  }

  /**
   * Bring the list into the order of `messages`; nearly always that is one element more at the end.
   *
   * @param {Snapshot["chat"]} chat
   */
  #place(chat) {
    const { messages } = chat;
    let next = this.list.firstElementChild;
    for (const message of messages) {
      const bubble = this.#bubbleOf(message, chat);
      patchBubble(bubble, message);
      if (bubble !== next) {
        next = this.#dropStrangers(next, messages);
      }
      if (bubble === next) {
        next = next.nextElementSibling;
      } else {
        this.list.insertBefore(bubble, next);
      }
    }
    this.#dropStrangers(next, messages);
  }

  /**
   * @param {Message} message
   * @param {Snapshot["chat"]} chat
   */
  #bubbleOf(message, { peer, trust }) {
    const key = keyOf(message);
    let bubble = this.bubbles.get(key);
    if (bubble === undefined) {
      bubble = makeBubble(this.template, message, { author: message.mine ? "You" : (peer ?? ""), trust });
      this.bubbles.set(key, bubble);
    }
    return bubble;
  }

  /**
   * Remove the elements from `next` on that belong to none of the messages.
   *
   * @param {Element | null} next
   * @param {ReadonlyArray<Message>} messages
   * @returns {Element | null} The first that stays.
   */
  #dropStrangers(next, messages) {
    const wanted = next === null ? null : new Set(messages.map(keyOf));
    let element = next;
    while (element instanceof HTMLElement && !wanted?.has(keyOfBubble(element))) {
      const after = element.nextElementSibling;
      this.bubbles.delete(keyOfBubble(element));
      element.remove();
      element = after;
    }
    return element;
  }

  /** @param {boolean} mine */
  #follow(mine) {
    if (this.following || mine) {
      this.#goToEnd();
    } else {
      show(this.newer, true);
    }
  }

  /** The end moves when the room shrinks, and when messages turn out taller than they were taken for. */
  #keepAtEnd() {
    const observer = new ResizeObserver(() => this.following && this.#goToEnd());
    observer.observe(this.scroller);
    observer.observe(this.list);
  }

  #goToEnd() {
    this.following = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.place = this.scroller.scrollTop;
    show(this.newer, false);
  }

  /** Only a person scrolls up: when the list grows or its room shrinks, the end moves away and nobody has left it. */
  #notePlace() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    const atEnd = scrollHeight - scrollTop - clientHeight < NEAR_THE_END;
    this.following = atEnd || (this.following && scrollTop >= this.place);
    this.place = scrollTop;
    if (this.following) {
      show(this.newer, false);
    }
  }
}

/** @param {Pick<Message, "id" | "mine">} message */
function keyOf({ id, mine }) {
  return `${mine} ${id}`;
}

/** @param {HTMLElement} bubble */
function keyOfBubble({ dataset }) {
  return keyOf({ id: dataset.id ?? "", mine: dataset.mine === "true" });
}

/**
 * @param {Event} event
 * @param {(id: string) => void} retry
 */
function retryOf({ target }, retry) {
  const button = target instanceof Element ? target.closest("[data-testid=message-retry]") : null;
  const bubble = button?.closest("[data-testid=message]");
  if (bubble instanceof HTMLElement && bubble.dataset.id !== undefined) {
    retry(bubble.dataset.id);
  }
}
