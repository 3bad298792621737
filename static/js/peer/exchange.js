/**
 * What two people say to each other, and about what they have said. Mirrors chat/peer/exchange.py.
 *
 * It has no channel. What the person says is checked, put into the history, and returned as entries for the outbox; what the
 * other one says is checked strictly (docs/protocol.md, section 3.4) and put into the history, or changes nothing:
 *
 * - A message is (author, id), and known once. One that was deleted, or is no more, is not changed again.
 * - Each one edits and deletes their own messages alone, and has one reaction to each message.
 * - The timer is the newer of what the two said, so that both come to the same whatever crossed on the way.
 * - A message with a timer vanishes that long after it was read: for the reader, from reading it; for its author, from the
 *   other's `read`, or from its arrival where the two tell each other nothing of what was read.
 */

import { sameName } from "../signaling/messages.js";
import { PeerError } from "./errors.js";
import { message as whole } from "./messages.js";
import { isId } from "./primitives.js";
import { isBlank, isEmoji, wellFormed } from "./wording.js";

/** @import {Payload} from "../signaling/messages.js" */
/** @import {History} from "./history.js" */
/** @import {Message, Ref} from "./messages.js" */
/** @import {Entry} from "./outbox.js" */
/** @import {Preferences} from "./preferences.js" */
/** @import {Content} from "./sas.js" */
/** @typedef {(content: Content) => boolean} Fits Whether a message is not too long. */

const MAX_TIMER_SECONDS = 31 * 24 * 60 * 60;
const MAX_FEATURES = 64;
/** What `me` and `peer` say. */
export class Exchange {
  /** What the other one's app knows of, by its `hello`. @type {string[]} */
  features = [];
  #me;
  #peer;
  #preferences;
  #now;

  /**
   * @param {string} me
   * @param {string} peer
   * @param {{history: History, preferences: Preferences, now: () => number, newId: () => string}} around `now` gives
   *   milliseconds since 1970, `newId` a fresh id
   */
  constructor(me, peer, { history, preferences, now, newId }) {
    this.history = history;
    this.newId = newId;
    this.#me = me;
    this.#peer = peer;
    this.#preferences = preferences;
    this.#now = now;
    history.begin();
  }

  // The person. Each throws PeerError for what cannot be said.

  /** A message, which `fits` says is not too long. @param {string} body @param {Ref | null} re @param {Fits} fits */
  write(body, re, fits) {
    const message = whole({
      ...{ id: this.newId(), mine: true, body: bodyOf(body), at: this.#now(), status: "queued" },
      re: re && refOf(this.#find(re)),
      seconds: this.history.timer.seconds,
    });
    const entry = this.#text(message);
    checkLength(this.wording(entry), fits);
    this.history.add(message);
    return { message, entry };
  }

  /** @param {string} id @param {string} text @param {Fits} fits @returns {Entry[]} */
  edit(id, text, fits) {
    this.#checkKnown("edit");
    const message = this.#find({ mine: true, id });
    const body = bodyOf(text);
    if (message.body === body) {
      return [];
    }
    const content = { t: "edit", id };
    checkLength({ ...this.#text(message).content, body }, fits); // which it goes out with while it waits
    this.#edited(message, body);
    return [{ content, message }];
  }

  /** @param {string} id @returns {Entry[]} */
  delete(id) {
    this.#checkKnown("delete");
    const message = this.#find({ mine: true, id });
    if (message.status === "failed") {
      message.status = "sent"; // there is nothing to say again
    }
    this.history.delete(message);
    return [{ content: { t: "delete", id }, message }];
  }

  /** @param {Ref} ref @param {string} emoji @returns {Entry[]} */
  react(ref, emoji) {
    this.#checkKnown("react");
    const message = this.#find(ref);
    if (!isEmoji(emoji)) {
      throw new PeerError("no_emoji");
    }
    if (message.reactions.mine === emoji) {
      return [];
    }
    message.reactions.mine = emoji;
    this.history.touch(message);
    return [{ content: { t: "react", re: this.#named(ref), emoji } }];
  }

  /** @param {number} seconds @returns {Entry[]} */
  setTimer(seconds) {
    this.#checkKnown("timer");
    if (!isTimer(seconds)) {
      throw new PeerError("bad_timer");
    }
    if (seconds === this.history.timer.seconds) {
      return [];
    }
    this.#timer(seconds, Math.max(this.#now(), this.history.timer.at + 1), true);
    return this.timer();
  }

  /** The person has seen all there is; what the other one is to hear of that. @returns {Entry | null} */
  read() {
    const news = this.history.seen();
    for (const message of news) {
      this.#start(message);
    }
    const last = news.at(-1);
    return last && this.tellsRead ? { content: { t: "read", upto: last.id } } : null;
  }

  /** What says a message once more that could not be sent; of its edits only the newest is known. @param {string} id @returns {Entry[]} */
  again(id) {
    const message = this.history.get({ mine: true, id });
    if (message?.status !== "failed") {
      throw new PeerError("empty");
    }
    this.history.goes(message);
    const edit = { content: { t: "edit", id }, message };
    return message.edited ? [this.#text(message), edit] : [this.#text(message)];
  }

  // What is said by itself

  /** The timer, if anybody has ever set it. @returns {Entry[]} */
  timer() {
    const { seconds, at } = this.history.timer;
    return at > 0 ? [{ content: { t: "timer", seconds, at } }] : [];
  }

  /**
   * What an entry says as things stand: texts are kept in their messages alone, so that none outlives its message.
   * @param {Entry} entry
   * @returns {Content}
   */
  wording({ content, message }) {
    if (message === undefined || content.t === "delete") {
      return content;
    }
    return message.deleted ? { t: "delete", id: message.id } : { ...content, body: message.body };
  }

  /** Whether the two tell each other what they have read. */
  get tellsRead() {
    return this.#preferences.receipts && this.features.includes("read");
  }

  get tellsTyping() {
    return this.#preferences.typing && this.features.includes("typing");
  }

  /** The status of one of the person's own is another. @param {Message} message */
  hasGone(message) {
    this.history.touch(message);
    this.#start(message);
  }

  /** The person prefers something else, or the other one's app does: what nobody will call read has been long enough. */
  preferred() {
    for (const message of this.history.awaiting) {
      this.#start(message);
    }
  }

  // The other one

  /** Take what the other one says; the message, if it is one. @param {Content} content @returns {Message | null} */
  receive(content) {
    switch (content.t) {
      case "text":
        return this.takeText(content);
      case "hello":
        this.#takeHello(content.features);
        break;
      case "edit":
        this.#takeEdit(content);
        break;
      case "delete":
        this.#takeDelete(content.id);
        break;
      case "react":
        this.#takeReaction(content);
        break;
      case "read":
        this.#takeRead(content.upto);
        break;
      case "timer":
        this.#takeTimer(content);
        break;
    }
    return null;
  }

  /** @param {Payload} content @returns {Message | null} */
  takeText({ id, body, re }) {
    if (typeof body !== "string" || isBlank(body) || !isId(id) || this.history.knows(id)) {
      return null;
    }
    const said = { id, mine: false, body: wellFormed(body), at: this.#now() };
    const { seconds } = this.history.timer;
    return this.history.add(whole({ ...said, status: "delivered", re: this.#ref(re), seconds }));
  }

  /** @param {unknown} features */
  #takeHello(features) {
    const named = Array.isArray(features) ? features.slice(0, MAX_FEATURES) : [];
    this.features = named.filter((name) => typeof name === "string");
    this.preferred();
  }

  /** @param {Payload} content */
  #takeEdit({ id, body }) {
    const message = this.#theirs(id);
    if (message !== null && typeof body === "string" && !isBlank(body)) {
      this.#edited(message, wellFormed(body));
    }
  }

  /** @param {unknown} id */
  #takeDelete(id) {
    const message = this.#theirs(id);
    if (message !== null) {
      this.history.delete(message);
    }
  }

  /** @param {Payload} content */
  #takeReaction({ re, emoji }) {
    const ref = this.#ref(re);
    const message = ref && this.history.find(ref);
    if (message && isEmoji(emoji) && message.reactions.theirs !== emoji) {
      message.reactions.theirs = emoji;
      this.history.touch(message);
    }
  }

  /** @param {unknown} upto */
  #takeRead(upto) {
    const message = typeof upto === "string" ? this.history.get({ mine: true, id: upto }) : null;
    if (message !== null && this.#preferences.receipts) {
      for (const one of this.history.readUpto(message)) {
        this.#start(one);
      }
    }
  }

  /** A timer without a time is newer than what was said before. @param {Payload} content */
  #takeTimer({ seconds, at: said }) {
    const now = this.history.timer;
    const at = said ?? now.at + 1;
    if (!isTimer(seconds) || typeof at !== "number" || !Number.isSafeInteger(at) || at <= 0) {
      return;
    }
    if (at > now.at || (at === now.at && seconds > now.seconds)) {
      this.#timer(seconds, at, false);
    }
  }

  // Inside

  /** From now on messages stay so long; both see it where it is another time than before. @param {number} seconds @param {number} at @param {boolean} mine */
  #timer(seconds, at, mine) {
    const changes = seconds !== this.history.timer.seconds;
    this.history.timer = { seconds, at };
    if (changes) {
      const said = { id: this.newId(), mine, body: "", at: this.#now() };
      this.history.add(whole({ ...said, status: "delivered", kind: "timer", seconds }));
    }
  }

  /** Its time runs, if it has one and the moment has come. @param {Message} message */
  #start(message) {
    const { status, mine, seconds, expires, deleted } = message;
    const seen = status === "read" || (status === "delivered" && mine && !this.tellsRead);
    if (seen && seconds > 0 && expires === null && !deleted) {
      this.history.vanish(message, this.#now() + seconds * 1000);
    }
  }

  /** @param {Message} message @param {string} body */
  #edited(message, body) {
    message.body = body;
    message.edited = true;
    this.history.touch(message);
  }

  /** @param {Message} message @returns {Entry} */
  #text(message) {
    const content = { t: "text", id: message.id, at: message.at };
    return { content: message.re ? { ...content, re: this.#named(message.re) } : content, message };
  }

  /** @param {unknown} id */
  #theirs(id) {
    return typeof id === "string" ? this.history.find({ mine: false, id }) : null;
  }

  /** @param {Ref} ref */
  #find(ref) {
    const message = this.history.find(ref);
    if (message === null) {
      throw new PeerError("no_message");
    }
    return message;
  }

  /** @param {string} feature */
  #checkKnown(feature) {
    if (!this.features.includes(feature)) {
      throw new PeerError("not_supported", this.#peer);
    }
  }

  /** A message as the two call it: [author, id]. @param {Ref} ref */
  #named({ mine, id }) {
    return [(mine ? this.#me : this.#peer).toLowerCase(), id];
  }

  /** The inverse of `#named`; null for what is none of the two's. @param {unknown} named @returns {Ref | null} */
  #ref(named) {
    const [author, id] = Array.isArray(named) && named.length === 2 ? named : [];
    if (typeof author !== "string" || !isId(id)) {
      return null;
    }
    const mine = sameName(author, this.#me);
    return mine || sameName(author, this.#peer) ? { mine, id } : null;
  }
}

/** @param {Message} message @returns {Ref} */
function refOf({ mine, id }) {
  return { mine, id };
}

/** @param {string} text */
function bodyOf(text) {
  if (isBlank(text)) {
    throw new PeerError("empty");
  }
  return wellFormed(text);
}

/** @param {Content} content @param {Fits} fits */
function checkLength(content, fits) {
  if (!fits(content)) {
    throw new PeerError("too_long");
  }
}

/** @param {unknown} seconds @returns {seconds is number} */
function isTimer(seconds) {
  return Number.isSafeInteger(seconds) && Number(seconds) >= 0 && Number(seconds) <= MAX_TIMER_SECONDS;
}
