/**
 * A peer: a name, its socket to the server, and at most one call or chat at a time. Mirrors chat/peer/peer.py.
 *
 * What the person asks for goes to the link there is, and what the server says is the switchboard's. A session that the server
 * opens unasked does nothing until a `key:exchange` comes.
 *
 * What may wait for a handshake is done in order: the server's messages, and the person's decisions that lead to a step of one.
 */

import { isName, sameName } from "../signaling/messages.js";
import { Classic } from "./classic.js";
import { PeerError, Unexpected } from "./errors.js";
import { Histories } from "./histories.js";
import { Invitation } from "./invitation.js";
import { LIFETIME_MS } from "./kept_invites.js";
import { Link } from "./link.js";
import { Lowkey2 } from "./lowkey2.js";
import { originOf } from "./ownership.js";
import { b64url } from "./primitives.js";
import { SignalingClient } from "./signaling_client.js";
import { snapshotOf } from "./snapshot.js";
import { Switchboard } from "./switchboard.js";
import { qrText } from "./verification.js";

/** @import {FromServer} from "../signaling/messages.js" */
/** @import {Identity} from "./identity.js" */
/** @import {Random} from "./primitives.js" */
/** @import {Suite} from "./suite.js" */
/** @import {Surroundings} from "./surroundings.js" */

/** What the page knows of a peer comes from here. */
/** @typedef {import("./messages.js").Message} Message */
/** @typedef {import("./standing.js").State} ChatState */
/** @typedef {import("./standing.js").Trust} Trust */
/** @typedef {import("./signaling_client.js").State} ServerState */
/** @typedef {import("./snapshot.js").Chat} Chat */
/** @typedef {import("./snapshot.js").Verification} Verification */
/** @typedef {import("./snapshot.js").OpenedInvite} OpenedInvite */
/** @typedef {import("./snapshot.js").Snapshot} Snapshot */
/** @typedef {import("./snapshot.js").Listener} Listener */

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
  #board;
  /** @type {Invitation | null} */
  #invitation = null;
  #histories = new Histories();
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
    this.#board = new Switchboard({
      newLink: (peer) => this.#newLink(peer),
      send: (message) => this.#signaling.send(message),
      notice: (text) => this.#listener.notice(text),
    });
  }

  // The person

  /** Go online, and stay so until `stop`. */
  start() {
    this.#signaling.start();
  }

  /** Be gone and offline, at once, for a page that goes away: without a word that it is for good. */
  stop() {
    const { link, free } = this.#board;
    if (link?.state === "ringing") {
      link.decline();
    } else if (!free) {
      link?.abandon();
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
    const rings = this.#board.liveWith(peer)?.state === "ringing";
    if (rings && this.#identity.openedInvite(peer) === null) {
      this.accept();
    } else if (rings || this.#board.free) {
      this.#board.begin(peer).dial();
    } else {
      throw new PeerError("in_call");
    }
  }

  /** Accept the call that rings. Throws PeerError. */
  accept() {
    const link = this.#board.ringing();
    this.#inOrder(() => link.accept());
  }

  /** Decline the call that rings. Throws PeerError. */
  decline() {
    this.#board.ringing().decline();
  }

  /** Hang up on an outgoing call. Throws PeerError. */
  cancel() {
    this.end();
  }

  /** End whatever there is: a chat, a call being made, or one that rings. Throws PeerError. */
  end() {
    const link = this.#board.live("no_call");
    if (link.state === "ringing") {
      link.decline();
    } else {
      link.end();
    }
  }

  /** Go on with a peer that cannot be verified. Throws PeerError. */
  acceptClassic() {
    const link = this.#asked(this.#board.live("no_call").warned);
    this.#inOrder(() => link.acceptClassic());
  }

  /** Do not. Throws PeerError. */
  refuseClassic() {
    this.#asked(this.#board.live("no_call").warned).refuseClassic();
  }

  /**
   * Go on with another device than the one known by this name. Where the call that this person made is over meanwhile, it is
   * made again. Throws PeerError.
   */
  acceptKey() {
    const link = this.#asked(this.#board.live("no_call").state === "blocked");
    this.#inOrder(async () => {
      const again = link.outlived && link.dialled && this.#signaling.state === "online";
      if (again) {
        link.forget();
      }
      await link.acceptKey();
      if (again) {
        this.#board.begin(link.peer).dial();
      }
    });
  }

  /** Do not. Throws PeerError. */
  refuseKey() {
    this.#asked(this.#board.live("no_call").state === "blocked").refuseKey();
  }

  /** Queue a message; its status tells the rest. Throws PeerError. @param {string} body */
  send(body) {
    return this.#board.live("no_chat").send(body);
  }

  /** Send a failed message again. Throws PeerError. @param {string} id */
  retry(id) {
    this.#board.live("no_chat").retry(id);
  }

  /** Compare emoji with the other one, whose side shows them too. Throws PeerError. */
  verify() {
    this.#board.live("no_chat").verify();
  }

  /** What was compared, emoji or safety numbers, matches, or does not. Throws PeerError. @param {boolean} matches */
  confirm(matches) {
    this.#board.live("no_chat").confirm(matches);
  }

  /** 60 digits to compare; takes some 50 ms. Throws PeerError. */
  safetyNumber() {
    const { suite } = this.#board.live("no_chat");
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
    return snapshotOf(this.name, this.#signaling, this.#board.link, this.#invitation);
  }

  // The server (SignalingClient's listener)

  /** @param {ServerState} state */
  serverState(state) {
    if (state !== "online") {
      this.#board.serverLost();
    }
    this.#changed();
  }

  /** @param {FromServer} message */
  serverMessage(message) {
    this.#inOrder(() => this.#board.take(message));
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
  #newLink(peer) {
    return new Link(peer, this.#surroundings(), this.#identity.pin(peer)?.identity ?? null);
  }

  /** @returns {Surroundings} */
  #surroundings() {
    return {
      send: (message) => this.#signaling.send(message),
      changed: () => this.#changed(),
      received: (message) => this.#listener.received(message),
      notice: (text) => this.#listener.notice(text),
      history: (name, identity) => this.#histories.of(name, identity),
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

  /** Call under the invite that was opened, once that is possible, and see what comes of it. */
  #followInvitation() {
    const [invitation, link] = [this.#invitation, this.#board.link];
    if (invitation !== null) {
      invitation.held = !this.#board.free;
    }
    if (invitation?.state === "waiting" && this.#signaling.state === "online" && this.#board.free) {
      invitation.state = "calling";
      this.dial(invitation.peer);
    } else if (invitation && link !== null && sameName(link.peer, invitation.peer)) {
      if (link.trust === "verified" && (invitation.state === "calling" || invitation.state === "offline")) {
        invitation.state = "done";
      } else if (link.over) {
        invitation.ended(link.reason, this.#identity, { verified: link.suite?.trust === "verified" });
      }
    }
  }

  /** The link whose question the person answers. Throws PeerError when there is none. @param {boolean} aboutIt */
  #asked(aboutIt) {
    if (!aboutIt || this.#board.link === null) {
      throw new PeerError("no_call");
    }
    return this.#board.link;
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
