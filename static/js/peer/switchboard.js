/**
 * Who is on the line: one link for each name, and to whom it belongs what the server says. Mirrors chat/peer/switchboard.py.
 *
 * A message goes to the link with the one it is about. Any number of chats may be open, but one call at a time is being made or
 * rings: a further caller hears `busy` then. One link is selected, which is what the person looks at. A link that is over
 * stays in the list until it is closed, or another call with that name takes its place.
 */

import { sameName } from "../signaling/messages.js";
import { PeerError, sentence } from "./errors.js";
import { Unasked } from "./unasked.js";

/** @import {ErrorMessage, FromClient, FromServer, JoinedPayload, Payload, Relayed, SessionEnded, SessionJoined} from "../signaling/messages.js" */
/** @import {Link} from "./link.js" */
/** @import {Kind} from "./sealing.js" */

/** How many links there may be; of those that are over the oldest makes room. */
export const MAX_LINKS = 32;

export class Switchboard {
  /** The one that the person looks at. @type {Link | null} */
  link = null;
  /** By lower-case name, in the order in which they began. @type {Map<string, Link>} */
  #links = new Map();
  #newLink;
  #send;
  #notice;
  #blocked;
  #unasked = new Unasked();

  /**
   * @param {{newLink: (name: string) => Link, send: (message: FromClient) => boolean, notice: (text: string) => void,
   *   blocked: (name: string) => boolean}} around `newLink` makes a link with somebody; `send` puts a message on the server's
   *   socket; `notice` is for the person, and `blocked` says whether they want nothing of a name
   */
  constructor({ newLink, send, notice, blocked }) {
    this.#newLink = newLink;
    this.#send = send;
    this.#notice = notice;
    this.#blocked = blocked;
  }

  // The links

  /** All of them, in the order in which they began. */
  get links() {
    return [...this.#links.values()];
  }

  /** Another link takes the place of the one there was with `name`, and of what the person looked at if that is over. @param {string} name */
  begin(name) {
    this.#unasked.take(name);
    const before = this.with(name);
    const shown = this.link === null || this.link.over || this.link === before;
    this.#drop(before);
    this.#makeRoom();
    const link = this.#newLink(name);
    this.#links.set(name.toLowerCase(), link);
    if (shown) {
      this.link = link;
    }
    return link;
  }

  /** Look at this one, or at none. @param {Link | null} link */
  select(link) {
    this.link = link;
  }

  /** Take a link that is over from the list. @param {Link} link */
  close(link) {
    this.#drop(link);
    if (this.link === link) {
      this.link = null;
    }
  }

  /** Whatever there is or was with `name`. @param {string} name */
  with(name) {
    const link = this.#links.get(name.toLowerCase()) ?? null;
    return link && sameName(link.peer, name) ? link : null;
  }

  /** The live link with `name`. @param {string} name */
  liveWith(name) {
    const link = this.with(name);
    return link?.over ? null : link;
  }

  /** The selected link, if it lives. Throws PeerError for `reason`. @param {string} reason */
  live(reason) {
    if (this.link === null || this.link.over) {
      throw new PeerError(reason);
    }
    return this.link;
  }

  /** The link that rings. */
  get rings() {
    return this.links.find(({ over, state }) => !over && state === "ringing") ?? null;
  }

  /** The link that rings. Throws PeerError. */
  ringing() {
    if (this.rings === null) {
      throw new PeerError("no_call");
    }
    return this.rings;
  }

  /** The call that is being made, or rings. */
  get calling() {
    return this.links.find(({ isCall }) => isCall) ?? null;
  }

  /** Whether a call could begin. */
  get free() {
    return this.calling === null && (this.#links.size < MAX_LINKS || this.links.some(({ over }) => over));
  }

  // The server

  /** Without its socket a client has no sessions, so no call that is still being made. */
  serverLost() {
    this.#unasked.clear();
    for (const link of this.links.filter(({ over }) => !over)) {
      link.serverLost();
    }
  }

  /** Calls that outlived the socket go on, and what waits for the server waits no more. */
  serverBack() {
    for (const link of this.links.filter(({ over }) => !over)) {
      link.serverBack();
    }
  }

  /** The network may be another one, or back. */
  wake() {
    for (const link of this.links.filter(({ over }) => !over)) {
      link.wake();
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
   * takes the place of a chat that waits for its path. One of somebody who is blocked goes unanswered.
   * @param {JoinedPayload} session
   * @param {Payload} payload
   */
  #rung(session, payload) {
    const link = this.liveWith(session.peer);
    if (link?.renewable) {
      return link.renewed(session, payload);
    }
    if (this.#blocked(session.peer)) {
      return;
    }
    if (link?.state === "reconnecting") {
      link.failed();
    }
    const free = this.liveWith(session.peer) === null && this.free;
    return free ? this.begin(session.peer).ring(session, payload) : this.#refuseBusy(session);
  }

  /** @param {JoinedPayload} session */
  #refuseBusy({ sessionId, peer }) {
    this.#send({ type: "session:decline", sessionId, payload: { reason: "busy" } });
    this.#notice(`${peer} tried to call you and was told that you are busy.`);
  }

  /** @param {Relayed} message */
  #signal({ type, sender, payload }) {
    const kind = /** @type {Kind} */ (type.slice("signal:".length));
    this.liveWith(sender)?.remoteSignal(kind, payload, this.#unasked.peek(sender));
  }

  /** @param {SessionEnded} message */
  #left({ payload: { sessionId, peer, reason } }) {
    const wasBeside = this.#unasked.take(peer)?.sessionId === sessionId;
    this.liveWith(peer)?.left(reason, wasBeside ? undefined : sessionId);
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
    return this.links.find(({ dialling }) => dialling) ?? null;
  }

  /** @param {Link | null} link */
  #drop(link) {
    if (link !== null) {
      link.forget();
      this.#links.delete(link.peer.toLowerCase());
    }
  }

  #makeRoom() {
    const over = this.links.find((link) => link.over && link !== this.link);
    if (this.#links.size >= MAX_LINKS) {
      this.#drop(over ?? null);
    }
  }
}
