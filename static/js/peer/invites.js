/**
 * Invites (docs/protocol.md, section 3.6). Mirrors chat/peer/invites.py.
 *
 * A link whose fragment, which no server sees, holds the secret that both sides of the handshake need. `link` and
 * `parse` are inverses. How long an invite lasts and when it is used up is not decided here.
 */

import { b64url, concat, hkdf, KEY_BYTES, lp, unb64url, utf8 } from "./primitives.js";

/** @import {Random} from "./primitives.js" */

const UUID = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}";
const FRAGMENT = new RegExp(`^#?invite=([A-Za-z0-9_]{3,20})\\.(${UUID})\\.([A-Za-z0-9_-]{43})$`);
const ZEROS = new Uint8Array(64);

export class Invite {
  /**
   * @param {string} name the inviter's
   * @param {string} uuid kept in lower case
   * @param {Uint8Array} secret 32 bytes
   */
  constructor(name, uuid, secret) {
    this.name = name;
    this.uuid = uuid.toLowerCase();
    this.secret = secret;
  }

  /** A new one. Draws the 16 bytes of the uuid, then the secret. @param {string} name @param {Random} random */
  static new(name, random) {
    return new Invite(name, uuid4(random(16)), random(KEY_BYTES).slice());
  }

  /**
   * The invite in the fragment of an address, with or without its `#`; RangeError for anything else.
   * @param {string} fragment
   */
  static parse(fragment) {
    const fields = FRAGMENT.exec(fragment);
    if (fields === null) {
      throw new RangeError("this is no invite");
    }
    const [, name, uuid, secret] = fields;
    return new Invite(name, uuid, unb64url(secret));
  }

  /** The address to hand to somebody. @param {string} origin for example `https://chat.example` */
  link(origin) {
    return `${origin}/chat#invite=${this.name}.${this.uuid}.${b64url(this.secret)}`;
  }

  /** What both sides mix into the handshake: 32 bytes. */
  get psk() {
    return hkdf(ZEROS, this.secret, concat(utf8("lowkey/2 invite"), lp(utf8(this.uuid))), KEY_BYTES);
  }
}

/** A random UUID (RFC 9562, version 4) of 16 random bytes. @param {Uint8Array} drawn */
function uuid4(drawn) {
  const bytes = drawn.slice();
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
