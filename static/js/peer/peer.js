/**
 * A peer: a name, its socket to the server, any number of chats, and at most one call at a time. Mirrors chat/peer/peer.py.
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
import { preferences } from "./preferences.js";
import { b64, b64url, equal } from "./primitives.js";
import { SignalingClient } from "./signaling_client.js";
import { snapshotOf } from "./snapshot.js";
import { Switchboard } from "./switchboard.js";
import { qrText } from "./verification.js";

/** @import {FromServer} from "../signaling/messages.js" */
/** @import {Identity} from "./identity.js" */
/** @import {Random} from "./primitives.js" */
/** @import {Suite} from "./suite.js" */
/** @import {Ref} from "./messages.js" */
/** @import {Preferences} from "./preferences.js" */
/** @import {Surroundings} from "./surroundings.js" */
/** @typedef {{peer: string, identity: string}} Open A chat that is open: with whom, and their identity key in base64. */

/** What the page knows of a peer comes from here. */
/** @typedef {import("./messages.js").Message} Message */
/** @typedef {import("./standing.js").State} ChatState */
/** @typedef {import("./standing.js").Trust} Trust */
/** @typedef {import("./signaling_client.js").State} ServerState */
/** @typedef {import("./snapshot.js").Chat} Chat */
/** @typedef {import("./snapshot.js").Verification} Verification */
/** @typedef {import("./snapshot.js").OpenedInvite} OpenedInvite */
/** @typedef {import("./snapshot.js").Snapshot} Snapshot */
/** @typedef {import("./snapshot.js").Entry} Entry */
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
  #fraction;
  #signaling;
  #board;
  /** @type {Invitation | null} */
  #invitation = null;
  #histories;
  #preferences = preferences();
  /** @type {Promise<void>} */
  #inbox = Promise.resolve();

  /**
   * Throws PeerError for a name that cannot be one, TypeError for a server that cannot.
   * @param {string} name
   * @param {{server: string, listener: Listener, identity: Identity, random?: Random, now?: () => number,
   *   clock?: () => number, fraction?: () => number}} options `now` is in milliseconds since 1970; `clock` counts seconds and
   *   never goes back; `fraction` is drawn from [0, 1)
   */
  constructor(name, options) {
    const { server, listener, identity, random = secureRandom, now = Date.now } = options;
    const { clock = monotonic, fraction = Math.random } = options;
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
    this.#fraction = fraction;
    this.#histories = new Histories(later, now, () => this.#changed());
    this.#signaling = new SignalingClient(server, name, this, { key: () => identity.nameKey(name) });
    this.#board = new Switchboard({
      newLink: (peer) => this.#newLink(peer),
      send: (message) => this.#signaling.send(message),
      notice: (text) => this.#listener.notice(text),
      blocked: (peer) => identity.blocks.name(peer),
    });
  }

  // The person

  /** Go online, and stay so until `stop`. */
  start() {
    this.#signaling.start();
  }

  /** Be gone and offline, at once, for a page that goes away: without a word that it is for good. */
  stop() {
    for (const link of this.#board.links.filter(({ over }) => !over)) {
      if (link.state === "ringing") {
        link.decline();
      } else {
        link.abandon();
      }
    }
    this.#signaling.stop();
  }

  /**
   * The page goes away, and may come back: close all sockets and transports, at once and without a word to those with whom a
   * chat is open. `start` goes on with what there was.
   */
  suspend() {
    const links = this.#board.links.filter(({ over }) => !over);
    for (const link of links.filter(({ restorable }) => restorable === null)) {
      link.suspend();
    }
    this.#signaling.stop();
    for (const link of links.filter(({ restorable }) => restorable !== null)) {
      link.suspend();
    }
  }

  /** The chats that are open, to be restored when the page is back; names and identities alone. @returns {Open[]} */
  restorable() {
    return this.#board.links.flatMap(({ peer, restorable }) =>
      restorable ? [{ peer, identity: b64(restorable) }] : [],
    );
  }

  /**
   * Go on with chats that were open before the page went away: each is called, and none is asked for but of the device that it
   * was with. What is not that of a device that is known is left.
   * @param {Open[]} chats
   */
  restore(chats) {
    for (const { peer, identity } of chats) {
      const pin = isName(peer) ? this.#identity.pin(peer) : null;
      const known = pin !== null && b64(pin.identity) === identity && !this.#identity.blocks.name(peer);
      const link = this.#board.liveWith(peer);
      if (known && link === null) {
        this.#board.begin(peer).comeBack();
      } else if (known && link?.state === "ringing") {
        this.#inOrder(() => link.accept());
      }
    }
  }

  /** The network may be back, or the page has woken up: see to all that waits for it, now. */
  wake() {
    this.#signaling.wake();
    this.#board.wake();
  }

  /** Call somebody; to call who is calling is to accept, and with whom a chat is open, it is shown. Throws PeerError. @param {string} peer */
  dial(peer) {
    if (!isName(peer)) {
      throw new PeerError("bad_name");
    }
    if (sameName(peer, this.name)) {
      throw new PeerError("own_name");
    }
    if (this.#identity.blocks.name(peer)) {
      throw new PeerError("you_blocked", peer);
    }
    if (this.#signaling.state !== "online") {
      throw new PeerError("not_online");
    }
    const link = this.#board.liveWith(peer);
    const rings = link?.state === "ringing";
    if (rings && this.#identity.openedInvite(peer) === null) {
      this.accept();
    } else if (link !== null && !rings && !link.isCall) {
      this.select(peer);
    } else if (rings || this.#board.free) {
      this.#begin(peer).dial();
    } else {
      throw new PeerError("in_call");
    }
  }

  /** Look at the conversation with somebody, or at none. Throws PeerError. @param {string | null} peer */
  select(peer) {
    this.#board.select(peer === null ? null : this.#with(peer));
    this.#changed();
  }

  /** Take a conversation that is over from the list. Throws PeerError. @param {string} peer */
  close(peer) {
    const link = this.#with(peer);
    if (!link.over) {
      throw new PeerError("in_call");
    }
    this.#board.close(link);
    this.#changed();
  }

  /** Whether the conversation with somebody makes no sound. @param {string} peer @param {boolean} on */
  mute(peer, on) {
    this.#identity.blocks.mute(peer, on);
    this.#changed();
  }

  /**
   * Hear nothing more of somebody: neither of the name, nor of the device that shows itself under it, or else is known by it.
   * Chats with either end; a call that rings just goes unanswered.
   * @param {string} peer
   */
  block(peer) {
    const link = this.#board.liveWith(peer);
    const key = link?.theirIdentity ?? this.#identity.pin(peer)?.identity ?? null;
    this.#identity.blocks.block(peer, key);
    for (const one of this.#board.links) {
      const same = key !== null && one.theirIdentity !== null && equal(one.theirIdentity, key);
      if (one === link || (!one.over && same)) {
        this.#part(one);
      }
    }
    this.#changed();
  }

  /** End it without a word to who rings. @param {Link} link */
  #part(link) {
    if (link.state === "ringing") {
      this.#board.close(link);
    } else {
      link.end();
    }
  }

  /** @param {string} peer */
  unblock(peer) {
    this.#identity.blocks.unblock(peer);
    this.#changed();
  }

  /** Change what this person prefers. @param {Partial<Preferences>} changes */
  prefer(changes) {
    Object.assign(this.#preferences, changes);
    for (const { talking } of this.#board.links) {
      talking?.preferred();
    }
    this.#changed();
  }

  /** Accept the call that rings. Throws PeerError. */
  accept() {
    const link = this.#board.ringing();
    this.#board.select(link);
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

  /** End what is selected: a chat, a call being made, or one that rings. Throws PeerError. */
  end() {
    end(this.#board.live("no_call"));
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
        this.#begin(link.peer).dial();
      }
    });
  }

  /** Do not. Throws PeerError. */
  refuseKey() {
    this.#asked(this.#board.live("no_call").state === "blocked").refuseKey();
  }

  /**
   * Queue a message; its status tells the rest. Throws PeerError.
   * @param {string} body
   * @param {Ref | null} [re] the message that it replies to
   */
  send(body, re = null) {
    return this.#board.live("no_chat").send(body, re);
  }

  /** Say one of one's own messages differently. Throws PeerError. @param {string} id @param {string} body */
  edit(id, body) {
    this.#talking.edit(id, body);
  }

  /** Take back one of one's own messages, on both sides. Throws PeerError. @param {string} id */
  delete(id) {
    this.#talking.delete(id);
  }

  /** Throws PeerError. @param {Ref} ref @param {string} emoji empty to take it back */
  react(ref, emoji) {
    this.#talking.react(ref, emoji);
  }

  /** The person has seen all that is in the selected conversation. */
  read() {
    this.#board.link?.talking?.read();
  }

  /** The person typed. */
  typed() {
    this.#board.link?.talking?.typed();
  }

  /** From now on messages vanish so many seconds after they were read; 0 for never. Throws PeerError. @param {number} seconds */
  setTimer(seconds) {
    this.#talking.setTimer(seconds);
  }

  /** Send a failed message again. Throws PeerError. @param {string} id */
  retry(id) {
    this.#talking.retry(id);
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
    return snapshotOf(this.name, this.#signaling, this.#board, {
      invite: this.#invitation,
      preferences: this.#preferences,
      muted: (peer) => this.#identity.blocks.muted(peer),
    });
  }

  // The server (SignalingClient's listener)

  /** @param {ServerState} state */
  serverState(state) {
    if (state === "online") {
      this.#board.serverBack();
    } else {
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
      received: (message, peer) => this.#listener.received(message, peer),
      notice: (text) => this.#listener.notice(text),
      history: (name, identity) => this.#histories.of(name, identity),
      now: this.#now,
      clock: this.#clock,
      newId: () => b64url(this.#random(16)),
      after: later,
      suites: (peer) => this.#suites(peer),
      preferences: this.#preferences,
      missed: (peer) => this.#listener.missed?.(peer),
      fraction: this.#fraction,
      blocked: (identity) => this.#identity.blocks.identity(identity),
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
    const invitation = this.#invitation;
    if (invitation === null) {
      return;
    }
    const link = this.#board.with(invitation.peer);
    invitation.held = !this.#board.free || (link !== null && !link.over);
    if (invitation.state === "waiting" && this.#signaling.state === "online" && !invitation.held) {
      invitation.state = "calling";
      this.dial(invitation.peer);
    } else if (link !== null) {
      if (link.trust === "verified" && (invitation.state === "calling" || invitation.state === "offline")) {
        invitation.state = "done";
      } else if (link.over) {
        invitation.ended(link.reason, this.#identity, { verified: link.suite?.trust === "verified" });
      }
    }
  }

  /** A call to somebody begins, and is what the person looks at. @param {string} peer */
  #begin(peer) {
    const link = this.#board.begin(peer);
    this.#board.select(link);
    return link;
  }

  /** Whatever there is with somebody. Throws PeerError. @param {string} peer */
  #with(peer) {
    const link = this.#board.with(peer);
    if (link === null) {
      throw new PeerError("no_chat");
    }
    return link;
  }

  /** What is said in the selected conversation. Throws PeerError. */
  get #talking() {
    return this.#board.live("no_chat").talk;
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

/** @param {Link} link */
function end(link) {
  if (link.state === "ringing") {
    link.decline();
  } else {
    link.end();
  }
}

/** @type {import("./timers.js").After} */
function later(seconds, action) {
  const timer = setTimeout(action, seconds * 1000);
  return { cancel: () => clearTimeout(timer) };
}
