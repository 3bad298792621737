/**
 * What the server can refuse, and how it closes (docs/protocol.md, section 1). Mirrors signaling/errors.py.
 */

/** WebSocket close codes. A client does not come back by itself on 4001 to 4004. */
export const Close = Object.freeze({
  GOING_DOWN: 1001,
  TOO_LARGE: 1009,
  UNEXPECTED: 1011,
  INVALID_USERNAME: 4001,
  USERNAME_TAKEN: 4002,
  AUTH_FAILED: 4003,
  REPLACED: 4004,
  FLOOD: 4008,
});

/** A frame that is not what the protocol says. */
export class ProtocolError extends Error {
  /** @param {string} code one of the codes of an `error` message */
  constructor(code) {
    super(code);
    this.name = "ProtocolError";
    this.code = code;
  }
}
