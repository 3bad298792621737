// The elements of the messages that are drawn, and what stands between them: days, the line where the person left off, and
// which messages go together.
//
// A message keeps its element as long as it is drawn, so neither the focus nor a selection is lost when others come and go.
// What stands above a message depends on the one before it in the history, drawn or not.

/** @import { Message, Snapshot } from "../peer/peer.js" */

import { build } from "./build.js";
import { part } from "./dom.js";
import { Bubble, eventLine } from "./message_bubble.js";
import { dayOf, dayWord, isJoined, timerSentence } from "./message_words.js";

/** @typedef {{element: HTMLElement, message: Message, bubble: Bubble | null, day: HTMLElement | null}} Row */

const SHOWN_MS = 1_600;

export class MessageRows {
  /** @param {ParentNode} root */
  constructor(root) {
    this.list = part(root, "messages", HTMLOListElement);
    this.template = part(root, "message-template", HTMLTemplateElement);
    this.marker = build("p", { className: "unread-marker", testid: "unread-marker" });
    this.marker.append(build("span", { text: "New messages" }));
    /** @type {Message | null} */
    this.marked = null;
    /** @type {Map<string, Row>} */
    this.rows = new Map();
    /** @type {WeakMap<Element, Row>} */
    this.byElement = new WeakMap();
    /** @type {import("./message_bubble.js").Talk} */
    this.talk = { peer: "", trust: null, find: () => null };
    this.today = "";
  }

  get first() {
    return asElement(this.list.firstElementChild);
  }

  get last() {
    return asElement(this.list.lastElementChild);
  }

  /** Who talks; and the days get other names at midnight. @param {Snapshot["chat"]} chat */
  begin({ peer, trust, history }) {
    this.talk = { peer: peer ?? "", trust, find: (ref) => history.find(ref) ?? deletedOf(history.messages, ref) };
    const today = dayOf(Date.now());
    if (today !== this.today) {
      this.today = today;
      for (const { day, message } of this.rows.values()) {
        day?.replaceChildren(dayWord(message.at, Date.now()));
      }
    }
  }

  clear() {
    this.list.replaceChildren();
    this.rows.clear();
  }

  /**
   * Have the elements of these messages in the list, and no others.
   *
   * @param {ReadonlyArray<Message>} messages
   * @param {number} start
   * @param {number} end
   */
  draw(messages, start, end) {
    const wanted = new Map(messages.slice(start, end).map((message) => [keyOf(message), message]));
    for (const [key, { element, message }] of this.rows) {
      if (wanted.get(key) !== message) {
        element.remove();
        this.rows.delete(key);
      }
    }
    let next = this.list.firstElementChild;
    for (let index = start; index < end; index += 1) {
      const row = this.#rowOf(messages[index]);
      decorate(row, messages[index - 1], messages[index + 1]);
      if (row.element === next) {
        next = next.nextElementSibling;
      } else {
        this.list.insertBefore(row.element, next);
      }
    }
    this.#placeMarker();
  }

  /**
   * More at the end, without a look at the others.
   *
   * @param {ReadonlyArray<Message>} messages
   * @param {number} from
   */
  append(messages, from) {
    for (let index = Math.max(0, from - 1); index < messages.length; index += 1) {
      const row = this.#rowOf(messages[index]);
      decorate(row, messages[index - 1], messages[index + 1]);
      if (index >= from) {
        this.list.append(row.element);
      }
    }
    this.#placeMarker();
  }

  /** All may be different. */
  patchAll() {
    for (const { bubble } of this.rows.values()) {
      bubble?.patch();
      bubble?.requote();
    }
  }

  /** @param {ReadonlyArray<Message>} changed */
  patch(changed) {
    for (const message of changed) {
      this.rows.get(keyOf(message))?.bubble?.patch();
      if (message.edited || message.deleted) {
        this.#requote(message);
      }
    }
  }

  /** The line above the first unread message; null for none. @param {Message | null} message */
  mark(message) {
    this.marked = message;
    this.#placeMarker();
  }

  /** @param {Pick<Message, "id" | "mine">} message */
  elementOf(message) {
    return this.rows.get(keyOf(message))?.element ?? null;
  }

  /** @param {Element | null} element */
  messageAt(element) {
    return this.#rowAt(element)?.message ?? null;
  }

  /** @param {Element} element */
  bubbleAt(element) {
    return this.#rowAt(element)?.bubble ?? null;
  }

  /**
   * The first message on the screen that is still there.
   *
   * @param {HTMLElement} scroller
   * @param {ReadonlySet<Message>} there
   * @returns {Message | null}
   */
  firstInView(scroller, there) {
    const top = scroller.getBoundingClientRect().top;
    for (const element of this.list.children) {
      const message = this.messageAt(element);
      if (message !== null && there.has(message) && element.getBoundingClientRect().bottom > top) {
        return message;
      }
    }
    return null;
  }

  /** Bring a message into view, and say by a flash that it is the one. @param {Message} message */
  show(message) {
    const element = this.elementOf(message);
    element?.scrollIntoView({ block: "center" });
    element?.focus({ preventScroll: true });
    element?.setAttribute("data-shown", "");
    setTimeout(() => element?.removeAttribute("data-shown"), SHOWN_MS);
  }

  /** @param {Message} message @returns {Row} */
  #rowOf(message) {
    const key = keyOf(message);
    let row = this.rows.get(key);
    if (row === undefined) {
      const bubble = message.kind === "timer" ? null : new Bubble(this.template, message, this.talk);
      const element = bubble?.element ?? eventLine(message, timerSentence(message, this.talk.peer));
      row = { element, message, bubble, day: null };
      this.rows.set(key, row);
      this.byElement.set(element, row);
    }
    return row;
  }

  /** @param {Element | null} element */
  #rowAt(element) {
    const row = element?.closest(".messages > li");
    return (row && this.byElement.get(row)) ?? null;
  }

  /** What replies to a message says what it says now. @param {Message} message */
  #requote(message) {
    for (const { bubble } of this.rows.values()) {
      const re = bubble?.message.re;
      if (re && re.id === message.id && re.mine === message.mine) {
        bubble?.requote();
      }
    }
  }

  #placeMarker() {
    const element = this.marked && this.elementOf(this.marked);
    if (!element) {
      this.marker.remove();
    } else if (this.marker.parentElement !== element) {
      element.prepend(this.marker);
    }
  }
}

/**
 * What a message looks like beside its neighbours.
 *
 * @param {Row} row
 * @param {Message | undefined} before
 * @param {Message | undefined} after
 */
function decorate(row, before, after) {
  const { element, message } = row;
  element.toggleAttribute("data-joined", isJoined(before, message));
  element.toggleAttribute("data-last", !isJoined(message, after));
  const begins = before === undefined || dayOf(before.at) !== dayOf(message.at);
  if (begins && row.day === null) {
    row.day = build("p", { className: "day", testid: "day", text: dayWord(message.at, Date.now()) });
    element.prepend(row.day);
  } else if (!begins) {
    row.day?.remove();
    row.day = null;
  }
}

/**
 * What a history does not speak of any more, as long as something stands in its place.
 *
 * @param {ReadonlyArray<Message>} messages
 * @param {{mine: boolean, id: string}} ref
 */
function deletedOf(messages, { mine, id }) {
  return messages.findLast((message) => message.deleted && message.mine === mine && message.id === id) ?? null;
}

/** @param {Pick<Message, "id" | "mine">} message */
function keyOf({ id, mine }) {
  return `${mine} ${id}`;
}

/** @param {Element | null} element */
function asElement(element) {
  return element instanceof HTMLElement ? element : null;
}
