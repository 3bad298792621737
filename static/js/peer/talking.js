/**
 * What of a conversation needs a clock besides pacing.js: who types, and until when that is shown. Mirrors
 * chat/peer/talking.py.
 *
 * It stands between the person and the conversation: whatever is said is handed to the channel at once, where that is open.
 */

import { TYPING_MS } from "./conversation.js";
import { Timers } from "./timers.js";

/** @import {Conversation} from "./conversation.js" */
/** @import {Ref} from "./messages.js" */
/** @import {After} from "./timers.js" */

const TYPING_EVERY_SECONDS = 2;
/** Who has not typed for so long does not type any more. */
const QUIET_SECONDS = 5;

/** The methods throw PeerError for what cannot be said. */
export class Talking {
  #conversation;
  #timers;
  #changed;
  #pump;
  /** Whether the other one was told that this person types. */
  #types = false;

  /**
   * @param {Conversation} conversation
   * @param {{after: After, changed: () => void, pump: () => void}} around `changed` is told of news, `pump` hands to the channel
   *   what waits
   */
  constructor(conversation, { after, changed, pump }) {
    this.#conversation = conversation;
    this.#timers = new Timers(after);
    this.#changed = changed;
    this.#pump = pump;
  }

  // To be seen

  get history() {
    return this.#conversation.history;
  }

  /** Whether the other one types. */
  get typing() {
    return this.#conversation.typing;
  }

  /** What the other one's app knows of. */
  get features() {
    return this.#conversation.features;
  }

  // The person

  /** Queue a message, which may reply to another. @param {string} body @param {Ref | null} [re] */
  send(body, re = null) {
    const message = this.#conversation.send(body, re);
    this.#rest();
    this.#pump();
    return message;
  }

  /** Queue a failed message once more. @param {string} id */
  retry(id) {
    this.#conversation.retry(id);
    this.#pump();
  }

  /** Say one of one's own messages differently. @param {string} id @param {string} body */
  edit(id, body) {
    this.#conversation.edit(id, body);
    this.#rest();
    this.#pump();
  }

  /** Take one of one's own messages back, on both sides. @param {string} id */
  delete(id) {
    this.#conversation.delete(id);
    this.#pump();
  }

  /** Give a message an emoji; without one, take it back. @param {Ref} ref @param {string} emoji */
  react(ref, emoji) {
    this.#conversation.react(ref, emoji);
    this.#pump();
  }

  /** From now on messages vanish so long after they were read, on both sides; 0 is never. @param {number} seconds */
  setTimer(seconds) {
    this.#conversation.setTimer(seconds);
    this.#pump();
  }

  /** The person has seen all there is. */
  read() {
    if (this.history.unread > 0) {
      this.#conversation.read();
      this.#pump();
    }
  }

  /** The person typed. */
  typed() {
    this.#timers.cancel("quiet");
    this.#timers.start("quiet", QUIET_SECONDS, () => this.#quiet());
    if (!this.#timers.runs("typed")) {
      this.#timers.start("typed", TYPING_EVERY_SECONDS, () => {});
      this.#types = true;
      this.#conversation.types(true);
      this.#pump();
    }
  }

  /** The person prefers something else than before. */
  preferred() {
    this.#conversation.preferred();
    this.#pump();
  }

  // The other one

  /** Read a frame. The message that it brings, if it does. @param {string} frame */
  receive(frame) {
    const before = this.#conversation.typingUntil;
    const message = this.#conversation.receive(frame);
    if (this.#conversation.typingUntil !== before) {
      this.#timers.cancel("typing");
      this.#timers.start("typing", TYPING_MS / 1000, () => this.#fellSilent());
    }
    return message;
  }

  /** It is over: nothing more is due. */
  stop() {
    this.#timers.cancel();
  }

  // Inside

  #quiet() {
    this.#rest();
    this.#pump();
  }

  /** The person does not type any more. */
  #rest() {
    this.#timers.cancel("quiet");
    if (this.#types) {
      this.#types = false;
      this.#conversation.types(false);
    }
  }

  #fellSilent() {
    this.#conversation.typingUntil = 0;
    this.#changed();
  }
}
