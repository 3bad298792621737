/**
 * What comes under the keys of one handshake: which message is next, and what is owed for it. Mirrors chat/peer/inbox.py.
 *
 * With acknowledgements (docs/protocol.md, section 3.4) a message is taken when its number is the next one; each that comes,
 * new or known or too early, is owed an `ack`, one for all of them. Without, as in a classic chat, nothing is counted.
 */

/** Messages taken in, after which they are acknowledged at once. */
const ACK_EVERY = 8;
/** So many in a row that cannot be opened mean that the two have lost each other's keys. */
const FAILING_FRAMES = 3;

/** `due` is whether an `ack` of everything up to `last` is to go out now. */
export class Inbox {
  #acknowledged;
  #heard = false;
  #failing = 0;
  #owed = 0;
  last = 0;
  due = false;

  /** @param {{acknowledged: boolean}} kind which of the two kinds it is */
  constructor({ acknowledged }) {
    this.#acknowledged = acknowledged;
  }

  /** Whether something is to be acknowledged, in a moment. */
  get owes() {
    return this.#owed > 0;
  }

  /** Whether a new handshake is due, since frames come that cannot be opened. */
  get lostKeys() {
    return this.#failing >= FAILING_FRAMES;
  }

  /** A frame could be opened. */
  opened() {
    this.#failing = 0;
    this.#heard = true;
  }

  /** A frame could not; before the first that can be, it may be one of the old keys'. */
  failed() {
    this.#failing += this.#heard && this.#acknowledged ? 1 : 0;
  }

  /** Whether the message of this number is the next one. @param {unknown} number */
  takes(number) {
    if (!Number.isSafeInteger(number) || Number(number) <= 0) {
      return false;
    }
    this.#owed += 1;
    this.due ||= this.#owed >= ACK_EVERY;
    if (number !== this.last + 1) {
      return false;
    }
    this.last = number;
    return true;
  }

  /** The moment is over. */
  acknowledge() {
    this.due = this.#owed > 0;
  }

  /** On another channel: say once more how far it has come. */
  repeat() {
    this.due = this.#heard;
  }

  /** The channel took the `ack`. */
  taken() {
    this.due = false;
    this.#owed = 0;
  }
}
