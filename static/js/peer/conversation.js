/**
 * A conversation: what two people say over an open channel. Mirrors chat/peer/conversation.py.
 *
 * conversation_table.js has the channel's states. A conversation does no I/O: frames that came in are given to `receive`, and
 * frames to send are pulled, one at a time, with `nextFrame`, while the channel has room. So a message is encrypted only when
 * it is handed over, and is `sent` only when the channel took it.
 *
 * Under a suite that acknowledges (docs/protocol.md, section 3.4) both say `hello` first, messages are taken in the order of
 * their numbers and acknowledged, and what was not acknowledged is sent again: after a gap, on another channel (`reopened`),
 * and under the keys of another handshake with the same person (`rekeyed`). What the two say, exchange.js knows.
 */

import { ENDINGS, TABLE } from "./conversation_table.js";
import { PeerError, Unexpected } from "./errors.js";
import { Exchange } from "./exchange.js";
import { Inbox } from "./inbox.js";
import { Outbox } from "./outbox.js";
import { Verifying } from "./verifying.js";

/** @import {Payload} from "../signaling/messages.js" */
/** @import {State} from "./conversation_table.js" */
/** @import {History} from "./history.js" */
/** @import {Message, Ref} from "./messages.js" */
/** @import {Entry} from "./outbox.js" */
/** @import {Preferences} from "./preferences.js" */
/** @import {Content} from "./sas.js" */
/** @import {Suite} from "./suite.js" */

/**
 * @typedef {object} Frame A frame for the channel.
 * @property {string} text
 * @property {Entry | null} entry what it carries; null for what is not numbered, as an acknowledgement
 * @property {boolean} [acknowledges]
 */

/** An `ack` that is repeated sooner than this is the echo of what was sent again. */
const REWIND_MS = 1_000;

/** Who says that they type does so for this long, unless they say otherwise. */
export const TYPING_MS = 6_000;

/** What is said with one peer, and the channel it goes over. */
export class Conversation {
  /** @type {State} */
  state = "greeting";
  /** @type {string | null} */
  reason = null;
  /** When the other one's word that they type is no longer good, in milliseconds since 1970. */
  typingUntil = 0;
  #preferences;
  #exchange;
  #now;
  #outbox;
  #inbox;
  #rewoundAt = 0;
  /** Whether nothing is sent before the other side's first frame under new keys. */
  #held = false;
  /** Whether anything could ever be said here. */
  onceSecured = false;
  /** What is to be said of this person's typing. @type {boolean | null} */
  #typed = null;
  /** The newest word of what this person has read. @type {Entry | null} */
  #read = null;

  /**
   * @param {string} peer
   * @param {Suite} suite
   * @param {{now: () => number, newId: () => string, history: History, preferences: Preferences}} around `now` gives
   *   milliseconds since 1970, `newId` a fresh id; `history` is of what was said already with this device
   */
  constructor(peer, suite, { now, newId, history, preferences }) {
    this.peer = peer;
    this.suite = suite;
    this.history = history;
    this.verifying = new Verifying(suite);
    this.#preferences = preferences;
    const exchange = new Exchange(suite.me, peer, { history, preferences, now, newId });
    this.#exchange = exchange;
    this.#now = now;
    this.#outbox = new Outbox({ acknowledged: suite.acknowledges, changed: (message) => exchange.hasGone(message) });
    this.#inbox = new Inbox({ acknowledged: suite.acknowledges });
    if (suite.features.length > 0) {
      this.#outbox.add(this.#hello());
    }
    this.#settle();
  }

  get messages() {
    return this.history.messages;
  }

  /** What the other one's app knows of. */
  get features() {
    return this.#exchange.features;
  }

  /** Whether the other one types. */
  get typing() {
    return this.#preferences.typing && this.#now() < this.typingUntil;
  }

  // The person

  /**
   * Queue a message. Throws PeerError when the chat is over or the text is empty or too long.
   * @param {string} body
   * @param {Ref | null} [re] what it replies to
   * @returns {Message}
   */
  send(body, re = null) {
    this.#checkOpen();
    if (re !== null && !this.suite.acknowledges) {
      throw new PeerError("not_supported", this.peer);
    }
    const { message, entry } = this.#exchange.write(body, re, (content) => this.suite.fits(content));
    this.#outbox.add(entry);
    return message;
  }

  /** Queue a failed message once more. Throws PeerError when the chat is over or nothing failed. @param {string} id */
  retry(id) {
    this.#checkOpen();
    this.#queue(this.#exchange.again(id));
  }

  /** Say one of one's own messages differently. Throws PeerError, as all of these, for what cannot be said. @param {string} id @param {string} body */
  edit(id, body) {
    this.#checkOpen();
    this.#queue(this.#exchange.edit(id, body, (content) => this.suite.fits(content)));
  }

  /** Take one of one's own messages back, on both sides. @param {string} id */
  delete(id) {
    this.#checkOpen();
    this.#queue(this.#exchange.delete(id));
  }

  /** Give a message an emoji; without one, take it back. @param {Ref} ref @param {string} emoji */
  react(ref, emoji) {
    this.#checkOpen();
    this.#queue(this.#exchange.react(ref, emoji));
  }

  /** From now on messages vanish so long after they were read, on both sides; 0 is never. @param {number} seconds */
  setTimer(seconds) {
    this.#checkOpen();
    this.#queue(this.#exchange.setTimer(seconds));
  }

  /** The person has seen all there is. Of what was read only the newest is said. */
  read() {
    const entry = this.#exchange.read();
    if (entry === null || this.state === "ended") {
      return;
    }
    if (this.#read !== null && !this.#read.left) {
      this.#read.content = entry.content;
    } else {
      this.#read = entry;
      this.#outbox.add(entry);
    }
  }

  /** Say that the person types, or no longer: now or never. @param {boolean} on */
  types(on) {
    if (this.state === "secured" && this.#exchange.tellsTyping) {
      this.#typed = on;
    }
  }

  /** The person prefers something else: the other one hears of it in another `hello`. */
  preferred() {
    this.#exchange.preferred();
    if (this.#read !== null && !this.#preferences.receipts) {
      this.#outbox.withdraw(this.#read);
      this.#read = null;
    }
    if (this.suite.features.length > 0 && this.state !== "ended") {
      this.#outbox.add(this.#hello());
    }
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
    const saysBye = this.suite.acknowledges && this.suite.ready;
    this.#step(saysBye ? "end" : "quit");
    this.#clear();
  }

  // The channel

  /** The next frame to hand to the channel, or null when nothing waits or the channel is interrupted. @returns {Frame | null} */
  nextFrame() {
    if (this.#held || (this.state !== "greeting" && this.state !== "secured")) {
      return null;
    }
    if (this.#inbox.due) {
      return { text: this.suite.seal({ t: "ack", upto: this.#inbox.last }), entry: null, acknowledges: true };
    }
    const [seq, entry] = this.#outbox.first() ?? [0, null];
    if (entry === null) {
      return this.#typingFrame();
    }
    if (!(this.suite.ready || entry.content.t === "hello")) {
      return null;
    }
    const content = this.#exchange.wording(entry);
    return { text: this.suite.seal(this.suite.acknowledges ? { ...content, seq } : content), entry };
  }

  /** What there is to say of typing, once: it is nothing to send again. @returns {Frame | null} */
  #typingFrame() {
    const on = this.#typed;
    this.#typed = null;
    if (on === null || this.state !== "secured" || !this.#exchange.tellsTyping) {
      return null;
    }
    return { text: this.suite.seal({ t: "typing", on }), entry: null };
  }

  /** The channel took the frame. @param {Frame} frame */
  taken(frame) {
    if (frame.entry !== null) {
      this.#outbox.taken();
    } else if (frame.acknowledges) {
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
    this.typingUntil = 0;
    this.#typed = null;
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

  /** Without a path: the server says that the other one has left the chat. */
  left() {
    this.#step("left");
  }

  /** Without a path: the other one, asked whether to go on with the chat, does not. */
  declined() {
    this.#step("declined");
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
      return this.#exchange.takeText({ id: this.#exchange.newId(), body: content.body });
    }
    if (kind === "ack") {
      this.#acked(content.upto);
    }
    if (kind === "typing") {
      this.typingUntil = content.on === true ? this.#now() + TYPING_MS : 0;
    }
    if (typeof kind !== "string" || kind === "ack" || kind === "typing" || !this.#inbox.takes(content.seq)) {
      return null;
    }
    return this.#sayOrShow({ ...content, t: kind });
  }

  /** A message in its turn. Unknown types say nothing to this version. @param {Content} content @returns {Message | null} */
  #sayOrShow(content) {
    if (content.t === "bye") {
      this.#step("bye");
      this.#clear();
    } else if (content.t.startsWith("sas:")) {
      this.#say(this.verifying.receive(content));
    } else if (content.t === "text") {
      this.typingUntil = 0;
    }
    const message = this.#exchange.receive(content);
    if (content.t === "hello" && this.#inbox.last === 1 && this.features.includes("timer")) {
      this.#queue(this.#exchange.timer());
    }
    return message;
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
    this.#queue(contents.map((content) => ({ content })));
  }

  /** @param {Entry[]} entries */
  #queue(entries) {
    for (const entry of entries) {
      this.#outbox.add(entry);
    }
  }

  /** What this side's app knows of, but for what the person does not want to tell. @returns {Entry} */
  #hello() {
    const { receipts, typing } = this.#preferences;
    const wanted = (/** @type {string} */ name) => (name !== "read" || receipts) && (name !== "typing" || typing);
    return { content: { t: "hello", features: this.suite.features.filter(wanted) } };
  }

  #settle() {
    if (this.state === "greeting" && this.suite.ready && !this.#held) {
      this.#step("ready");
      this.onceSecured = true;
    }
  }

  /** `bye` clears the chat on both sides; without that word it stays to be read. */
  #clear() {
    if (this.suite.acknowledges) {
      this.history.clear();
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
