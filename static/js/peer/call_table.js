/**
 * The states of a call, as two tables. Mirrors chat/peer/call_table.py.
 *
 * `TABLE` says where an event leads; `ENDINGS` which events end the call in a state, and for which reason (a key of
 * `SENTENCES`; null where the event brings its own). An event with no row is a fault of whoever caused it.
 * docs/architecture.md draws both.
 */

/**
 * @typedef {"idle" | "dialling" | "calling" | "ringing" | "keys" | "warned" | "blocked" | "asked" | "connecting"
 *   | "connected" | "ended"} State
 */

/** @type {Readonly<Record<string, State>>} */
export const TABLE = Object.freeze({
  "idle dial": "dialling",
  "idle ring": "ringing",
  "dialling joined": "calling",
  "calling joined": "calling",
  "calling key": "keys",
  "ringing joined": "ringing",
  "ringing key": "ringing",
  "ringing accept": "keys",
  "keys joined": "keys",
  "keys key": "keys",
  "keys warn": "warned",
  "keys changed": "blocked",
  "keys agreed": "connecting",
  "warned joined": "warned",
  "warned key": "warned",
  "warned signal": "warned",
  "warned accept_classic": "keys",
  "blocked joined": "blocked",
  "blocked key": "blocked",
  "blocked signal": "blocked",
  "blocked accept_key": "keys",
  "blocked declined": "asked",
  "blocked left": "asked",
  "blocked error": "asked",
  "blocked timeout": "asked",
  "blocked server_lost": "asked",
  "asked server_lost": "asked",
  "connecting joined": "connecting",
  "connecting key": "connecting",
  "connecting signal": "connecting",
  "connecting error": "connecting",
  "connecting opened": "connected",
  // With the channel open only the person, or the channel itself, ends the chat.
  "connected joined": "connected",
  "connected key": "connected",
  "connected signal": "connected",
  "connected error": "connected",
  "connected left": "connected",
  "connected declined": "connected",
  "connected server_lost": "connected",
});

/** @type {Readonly<Record<string, string | null>>} */
export const ENDINGS = Object.freeze({
  "idle cancel": "you_cancelled",
  "dialling cancel": "you_cancelled",
  "dialling error": null,
  "dialling timeout": "server_silent",
  "dialling server_lost": "server_lost",
  "calling cancel": "you_cancelled",
  "calling declined": null,
  "calling left": null,
  "calling error": null,
  "calling refused": null,
  "calling timeout": "no_answer",
  "calling server_lost": "server_lost",
  "ringing decline": "you_declined",
  "ringing left": "cancelled",
  "ringing refused": null,
  "ringing timeout": "missed",
  "ringing server_lost": "server_lost",
  "keys cancel": "you_left",
  "keys declined": null,
  "keys left": null,
  "keys error": null,
  "keys refused": null,
  "keys timeout": "undecided",
  "keys server_lost": "server_lost",
  "warned cancel": "you_left",
  "warned refuse_classic": "you_refused_classic",
  "warned declined": null,
  "warned left": null,
  "warned error": null,
  "warned timeout": "you_refused_classic",
  "warned server_lost": "server_lost",
  "blocked cancel": "you_refused_key",
  "blocked refuse_key": "you_refused_key",
  "asked cancel": "you_refused_key",
  "asked refuse_key": "you_refused_key",
  "asked accept_key": "key_accepted",
  "connecting cancel": "you_left",
  "connecting declined": null,
  "connecting left": null,
  "connecting failed": null,
  "connecting timeout": null,
  "connecting server_lost": "server_lost",
  "connected cancel": "you_left",
});

/** Seconds that a state may last. @type {Readonly<Partial<Record<State, number>>>} */
export const DEADLINES = Object.freeze({
  dialling: 10,
  calling: 60,
  ringing: 60,
  keys: 20,
  warned: 60,
  blocked: 60,
  connecting: 30,
});
