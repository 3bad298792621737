/**
 * The states of a conversation's channel, as two tables in the manner of call_table.js.
 * Mirrors chat/peer/conversation_table.py.
 *
 * The person's own end has the sentence that fits what the other one reads: `end` is one that says `bye`, where there is a
 * channel, and `quit` one that cannot: a classic chat has no such word, and whoever is called says nothing under keys that the
 * other one has not used yet.
 */

/** @typedef {"greeting" | "secured" | "reconnecting" | "ended"} State */

/** @type {Readonly<Record<string, State>>} */
export const TABLE = Object.freeze({
  "greeting ready": "secured",
  "greeting interrupted": "reconnecting",
  "greeting recovered": "greeting",
  "greeting reopened": "greeting",
  "greeting rekeyed": "greeting",
  "secured interrupted": "reconnecting",
  "secured recovered": "secured",
  "secured reopened": "greeting",
  "secured rekeyed": "greeting",
  "reconnecting interrupted": "reconnecting",
  "reconnecting recovered": "greeting",
  "reconnecting reopened": "greeting",
  "reconnecting rekeyed": "reconnecting",
});

/** @type {Readonly<Record<string, string>>} */
export const ENDINGS = Object.freeze({
  "greeting closed": "left",
  "greeting failed": "lost",
  "greeting silent": "no_hello",
  "greeting end": "you_ended",
  "greeting quit": "you_left",
  "greeting bye": "ended",
  "secured closed": "left",
  "secured failed": "lost",
  "secured end": "you_ended",
  "secured quit": "you_left",
  "secured bye": "ended",
  "reconnecting closed": "left",
  "reconnecting failed": "lost",
  "reconnecting left": "left",
  "reconnecting declined": "not_back",
  "reconnecting end": "you_left",
  "reconnecting quit": "you_left",
  "reconnecting bye": "ended",
});
