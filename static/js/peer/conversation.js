/**
 * A conversation: what two people say over an open channel. Mirrors chat/peer/conversation.py.
 *
 * conversation_table.js has the channel's states. A conversation does no I/O: frames that came in are given to `receive`, and
 * frames to send are pulled, one at a time, with `nextFrame`, while the channel has room. So a message is encrypted only when
 * it is handed over, and is `sent` only when the channel took it.
 *
 * Under a suite that acknowledges (docs/protocol.md, section 3.4) both say `hello` first, messages are taken in the order of
 * their numbers and acknowledged, and what was not acknowledged is sent again: after a gap, on another channel (`reopened`),
 * and under the keys of another handshake with the same person (`rekeyed`). A message is known by its sender and id, and
 * shown once.
 */

import { ENDINGS, TABLE } from "./conversation_table.js";
import { PeerError, Unexpected } from "./errors.js";
import { Inbox } from "./inbox.js";
import { Outbox } from "./outbox.js";
import { isId } from "./primitives.js";
import { Verifying } from "./verifying.js";

/** @import {Payload} from "../signaling/messages.js" */
/** @import {State} from "./conversation_table.js" */
/** @import {Message} from "./messages.js" */
/** @import {Entry} from "./outbox.js" */
/** @import {Content} from "./sas.js" */
/** @import {Suite} from "./suite.js" */

/** @typedef {{text: string, entry: Entry | null}} Frame A frame for the channel, and what it carries; null for an acknowledgement. */

/** An `ack` that is repeated sooner than this is the echo of what was sent again. */
const REWIND_MS = 1_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The messages with one peer and the channel they go over. */
export class Conversation {
  /** @type {State} */
  state = "greeting";
  /** @type {string | null} */
  reason = null;
  #now;
  #newId;
  #outbox;
  #inbox;
  /** @type {Set<string>} */
  #known;
  #rewoundAt = 0;
  /** Whether nothing is sent before the other side's first frame under new keys. */
  #held = false;
  /** Whether anything could ever be said here. */
  onceSecured = false;

  /**
   * @param {string} peer
   * @param {Suite} suite
   * @param {{now: () => number, newId: () => string, messages: Message[]}} around `now` gives milliseconds since 1970,
   *   `newId` a fresh id; `messages` are those already exchanged with this peer
   */
  constructor(peer, suite, { now, newId, messages }) {
    this.peer = peer;
    this.suite = suite;
    this.messages = messages;
    this.verifying = new Verifying(suite);
    this.earlier = messages.length;
    this.#now = now;
    this.#newId = newId;
    this.#outbox = new Outbox({ acknowledged: suite.acknowledges });
    this.#inbox = new Inbox({ acknowledged: suite.acknowledges });
    this.#known = new Set(messages.filter(({ mine }) => !mine).map(({ id }) => id));
    if (suite.features.length > 0) {
      this.#outbox.add(this.#hello());
    }
    this.#settle();
  }

  // The person

  /**
   * Queue a message. Throws PeerError when the chat is over or the text is empty or too long.
   * @param {string} body
   * @returns {Message}
   */
  send(body) {
    this.#checkOpen();
    if (body.trim() === "") {
      throw new PeerError("empty");
    }
    /** @type {Message} */
    const message = { id: this.#newId(), mine: true, body: wellFormed(body), at: this.#now(), status: "queued" };
    const content = contentOf(message);
    if (!this.suite.fits(content)) {
      throw new PeerError("too_long");
    }
    this.#add(message);
    this.#outbox.add({ content, message });
    return message;
  }

  /**
   * Queue a failed message once more. Throws PeerError when the chat is over or nothing failed.
   * @param {string} id
   * @returns {Message}
   */
  retry(id) {
    this.#checkOpen();
    const message = this.messages.find((one) => one.mine && one.id === id && one.status === "failed");
    if (message === undefined) {
      throw new PeerError("empty");
    }
    this.#outbox.add({ content: contentOf(message), message });
    return message;
  }

  /** Compare emoji with the other one. Throws PeerError when the chat is over. */
  verify() {
    this.#checkOpen();
    this.#say(this.verifying.start());
  }

  /**
   * What the person saw: emoji, or safety numbers, that match or do not. Throws PeerError when the chat is over.
   * @param {boolean} matches
   */
  confirm(matches) {
    this.#checkOpen();
    this.#say(this.verifying.confirm(matches));
  }

  /** Say `bye`, where there is such a word, behind whatever waits. */
  leave() {
    if (this.suite.acknowledges && this.state !== "ended") {
      this.#outbox.add({ content: { t: "bye" } });
    }
  }

  end() {
    this.#step("end");
    this.#clear();
  }

  // The channel

  /** The next frame to hand to the channel, or null when nothing waits or the channel is interrupted. @returns {Frame | null} */
  nextFrame() {
    if (this.#held || (this.state !== "greeting" && this.state !== "secured")) {
      return null;
    }
    if (this.#inbox.due) {
      return { text: this.suite.seal({ t: "ack", upto: this.#inbox.last }), entry: null };
    }
    const [seq, entry] = this.#outbox.first() ?? [0, null];
    if (entry === null || !(this.suite.ready || entry.content.t === "hello")) {
      return null;
    }
    const content = this.suite.acknowledges ? { ...entry.content, seq } : entry.content;
    return { text: this.suite.seal(content), entry };
  }

  /** The channel took the frame. @param {Frame} frame */
  taken(frame) {
    if (frame.entry !== null) {
      this.#outbox.taken();
    } else {
      this.#inbox.taken();
    }
  }

  /** The channel did not take the frame; the person may retry, or it waits for another channel. @param {Frame} frame */
  refused(frame) {
    if (frame.entry !== null) {
      this.#outbox.refused();
    }
  }

  /** Whether something is to be acknowledged, in a moment. */
  get owes() {
    return this.#inbox.owes;
  }

  /** The moment is over. */
  acknowledge() {
    this.#inbox.acknowledge();
  }

  /** Whether something was sent that is not acknowledged. */
  get outstanding() {
    return this.#outbox.outstanding;
  }

  /** The number up to which the other side has everything. */
  get acknowledged() {
    return this.#outbox.acked;
  }

  /** It has not been acknowledged for long, with nothing on its way: send it again. */
  resend() {
    this.#outbox.rewind();
  }

  /** Whether a new handshake is due, since frames come that cannot be opened. */
  get lostKeys() {
    return this.#inbox.lostKeys;
  }

  /** Read a frame. The message that it brings, if it does. @param {string} text @returns {Message | null} */
  receive(text) {
    if (this.state === "ended") {
      return null;
    }
    const content = this.suite.open(text);
    if (content === null) {
      this.#inbox.failed();
      return null;
    }
    this.#inbox.opened();
    this.#held = false;
    const message = this.#takeIn(content);
    this.#settle();
    return message;
  }

  /** The transport lost its path and looks for it. */
  interrupted() {
    this.#step("interrupted");
  }

  recovered() {
    this.#step("recovered");
    this.#settle();
  }

  /** There is another channel, to the same person under the same keys. */
  reopened() {
    this.#step("reopened");
    this.#held = false;
    this.#outbox.rewind();
    this.#inbox.repeat();
    this.#settle();
  }

  /**
   * Another handshake with the same person has finished: its keys take the place of the old ones.
   *
   * The called one says `hello` at once, and the caller when it has heard it: by then the other side has the keys.
   * @param {Suite} suite
   */
  rekeyed(suite) {
    this.#step("rekeyed");
    this.suite.erase();
    this.suite = suite;
    this.verifying = this.verifying.renewed(suite);
    this.#held = suite.ready;
    this.#inbox = new Inbox({ acknowledged: suite.acknowledges });
    this.#outbox.restart(this.#hello());
  }

  /** Whether nothing is sent under the new keys, before the other side is heard under them. */
  get held() {
    return this.#held;
  }

  /** It has not been heard for long: it may wait for us to speak. */
  release() {
    this.#held = false;
    this.#settle();
  }

  /** The transport gave up. */
  failed() {
    this.#step("failed");
  }

  /** The other side's `hello` does not come. */
  silent() {
    this.#step("silent");
  }

  /** The other one closed the channel. */
  closed() {
    this.#step("closed");
  }

  // What the other side says

  /** @param {Payload} content @returns {Message | null} */
  #takeIn(content) {
    const { t: kind } = content;
    if (!this.suite.acknowledges) {
      return this.#text(content);
    }
    if (kind === "ack") {
      this.#acked(content.upto);
    }
    if (typeof kind !== "string" || kind === "ack" || kind === "typing" || !this.#inbox.takes(content.seq)) {
      return null;
    }
    return this.#sayOrShow({ ...content, t: kind });
  }

  /** A message in its turn. Unknown types say nothing to this version. @param {Content} content @returns {Message | null} */
  #sayOrShow(content) {
    if (content.t === "text") {
      return this.#text(content);
    }
    if (content.t === "bye") {
      this.#step("bye");
      this.#clear();
    } else if (content.t.startsWith("sas:")) {
      this.#say(this.verifying.receive(content));
    }
    return null;
  }

  /** @param {Payload} content @returns {Message | null} */
  #text({ body, id: theirs }) {
    const id = this.suite.acknowledges ? theirs : this.#newId();
    if (typeof body !== "string" || body.trim() === "" || !isId(id) || this.#known.has(id)) {
      return null;
    }
    this.#known.add(id);
    return this.#add({ id, mine: false, body: wellFormed(body), at: this.#now(), status: "delivered" });
  }

  /** @param {unknown} upto */
  #acked(upto) {
    if (!Number.isSafeInteger(upto) || this.#outbox.acknowledge(Number(upto))) {
      return;
    }
    if (this.#outbox.lacks(Number(upto)) && this.#now() - this.#rewoundAt >= REWIND_MS) {
      this.#rewoundAt = this.#now();
      this.#outbox.rewind();
    }
  }

  // Inside

  /** @param {Content[]} contents */
  #say(contents) {
    for (const content of contents) {
      this.#outbox.add({ content });
    }
  }

  /** @returns {Entry} */
  #hello() {
    return { content: { t: "hello", features: [...this.suite.features] } };
  }

  #settle() {
    if (this.state === "greeting" && this.suite.ready && !this.#held) {
      this.#step("ready");
      this.onceSecured = true;
    }
  }

  /** @param {Message} message */
  #add(message) {
    message.newCall = this.earlier > 0 && this.messages.length === this.earlier;
    this.messages.push(message);
    return message;
  }

  /** `bye` clears the chat on both sides; without that word it stays to be read. */
  #clear() {
    if (this.suite.acknowledges) {
      this.messages.length = 0;
      this.earlier = 0;
    }
  }

  #checkOpen() {
    if (this.state === "ended") {
      throw new PeerError("no_chat");
    }
  }

  /** @param {string} event */
  #step(event) {
    const row = `${this.state} ${event}`;
    if (Object.hasOwn(TABLE, row)) {
      this.state = TABLE[row];
      return;
    }
    if (!Object.hasOwn(ENDINGS, row)) {
      throw new Unexpected(event, this.state);
    }
    this.state = "ended";
    this.reason = ENDINGS[row];
    this.#outbox.failAll();
  }
}

/** @param {Message} message @returns {Content} */
function contentOf({ id, body, at }) {
  return { t: "text", id, body, at };
}

/** The text as UTF-8 can carry it: half surrogates that have no other half become U+FFFD. @param {string} text */
function wellFormed(text) {
  return decoder.decode(encoder.encode(text));
}
