/**
 * Reading the ICE candidates of an SDP and of `signal:ice`. Mirrors chat/peer/candidates.py, which besides takes them out of
 * an SDP for aiortc.
 *
 * A candidate is a line `candidate:… typ host|srflx|prflx|relay …` (RFC 8839, section 5.1).
 */

const TYPE = /^(?:a=)?candidate:.* typ (host|srflx|prflx|relay)(?: |$)/i;
const LINE = /\r\n|\r|\n/;

/** `host`, `srflx`, `prflx` or `relay`; null for what is no candidate. @param {string} line */
export function typeOf(line) {
  return TYPE.exec(line)?.[1].toLowerCase() ?? null;
}

/** The types of all candidates in an SDP. @param {string} sdp */
export function typesIn(sdp) {
  return new Set(
    sdp
      .split(LINE)
      .map(typeOf)
      .filter((type) => type !== null),
  );
}

/** The SDP without those candidates that would show an address of this device. @param {string} sdp */
export function onlyRelayed(sdp) {
  return sdp
    .split(LINE)
    .filter((line) => !line.startsWith("a=candidate:") || typeOf(line) === "relay")
    .join("\r\n");
}
