/**
 * A server in memory, and peers on it: it takes the WebSocket's place while they go online, and relays at once.
 *
 *     const server = new Matchmaker();
 *     const [alice, bob] = [await server.join("alice"), await server.join("bob")];
 *     alice.peer.dial("bob");
 *     await bob.until("ringing");
 *
 * `server.tamper` sees each message to a person, and says what they get instead: an array of messages.
 */

import { Peer } from "/static/js/peer/peer.js";
import { b64 } from "/static/js/peer/primitives.js";
import { device } from "./devices.js";
import { chance } from "./kit.js";

const PATIENCE_MS = 10_000;

export class Matchmaker {
  /** Whatever went to anybody, as [name, message]. */
  heard = [];
  /** @type {(message: any, to: string) => any[]} */
  tamper = (message) => [message];
  #sockets = new Map();
  #sessions = new Map();

  /** Somebody comes online. */
  async join(name, { identity, ...options } = {}) {
    const person = new Person(name, identity ?? (await device({ now: Date.now })), options);
    const real = globalThis.WebSocket;
    const server = this;
    globalThis.WebSocket = class extends Socket {
      constructor() {
        super(server, name);
      }
    };
    try {
      person.peer.start();
      await person.is(({ server: { state } }) => state === "online");
    } finally {
      globalThis.WebSocket = real;
    }
    return person;
  }

  /** Hand a message to somebody, as the server's own or another's. */
  deliver(name, message) {
    for (const each of this.tamper(message, name)) {
      this.heard.push([name, each]);
      this.#sockets.get(name.toLowerCase())?.onmessage?.({ data: JSON.stringify(each) });
    }
  }

  /** The socket of somebody, to break it or to speak for the server. */
  socketOf(name) {
    return this.#sockets.get(name.toLowerCase());
  }

  opened(socket) {
    this.#sockets.set(socket.name.toLowerCase(), socket);
    socket.onmessage({
      data: JSON.stringify({ type: "auth:challenge", payload: { publicKey: b64(chance(32)), nonce: b64(chance(32)) } }),
    });
  }

  says(socket, { type, target, sessionId, payload }) {
    const from = socket.name;
    if (type === "auth:response") {
      socket.onmessage({ data: JSON.stringify({ type: "auth:ok", payload: { username: from } }) });
    } else if (type === "session:connect") {
      this.#connect(from, target);
    } else if (type === "session:leave" || type === "session:decline") {
      this.#leaves(type, from, sessionId, target, payload);
    } else {
      this.deliver(target, { type, sender: from, target, sessionId, payload });
    }
  }

  #connect(from, target) {
    if (!this.#sockets.has(target.toLowerCase())) {
      this.deliver(from, { type: "error", target, payload: { code: "USER_OFFLINE", message: "x" } });
      return;
    }
    const pair = pairOf(from, target);
    const session = this.#sessions.get(pair) ?? { sessionId: crypto.randomUUID(), initiator: from };
    this.#sessions.set(pair, session);
    const peer = this.#sockets.get(target.toLowerCase()).name;
    for (const [to, other] of [
      [from, peer],
      [peer, from],
    ]) {
      const payload = {
        sessionId: session.sessionId,
        peer: other,
        initiator: session.initiator === to,
        iceServers: [],
      };
      this.deliver(to, { type: "session:joined", payload });
    }
  }

  #leaves(type, from, sessionId, target, payload) {
    for (const [pair, session] of this.#sessions) {
      if (session.sessionId === sessionId || (target && pair === pairOf(from, target))) {
        this.#sessions.delete(pair);
        const other = pair.split(" ").find((name) => name !== from.toLowerCase());
        const reason = payload?.reason ?? "left";
        const ended = { sessionId: session.sessionId, peer: from, reason };
        this.deliver(other, { type: type === "session:leave" ? "session:left" : "session:declined", payload: ended });
      }
    }
  }
}

function pairOf(one, other) {
  return [one.toLowerCase(), other.toLowerCase()].sort().join(" ");
}

/** In the WebSocket's place. */
class Socket {
  constructor(server, name) {
    this.server = server;
    this.name = name;
    /** What was sent to the server, parsed. */
    this.sent = [];
    queueMicrotask(() => server.opened(this));
  }

  send(frame) {
    const message = JSON.parse(frame);
    this.sent.push(message);
    queueMicrotask(() => this.server.says(this, message));
  }

  close() {}
}

/** A peer, and what its person was shown. */
class Person {
  notices = [];
  received = [];
  #waiting = new Set();

  constructor(name, identity, options) {
    this.identity = identity;
    this.peer = new Peer(name, {
      server: location.origin,
      identity,
      listener: {
        changed: () => this.#look(),
        received: ({ body }) => this.received.push(body),
        notice: (sentence) => this.notices.push(sentence),
      },
      ...options,
    });
  }

  get chat() {
    return this.peer.snapshot().chat;
  }

  get bodies() {
    return this.chat.messages.map(({ body, mine }) => (mine ? `> ${body}` : `< ${body}`));
  }

  /** Has met the other's device before. */
  knows(other, { verified = false } = {}) {
    this.identity.meet(other.peer.name, other.identity.key.public);
    this.identity.setVerified(other.peer.name, other.identity.key.public, verified);
  }

  /** Wait until the chat has this state. @param {string} state */
  until(state) {
    return this.is(({ chat }) => chat.state === state, state);
  }

  /** Wait until this is true of what is shown. @param {(snapshot: any) => boolean} condition */
  is(condition, what = condition) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${this.peer.name}: ${what}; ${this.chat.sentence}`)),
        PATIENCE_MS,
      );
      const look = () => {
        if (condition(this.peer.snapshot())) {
          clearTimeout(timer);
          this.#waiting.delete(look);
          resolve();
        }
      };
      this.#waiting.add(look);
      look();
    });
  }

  #look() {
    for (const look of [...this.#waiting]) {
      look();
    }
  }
}
