/**
 * What there is to show of a peer, and who hears of it. Mirrors chat/peer/snapshot.py.
 */

import { sentence } from "./errors.js";
import { History } from "./history.js";
import { SENTENCES } from "./standing.js";

/** @import {Invitation, State as InvitationState} from "./invitation.js" */
/** @import {Link} from "./link.js" */
/** @import {Message} from "./messages.js" */
/** @import {Preferences} from "./preferences.js" */
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
 * @property {History} history of what was said with the device called `peer`
 * @property {Message[]} messages those of the history, oldest first
 * @property {boolean} classicWarning the person is to say whether to go on with a peer that cannot be verified
 * @property {{firstSeen: number, verified: boolean} | null} changed the pin that the other's key differs from, while nothing
 *   is decided
 * @property {string[]} knownAs other names of the other's device
 * @property {Verification | null} verification null while nobody compares
 * @property {number | null} since when it began to reconnect, in milliseconds since 1970
 * @property {boolean} away the other one is not online
 * @property {{relayed: boolean, rtt: number | null} | null} path how the two are connected; `rtt` in milliseconds
 * @property {boolean} typing the other one types
 * @property {number} timer seconds after which what was read vanishes; 0 for never
 * @property {number} unread
 * @property {boolean} muted
 * @property {string[]} features what the other one's app knows of
 */
/**
 * @typedef {object} Entry A conversation of the list.
 * @property {string} peer
 * @property {ChatState} state
 * @property {Trust | null} trust
 * @property {number} unread
 * @property {Message | null} last
 * @property {boolean} muted
 * @property {boolean} typing
 * @property {boolean} away
 * @property {boolean} doubted one of the two has said that what they compared differs
 * @property {boolean} selected
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
 * @property {Chat} chat the selected conversation
 * @property {Entry[]} conversations those with the latest activity first
 * @property {Preferences} preferences
 * @property {OpenedInvite | null} invite the one that this person opened
 */
/**
 * @typedef {object} Listener
 * @property {() => void} changed something in the snapshot changed
 * @property {(message: Message, peer: string) => void} received a message came from somebody
 * @property {(peer: string) => void} [missed] somebody called, and was not answered
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
  history: new History(),
  messages: [],
  classicWarning: false,
  changed: null,
  knownAs: [],
  verification: null,
  since: null,
  away: false,
  path: null,
  typing: false,
  timer: 0,
  unread: 0,
  muted: false,
  features: [],
});

/**
 * @param {string} name
 * @param {{state: ServerState, refusal: string}} server `refusal` is the server's code, where it has refused
 * @param {{link: Link | null, links: Link[], rings: Link | null}} board `link` is the selected one of the `links`
 * @param {{invite: Invitation | null, preferences: Preferences, muted: (peer: string) => boolean}} others
 * @returns {Snapshot}
 */
export function snapshotOf(name, { state, refusal }, { link, links, rings }, { invite, preferences, muted }) {
  return {
    name,
    server: { state, sentence: SERVER_SENTENCES[state] ?? sentence(refusal) },
    incoming: rings && incomingOf(rings),
    chat: link ? chatOf(link, muted(link.peer)) : NO_CHAT,
    conversations: latestFirst(links.filter((one) => one === link || one.isWorthListing)).map((one) =>
      entryOf(one, { muted: muted(one.peer), selected: one === link }),
    ),
    invite: invite && { peer: invite.peer, state: invite.state, sentence: invite.sentence },
    preferences: { ...preferences },
  };
}

/** @param {Link[]} links those that began last are last */
function latestFirst(links) {
  return links.reverse().sort((one, other) => other.activity - one.activity);
}

/** @param {Link} link @param {{muted: boolean, selected: boolean}} marks @returns {Entry} */
function entryOf({ peer, state, trust, unread, last, typing, away, verifying }, { muted, selected }) {
  const doubted = verifying?.doubted ?? false;
  return { peer, state, trust, unread, last, muted, typing, away, doubted, selected };
}

/** @param {Link} link @returns {Incoming} */
function incomingOf({ peer, suite, known }) {
  return { peer, invited: suite?.invited ?? false, known };
}

/** @param {Link} link @param {boolean} muted @returns {Chat} */
function chatOf(link, muted) {
  const { state, sentence: said, peer, trust, history, suite, verifying } = link;
  const pin = state === "blocked" ? suite?.changed : null;
  return {
    state,
    sentence: said,
    peer,
    trust,
    history,
    messages: history.messages,
    classicWarning: link.warned,
    changed: pin ? { firstSeen: pin.firstSeen, verified: pin.verified } : null,
    knownAs: suite?.knownAs ?? [],
    verification: verifying && verificationOf(verifying),
    since: link.since,
    away: link.away,
    path: link.path,
    typing: link.typing,
    timer: link.timer,
    unread: link.unread,
    muted,
    features: link.features,
  };
}

/** @param {Verifying} verifying @returns {Verification | null} */
function verificationOf({ state, emoji, theyMatched }) {
  if (state === "idle") {
    return null;
  }
  return { state, emoji: emoji.map(([one, name]) => ({ emoji: one, name })), theyMatched };
}
