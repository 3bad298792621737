/**
 * The messages of the signaling socket (docs/protocol.md, section 1). Mirrors signaling/messages.py.
 *
 * What a client needs that calls by name: sessions that are joined by their id are not here.
 *
 * `parseFromServer` turns a text frame into a checked message and `dump` turns one into a frame, so nothing behind them
 * looks at the shape of a message again.
 */

import { ProtocolError } from "./errors.js";

/** @typedef {Record<string, unknown>} Payload */
/** @typedef {{urls: string | string[], username?: string, credential?: string}} IceServer */
/** @typedef {{sessionId: string, peer: string, initiator: boolean, iceServers: IceServer[]}} JoinedPayload */
/** @typedef {{sessionId: string, peer: string, reason: string}} EndedPayload */

/** @typedef {"key:exchange" | "signal:offer" | "signal:answer" | "signal:ice"} RelayedType */
/** @typedef {{type: RelayedType, sender: string, payload: Payload}} Relayed */
/** @typedef {{type: "session:joined", payload: JoinedPayload}} SessionJoined */
/** @typedef {{type: "session:declined" | "session:left", payload: EndedPayload}} SessionEnded */
/** @typedef {{publicKey: string, nonce: string}} ChallengePayload both b64 */
/** @typedef {{origin: string, mac: string}} ProofPayload */
/** @typedef {{type: "auth:challenge", payload: ChallengePayload}} AuthChallenge */
/** @typedef {{type: "auth:ok", payload: {username: string}}} AuthOk */
/** @typedef {{type: "error", target: string, sessionId?: string, payload: {code: string, message: string}}} ErrorMessage */
/** @typedef {AuthChallenge | AuthOk} Auth what only the socket's client reads */
/** @typedef {Relayed | SessionJoined | SessionEnded | ErrorMessage} FromServer */

/**
 * @typedef {object} FromClient
 * @property {"auth:response" | "session:connect" | "session:decline" | "session:leave" | RelayedType} type
 * @property {string} [target]
 * @property {string} [sessionId]
 * @property {Payload} [payload]
 */

const NAME = /^[A-Za-z0-9_]{3,20}$/;

/** Whether `text` is a username: 3 to 20 ASCII letters, digits or underscores. @param {string} text */
export function isName(text) {
  return NAME.test(text);
}

/** Names that differ only in case are one name. @param {string} one @param {string} other */
export function sameName(one, other) {
  return one.toLowerCase() === other.toLowerCase();
}

/** @param {unknown} value @returns {value is Payload} */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @param {unknown} value @returns {value is string[]} */
function areStrings(value) {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

/** @param {unknown} value @returns {value is IceServer} */
function isIceServer(value) {
  return (
    isObject(value) &&
    (typeof value.urls === "string" || areStrings(value.urls)) &&
    (value.username === undefined || typeof value.username === "string") &&
    (value.credential === undefined || typeof value.credential === "string")
  );
}

/** @param {Payload} message @returns {Relayed} */
function relayed(message) {
  check(typeof message.sender === "string" && isObject(message.payload));
  return /** @type {Relayed} */ (message);
}

/** @param {Payload} message @returns {SessionEnded} */
function ended(message) {
  const { payload } = message;
  check(isObject(payload) && areStrings([payload.sessionId, payload.peer, payload.reason]));
  return /** @type {SessionEnded} */ (message);
}

/** @param {Payload} message @returns {SessionJoined} */
function joined(message) {
  const { payload } = message;
  check(isObject(payload) && areStrings([payload.sessionId, payload.peer]) && isName(String(payload.peer)));
  check(typeof payload.initiator === "boolean");
  const iceServers = payload.iceServers ?? [];
  check(Array.isArray(iceServers) && iceServers.every(isIceServer));
  return /** @type {SessionJoined} */ ({ ...message, payload: { ...payload, iceServers } });
}

/** @param {Payload} message @returns {AuthChallenge} */
function challenge(message) {
  const { payload } = message;
  check(isObject(payload) && areStrings([payload.publicKey, payload.nonce]));
  return /** @type {AuthChallenge} */ (message);
}

/** @param {Payload} message @returns {AuthOk} */
function welcome(message) {
  const { payload } = message;
  check(isObject(payload) && typeof payload.username === "string");
  return /** @type {AuthOk} */ (message);
}

/** @param {Payload} message @returns {ErrorMessage} */
function error(message) {
  const { payload, target, sessionId } = message;
  check(isObject(payload) && areStrings([payload.code, payload.message]));
  check(sessionId === undefined || typeof sessionId === "string");
  return /** @type {ErrorMessage} */ ({ ...message, target: typeof target === "string" ? target : "" });
}

/** @type {ReadonlyMap<unknown, (message: Payload) => FromServer | Auth>} */
const SHAPES = new Map(
  /** @type {[unknown, (message: Payload) => FromServer | Auth][]} */ ([
    ["auth:challenge", challenge],
    ["auth:ok", welcome],
    ["key:exchange", relayed],
    ["signal:offer", relayed],
    ["signal:answer", relayed],
    ["signal:ice", relayed],
    ["session:joined", joined],
    ["session:declined", ended],
    ["session:left", ended],
    ["error", error],
  ]),
);

/** @param {boolean} fits @returns {asserts fits} */
function check(fits) {
  if (!fits) {
    throw new ProtocolError("INVALID_MESSAGE");
  }
}

/**
 * Read the server's text frame. Throws ProtocolError with INVALID_MESSAGE or UNKNOWN_TYPE.
 * @param {string} frame
 * @returns {FromServer | Auth}
 */
export function parseFromServer(frame) {
  /** @type {unknown} */
  let message;
  try {
    message = JSON.parse(frame);
  } catch {
    throw new ProtocolError("INVALID_MESSAGE");
  }
  check(isObject(message) && typeof message.type === "string");
  const shape = SHAPES.get(message.type);
  if (shape === undefined) {
    throw new ProtocolError("UNKNOWN_TYPE");
  }
  return shape(message);
}

/** Write a message as a text frame. @param {FromClient} message */
export function dump(message) {
  return JSON.stringify(message);
}
