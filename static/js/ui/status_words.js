// What stands beside the state of a chat: how long it has been reconnecting, how the two are connected, when messages
// vanish. Pure.

/** @import { Chat } from "../peer/peer.js" */

const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const MINUTE = 60_000;

/** What can be agreed on: seconds, and how that is said. @type {ReadonlyArray<readonly [number, string]>} */
export const TIMERS = [
  [0, "Off"],
  [30, "30 seconds"],
  [300, "5 minutes"],
  [3_600, "1 hour"],
  [86_400, "1 day"],
  [604_800, "1 week"],
];

/**
 * How long it has been reconnecting, or "" when it is not.
 *
 * @param {Pick<Chat, "since">} chat
 * @param {number} now milliseconds since 1970
 */
export function sinceWords({ since }, now) {
  if (since === null) {
    return "";
  }
  const minutes = Math.floor((now - since) / MINUTE);
  const lasting = minutes < 1 ? "" : `, for ${minutes} ${minutes === 1 ? "minute" : "minutes"}`;
  return minutes < 60 ? `since ${CLOCK.format(since)}${lasting}` : `since ${CLOCK.format(since)}`;
}

/**
 * How the two are connected, or "" while that is not known.
 *
 * @param {Pick<Chat, "path" | "state">} chat
 */
export function pathWords({ path, state }) {
  if (path === null || state !== "secured") {
    return "";
  }
  const way = path.relayed ? "Relayed" : "Direct";
  return path.rtt === null ? way : `${way}, ${Math.max(1, Math.round(path.rtt))} ms`;
}

/**
 * Any number of seconds may have been agreed on, by another program than this one.
 *
 * @param {number} seconds
 */
export function durationWords(seconds) {
  const known = TIMERS.find(([each]) => each === seconds);
  if (known !== undefined) {
    return known[1];
  }
  const [count, unit] = inUnits(seconds);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/**
 * @param {number} seconds
 * @returns {[number, string]}
 */
function inUnits(seconds) {
  for (const [size, unit] of /** @type {const} */ ([
    [86_400, "day"],
    [3_600, "hour"],
    [60, "minute"],
  ])) {
    if (seconds >= size && seconds % size === 0) {
      return [seconds / size, unit];
    }
  }
  return [seconds, "second"];
}
