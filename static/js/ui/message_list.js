// The messages, oldest first. It draws what changed since it last looked (`history.since`), and only a window of what there
// is: so a new message costs one element and no more, whether there are a hundred or ten thousand. The window grows at the
// end that the person scrolls to, and is cut at the other.
//
// The list follows the newest message as long as the person is at the end of it. Whoever has scrolled up to read stays
// there, and a button tells of what came meanwhile; one's own message always leads to the end.
//
// A message is one of ours or one of theirs, and its id: the other side chooses its ids, and may choose one of ours.

/** @import { Message, Snapshot } from "../peer/peer.js" */

import { part, show } from "./dom.js";
import { Follower } from "./follower.js";
import { isLooking } from "./looking.js";
import { MessageRows } from "./message_rows.js";
import { WRITABLE } from "./view.js";

/** @typedef {Snapshot["chat"]["history"]} History */
/** @typedef {{mine: boolean, id: string}} Ref */

/** Drawn at first. */
const FIRST = 60;
/** Drawn or cut at once when the person scrolls on. */
const PAGE = 40;
/** Drawn at a time. */
const MOST = 200;
/** So near to an end of what is drawn, in pixels, more is. */
const AHEAD = 900;
/** Of what was read, this much is drawn above the first unread one. */
const BEFORE_UNREAD = 12;

export class MessageList {
  /**
   * @param {ParentNode} root
   * @param {{read: () => void}} actions `read`: the person has seen all there is.
   */
  constructor(root, { read }) {
    this.section = part(root, "conversation", HTMLElement);
    this.read = read;
    this.rows = new MessageRows(root);
    this.follower = new Follower(root, {
      moved: () => this.#moved(),
      settled: () => this.#tellRead(),
      toEnd: () => this.#goToEnd(),
    });
    /** @type {History | null} */
    this.history = null;
    this.revision = 0;
    /** How many messages there were, and which are drawn: from `start` to `end`. */
    this.count = 0;
    this.start = 0;
    this.end = 0;
    this.unread = 0;
    /** The first message that came while nobody looked. @type {Message | null} */
    this.marked = null;
    addEventListener("focus", () => this.#tellRead());
    document.addEventListener("visibilitychange", () => this.#tellRead());
  }

  /** @param {Snapshot} snapshot */
  render({ chat }) {
    const { history, state } = chat;
    show(this.section, history.messages.length > 0 || WRITABLE.has(state));
    this.rows.begin(chat);
    if (history !== this.history) {
      this.#open(history, chat.unread);
    } else if (history.revision !== this.revision) {
      this.#update(history, chat.unread);
    }
    this.unread = chat.unread;
    this.#tellRead();
  }

  /**
   * Lead the person to a message.
   *
   * @param {Ref} ref
   * @returns {boolean} Whether it is there.
   */
  reveal(ref) {
    const messages = this.history?.messages ?? [];
    const index = messages.findLastIndex(({ mine, id }) => mine === ref.mine && id === ref.id);
    if (index < 0) {
      return false;
    }
    if (index < this.start || index >= this.end) {
      this.#draw(index - FIRST / 2, index + FIRST / 2);
    }
    this.follower.leaveEnd();
    this.rows.show(messages[index]);
    return true;
  }

  /** The message that an element belongs to. @param {Element | null} element */
  messageAt(element) {
    return this.rows.messageAt(element);
  }

  /** Another conversation: where its reader left off, or its end. @param {History} history @param {number} unread */
  #open(history, unread) {
    const { messages } = history;
    this.history = history;
    this.revision = history.revision;
    this.count = messages.length;
    this.marked = firstUnread(messages, unread);
    this.rows.clear();
    this.rows.mark(this.marked);
    const from = this.marked === null ? messages.length : messages.indexOf(this.marked) - BEFORE_UNREAD;
    this.#draw(Math.min(messages.length - FIRST, from), messages.length);
    this.follower.goToEnd();
    if (this.marked !== null) {
      this.follower.goTo(this.rows.elementOf(this.marked));
    }
  }

  /**
   * @param {History} history
   * @param {number} unread
   */
  #update(history, unread) {
    const changed = history.since(this.revision);
    const before = this.count;
    this.revision = history.revision;
    this.count = history.messages.length;
    if (changed === null) {
      this.#redraw(before);
      this.rows.patchAll();
      return;
    }
    const came = history.messages.slice(before);
    this.#remark(came, unread);
    this.rows.patch(changed);
    this.#append(before, came);
  }

  /** Messages were removed, or are others: whoever reads stays with what they read. @param {number} before */
  #redraw(before) {
    const { messages } = /** @type {History} */ (this.history);
    const newest = messages.at(-1);
    const came = newest !== undefined && messages.length > before;
    if (this.marked !== null && !messages.includes(this.marked)) {
      this.marked = null;
      this.rows.mark(null);
    }
    if (this.follower.following || (came && newest.mine)) {
      this.#draw(messages.length - FIRST, messages.length);
      this.follower.goToEnd();
      return;
    }
    const anchor = this.rows.firstInView(this.follower.scroller, new Set(messages));
    const index = anchor === null ? messages.length : messages.indexOf(anchor);
    this.follower.hold(anchor && this.rows.elementOf(anchor), () => this.#draw(index - FIRST / 2, index + FIRST / 2));
  }

  /**
   * @param {number} before How many there were.
   * @param {Message[]} came
   */
  #append(before, came) {
    if (came.length === 0) {
      return;
    }
    if (this.follower.following || came.some(({ mine }) => mine)) {
      this.#grow(before);
      this.follower.goToEnd();
    } else {
      if (this.end === before && this.count - this.start < MOST) {
        this.#grow(before);
      }
      this.follower.missed(came.filter(({ mine, kind }) => !mine && kind !== "timer").length);
    }
  }

  /** The end is in view, and moves on: what is far above is cut a page at a time. @param {number} before */
  #grow(before) {
    if (this.end !== before || this.count - before > FIRST) {
      this.#draw(this.count - FIRST, this.count);
    } else {
      this.rows.append(/** @type {History} */ (this.history).messages, before);
      this.end = this.count;
      if (this.end - this.start > MOST) {
        this.#draw(this.start + PAGE, this.end);
      }
    }
  }

  /**
   * Where the person left off: before what came first while they did not look. Gone once they have answered.
   *
   * @param {Message[]} came
   * @param {number} unread
   */
  #remark(came, unread) {
    const { messages } = /** @type {History} */ (this.history);
    const seen = this.follower.following && isLooking();
    if (came.some(({ mine }) => mine)) {
      this.marked = null;
    } else if (this.unread === 0 && unread > 0 && !seen) {
      this.marked = firstUnread(messages, unread);
    } else {
      return;
    }
    this.rows.mark(this.marked);
  }

  /**
   * Draw these, and no others.
   *
   * @param {number} from
   * @param {number} to
   */
  #draw(from, to) {
    const { messages } = /** @type {History} */ (this.history);
    this.start = Math.max(0, from);
    this.end = Math.min(messages.length, to, this.start + MOST + PAGE);
    this.rows.draw(messages, this.start, this.end);
  }

  /** The person scrolled: draw what they are about to see. */
  #moved() {
    const { scroller } = this.follower;
    const below = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
    if (this.start > 0 && scroller.scrollTop < AHEAD) {
      const start = Math.max(0, this.start - PAGE);
      const first = this.rows.first;
      this.follower.hold(first, () => this.#draw(start, Math.min(this.end, start + MOST)));
    } else if (this.end < this.count && below < AHEAD) {
      const end = Math.min(this.count, this.end + PAGE);
      const last = this.rows.last;
      this.follower.hold(last, () => this.#draw(Math.max(this.start, end - MOST), end));
    }
  }

  #goToEnd() {
    if (this.end < this.count) {
      this.#draw(this.count - FIRST, this.count);
    }
    this.follower.goToEnd();
    this.#tellRead();
  }

  /** Whoever looks at the end has seen all. */
  #tellRead() {
    if (this.unread > 0 && this.follower.following && this.end === this.count && !this.section.hidden && isLooking()) {
      this.unread = 0;
      this.read();
    }
  }
}

/**
 * @param {ReadonlyArray<Message>} messages
 * @param {number} unread
 * @returns {Message | null}
 */
function firstUnread(messages, unread) {
  let first = null;
  let left = unread;
  for (let index = messages.length - 1; index >= 0 && left > 0; index -= 1) {
    const message = messages[index];
    if (!message.mine && message.kind !== "timer") {
      first = message;
      left -= 1;
    }
  }
  return first;
}
