/**
 * How far two people have come in making sure of each other (docs/protocol.md, section 3.5). Mirrors chat/peer/verifying.py.
 *
 * Verified is the person's own word: "they match", for the emoji or the safety numbers. The other one's word can only take it
 * away. What is returned is to be sent.
 */

import { PeerError } from "./errors.js";

/** @import {Content, Sas} from "./sas.js" */
/** @import {Suite} from "./suite.js" */
/** @typedef {"idle" | "waiting" | "compare" | "matched" | "mismatched" | "theyMismatched"} State */

/** For one handshake, whose suite is given. */
export class Verifying {
  /** Whether the other one has said that it fits. */
  theyMatched = false;
  #suite;
  /** @type {Sas | null} */
  #sas;
  /** @type {State | null} */
  #outcome = null;

  /** @param {Suite} suite */
  constructor(suite) {
    this.#suite = suite;
    this.#sas = suite.comparison();
  }

  /** For another handshake of the same chat. What did not match once is not forgotten by it. @param {Suite} suite */
  renewed(suite) {
    const fresh = new Verifying(suite);
    if (this.doubted) {
      fresh.#outcome = this.#outcome;
    }
    return fresh;
  }

  /** Seven emoji and their names, or none yet. */
  get emoji() {
    return this.#sas?.emoji ?? [];
  }

  /** Whether one of the two has said that they differ. */
  get doubted() {
    return this.#outcome === "mismatched" || this.#outcome === "theyMismatched";
  }

  /** @returns {State} */
  get state() {
    if (this.#outcome !== null) {
      return this.#outcome;
    }
    if (this.emoji.length > 0) {
      return "compare";
    }
    return this.#sas?.begun ? "waiting" : "idle";
  }

  /** Begin to compare emoji, unless that has begun. Throws PeerError where nothing can be compared. @returns {Content[]} */
  start() {
    return this.#comparison().start();
  }

  /**
   * The person has compared. Throws PeerError where nothing can be, and for a match after a mismatch on either side.
   * @param {boolean} matches
   * @returns {Content[]}
   */
  confirm(matches) {
    this.#comparison();
    if (matches && this.doubted) {
      throw new PeerError("mismatched");
    }
    this.#outcome = matches ? "matched" : "mismatched";
    this.#suite.verify(matches);
    return [{ t: "sas:result", ok: matches }];
  }

  /** Take a `sas:*` message of the other side. @param {Content} content @returns {Content[]} */
  receive(content) {
    if (this.#sas === null) {
      return [];
    }
    if (content.t === "sas:result") {
      if (content.ok === false) {
        this.#doubt("theyMismatched");
      }
      this.theyMatched = content.ok === true;
      return [];
    }
    const replies = this.#sas.receive(content);
    if (this.#sas.failed) {
      this.#doubt("mismatched");
    }
    return replies;
  }

  #comparison() {
    if (this.#sas === null) {
      throw new PeerError("not_verifiable");
    }
    return this.#sas;
  }

  /** @param {State} outcome */
  #doubt(outcome) {
    this.#outcome = outcome;
    this.#suite.verify(false);
  }
}
