/**
 * What a call asks its owner to do, and the messages through the server among it. Mirrors chat/peer/effects.py.
 *
 * `send` a message through the server; `start` a transport, where the offering side makes the offer; hand the transport a
 * `signal` of the other side's; `rekeyed`: the open conversation goes on under the keys of another handshake, and in its
 * session; `notice`: tell the person, `reason` being a key of `SENTENCES`.
 *
 * @typedef {{do: "send", message: FromClient}
 *   | {do: "start", offering: boolean, iceServers: IceServer[]}
 *   | {do: "signal", kind: Kind, body: Payload}
 *   | {do: "rekeyed", suite: Suite, session: JoinedPayload}
 *   | {do: "notice", reason: string}} Effect
 */

/** @import {FromClient, IceServer, JoinedPayload, Payload} from "../signaling/messages.js" */
/** @import {Kind} from "./sealing.js" */
/** @import {Suite} from "./suite.js" */

/** Ask for a session with somebody. @param {string} peer @returns {Effect} */
export function connect(peer) {
  return send({ type: "session:connect", target: peer });
}

/**
 * Key messages, to go out under the session.
 * @param {string} peer
 * @param {string | undefined} sessionId
 * @param {Payload[]} payloads
 * @returns {Effect[]}
 */
export function keys(peer, sessionId, payloads) {
  return payloads.map((payload) => send({ type: "key:exchange", target: peer, sessionId, payload }));
}

/**
 * A signal, sealed where the suite does that.
 * @param {Kind} kind
 * @param {string} peer
 * @param {string | undefined} sessionId
 * @param {Payload} payload
 * @returns {Effect}
 */
export function signal(kind, peer, sessionId, payload) {
  return send({ type: `signal:${kind}`, target: peer, sessionId, payload });
}

/** Refuse who calls; `reason` is a word of the protocol. @param {string | undefined} sessionId @param {string} reason @returns {Effect} */
export function decline(sessionId, reason) {
  return send({ type: "session:decline", sessionId, payload: { reason } });
}

/**
 * By its id, so that an answer to it cannot be taken for one to a later call; by name while there is no id.
 * @param {string} peer
 * @param {string | undefined} sessionId
 * @returns {Effect}
 */
export function leave(peer, sessionId) {
  return send({ type: "session:leave", ...(sessionId ? { sessionId } : { target: peer }) });
}

/** @param {FromClient} message @returns {Effect} */
function send(message) {
  return { do: "send", message };
}
