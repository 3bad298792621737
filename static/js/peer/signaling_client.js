/**
 * The socket to the server: keeps one open under a name, and comes back by itself. Mirrors chat/peer/signaling_client.py.
 *
 * States: `connecting`, `online`, `offline` (waiting to try again), `taken` and `replaced` (the server closed with 4002 or
 * 4004), `refused` (4001, 4003). From the last three the client does not come back by itself (docs/protocol.md, section 1);
 * `refusal` is then what there is a sentence for in errors.js.
 *
 * With a key the client claims its name with it: it answers the server's challenge, once, and is online when the server said
 * that the name is its own. A server that never says so is none.
 *
 * Without a key the server says nothing when it likes a name, only when it does not. So the client asks a question whose
 * answer it knows, `session:leave` of no session at all, and is online when that is answered. Who just lost a socket under
 * its name is not `taken` yet: the socket that has the name may be that very one.
 *
 * Attempts are spaced by doubling delays up to half a minute, half of each at random, so that clients dropped together do
 * not come back together.
 *
 * A socket whose network is gone looks open for minutes. So a question that the server always answers, `session:connect`, or
 * that of the beginning, asked once more when there is reason to doubt (`wake`), ends a socket on which nothing comes for
 * `ANSWER_SECONDS` after it.
 */

import { Close, ProtocolError } from "../signaling/errors.js";
import { dump, parseFromServer } from "../signaling/messages.js";
import { originOf, prove } from "./ownership.js";
import { b64url } from "./primitives.js";

/** @import {Auth, FromClient, FromServer} from "../signaling/messages.js" */
/** @import {NameKey} from "./ownership.js" */

/** @typedef {"connecting" | "online" | "offline" | "taken" | "replaced" | "refused"} State */
/**
 * @typedef {object} Listener
 * @property {(state: State) => void} serverState the state changed
 * @property {(message: FromServer) => void} serverMessage a message came from the server
 */

const FIRST_DELAY = 0.5;
const LONGEST_DELAY = 30;
const CONNECT_TIMEOUT = 10;
const ANSWER_SECONDS = 5;
/** How long a server may take to miss a socket that went without a word; daphne's pings take up to 50 s. */
const OWN_SOCKET_SECONDS = 75;

/** @type {Readonly<Record<number, readonly [State, string]>>} */
const FINAL = Object.freeze({
  [Close.INVALID_USERNAME]: ["refused", "INVALID_USERNAME"],
  [Close.USERNAME_TAKEN]: ["taken", "USERNAME_TAKEN"],
  [Close.AUTH_FAILED]: ["refused", "AUTH_FAILED"],
  [Close.REPLACED]: ["replaced", "replaced"],
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

/**
 * `https://chat.example` and a name → `wss://chat.example/ws?username=name`. Throws TypeError for no http(s) URL.
 * @param {string} server
 * @param {string} name
 * @param {NameKey | null} [key]
 */
export function socketUrl(server, name, key = null) {
  const url = new URL("/ws", originOf(server));
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("username", name);
  if (key !== null) {
    url.searchParams.set("key", b64url(key.public));
  }
  return url.href;
}

/** Keeps the socket; `start` and `stop` mirror each other. */
export class SignalingClient {
  /** @type {State} */
  state = "offline";
  refusal = "";
  #server;
  #name;
  #key;
  #listener;
  #fraction;
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {number | undefined} */
  #timer;
  #patience;
  /** Runs while the server owes an answer. @type {number | undefined} */
  #owed;
  /** Whether the question of the beginning was asked once more. */
  #doubts = false;
  #attempt = 0;
  #proven = false;
  #lostAt = Number.NEGATIVE_INFINITY;
  #clock;

  /**
   * `key` may be a function that gives it, for one that has to be read from somewhere first; one that gives none is asked
   * again on the next attempt.
   * @param {string} server
   * @param {string} name
   * @param {Listener} listener
   * @param {{key?: NameKey | (() => Promise<NameKey>) | null, fraction?: () => number, clock?: () => number,
   *   patience?: number}} [options]
   */
  constructor(
    server,
    name,
    listener,
    { key = null, fraction = Math.random, clock = () => performance.now() / 1000, patience = ANSWER_SECONDS } = {},
  ) {
    this.#server = originOf(server);
    this.#name = name;
    this.#key = key;
    this.#listener = listener;
    this.#fraction = fraction;
    this.#clock = clock;
    this.#patience = patience;
  }

  /** Connect, and keep connected until `stop` or a final refusal. */
  start() {
    if (this.state !== "connecting" && this.state !== "online") {
      this.#connect();
    }
  }

  /** Close, and be offline; what was sent before still goes out. */
  stop() {
    this.#drop();
    this.#enter("offline");
  }

  /** The network may be another one, or back: do not wait for the next attempt any longer, and see whether the socket is good. */
  wake() {
    if (this.state === "offline" && this.#timer !== undefined) {
      this.#connect();
    } else if (!this.#doubts && this.send({ type: "session:leave" })) {
      this.#doubts = true;
      this.#expectAnswer();
    }
  }

  /** Send a message; false, and nothing is sent, when not online. @param {FromClient} message */
  send(message) {
    if (this.state !== "online") {
      return false;
    }
    this.#socket?.send(dump(message));
    if (message.type === "session:connect") {
      this.#expectAnswer();
    }
    return true;
  }

  #connect() {
    this.#drop();
    this.#enter("connecting");
    const timer = setTimeout(() => this.#lost(0), CONNECT_TIMEOUT * 1000);
    this.#timer = timer;
    if (typeof this.#key !== "function") {
      this.#open(this.#key);
      return;
    }
    this.#key().then(
      (key) => this.#timer === timer && this.#open(key),
      () => this.#timer === timer && this.#lost(0),
    );
  }

  /** @param {NameKey | null} key */
  #open(key) {
    const socket = new WebSocket(socketUrl(this.#server, this.#name, key));
    this.#socket = socket;
    this.#proven = false;
    if (key === null) {
      socket.onopen = () => socket.send(dump({ type: "session:leave" }));
    }
    socket.onmessage = ({ data }) => this.#read(data, key, socket);
    socket.onclose = ({ code }) => this.#lost(code);
  }

  /** @param {unknown} frame @param {NameKey | null} key @param {WebSocket} socket */
  #read(frame, key, socket) {
    this.#answered();
    const message = this.#parse(frame);
    if (message === null) {
      return;
    }
    if (this.state === "connecting" && key !== null) {
      this.#claim(message, key, socket);
    } else if (this.state === "connecting" && message.type === "error") {
      if (message.payload.code === "MISSING_SESSION_ID") {
        this.#isOnline();
      }
    } else if (this.#doubts && message.type === "error" && message.payload.code === "MISSING_SESSION_ID") {
      this.#doubts = false;
    } else if (message.type !== "auth:challenge" && message.type !== "auth:ok") {
      this.#listener.serverMessage(message);
    }
  }

  /** Answer the one challenge of a connection, and wait for what the server makes of it. @param {FromServer | Auth} message @param {NameKey} key @param {WebSocket} socket */
  #claim(message, key, socket) {
    if (message.type === "auth:ok" && this.#proven) {
      this.#isOnline();
    } else if (message.type === "auth:challenge" && !this.#proven) {
      this.#proven = true;
      prove(key, this.#server, this.#name, message.payload).then(
        (payload) => socket === this.#socket && socket.send(dump({ type: "auth:response", payload })),
        () => socket === this.#socket && this.#lost(0), // no server of ours asks so
      );
    }
  }

  #isOnline() {
    clearTimeout(this.#timer);
    this.#attempt = 0;
    this.#enter("online");
  }

  /** @param {unknown} frame @returns {FromServer | Auth | null} */
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
      const [state, refusal] = FINAL[code];
      this.refusal = refusal;
      this.#enter(state);
      return;
    }
    this.#timer = setTimeout(() => this.#connect(), delay(this.#attempt, this.#fraction()) * 1000);
    this.#attempt += 1;
    this.#enter("offline");
  }

  #expectAnswer() {
    this.#owed ??= setTimeout(() => this.#lost(0), this.#patience * 1000);
  }

  #answered() {
    clearTimeout(this.#owed);
    this.#owed = undefined;
  }

  /**
   * Whether the socket that has the name may be one that this client lost, and the server has not missed yet.
   * Never with a key: to its owner a name is not taken.
   */
  #mayBeOurOwn() {
    return this.#key === null && this.#clock() - this.#lostAt < OWN_SOCKET_SECONDS;
  }

  #drop() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#answered();
    this.#doubts = false;
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
