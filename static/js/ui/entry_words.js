// What an entry of the conversation list says. Pure.

/** @import { Entry, Message } from "../peer/peer.js" */

import { plainWords } from "./plain_words.js";
import { durationWords } from "./status_words.js";
import { WRITABLE } from "./view.js";

const LONGEST = 160;
const DAY_MS = 86_400_000;
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const WEEKDAY = new Intl.DateTimeFormat(undefined, { weekday: "short" });
const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "short" });

/** The states in which that comes before what was said last. @type {Partial<Record<Entry["state"], string>>} */
const STATES = {
  calling: "Calling…",
  ringing: "Calling you",
  connecting: "Connecting…",
  reconnecting: "Reconnecting…",
  blocked: "Another device: decide",
};

/** What stands there where nothing was said. @type {Partial<Record<Entry["state"], string>>} */
const SILENT = { secured: "Say hello", failed: "Not reached", ended: "Chat ended" };

/**
 * The state, where it is worth a word.
 *
 * @param {Entry} entry
 */
export function stateWords({ state, typing, away, doubted }) {
  if (doubted && WRITABLE.has(state)) {
    return "Does not match";
  }
  if (state === "reconnecting" && away) {
    return "Offline";
  }
  return typing && state === "secured" ? "typing…" : (STATES[state] ?? "");
}

/**
 * What was said last.
 *
 * @param {Entry} entry
 */
export function lastWords({ last, state, typing, doubted }) {
  if (typing && !doubted && state === "secured") {
    return "";
  }
  if (last === null) {
    return doubted && state === "secured" ? "" : (SILENT[state] ?? "");
  }
  return `${last.mine && last.kind !== "timer" && !last.deleted ? "You: " : ""}${bodyOf(last)}`;
}

/** @param {Message} message */
function bodyOf({ kind, seconds, deleted, body }) {
  if (kind === "timer") {
    return seconds ? `Messages vanish after ${durationWords(seconds)}` : "Messages no longer vanish";
  }
  return deleted ? "Message deleted" : plainWords(body, LONGEST);
}

/**
 * When: today's by the clock, this week's by the day, others by the date.
 *
 * @param {number} at
 * @param {number} now
 */
export function whenWords(at, now) {
  if (new Date(at).toDateString() === new Date(now).toDateString()) {
    return CLOCK.format(at);
  }
  return Math.abs(now - at) < 6 * DAY_MS ? WEEKDAY.format(at) : DATE.format(at);
}

/** @param {number} unread */
export function countWords(unread) {
  return unread > 99 ? "99+" : String(unread);
}
