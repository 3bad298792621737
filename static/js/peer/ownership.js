/**
 * Proving to the server that a name is one's own (docs/protocol.md, 1.2). Mirrors chat/peer/ownership.py.
 *
 * The proof says: who holds the private half of this key dialled this origin and wants this name, on the connection that the
 * server asked this question on. So a server elsewhere that passes the question on gets a proof that is good for itself alone.
 */

import { b64, concat, hkdf, hmac, KEY_BYTES, lp, unb64, utf8, wipe } from "./primitives.js";

/** @import {ChallengePayload, ProofPayload} from "../signaling/messages.js" */

/**
 * The key that a name belongs to, or will. `dh` rejects with RangeError for a public key that cannot be used.
 * @typedef {{public: Uint8Array, dh: (theirs: Uint8Array) => Promise<Uint8Array>}} NameKey
 */

const LABEL = utf8("lowkey/2 name-auth");
const NONCE_BYTES = 32;

/**
 * The answer to a challenge. Rejects with RangeError for one that is malformed.
 * @param {NameKey} key
 * @param {string} origin
 * @param {string} name
 * @param {ChallengePayload} challenge
 * @returns {Promise<ProofPayload>}
 */
export async function prove(key, origin, name, challenge) {
  const theirs = unb64(challenge.publicKey);
  const nonce = unb64(challenge.nonce);
  if (theirs.length !== KEY_BYTES || nonce.length !== NONCE_BYTES) {
    throw new RangeError("a challenge has a public key and a nonce of 32 bytes each");
  }
  const info = concat(LABEL, lp(utf8(origin)), lp(utf8(name.toLowerCase())), theirs, key.public);
  const shared = await key.dh(theirs);
  const proofKey = hkdf(nonce, shared, info, 32);
  const mac = b64(hmac(proofKey, utf8("client")).slice(0, 32));
  wipe(shared, proofKey);
  return { origin, mac };
}

/** The origin of an http(s) URL, as it is serialised. Throws TypeError for any other. @param {string} server */
export function originOf(server) {
  const { origin, protocol } = new URL(server);
  if (protocol !== "http:" && protocol !== "https:") {
    throw new TypeError("The server has to be an address like https://chat.example");
  }
  return origin;
}
