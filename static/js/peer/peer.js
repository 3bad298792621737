/**
 * A peer: a name, its socket to the server, and at most one call or chat at a time. Mirrors chat/peer/peer.py.
 *
 * The peer routes: what the server says goes to the link with the one it is about, and what the person asks for to the link
 * there is. Second callers hear `busy`. A session that the server opens unasked does nothing until a `key:exchange` comes.
 */

import { isName, sameName } from "../signaling/messages.js";
import { Classic } from "./classic.js";
import { PeerError, sentence, Unexpected } from "./errors.js";
import { Link, SENTENCES } from "./link.js";
import { b64url } from "./primitives.js";
import { SignalingClient } from "./signaling_client.js";

/** @import {ErrorMessage, FromServer, JoinedPayload, Payload, Relayed, SessionEnded, SessionJoined} from "../signaling/messages.js" */
/** @import {Kind} from "./call.js" */
/** @import {Random} from "./primitives.js" */

/** @typedef {import("./messages.js").Message} Message */
/** @typedef {import("./link.js").State | "blocked"} ChatState `blocked` is for a changed key, which lowkey/2 notices */
/** @typedef {import("./signaling_client.js").State} ServerState */
/** @typedef {"unverified" | "verified" | "classic" | "changed"} Trust */
/**
 * @typedef {object} Snapshot What there is to show.
 * @property {string} name
 * @property {{state: ServerState, sentence: string}} server
 * @property {{peer: string} | null} incoming the call that rings
 * @property {{state: ChatState, sentence: string, peer: string | null, trust: Trust | null, messages: Message[]}} chat
 *   `messages` are those exchanged under the name `peer`, oldest first
 */
/**
 * @typedef {object} Listener
 * @property {() => void} changed something in the snapshot changed
 * @property {(message: Message) => void} received a message came from the other side
 * @property {(sentence: string) => void} notice a passing sentence for the person
 */

/** Sessions remembered that nobody here asked for. */
const MAX_UNASKED = 64;
/** Names whose earlier messages are kept while the page lives. */
const MAX_HISTORIES = 32;

/** @type {Readonly<Record<ServerState, string>>} */
const SERVER_SENTENCES = Object.freeze({
  connecting: "Connecting to the server…",
  online: "Online",
  offline: "The server cannot be reached. Trying again…",
  taken: sentence("USERNAME_TAKEN"),
  replaced: sentence("replaced"),
  refused: sentence("INVALID_USERNAME"),
});

/** @param {number} length */
const secureRandom = (length) => crypto.getRandomValues(new Uint8Array(length));

/** One person's end. */
export class Peer {
  #listener;
  #random;
  #now;
  #signaling;
  /** @type {Link | null} */
  #link = null;
  /** @type {Map<string, JoinedPayload>} */
  #unasked = new Map();
  /** @type {Map<string, Message[]>} */
  #history = new Map();
  /** @type {Promise<void>} */
  #inbox = Promise.resolve();

  /**
   * Throws PeerError for a name that cannot be one.
   * @param {string} name
   * @param {{server: string, listener: Listener, random?: Random, now?: () => number}} options
   */
  constructor(name, { server, listener, random = secureRandom, now = Date.now }) {
    if (!isName(name)) {
      throw new PeerError("bad_name");
    }
    this.name = name;
    this.#listener = listener;
    this.#random = random;
    this.#now = now;
    this.#signaling = new SignalingClient(server, name, this);
  }

  // The person

  /** Go online, and stay so until `stop`. */
  start() {
    this.#signaling.start();
  }

  /** End the call or chat, tell the other side, and go offline; quick enough for a page that goes away. */
  stop() {
    if (this.#link?.state === "ringing") {
      this.#link.decline();
    } else if (this.#link && !this.#link.over) {
      this.#link.abandon();
    }
    this.#signaling.stop();
  }

  /** The network may be back: try the server now. */
  wake() {
    this.#signaling.wake();
  }

  /** Call somebody; to call who is calling is to accept. Throws PeerError. @param {string} peer */
  dial(peer) {
    if (!isName(peer)) {
      throw new PeerError("bad_name");
    }
    if (sameName(peer, this.name)) {
      throw new PeerError("own_name");
    }
    if (this.#signaling.state !== "online") {
      throw new PeerError("not_online");
    }
    if (this.#link?.state === "ringing" && sameName(peer, this.#link.peer)) {
      this.accept();
      return;
    }
    if (this.#link && !this.#link.over) {
      throw new PeerError("in_call");
    }
    this.#begin(peer).dial();
  }

  /** Accept the call that rings. Throws PeerError. */
  accept() {
    const link = this.#ringing();
    this.#inOrder(() => link.accept());
  }

  /** Decline the call that rings. Throws PeerError. */
  decline() {
    this.#ringing().decline();
  }

  /** Hang up on an outgoing call. Throws PeerError. */
  cancel() {
    this.end();
  }

  /** End whatever there is: a chat, a call being made, or one that rings. Throws PeerError. */
  end() {
    const link = this.#live("no_call");
    if (link.state === "ringing") {
      link.decline();
    } else {
      link.end();
    }
  }

  /** Queue a message; its status tells the rest. Throws PeerError. @param {string} body */
  send(body) {
    return this.#live("no_chat").send(body);
  }

  /** Send a failed message again. Throws PeerError. @param {string} id */
  retry(id) {
    this.#live("no_chat").retry(id);
  }

  /** What there is to show now. @returns {Snapshot} */
  snapshot() {
    const link = this.#link;
    const server = this.#signaling.state;
    return {
      name: this.name,
      server: { state: server, sentence: SERVER_SENTENCES[server] },
      incoming: link?.state === "ringing" ? { peer: link.peer } : null,
      chat: {
        state: link?.state ?? "idle",
        sentence: link?.sentence ?? SENTENCES.idle,
        peer: link?.peer ?? null,
        trust: link?.trust ?? null,
        messages: link?.messages ?? [],
      },
    };
  }

  // The server (SignalingClient's listener)

  /** Without its socket a client has no sessions, so no call that is still being made. @param {ServerState} state */
  serverState(state) {
    if (state !== "online") {
      this.#unasked.clear();
      if (this.#link && !this.#link.over) {
        this.#link.serverLost();
      }
    }
    this.#listener.changed();
  }

  /** Hand a message on, after those before it. @param {FromServer} message */
  serverMessage(message) {
    this.#inOrder(() => this.#handle(message));
  }

  /** @param {FromServer} message @returns {Promise<void> | void} */
  #handle(message) {
    switch (message.type) {
      case "session:joined":
        return this.#joined(message);
      case "key:exchange":
        return this.#keyExchange(message);
      case "session:declined":
        return this.#linkWith(message.payload.peer)?.declined(message.payload.reason, message.payload.sessionId);
      case "session:left":
        return this.#left(message);
      case "error":
        return this.#error(message);
      default:
        return this.#signal(message);
    }
  }

  /** @param {SessionJoined} message */
  #joined({ payload: session }) {
    const link = this.#linkWith(session.peer);
    if (link && !link.beside(session)) {
      link.joined(session);
    } else {
      this.#unasked.set(session.peer.toLowerCase(), session);
      if (this.#unasked.size > MAX_UNASKED) {
        this.#unasked.delete(/** @type {string} */ (this.#unasked.keys().next().value));
      }
    }
  }

  /** @param {Relayed} message */
  #keyExchange({ sender, payload }) {
    const session = this.#unasked.get(sender.toLowerCase());
    this.#unasked.delete(sender.toLowerCase());
    return session ? this.#rung(session, payload) : this.#linkWith(sender)?.key(payload);
  }

  /**
   * A call came in. One from whom the path was lost takes the place of the chat that waits for it.
   * @param {JoinedPayload} session
   * @param {Payload} payload
   */
  #rung(session, payload) {
    const lost = this.#linkWith(session.peer);
    if (lost?.state === "reconnecting") {
      lost.failed();
    }
    return this.#link && !this.#link.over
      ? this.#refuseBusy(session)
      : this.#begin(session.peer).ring(session, payload);
  }

  /** @param {JoinedPayload} session */
  #refuseBusy({ sessionId, peer }) {
    this.#signaling.send({ type: "session:decline", sessionId, payload: { reason: "busy" } });
    this.#listener.notice(`${peer} tried to call you and was told that you are busy.`);
  }

  /** @param {Relayed} message */
  #signal({ type, sender, payload }) {
    this.#linkWith(sender)?.remoteSignal(/** @type {Kind} */ (type.slice("signal:".length)), payload);
  }

  /** @param {SessionEnded} message */
  #left({ payload: { sessionId, peer, reason } }) {
    this.#unasked.delete(peer.toLowerCase());
    this.#linkWith(peer)?.left(reason, sessionId);
  }

  /** Without a target it is about the socket, or about a session that was over before it was left. @param {ErrorMessage} message */
  #error({ target, sessionId, payload: { code } }) {
    if (target !== "") {
      this.#linkWith(target)?.error(code, sessionId);
    } else if (code !== "NOT_IN_SESSION") {
      this.#listener.notice(sentence(code));
    }
  }

  // Inside

  /**
   * Do something after all that came before. What does not fit the state is somebody else's fault and changes nothing.
   * @param {() => Promise<void> | void} task
   */
  #inOrder(task) {
    this.#inbox = this.#inbox.then(task).catch((fault) => {
      if (!(fault instanceof Unexpected)) {
        reportError(fault);
      }
    });
  }

  /** @param {string} peer */
  #begin(peer) {
    this.#unasked.delete(peer.toLowerCase());
    this.#link = new Link(
      peer,
      {
        send: (message) => this.#signaling.send(message),
        changed: () => this.#listener.changed(),
        received: (message) => this.#listener.received(message),
        now: this.#now,
        newId: () => this.#newId(),
        suites: [() => new Classic(this.#random)],
      },
      this.#messagesWith(peer.toLowerCase()),
    );
    return this.#link;
  }

  /** The messages under a name, which becomes the newest; the oldest is forgotten when there are too many. @param {string} name */
  #messagesWith(name) {
    const messages = this.#history.get(name) ?? [];
    this.#history.delete(name);
    this.#history.set(name, messages);
    if (this.#history.size > MAX_HISTORIES) {
      this.#history.delete(/** @type {string} */ (this.#history.keys().next().value));
    }
    return messages;
  }

  /** @param {string} reason */
  #live(reason) {
    if (this.#link === null || this.#link.over) {
      throw new PeerError(reason);
    }
    return this.#link;
  }

  #ringing() {
    const link = this.#live("no_call");
    if (link.state !== "ringing") {
      throw new PeerError("no_call");
    }
    return link;
  }

  /** The live link with `name`, if that is who it is with. @param {string} name */
  #linkWith(name) {
    const link = this.#link;
    return link && !link.over && sameName(link.peer, name) ? link : null;
  }

  #newId() {
    return b64url(this.#random(16));
  }
}
