// What the verify panel says. Pure: a chat in, sentences and elements out.

/** @import { Snapshot } from "../peer/peer.js" */

/** @typedef {Snapshot["chat"]} Chat */

const SETTLED =
  "You compared, or one of you came by the other’s invite. To make sure once more, compare this number over a call or in person.";

/**
 * Who has said that what they see differs.
 *
 * @param {Chat} chat
 * @returns {"mismatched" | "theyMismatched" | null}
 */
export function alarmOf({ verification }) {
  const state = verification?.state;
  return state === "mismatched" || state === "theyMismatched" ? state : null;
}

/** @param {Chat} chat */
export function isAlarming(chat) {
  return alarmOf(chat) !== null;
}

/**
 * They are verified, and nobody is waiting for an answer: there is nothing to say yes or no to.
 *
 * @param {Chat} chat
 */
export function isSettled({ trust, verification }) {
  return trust === "verified" && (verification === null || verification.state === "matched");
}

/**
 * What is said of a panel that has opened by itself.
 *
 * @param {Chat} chat
 */
export function spokenFor(chat) {
  const { title, what } = wordsFor(chat, false);
  return isAlarming(chat) ? `${title}. ${what}` : `${wants(chat.peer ?? "them")} ${what}`;
}

/**
 * @param {Chat} chat
 * @param {boolean} asked by this person, and not by the other one
 * @returns {{title: string, what: string, note: string}}
 */
export function wordsFor(chat, asked) {
  const peer = chat.peer ?? "them";
  if (isAlarming(chat)) {
    return alarmFor(peer, chat.verification?.state === "mismatched");
  }
  if (isSettled(chat)) {
    return { title: `You have verified ${peer}`, what: SETTLED, note: "" };
  }
  return {
    title: chat.trust === "verified" ? `You have verified ${peer}` : `Is this really ${peer}?`,
    what: `Compare these with ${peer} over a call or in person, not in this chat.`,
    note: noteFor(chat, peer, asked),
  };
}

/**
 * @param {string} peer
 * @param {boolean} mine
 */
function alarmFor(peer, mine) {
  return {
    title: mine ? "They don’t match" : `${peer} says they don’t match`,
    what: `Somebody may be between you and ${peer}, reading along. Write nothing more here: end the chat, and reach ${peer} in another way.${mine ? " If you only pressed the wrong button, end it and call again." : ""}`,
    note: "",
  };
}

/**
 * @param {Chat} chat
 * @param {string} peer
 * @param {boolean} asked
 */
function noteFor({ verification }, peer, asked) {
  if (verification === null) {
    return "";
  }
  if (verification.theyMatched) {
    return `${peer} says that they match.`;
  }
  if (!asked && verification.state !== "matched") {
    return wants(peer);
  }
  return verification.state === "waiting" ? `Asking ${peer}’s device for seven pictures…` : "";
}

/** @param {string} peer */
function wants(peer) {
  return `${peer} wants to compare.`;
}

/**
 * Each picture with its name; a screen reader needs the name alone.
 *
 * @param {ReadonlyArray<{emoji: string, name: string}>} emoji
 */
export function emojiItems(emoji) {
  return emoji.map(({ emoji: picture, name }) => {
    const item = document.createElement("li");
    const shown = document.createElement("span");
    const named = document.createElement("span");
    shown.className = "sas-picture";
    shown.ariaHidden = "true";
    shown.textContent = picture;
    named.className = "sas-name";
    named.textContent = name;
    item.append(shown, named);
    return item;
  });
}
