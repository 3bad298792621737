// What the page says of a message and between messages. Pure.

/** @import { Message } from "../peer/peer.js" */

import { plainWords } from "./plain_words.js";

const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const IN_FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const DAY_AND_YEAR = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });

const TOGETHER_MS = 5 * 60_000;
const DAY_MS = 86_400_000;
const QUOTED = 200;

/** What a screen reader says of one's own message; the tick says it to the eye.
 * @type {Readonly<Record<Message["status"], string>>} */
export const STATUS = Object.freeze({
  queued: "Waiting",
  sent: "Sent",
  delivered: "Delivered",
  read: "Read",
  failed: "Not sent",
});

/** @param {number} at */
export function clockOf(at) {
  return CLOCK.format(at);
}

/** @param {number} at */
export function momentOf(at) {
  return IN_FULL.format(at);
}

/**
 * The day of a message, in the person's time zone: the same text for the same day.
 *
 * @param {number} at
 */
export function dayOf(at) {
  return new Date(at).toDateString();
}

/**
 * @param {number} at
 * @param {number} now
 */
export function dayWord(at, now) {
  const day = dayOf(at);
  if (day === dayOf(now)) {
    return "Today";
  }
  if (day === dayOf(new Date(now).setHours(12) - DAY_MS)) {
    return "Yesterday";
  }
  return (new Date(at).getFullYear() === new Date(now).getFullYear() ? DAY : DAY_AND_YEAR).format(at);
}

/**
 * Whether a message is drawn as one with that before it: by the same person, soon after, with nothing between.
 *
 * @param {Message | undefined} before
 * @param {Message | undefined} message
 */
export function isJoined(before, message) {
  return (
    before !== undefined &&
    message !== undefined &&
    before.mine === message.mine &&
    before.kind !== "timer" &&
    message.kind !== "timer" &&
    !message.newCall &&
    Math.abs(message.at - before.at) < TOGETHER_MS &&
    dayOf(before.at) === dayOf(message.at)
  );
}

/**
 * A message in a line, for where it is spoken of.
 *
 * @param {Message | null | undefined} message
 */
export function quoteOf(message) {
  if (!message) {
    return "This message is no longer here";
  }
  return message.deleted ? "This message was deleted" : plainWords(message.body, QUOTED);
}

/**
 * @param {Message} message
 * @param {string} peer
 */
export function timerSentence({ mine, seconds }, peer) {
  const who = mine ? "You" : peer;
  return seconds === 0
    ? `${who} turned vanishing messages off.`
    : `${who} set messages to vanish ${durationWord(seconds)} after they are read.`;
}

/** @type {readonly [number, string][]} */
const UNITS = [
  [7 * 86_400, "week"],
  [86_400, "day"],
  [3_600, "hour"],
  [60, "minute"],
  [1, "second"],
];

/**
 * In the largest unit that divides it.
 *
 * @param {number} seconds A whole number above zero.
 */
export function durationWord(seconds) {
  const [size, unit] = UNITS.find(([each]) => seconds % each === 0) ?? [1, "second"];
  return new Intl.NumberFormat("en", { style: "unit", unit, unitDisplay: "long" }).format(seconds / size);
}
