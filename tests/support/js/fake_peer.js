// A peer that does as it is told: it has the real one's shape (static/js/peer/peer.js), and a test writes its snapshot.
//
// A browser test serves this file in the real one's place and drives it by `window.fakePeer`.

import { PeerError } from "./errors.js";

/** What the page asked for, in order, as [method, ...arguments]. */
const calls = [];

export class Peer {
  constructor(name, { listener }) {
    this.listener = listener;
    this.refusal = null;
    this.undrawn = [];
    this.state = {
      name,
      server: { state: "connecting", sentence: "Connecting to the server…" },
      incoming: null,
      chat: { state: "idle", sentence: "You are not in a chat.", peer: null, trust: null, messages: [] },
    };
    window.fakePeer = this;
  }

  /** Change what the page sees; `chat` is merged into what was there. */
  set({ chat = {}, ...rest }) {
    this.state = { ...this.state, ...rest, chat: { ...this.state.chat, ...chat } };
    this.listener.changed();
  }

  /** A message from the other side. */
  receive(message) {
    this.set({ chat: { messages: [...this.state.chat.messages, message] } });
    this.listener.received(message);
  }

  /** Refuse whatever is asked from now on, for this reason; null to agree again. */
  refuse(reason) {
    this.refusal = reason;
  }

  get calls() {
    return calls;
  }

  /** Resolves when the page has drawn what was changed. */
  drawn() {
    return new Promise((resolve) => this.undrawn.push(resolve));
  }

  snapshot() {
    for (const resolve of this.undrawn.splice(0)) {
      resolve();
    }
    return this.state;
  }

  #asked(...call) {
    calls.push(call);
    if (this.refusal !== null) {
      throw new PeerError(this.refusal);
    }
  }

  start() {
    this.#asked("start");
  }
  stop() {
    this.#asked("stop");
  }
  wake() {
    this.#asked("wake");
  }
  dial(name) {
    this.#asked("dial", name);
  }
  cancel() {
    this.#asked("cancel");
  }
  accept() {
    this.#asked("accept");
  }
  decline() {
    this.#asked("decline");
  }
  end() {
    this.#asked("end");
  }
  send(text) {
    this.#asked("send", text);
  }
  retry(id) {
    this.#asked("retry", id);
  }
}
