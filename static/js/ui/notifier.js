// Tell somebody who looks elsewhere: by the browser's notifications, and by a sound. Never of a muted chat, never of what the
// person is looking at, and of the text only where they wanted that.

/** @import { Message, Snapshot } from "../peer/peer.js" */
/** @import { Chime } from "./chime.js" */
/** @import { Settings } from "./settings.js" */

import { isLooking } from "./looking.js";

const LONGEST = 200;

export class Notifier {
  /**
   * @param {Settings} settings
   * @param {Chime} chime
   * @param {(peer: string) => void} open Show the chat with somebody.
   */
  constructor(settings, chime, open) {
    this.settings = settings;
    this.chime = chime;
    this.open = open;
    /** @type {Map<string, Notification>} */
    this.shown = new Map();
    /** Who rings. @type {string | null} */
    this.ringing = null;
    /** @type {Snapshot | null} */
    this.snapshot = null;
  }

  /** @param {Snapshot} snapshot */
  render(snapshot) {
    this.snapshot = snapshot;
    const caller = snapshot.incoming?.peer ?? null;
    if (caller !== null && caller !== this.ringing) {
      this.#tell(caller, `Someone is calling as ${caller}`, "call");
    } else if (caller === null && this.ringing !== null) {
      this.#withdraw(this.ringing);
    }
    this.ringing = caller;
    for (const { peer, unread } of snapshot.conversations) {
      if (unread === 0 && peer !== caller) {
        this.#withdraw(peer);
      }
    }
  }

  /**
   * @param {Message} message
   * @param {string} peer
   */
  received({ body }, peer) {
    const said = body.length > LONGEST ? `${body.slice(0, LONGEST)}…` : body;
    this.#tell(peer, this.settings.choices.preview ? said : "New message", "message");
  }

  /** @param {string} peer */
  missed(peer) {
    this.#tell(peer, `You missed a call from ${peer}`, null);
  }

  /**
   * @param {string} peer
   * @param {string} text
   * @param {"message" | "call" | null} sound
   */
  #tell(peer, text, sound) {
    if (this.#isMuted(peer)) {
      return;
    }
    const seen = isLooking() && sound === "message" && this.#isShown(peer);
    if (this.settings.choices.sound && sound !== null && !seen) {
      this.chime.play(sound);
    }
    if (!isLooking()) {
      this.#notify(peer, text);
    }
  }

  /**
   * @param {string} peer
   * @param {string} text
   */
  #notify(peer, text) {
    if (!this.settings.choices.notify || !mayNotify()) {
      return;
    }
    try {
      const shown = new Notification(peer, { body: text, tag: `lowkey ${peer.toLowerCase()}` });
      shown.onclick = () => this.#clicked(peer);
      this.shown.set(peer.toLowerCase(), shown);
    } catch {
      // Some browsers have notifications for installed apps alone, and say so by throwing.
    }
  }

  /** @param {string} peer */
  #clicked(peer) {
    window.focus();
    this.#withdraw(peer);
    if (this.ringing !== peer) {
      this.open(peer);
    }
  }

  /** @param {string} peer */
  #withdraw(peer) {
    this.shown.get(peer.toLowerCase())?.close();
    this.shown.delete(peer.toLowerCase());
  }

  /** @param {string} peer */
  #isMuted(peer) {
    return this.#entryOf(peer)?.muted ?? false;
  }

  /** @param {string} peer */
  #isShown(peer) {
    return this.#entryOf(peer)?.selected ?? this.snapshot?.chat.peer === peer;
  }

  /** @param {string} peer */
  #entryOf(peer) {
    return this.snapshot?.conversations.find((entry) => entry.peer.toLowerCase() === peer.toLowerCase());
  }
}

export function mayNotify() {
  return typeof Notification !== "undefined" && Notification.permission === "granted";
}

/**
 * Ask the person by the browser, if need be.
 *
 * @returns {Promise<string>} Why not, or "".
 */
export async function askToNotify() {
  if (typeof Notification === "undefined" || !isSecureContext) {
    return "This browser shows no notifications for this page.";
  }
  const answer = await Notification.requestPermission();
  return answer === "granted"
    ? ""
    : "Your browser does not let this page notify you. You can change that in its settings.";
}
