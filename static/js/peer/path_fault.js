/**
 * Why no path was found: from what a device saw while it looked for one, the reason to tell. Mirrors
 * chat/peer/path_fault.py.
 *
 * Seen from one side it is a judgement and not a proof, so the rows go from what is certain (a refusal, an own setting) to
 * what is likely, and where nothing speaks for one cause the reason is `no_path`.
 *
 * @typedef {object} ServerError An ICE server that gave nothing.
 * @property {string} url
 * @property {number} code the STUN error code it answered with, or UNREACHABLE
 *
 * @typedef {object} Seen
 * @property {string[]} servers the configured URLs
 * @property {boolean} relayOnly
 * @property {Set<string>} own the types of the own candidates
 * @property {Set<string>} theirs those of the other side
 * @property {ServerError[]} errors
 * @property {boolean} gathered whether there are no more own ones to come
 * @property {boolean} described whether both descriptions are there
 */

/** The code of a server that did not answer (W3C WebRTC, RTCPeerConnectionIceErrorEvent); lower ones are its own answer. */
export const UNREACHABLE = 701;

/** The reason, a key of `SENTENCES` in errors.js. @param {Seen} seen */
export function pathFault(seen) {
  if (seen.relayOnly && !has(seen, "turn")) {
    return "no_relay";
  }
  if (relayRefused(seen)) {
    return "turn_refused";
  }
  if (seen.own.size === 0) {
    return nothingFound(seen);
  }
  if (reflects(seen)) {
    return otherIsHidden(seen) ? "other_network" : "no_path";
  }
  if (has(seen, "turn")) {
    return silent(seen, "stun") || !has(seen, "stun") ? "udp_blocked" : "no_path";
  }
  return has(seen, "stun") && silent(seen, "stun") ? "stun_unreachable" : "no_path";
}

/** Whether no path can be found any more, whatever the other side sends: there is nothing to find one from. @param {Seen} seen */
export function noWay(seen) {
  return seen.relayOnly && seen.own.size === 0 && (seen.gathered || !has(seen, "turn"));
}

/** @param {Seen} seen @param {"stun" | "turn"} scheme */
function has({ servers }, scheme) {
  return servers.some((url) => url.startsWith(scheme));
}

/** A relay answered, and would not serve this device. @param {Seen} seen */
function relayRefused({ own, errors }) {
  return !own.has("relay") && errors.some(({ url, code }) => url.startsWith("turn") && code < UNREACHABLE);
}

/** @param {Seen} seen */
function nothingFound({ gathered, relayOnly }) {
  if (!gathered) {
    return "no_path";
  }
  return relayOnly ? "udp_blocked" : "no_candidates";
}

/** A server answered, so what is behind this device's network is known. @param {Seen} seen */
function reflects({ own }) {
  return own.has("srflx") || own.has("relay");
}

/** @param {Seen} seen */
function otherIsHidden({ described, theirs }) {
  return described && !["srflx", "relay", "prflx"].some((type) => theirs.has(type));
}

/**
 * A server did not answer, or has not yet. One that told the device what it knew already leaves no candidate either, so that
 * there is none does not say it.
 * @param {Seen} seen @param {"stun" | "turn"} scheme
 */
function silent({ gathered, errors }, scheme) {
  return !gathered || errors.some(({ url, code }) => url.startsWith(scheme) && code === UNREACHABLE);
}
