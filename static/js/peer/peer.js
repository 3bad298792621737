/**
 * A peer: a name, its socket to the server, and at most one call or chat at a time. Mirrors chat/peer/peer.py.
 *
 * The peer routes: what the server says goes to the link with the one it is about, and what the person asks for to the link
 * there is. Second callers hear `busy`. A session that the server opens unasked does nothing until a `key:exchange` comes.
 *
 * What may wait for a handshake is done in order: the server's messages, and the person's decisions that lead to a step of one.
 */

import { isName, sameName } from "../signaling/messages.js";
import { Classic } from "./classic.js";
import { PeerError, sentence, Unexpected } from "./errors.js";
import { Invitation } from "./invitation.js";
import { LIFETIME_MS } from "./kept_invites.js";
import { Link, SENTENCES } from "./link.js";
import { Lowkey2 } from "./lowkey2.js";
import { originOf } from "./ownership.js";
import { b64, b64url } from "./primitives.js";
import { SignalingClient } from "./signaling_client.js";
import { qrText } from "./verification.js";

/** @import {ErrorMessage, FromServer, JoinedPayload, Payload, Relayed, SessionEnded, SessionJoined} from "../signaling/messages.js" */
/** @import {Identity} from "./identity.js" */
/** @import {Random} from "./primitives.js" */
/** @import {Kind} from "./sealing.js" */
/** @import {Suite} from "./suite.js" */
/** @import {Verifying} from "./verifying.js" */

/** @typedef {import("./messages.js").Message} Message */
/** @typedef {import("./link.js").State} ChatState */
/** @typedef {import("./link.js").Trust} Trust */
/** @typedef {import("./signaling_client.js").State} ServerState */
/**
 * @typedef {object} Verification How far the two have come in comparing; no emoji before `compare`.
 * @property {"waiting" | "compare" | "matched" | "mismatched" | "theyMismatched"} state
 * @property {{emoji: string, name: string}[]} emoji
 * @property {boolean} theyMatched
 */
/**
 * @typedef {object} Chat
 * @property {ChatState} state
 * @property {string} sentence
 * @property {string | null} peer
 * @property {Trust | null} trust
 * @property {Message[]} messages those exchanged with the device called `peer`, oldest first
 * @property {boolean} classicWarning the person is to say whether to go on with a peer that cannot be verified
 * @property {{firstSeen: number, verified: boolean} | null} changed the pin that the other's key differs from, while nothing
 *   is decided
 * @property {string[]} knownAs other names of the other's device
 * @property {Verification | null} verification null while nobody compares
 */
/** @typedef {{peer: string, state: import("./invitation.js").State, sentence: string}} OpenedInvite */
/**
 * @typedef {object} Snapshot What there is to show.
 * @property {string} name
 * @property {{state: ServerState, sentence: string}} server
 * @property {{peer: string, invited: boolean} | null} incoming the call that rings; with an invite of this person's, maybe
 * @property {Chat} chat
 * @property {OpenedInvite | null} invite the one that this person opened
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

/** The other states are refusals, which the server's code explains. @type {Readonly<Partial<Record<ServerState, string>>>} */
const SERVER_SENTENCES = Object.freeze({
  connecting: "Connecting to the server…",
  online: "Online",
  offline: "The server cannot be reached. Trying again…",
});

/** @type {Chat} */
const NO_CHAT = Object.freeze({
  state: "idle",
  sentence: SENTENCES.idle,
  peer: null,
  trust: null,
  messages: [],
  classicWarning: false,
  changed: null,
  knownAs: [],
  verification: null,
});

/** @param {number} length */
const secureRandom = (length) => crypto.getRandomValues(new Uint8Array(length));
const monotonic = () => performance.now() / 1000;

/** One person's end, on the device of `identity`. */
export class Peer {
  #listener;
  #identity;
  #origin;
  #random;
  #now;
  #clock;
  #signaling;
  /** @type {Link | null} */
  #link = null;
  /** @type {Invitation | null} */
  #invitation = null;
  /** @type {Map<string, JoinedPayload>} */
  #unasked = new Map();
  /** By name and device. @type {Map<string, Message[]>} */
  #histories = new Map();
  /** @type {Promise<void>} */
  #inbox = Promise.resolve();

  /**
   * Throws PeerError for a name that cannot be one, TypeError for a server that cannot.
   * @param {string} name
   * @param {{server: string, listener: Listener, identity: Identity, random?: Random, now?: () => number,
   *   clock?: () => number}} options `now` is in milliseconds since 1970; `clock` counts seconds and never goes back
   */
  constructor(name, { server, listener, identity, random = secureRandom, now = Date.now, clock = monotonic }) {
    if (!isName(name)) {
      throw new PeerError("bad_name");
    }
    this.name = name;
    this.#listener = listener;
    this.#identity = identity;
    this.#origin = originOf(server);
    this.#random = random;
    this.#now = now;
    this.#clock = clock;
    this.#signaling = new SignalingClient(server, name, this, { key: () => identity.nameKey(name) });
  }

  // The person

  /** Go online, and stay so until `stop`. */
  start() {
    this.#signaling.start();
  }

  /** Be gone and offline, at once, for a page that goes away: without a word that it is for good. */
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
    if (this.#rings(peer) && this.#identity.openedInvite(peer) === null) {
      this.accept();
      return;
    }
    if (this.#link && !this.#link.over && !this.#rings(peer)) {
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

  /** Go on with a peer that cannot be verified. Throws PeerError. */
  acceptClassic() {
    const link = this.#asked(this.#live("no_call").warned);
    this.#inOrder(() => link.acceptClassic());
  }

  /** Do not. Throws PeerError. */
  refuseClassic() {
    this.#asked(this.#live("no_call").warned).refuseClassic();
  }

  /** Go on with another device than the one known by this name. Throws PeerError. */
  acceptKey() {
    const link = this.#asked(this.#live("no_call").state === "blocked");
    this.#inOrder(() => link.acceptKey());
  }

  /** Do not. Throws PeerError. */
  refuseKey() {
    this.#asked(this.#live("no_call").state === "blocked").refuseKey();
  }

  /** Queue a message; its status tells the rest. Throws PeerError. @param {string} body */
  send(body) {
    return this.#live("no_chat").send(body);
  }

  /** Send a failed message again. Throws PeerError. @param {string} id */
  retry(id) {
    this.#live("no_chat").retry(id);
  }

  /** Compare emoji with the other one, whose side shows them too. Throws PeerError. */
  verify() {
    this.#live("no_chat").verify();
  }

  /** What was compared, emoji or safety numbers, matches, or does not. Throws PeerError. @param {boolean} matches */
  confirm(matches) {
    this.#live("no_chat").confirm(matches);
  }

  /** 60 digits to compare; takes some 50 ms. Throws PeerError. */
  safetyNumber() {
    const { suite } = this.#live("no_chat");
    if (!suite?.theirIdentity) {
      throw new PeerError("not_verifiable");
    }
    return suite.safetyNumber();
  }

  /** What the QR code of the safety number holds. Throws PeerError. */
  qrText() {
    return qrText(this.safetyNumber());
  }

  /** A new invite to call this person: it is good once, for a day. `expires` is in milliseconds since 1970. */
  createInvite() {
    const invite = this.#identity.newInvite(this.name);
    return { link: invite.link(this.#origin), expires: this.#now() + LIFETIME_MS };
  }

  /** Take the fragment of an invite's link, and call who made it as soon as this peer is online. @param {string} fragment */
  openInvite(fragment) {
    this.#invitation = Invitation.open(fragment, this.name, this.#identity);
    this.#changed();
  }

  /** Speak no more of the invite that was opened. */
  dismissInvite() {
    this.#invitation = null;
    this.#changed();
  }

  /** What there is to show now. @returns {Snapshot} */
  snapshot() {
    const link = this.#link;
    const server = this.#signaling.state;
    const invite = this.#invitation;
    return {
      name: this.name,
      server: { state: server, sentence: SERVER_SENTENCES[server] ?? sentence(this.#signaling.refusal) },
      incoming: link?.state === "ringing" ? { peer: link.peer, invited: link.suite?.invited ?? false } : null,
      chat: link ? chatOf(link) : NO_CHAT,
      invite: invite && { peer: invite.peer, state: invite.state, sentence: invite.sentence },
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
    this.#changed();
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

  /** @param {SessionJoined} message @returns {Promise<void> | void} */
  #joined({ payload: session }) {
    const link = this.#linkWith(session.peer) ?? (session.initiator ? this.#dialling : null);
    if (link && !link.beside(session)) {
      return link.joined(session);
    }
    this.#unasked.set(session.peer.toLowerCase(), session);
    if (this.#unasked.size > MAX_UNASKED) {
      this.#unasked.delete(/** @type {string} */ (this.#unasked.keys().next().value));
    }
  }

  /** @param {Relayed} message */
  #keyExchange({ sender, payload }) {
    const session = this.#unasked.get(sender.toLowerCase());
    this.#unasked.delete(sender.toLowerCase());
    return session ? this.#rung(session, payload) : this.#linkWith(sender)?.key(payload);
  }

  /**
   * A call came in. From whom a chat is open with, it is a handshake for that chat, where there is such a thing; else it
   * takes the place of a chat that waits for its path.
   * @param {JoinedPayload} session
   * @param {Payload} payload
   */
  #rung(session, payload) {
    const link = this.#linkWith(session.peer);
    if (link?.renewable) {
      return link.renewed(session, payload);
    }
    if (link?.state === "reconnecting") {
      link.failed();
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
    this.#link?.forget();
    this.#link = new Link(peer, this.#surroundings(), this.#identity.pin(peer)?.identity ?? null);
    return this.#link;
  }

  /** @returns {import("./link.js").Surroundings} */
  #surroundings() {
    return {
      send: (message) => this.#signaling.send(message),
      changed: () => this.#changed(),
      received: (message) => this.#listener.received(message),
      notice: (text) => this.#listener.notice(text),
      history: (name, identity) => this.#history(name, identity),
      now: this.#now,
      clock: this.#clock,
      newId: () => b64url(this.#random(16)),
      after: later,
      suites: (peer) => this.#suites(peer),
    };
  }

  /** What this side speaks with `peer`. Who is known by a key, or calls under an invite, is never classic. @param {string} peer @returns {Suite[]} */
  #suites(peer) {
    const [random, clock] = [this.#random, this.#clock];
    const invite = this.#identity.openedInvite(peer);
    const refused = invite !== null || this.#identity.pin(peer) !== null;
    return [new Lowkey2(this.name, peer, this.#identity, { random, clock, invite }), new Classic(random, { refused })];
  }

  /** The messages with somebody, who becomes the newest; the oldest are forgotten when there are too many. @param {string} name @param {Uint8Array | null} identity */
  #history(name, identity) {
    const key = `${name.toLowerCase()} ${identity ? b64(identity) : ""}`;
    const messages = this.#histories.get(key) ?? [];
    this.#histories.delete(key);
    this.#histories.set(key, messages);
    if (this.#histories.size > MAX_HISTORIES) {
      this.#histories.delete(/** @type {string} */ (this.#histories.keys().next().value));
    }
    return messages;
  }

  /** Call under the invite that was opened, once that is possible, and see what comes of it. */
  #followInvitation() {
    const [invitation, link] = [this.#invitation, this.#link];
    if (invitation?.state === "waiting" && this.#signaling.state === "online" && (link === null || link.over)) {
      invitation.state = "calling";
      this.dial(invitation.peer);
    } else if (invitation && link !== null && sameName(link.peer, invitation.peer)) {
      if (link.trust === "verified" && (invitation.state === "calling" || invitation.state === "offline")) {
        invitation.state = "done";
      } else if (link.over) {
        invitation.ended(link.reason);
      }
    }
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

  /** The link that waits for the server's answer to its call. */
  get #dialling() {
    return this.#link?.dialling ? this.#link : null;
  }

  /** @param {string} name */
  #rings(name) {
    return this.#linkWith(name)?.state === "ringing";
  }

  /** The link whose question the person answers. Throws PeerError when there is none. @param {boolean} aboutIt */
  #asked(aboutIt) {
    if (!aboutIt || this.#link === null) {
      throw new PeerError("no_call");
    }
    return this.#link;
  }

  #changed() {
    this.#followInvitation();
    this.#listener.changed();
  }
}

/** @type {import("./timers.js").After} */
function later(seconds, action) {
  const timer = setTimeout(action, seconds * 1000);
  return { cancel: () => clearTimeout(timer) };
}

/** @param {Link} link @returns {Chat} */
function chatOf(link) {
  const { state, sentence: said, peer, trust, messages, suite, verifying } = link;
  const pin = state === "blocked" ? suite?.changed : null;
  return {
    state,
    sentence: said,
    peer,
    trust,
    messages,
    classicWarning: link.warned,
    changed: pin ? { firstSeen: pin.firstSeen, verified: pin.verified } : null,
    knownAs: suite?.knownAs ?? [],
    verification: verifying && verificationOf(verifying),
  };
}

/** @param {Verifying} verifying @returns {Verification | null} */
function verificationOf({ state, emoji, theyMatched }) {
  if (state === "idle") {
    return null;
  }
  return { state, emoji: emoji.map(([one, name]) => ({ emoji: one, name })), theyMatched };
}
