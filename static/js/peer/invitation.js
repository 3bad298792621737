/**
 * An invite that this person opened, and how far it has come. Mirrors chat/peer/invitation.py.
 *
 * What the server, or the other side through it, says of an invite is a hint for the person alone: the invite stays good until
 * the handshake under it has verified.
 */

import { sameName } from "../signaling/messages.js";
import { sentence } from "./errors.js";
import { Invite } from "./invites.js";

/** @import {Identity} from "./identity.js" */
/** @typedef {"waiting" | "calling" | "done" | "used" | "expired" | "unknown" | "own" | "damaged" | "offline"} State */

/** @type {Readonly<Record<State, string>>} */
export const SENTENCES = Object.freeze({
  waiting: "You have an invite from {peer}. They are called as soon as you are online.",
  calling: "Calling {peer} with their invite.",
  done: "The invite from {peer} is used, and you have verified each other.",
  used: "This invite has been used already. Ask {peer} for a new one.",
  expired: "This invite is older than 24 hours. Ask {peer} for a new one.",
  unknown:
    "{peer} does not know this invite: its link may have been copied badly, or be from another server, or from before " +
    "they began anew. Copy all of it again, or ask them for a new one.",
  own: "This is your own invite. Send its link to the person whom you want to invite.",
  damaged: sentence("invite_damaged"),
  offline: "The invite is still good. Try again when {peer} can answer.",
});
const HELD = "You have an invite from {peer}. They are called when this chat is over.";

/** @type {Readonly<Record<string, State>>} */
const BY_REASON = Object.freeze({
  invite_used: "used",
  invite_expired: "expired",
  invite_unknown: "unknown",
});

export class Invitation {
  /** Whether it waits for a chat or a call with somebody to be over. */
  held = false;

  /**
   * @param {string} peer the inviter's name, empty where the link does not say
   * @param {State} state
   * @param {string} [uuid] the invite's, where it was kept
   */
  constructor(peer, state, uuid = "") {
    this.peer = peer;
    this.state = state;
    this.uuid = uuid;
  }

  /** Read the fragment of a link, and keep the invite where it is good. @param {string} fragment @param {string} me @param {Identity} identity */
  static open(fragment, me, identity) {
    const invite = parsed(fragment);
    if (invite === null) {
      return new Invitation("", "damaged");
    }
    if (sameName(invite.name, me)) {
      return new Invitation(invite.name, "own");
    }
    const known = identity.openedState(invite.uuid);
    if (known === "used" || known === "expired") {
      return new Invitation(invite.name, known);
    }
    identity.keepOpened(invite);
    return new Invitation(invite.name, "waiting", invite.uuid);
  }

  get sentence() {
    const held = this.held && this.state === "waiting";
    return (held ? HELD : SENTENCES[this.state]).replaceAll("{peer}", () => this.peer);
  }

  /**
   * A call to its maker is over, for this reason. Once the handshake under the invite has verified, `identity` has it as used;
   * `verified` says whether the maker is on the device that was expected, or accepted.
   * @param {string | null} reason
   * @param {Identity} identity
   * @param {{verified: boolean}} outcome
   */
  ended(reason, identity, { verified }) {
    if (this.state !== "calling" && this.state !== "offline") {
      return;
    }
    if (identity.openedState(this.uuid) === "used") {
      this.state = verified ? "done" : "used";
    } else {
      this.state = Object.hasOwn(BY_REASON, reason ?? "") ? BY_REASON[reason ?? ""] : "offline";
    }
  }
}

/** @param {string} fragment */
function parsed(fragment) {
  try {
    return Invite.parse(fragment);
  } catch {
    return null;
  }
}
