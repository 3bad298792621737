/**
 * The line of a link: the one transport that it has, until another takes its place. Mirrors chat/peer/line.py.
 *
 * While there is no transport, what is asked of the line is left undone, and it has neither room nor a path.
 */

import { Transport } from "./transport.js";

/** @import {IceServer, Payload} from "../signaling/messages.js" */
/** @import {Preferences} from "./preferences.js" */
/** @import {Kind} from "./sealing.js" */
/** @import {Listener} from "./transport.js" */

export class Line {
  #listener;
  #preferences;
  /** @type {Transport | null} */
  #transport = null;
  #isOpen = false;

  /**
   * @param {Listener} listener hears what the transport there is tells, and nothing of those that were given up
   * @param {Preferences} preferences
   */
  constructor(listener, preferences) {
    this.#listener = listener;
    this.#preferences = preferences;
  }

  /** Whether the channel of this transport has opened. */
  get isOpen() {
    return this.#isOpen;
  }

  /** Another connection is made: the one that stood is given up. @param {IceServer[]} iceServers */
  replace(iceServers) {
    this.close();
    try {
      this.#transport = new Transport(iceServers, this.#listener, { relayOnly: this.#preferences.relayOnly });
    } catch {
      this.#listener.failed("no_path"); // the browser has no connection left to give
    }
  }

  offer() {
    this.#transport?.offer();
  }

  /** Take an offer, an answer or a candidate of the other side. @param {Kind} kind @param {Payload} body */
  receive(kind, body) {
    this.#transport?.receive(kind, body);
  }

  /** The channel is open. */
  opened() {
    this.#isOpen = true;
  }

  get hasRoom() {
    return this.#transport?.hasRoom ?? false;
  }

  /** Whether all that was handed over has left. */
  get idle() {
    return this.#transport?.idle ?? false;
  }

  /** Hand a frame to the channel; false when the channel did not take it. @param {string} frame */
  send(frame) {
    return this.#transport?.send(frame) ?? false;
  }

  /** How the two are connected. @returns {{relayed: boolean, rtt: number | null} | null} */
  get path() {
    return this.#isOpen ? (this.#transport?.path ?? null) : null;
  }

  /** What the transport knows of why there is no path. */
  get fault() {
    return this.#transport?.fault;
  }

  /** The same, once a path would have been found if there were one. */
  get overdueFault() {
    return this.#transport?.overdue ? this.#transport.fault : undefined;
  }

  /** See whether an open line answers, and say so if it does not. @param {() => void} lost */
  check(lost) {
    if (this.#transport !== null && this.#isOpen) {
      this.#check(this.#transport, lost);
    }
  }

  /** Give the transport up; what it took still goes out. */
  close() {
    this.#isOpen = false;
    this.#transport?.close();
    this.#transport = null;
  }

  /** Give it up at once: there is no time to hand over what it holds. */
  abort() {
    this.#isOpen = false;
    this.#transport?.abort();
    this.#transport = null;
  }

  /** @param {Transport} transport @param {() => void} lost */
  async #check(transport, lost) {
    const answers = await transport.check();
    if (!answers && transport === this.#transport && this.#isOpen) {
      lost();
    }
  }
}
