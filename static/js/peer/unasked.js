/**
 * Sessions that the server opened and nobody here asked for. Mirrors chat/peer/unasked.py.
 *
 * Such a session does nothing until a `key:exchange` of its other user comes: then it is a call.
 */

/** @import {JoinedPayload} from "../signaling/messages.js" */

const MAX_UNASKED = 64;

/** The newest of them, one for each name. */
export class Unasked {
  /** @type {Map<string, JoinedPayload>} */
  #sessions = new Map();

  /** @param {JoinedPayload} session */
  keep(session) {
    this.#sessions.set(session.peer.toLowerCase(), session);
    if (this.#sessions.size > MAX_UNASKED) {
      this.#sessions.delete(/** @type {string} */ (this.#sessions.keys().next().value));
    }
  }

  /** The one with somebody, which is none any more. @param {string} name */
  take(name) {
    const session = this.#sessions.get(name.toLowerCase()) ?? null;
    this.#sessions.delete(name.toLowerCase());
    return session;
  }

  /** The one with somebody. @param {string} name */
  peek(name) {
    return this.#sessions.get(name.toLowerCase()) ?? null;
  }

  /** Without its socket a client has no sessions. */
  clear() {
    this.#sessions.clear();
  }
}
