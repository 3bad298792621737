/**
 * The messages exchanged with one device under one name. Mirrors chat/peer/history.py.
 *
 * It outlives a chat, and a later one with the same device goes on in it. Whoever draws it asks with `since` for what was added
 * or changed, so that drawing costs what changed and not what is there. Each change of a message goes through here.
 */

import { blank } from "./messages.js";

/** @import {Message, Ref} from "./messages.js" */

/**
 * @typedef {{seconds: number, at: number}} Setting How long messages stay after they were read, 0 for good, and when that was
 *   said, in milliseconds since 1970.
 */

/** At least so many changes are remembered one by one. */
export const MAX_CHANGES = 1_024;
/** @type {Readonly<Setting>} */
const NEVER = Object.freeze({ seconds: 0, at: 0 });

export class History {
  /** The oldest first. @type {Message[]} */
  messages = [];
  /** Grows with each change of the messages. */
  revision = 0;
  /** @type {Readonly<Setting>} */
  timer = NEVER;
  #timed;
  /** @type {Map<string, Message>} */
  #index = new Map();
  /** @type {Set<string>} */
  #known = new Set();
  /** The message of each of the latest revisions. @type {Message[]} */
  #changes = [];
  #fresh = false;
  /** Theirs, that this person has not read. @type {Map<string, Message>} */
  #unread = new Map();
  /** This person's own, that they have not read, in the order in which they went. @type {Map<string, Message>} */
  #awaiting = new Map();
  /** Those that are to vanish, the soonest first. @type {{at: number, message: Message}[]} */
  #vanishing = [];

  /** @param {(history: History) => void} [timed] told of it when a message is to vanish */
  constructor(timed = () => {}) {
    this.#timed = timed;
  }

  // To be seen

  get last() {
    return this.messages.at(-1) ?? null;
  }

  /** How many of theirs this person has not read. */
  get unread() {
    return this.#unread.size;
  }

  /**
   * What was added or changed after a revision, each once; null where all is to be drawn anew, since that is not known or
   * messages were removed.
   * @param {number} revision
   * @returns {Message[] | null}
   */
  since(revision) {
    const behind = this.revision - revision;
    if (!(behind >= 0 && behind <= this.#changes.length)) {
      return null;
    }
    return [...new Set(this.#changes.slice(this.#changes.length - behind))];
  }

  /** The message of that name. @param {Ref} ref */
  get(ref) {
    return this.#index.get(keyOf(ref)) ?? null;
  }

  /** The message of that name, where it has a text to speak of. @param {Ref} ref */
  find(ref) {
    const message = this.get(ref);
    return message?.kind === "text" && !message.deleted ? message : null;
  }

  /** Whether they have sent a message of this id, be it gone by now. @param {string} id */
  knows(id) {
    return this.#known.has(id);
  }

  // What changes it

  /** A chat begins. */
  begin() {
    this.#fresh = this.messages.length > 0;
  }

  /** The newest message. @param {Message} message */
  add(message) {
    message.newCall = this.#fresh;
    this.#fresh = false;
    this.messages.push(message);
    this.#index.set(keyOf(message), message);
    if (message.mine) {
      this.goes(message);
    } else {
      this.#known.add(message.id);
      if (message.kind === "text") {
        this.#unread.set(message.id, message);
      }
    }
    this.#changed(message);
    return message;
  }

  /** One's own is sent, be it once more: it is the newest of those that they have not read. @param {Message} message */
  goes(message) {
    if (message.kind === "text") {
      this.#awaiting.delete(message.id);
      this.#awaiting.set(message.id, message);
    }
  }

  /** A message changed, if it is still there. @param {Message} message */
  touch(message) {
    if (this.#index.get(keyOf(message)) === message) {
      this.#changed(message);
    }
  }

  /** Leave nothing of a message but that there was one. @param {Message} message */
  delete(message) {
    blank(message);
    if (!message.mine) {
      this.#unread.delete(message.id);
    }
    this.touch(message);
  }

  /** This person has seen all; those of theirs that are news by it. */
  seen() {
    const read = [...this.#unread.values()];
    this.#unread.clear();
    for (const message of read) {
      this.#read(message);
    }
    return read;
  }

  /** They have read a message of this person's, and those that went before it; those of which that is news. @param {Message} message */
  readUpto(message) {
    /** @type {Message[]} */
    const read = [];
    if (!(this.#awaiting.has(message.id) && hasArrived(message))) {
      return read;
    }
    for (const one of this.#awaiting.values()) {
      if (hasArrived(one)) {
        this.#awaiting.delete(one.id);
        this.#read(one);
        read.push(one);
      }
      if (one === message) {
        break;
      }
    }
    return read;
  }

  /** This person's own, that they have not read. */
  get awaiting() {
    return [...this.#awaiting.values()];
  }

  /** It is to vanish at a time, in milliseconds since 1970. @param {Message} message @param {number} at */
  vanish(message, at) {
    message.expires = at;
    this.#vanishing.splice(this.#vanishing.findLastIndex((each) => each.at <= at) + 1, 0, { at, message });
    this.touch(message);
    this.#timed(this);
  }

  /** When the next one is to vanish. @returns {number | null} */
  get due() {
    return this.#vanishing[0]?.at ?? null;
  }

  /** Remove what is to vanish by now; whether there was any. @param {number} now */
  expire(now) {
    const left = this.#vanishing.findIndex(({ at }) => at > now);
    const gone = this.#vanishing.splice(0, left < 0 ? this.#vanishing.length : left);
    for (const { message } of gone) {
      blank(message);
    }
    if (gone.length > 0) {
      this.#remove(gone.map(({ message }) => message));
    }
    return gone.length > 0;
  }

  /** Forget all. Who still reads a message reads it to its end. */
  clear() {
    this.timer = NEVER;
    this.#fresh = false;
    this.#vanishing = [];
    this.#known.clear();
    this.#remove([...this.messages]);
  }

  // Inside

  /** @param {Message} message */
  #read(message) {
    message.status = "read";
    this.#changed(message);
  }

  /** @param {Message[]} gone */
  #remove(gone) {
    for (const message of gone) {
      this.#index.delete(keyOf(message));
      (message.mine ? this.#awaiting : this.#unread).delete(message.id);
    }
    const left = this.messages.filter((message) => this.#index.has(keyOf(message)));
    this.messages.length = 0;
    for (const message of left) {
      this.messages.push(message);
    }
    this.revision += 1;
    this.#changes = [];
  }

  /** @param {Message} message */
  #changed(message) {
    this.revision += 1;
    this.#changes.push(message);
    if (this.#changes.length > 2 * MAX_CHANGES) {
      this.#changes.splice(0, MAX_CHANGES);
    }
  }
}

/** @param {Ref} ref */
function keyOf({ mine, id }) {
  return `${mine ? ">" : "<"}${id}`;
}

/** Whether a message of one's own can have been read. @param {Message} message */
function hasArrived({ status }) {
  return status === "sent" || status === "delivered";
}
