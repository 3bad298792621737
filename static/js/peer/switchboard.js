/**
 * Who is on the line: the one link there is, and to whom it belongs what the server says. Mirrors chat/peer/switchboard.py.
 *
 * A message goes to the link with the one it is about. Second callers hear `busy`.
 */

import { sameName } from "../signaling/messages.js";
import { PeerError, sentence } from "./errors.js";
import { Unasked } from "./unasked.js";

/** @import {ErrorMessage, FromClient, FromServer, JoinedPayload, Payload, Relayed, SessionEnded, SessionJoined} from "../signaling/messages.js" */
/** @import {Link} from "./link.js" */
/** @import {Kind} from "./sealing.js" */

export class Switchboard {
  /** With whom one is, or was last. @type {Link | null} */
  link = null;
  #newLink;
  #send;
  #notice;
  #unasked = new Unasked();

  /**
   * @param {{newLink: (name: string) => Link, send: (message: FromClient) => boolean, notice: (text: string) => void}} around
   *   `newLink` makes a link with somebody; `send` puts a message on the server's socket; `notice` is for the person
   */
  constructor({ newLink, send, notice }) {
    this.#newLink = newLink;
    this.#send = send;
    this.#notice = notice;
  }

  // The link

  /** Another link takes the place of the one there was. @param {string} name */
  begin(name) {
    this.#unasked.take(name);
    this.link?.forget();
    this.link = this.#newLink(name);
    return this.link;
  }

  /** The link there is now. Throws PeerError for `reason`. @param {string} reason */
  live(reason) {
    if (this.link === null || this.link.over) {
      throw new PeerError(reason);
    }
    return this.link;
  }

  /** The link that rings. Throws PeerError. */
  ringing() {
    const link = this.live("no_call");
    if (link.state !== "ringing") {
      throw new PeerError("no_call");
    }
    return link;
  }

  /** The live link with `name`, if that is who it is with. @param {string} name */
  liveWith(name) {
    const { link } = this;
    return link && !link.over && sameName(link.peer, name) ? link : null;
  }

  /** Whether there is neither a call nor a chat. */
  get free() {
    return this.link === null || this.link.over;
  }

  // The server

  /** Without its socket a client has no sessions, so no call that is still being made. */
  serverLost() {
    this.#unasked.clear();
    if (this.link && !this.link.over) {
      this.link.serverLost();
    }
  }

  /** Hand a message on; done when what it leads to is computed. @param {FromServer} message @returns {Promise<void> | void} */
  take(message) {
    switch (message.type) {
      case "session:joined":
        return this.#joined(message);
      case "key:exchange":
        return this.#keyExchange(message);
      case "session:declined":
        return this.liveWith(message.payload.peer)?.declined(message.payload.reason, message.payload.sessionId);
      case "session:left":
        return this.#left(message);
      case "error":
        return this.#error(message);
      default:
        return this.#signal(message);
    }
  }

  /** @param {SessionJoined} message @returns {Promise<void> | void} */
  #joined({ payload: session }) {
    const link = this.liveWith(session.peer) ?? (session.initiator ? this.#dialling : null);
    if (link && !link.beside(session)) {
      return link.joined(session);
    }
    this.#unasked.keep(session);
  }

  /** @param {Relayed} message */
  #keyExchange({ sender, payload }) {
    const session = this.#unasked.take(sender);
    return session ? this.#rung(session, payload) : this.liveWith(sender)?.key(payload);
  }

  /**
   * A call came in. From whom a chat is open with, it is a handshake for that chat, where there is such a thing; else it
   * takes the place of a chat that waits for its path.
   * @param {JoinedPayload} session
   * @param {Payload} payload
   */
  #rung(session, payload) {
    const link = this.liveWith(session.peer);
    if (link?.renewable) {
      return link.renewed(session, payload);
    }
    if (link?.state === "reconnecting") {
      link.failed();
    }
    return this.free ? this.begin(session.peer).ring(session, payload) : this.#refuseBusy(session);
  }

  /** @param {JoinedPayload} session */
  #refuseBusy({ sessionId, peer }) {
    this.#send({ type: "session:decline", sessionId, payload: { reason: "busy" } });
    this.#notice(`${peer} tried to call you and was told that you are busy.`);
  }

  /** @param {Relayed} message */
  #signal({ type, sender, payload }) {
    this.liveWith(sender)?.remoteSignal(/** @type {Kind} */ (type.slice("signal:".length)), payload);
  }

  /** @param {SessionEnded} message */
  #left({ payload: { sessionId, peer, reason } }) {
    this.#unasked.take(peer);
    this.liveWith(peer)?.left(reason, sessionId);
  }

  /** Without a target it is about the socket, or about a session that was over before it was left. @param {ErrorMessage} message */
  #error({ target, sessionId, payload: { code } }) {
    if (target !== "") {
      this.liveWith(target)?.error(code, sessionId);
    } else if (code !== "NOT_IN_SESSION") {
      this.#notice(sentence(code));
    }
  }

  /** The link that waits for the server's answer to its call. */
  get #dialling() {
    return this.link?.dialling ? this.link : null;
  }
}
