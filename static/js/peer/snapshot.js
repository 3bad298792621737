/**
 * What there is to show of a peer, and who hears of it. Mirrors chat/peer/snapshot.py.
 */

import { sentence } from "./errors.js";
import { SENTENCES } from "./standing.js";

/** @import {Invitation, State as InvitationState} from "./invitation.js" */
/** @import {Link} from "./link.js" */
/** @import {Message} from "./messages.js" */
/** @import {State as ServerState} from "./signaling_client.js" */
/** @import {State as ChatState, Trust} from "./standing.js" */
/** @import {Verifying} from "./verifying.js" */

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
/**
 * @typedef {object} Incoming
 * @property {string} peer
 * @property {boolean} invited it comes with an invite of this person's
 * @property {boolean} known a device has been met under this name; whether it is theirs is checked when they are answered
 */
/** @typedef {{peer: string, state: InvitationState, sentence: string}} OpenedInvite */
/**
 * @typedef {object} Snapshot What there is to show.
 * @property {string} name
 * @property {{state: ServerState, sentence: string}} server
 * @property {Incoming | null} incoming the call that rings
 * @property {Chat} chat
 * @property {OpenedInvite | null} invite the one that this person opened
 */
/**
 * @typedef {object} Listener
 * @property {() => void} changed something in the snapshot changed
 * @property {(message: Message) => void} received a message came from the other side
 * @property {(sentence: string) => void} notice a passing sentence for the person
 */

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

/**
 * @param {string} name
 * @param {{state: ServerState, refusal: string}} server `refusal` is the server's code, where it has refused
 * @param {Link | null} link with the other one
 * @param {Invitation | null} invite
 * @returns {Snapshot}
 */
export function snapshotOf(name, { state, refusal }, link, invite) {
  return {
    name,
    server: { state, sentence: SERVER_SENTENCES[state] ?? sentence(refusal) },
    incoming: link?.state === "ringing" ? incomingOf(link) : null,
    chat: link ? chatOf(link) : NO_CHAT,
    invite: invite && { peer: invite.peer, state: invite.state, sentence: invite.sentence },
  };
}

/** @param {Link} link @returns {Incoming} */
function incomingOf({ peer, suite, known }) {
  return { peer, invited: suite?.invited ?? false, known };
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
