/**
 * What can go wrong between two peers, and the sentence a person reads about it. Mirrors chat/peer/errors.py.
 *
 * `SENTENCES` holds every reason for which a call or a chat ends, and every error code of the server; `{peer}` is the
 * other one's name. Reasons in `ORDERLY` are somebody's decision; the others are failures.
 */

/** @type {Readonly<Record<string, string>>} */
export const SENTENCES = Object.freeze({
  // Somebody's decision
  declined: "{peer} declined the call.",
  busy: "{peer} is busy in another chat.",
  no_answer: "{peer} did not answer.",
  cancelled: "{peer} stopped calling.",
  missed: "You missed a call from {peer}.",
  you_declined: "You declined the call from {peer}.",
  you_cancelled: "You stopped calling {peer}.",
  left: "{peer} left the chat.",
  ended: "{peer} ended the chat, and its messages are deleted.",
  hung_up: "{peer} ended the call.",
  you_ended: "You ended the chat, and its messages are deleted.",
  you_left: "You left the chat.",
  you_refused_classic: "You did not start a chat with {peer} that the server could read.",
  you_refused_key: "You did not go on with {peer}’s other device. Nothing was sent to it.",
  not_back: "{peer} is no longer in the chat. Call to start again.",
  key_accepted: "You accepted {peer}’s other device. Call again to chat.",
  // Failures
  gone: "{peer} went offline.",
  lost: "The connection to {peer} was lost.",
  server_silent: "The server did not answer. Try again in a moment.",
  server_lost: "The connection to the server was lost, and with it the call with {peer}.",
  undecided:
    "{peer}’s app did not go on with the call. They may still be deciding about your device: call again in a moment.",
  no_path:
    "No connection to {peer} could be made: one of the two networks may be blocking it. Call again, or try " +
    "another network.",
  no_candidates:
    "This device has no network over which {peer} could be reached. Check its Wi-Fi or cable, then call again.",
  stun_unreachable:
    "No connection to {peer} could be made: the service that tells this device its address (STUN) did not " +
    "answer. Try another network, or tell whoever runs the server.",
  turn_refused:
    "No connection to {peer} could be made: the relay (TURN) refused this device. Call again, and if that " +
    "does not help, tell whoever runs the server that its relay does not accept what it hands out.",
  udp_blocked:
    "No connection to {peer} could be made: this network seems to block calls, and the relay could not be " +
    "reached either. Try another network, such as a phone’s hotspot.",
  other_network:
    "No connection to {peer} could be made: their network seems to block it. Ask them to try another one, " +
    "such as a phone’s hotspot.",
  no_relay:
    "Your address is to stay hidden from the people you chat with, and this server has no relay (TURN) to do " +
    "that with. Show your address, or ask whoever runs the server for a relay.",
  bad_key: "The key that came for {peer} cannot be used, so the call was ended.",
  bad_handshake:
    "The encryption with {peer} could not be agreed on: what came does not fit. Nothing was sent. " +
    "If it happens again, the server may be changing what passes through it.",
  wrong_peer: "The server answered for somebody else than {peer}, so the call was ended.",
  classic_refused: "{peer} should have proved who they are, and an app answered that cannot. Nothing was sent.",
  key_changed: "{peer} is on another device than before. Nothing was sent.",
  no_hello: "The connection to {peer} stood, but nothing came over it. Try again.",
  stranger: "Somebody with another key tried to take {peer}’s place in this chat, and was refused.",
  invite_failed:
    "The invite did not fit on both sides: it is not {peer}’s, or something was changed on the way. Nothing was sent.",
  invite_used: "This invite has been used already. Ask {peer} for a new one.",
  invite_expired: "This invite is older than 24 hours. Ask {peer} for a new one.",
  invite_unknown: "{peer} does not know this invite. Copy its whole link again, or ask them for a new one.",
  their_invite_used: "Someone called as {peer} with an invite of yours that was used already. They were told so.",
  their_invite_expired: "Someone called as {peer} with an invite of yours that is too old. They were told so.",
  their_invite_unknown: "Someone called as {peer} with an invite that is not yours. They were told so.",
  their_invite_changed:
    "Someone called as {peer} with an invite of yours whose link was changed or copied badly. They were told so.",
  inviter_offline: "{peer} is not online. Ask them to open lowkey, and try again.",
  version: "{peer} uses a version of lowkey that this one does not know. Get the newest on both sides.",
  // The server's codes
  INVALID_MESSAGE: "The server could not read what was sent.",
  UNKNOWN_TYPE: "The server does not know what was asked. It may be older than this app.",
  MISSING_TARGET: "The call did not say who it was for.",
  INVALID_TARGET: "You cannot call {peer}. Choose somebody else’s name.",
  USER_OFFLINE: "{peer} is not online. Check the spelling, or ask them to open lowkey.",
  NOT_IN_SESSION: "The call to {peer} is already over.",
  RELAY_FAILED: "{peer} cannot be reached right now.",
  MISSING_SESSION_ID: "The request did not say which call it was about.",
  INVALID_SESSION_ID: "The request named a call that cannot exist.",
  SESSION_CREATE_FAILED: "You have too many calls open. End one first.",
  SESSION_JOIN_FAILED: "That call is full, over or unknown.",
  INVALID_USERNAME: "The server does not accept this username. Use 3 to 20 letters, digits or underscores.",
  USERNAME_TAKEN: "This name is in use, or was a moment ago. If it is yours, wait two minutes.",
  AUTH_FAILED: "This device could not prove that the name is its own.",
  RATE_LIMITED: "That was too much at once. Wait a moment and try again.",
  MESSAGE_TOO_LARGE: "That was too large for the server.",
  SERVER_BUSY: "The server is busy. Try again in a moment.",
  // What a person asked for and cannot have now
  bad_name: "A username is 3 to 20 letters, digits or underscores.",
  own_name: "That is your own name. Enter the name of the person you want to reach.",
  you_blocked: "You have blocked {peer}. Unblock them in the settings to call them.",
  in_call: "You are already in a call. End it before you start another.",
  not_online: "You are not connected to the server yet. Wait until you are online.",
  no_call: "There is no call to do that with.",
  no_chat: "You are not connected to anybody. Call somebody first.",
  empty: "There is nothing to send.",
  invite_damaged: "This link is no whole invite. Ask for it again, and take care to copy all of it.",
  not_verifiable: "There is nothing to compare in this chat.",
  mismatched: "You compared, and it did not match. End this chat and call again.",
  too_long: "This message is too long. Send it in several parts.",
  not_supported: "{peer}’s app does not know how to do that.",
  no_message: "That message is not here any more.",
  no_emoji: "Choose one emoji.",
  bad_timer: "Messages can stay for at most 31 days.",
  // The server connection
  server_offline: "The server cannot be reached.",
  replaced: "This name was opened on another page, so this one stepped back.",
});

/** @type {ReadonlySet<string>} */
export const ORDERLY = new Set([
  "declined",
  "busy",
  "no_answer",
  "cancelled",
  "missed",
  "you_declined",
  "you_cancelled",
  "left",
  "ended",
  "hung_up",
  "you_ended",
  "you_left",
  "you_refused_classic",
  "you_refused_key",
  "not_back",
  "key_accepted",
  "you_blocked",
]);

/**
 * The sentence for a reason or a server's code; an unknown code has one too.
 * @param {string} reason
 * @param {string} [peer]
 */
export function sentence(reason, peer = "") {
  const text = Object.hasOwn(SENTENCES, reason) ? SENTENCES[reason] : "Something went wrong. Try again.";
  return text.replaceAll("{peer}", () => peer || "The other person");
}

/** The person asked for something that cannot be done now; `message` is the sentence to show. */
export class PeerError extends Error {
  /** @param {string} reason @param {string} [peer] */
  constructor(reason, peer = "") {
    super(sentence(reason, peer));
    this.name = "PeerError";
    this.reason = reason;
  }
}

/** The other side's key material, or its invite, ends the attempt; `reason` is a key of `SENTENCES`. */
export class KeyRefused extends Error {
  /** @param {string} reason */
  constructor(reason) {
    super(reason);
    this.name = "KeyRefused";
    this.reason = reason;
  }
}

/** An event that the state table has no row for: whoever caused it broke the protocol. */
export class Unexpected extends Error {
  /** @param {string} event @param {string} state */
  constructor(event, state) {
    super(`${event} in state ${state}`);
    this.name = "Unexpected";
  }
}

/** A lowkey/2 handshake cannot be finished with what came: malformed, forged, under an unusable key or one's own. */
export class HandshakeFailed extends Error {
  /** @param {string} why for whoever debugs; holds nothing of what came */
  constructor(why) {
    super(why);
    this.name = "HandshakeFailed";
  }
}

/** What the device keeps of its identity cannot be used, and was left as it is; `message` is the sentence to show. */
export class IdentityDamaged extends Error {
  /** @param {string} [sentence] */
  constructor(sentence = "What this device keeps of its identity is damaged. Nothing was changed.") {
    super(sentence);
    this.name = "IdentityDamaged";
  }
}
