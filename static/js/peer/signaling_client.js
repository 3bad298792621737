/**
 * The socket to the server: keeps one open under a name, and comes back by itself. Mirrors chat/peer/signaling_client.py.
 *
 * States: `connecting`, `online`, `offline` (waiting to try again), `taken` and `replaced` (the server closed with 4002 or
 * 4004), `refused` (4001, 4003). From the last three the client does not come back by itself (docs/protocol.md, section 1). But
 * who just lost a socket under its name is not `taken` yet: the socket that has the name may be that very one.
 *
 * The server says nothing when it likes a name, only when it does not. So the client asks a question whose answer it knows,
 * `session:leave` of no session at all, and is online when that is answered.
 *
 * Attempts are spaced by doubling delays up to half a minute, half of each at random, so that clients dropped together do
 * not come back together.
 */

import { Close, ProtocolError } from "../signaling/errors.js";
import { dump, parseFromServer } from "../signaling/messages.js";

/** @import {FromClient, FromServer} from "../signaling/messages.js" */

/** @typedef {"connecting" | "online" | "offline" | "taken" | "replaced" | "refused"} State */
/**
 * @typedef {object} Listener
 * @property {(state: State) => void} serverState the state changed
 * @property {(message: FromServer) => void} serverMessage a message came from the server
 */

const FIRST_DELAY = 0.5;
const LONGEST_DELAY = 30;
const CONNECT_TIMEOUT = 10;
/** How long a server may take to miss a socket that went without a word; daphne's pings take up to 50 s. */
const OWN_SOCKET_SECONDS = 75;

/** @type {Readonly<Record<number, State>>} */
const FINAL = Object.freeze({
  [Close.INVALID_USERNAME]: "refused",
  [Close.USERNAME_TAKEN]: "taken",
  [Close.AUTH_FAILED]: "refused",
  [Close.REPLACED]: "replaced",
});

/**
 * Seconds to wait before attempt number `attempt` (from 0), with `fraction` drawn from [0, 1).
 * @param {number} attempt
 * @param {number} fraction
 */
export function delay(attempt, fraction) {
  const longest = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** attempt);
  return longest / 2 + (fraction * longest) / 2;
}

/** `https://chat.example` and a name → `wss://chat.example/ws?username=name`. @param {string} server @param {string} name */
export function socketUrl(server, name) {
  const url = new URL("/ws", server);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("username", name);
  return url.href;
}

/** Keeps the socket; `start` and `stop` mirror each other. */
export class SignalingClient {
  /** @type {State} */
  state = "offline";
  #url;
  #listener;
  #fraction;
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {number | undefined} */
  #timer;
  #attempt = 0;
  #lostAt = Number.NEGATIVE_INFINITY;
  #clock;

  /** @param {string} server @param {string} name @param {Listener} listener @param {{fraction?: () => number, clock?: () => number}} [options] */
  constructor(server, name, listener, { fraction = Math.random, clock = () => performance.now() / 1000 } = {}) {
    this.#url = socketUrl(server, name);
    this.#listener = listener;
    this.#fraction = fraction;
    this.#clock = clock;
  }

  /** Connect, and keep connected until `stop` or a final refusal. */
  start() {
    if (this.#socket === null) {
      this.#connect();
    }
  }

  /** Close, and be offline; what was sent before still goes out. */
  stop() {
    this.#drop();
    this.#enter("offline");
  }

  /** Do not wait for the next attempt any longer. */
  wake() {
    if (this.state === "offline" && this.#timer !== undefined) {
      this.#connect();
    }
  }

  /** Send a message; false, and nothing is sent, when not online. @param {FromClient} message */
  send(message) {
    if (this.state !== "online") {
      return false;
    }
    this.#socket?.send(dump(message));
    return true;
  }

  #connect() {
    this.#drop();
    this.#enter("connecting");
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#timer = setTimeout(() => this.#lost(0), CONNECT_TIMEOUT * 1000);
    socket.onopen = () => socket.send(dump({ type: "session:leave" }));
    socket.onmessage = ({ data }) => this.#read(data);
    socket.onclose = ({ code }) => this.#lost(code);
  }

  /** @param {unknown} frame */
  #read(frame) {
    const message = this.#parse(frame);
    if (message === null) {
      return;
    }
    if (this.state === "connecting" && message.type === "error") {
      if (message.payload.code === "MISSING_SESSION_ID") {
        clearTimeout(this.#timer);
        this.#attempt = 0;
        this.#enter("online");
      }
      return;
    }
    this.#listener.serverMessage(message);
  }

  /** @param {unknown} frame @returns {FromServer | null} */
  #parse(frame) {
    try {
      return parseFromServer(String(frame));
    } catch (fault) {
      if (fault instanceof ProtocolError) {
        return null;
      }
      throw fault;
    }
  }

  /** The socket is gone: for good after a final close code, else until the next attempt. @param {number} code */
  #lost(code) {
    this.#drop();
    this.#lostAt = this.state === "online" ? this.#clock() : this.#lostAt;
    if (code in FINAL && !(code === Close.USERNAME_TAKEN && this.#mayBeOurOwn())) {
      this.#enter(FINAL[code]);
      return;
    }
    this.#timer = setTimeout(() => this.#connect(), delay(this.#attempt, this.#fraction()) * 1000);
    this.#attempt += 1;
    this.#enter("offline");
  }

  /** Whether the socket that has the name may be one that this client lost, and the server has not missed yet. */
  #mayBeOurOwn() {
    return this.#clock() - this.#lostAt < OWN_SOCKET_SECONDS;
  }

  #drop() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#socket !== null) {
      this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
      this.#socket.close();
      this.#socket = null;
    }
  }

  /** @param {State} state */
  #enter(state) {
    if (state !== this.state) {
      this.state = state;
      this.#listener.serverState(state);
    }
  }
}
