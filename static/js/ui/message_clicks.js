// What is pressed inside a message: the list hears of it, so that a message needs no listeners of its own.

/** @import { Message } from "../peer/peer.js" */
/** @import { MessageList } from "./message_list.js" */

/**
 * @typedef {object} Does
 * @property {(id: string) => void} retry
 * @property {(message: Message, emoji: string) => void} react
 * @property {(ref: {mine: boolean, id: string}) => void} jump
 * @property {(text: string, element: HTMLElement) => void} copy
 */

export class MessageClicks {
  /**
   * @param {MessageList} list
   * @param {Does} does
   */
  constructor(list, does) {
    this.list = list;
    this.does = does;
    list.rows.list.addEventListener("click", ({ target }) => this.#click(target));
  }

  /** @param {EventTarget | null} target */
  #click(target) {
    const button = target instanceof Element ? target.closest("button") : null;
    const message = this.list.messageAt(button);
    if (button === null || message === null) {
      return;
    }
    const { testid } = button.dataset;
    if (testid === "message-retry") {
      this.does.retry(message.id);
    } else if (testid === "reaction") {
      this.does.react(message, button.dataset.emoji ?? "");
    } else if (testid === "quote" && message.re !== null) {
      this.does.jump(message.re);
    } else if (testid === "message-fold") {
      this.list.rows.bubbleAt(button)?.fold();
    } else if (testid === "code-copy" && button.previousElementSibling instanceof HTMLElement) {
      this.does.copy(button.previousElementSibling.textContent, button.previousElementSibling);
    }
  }
}
