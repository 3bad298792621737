// A peer that does as it is told: it has the real one's shape (static/js/peer/peer.js), and a test writes its snapshot.
//
// A browser test serves this file in the real one's place and drives it by `window.fakePeer`.

import { PeerError, sentence } from "./errors.js";

/** What the page asked for, in order, as [method, ...arguments]. */
const calls = [];

export class Peer {
  constructor(name, { listener, identity }) {
    this.listener = listener;
    this.identity = identity;
    this.refusal = null;
    this.undrawn = [];
    this.state = {
      name,
      server: { state: "connecting", sentence: "Connecting to the server…" },
      incoming: null,
      chat: {
        state: "idle",
        sentence: "You are not in a chat.",
        peer: null,
        trust: null,
        messages: [],
        classicWarning: false,
        changed: null,
        knownAs: [],
        verification: null,
      },
      invite: null,
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

  /** What the real one says for this reason. */
  sentence(reason, peer) {
    return sentence(reason, peer);
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
  acceptClassic() {
    this.#asked("acceptClassic");
  }
  refuseClassic() {
    this.#asked("refuseClassic");
  }
  acceptKey() {
    this.#asked("acceptKey");
  }
  refuseKey() {
    this.#asked("refuseKey");
  }
  verify() {
    this.#asked("verify");
  }
  confirm(matches) {
    this.#asked("confirm", matches);
  }
  safetyNumber() {
    return "012345678901234567890123456789".repeat(2);
  }
  qrText() {
    return `lowkey2:${this.safetyNumber()}`;
  }
  createInvite() {
    this.#asked("createInvite");
    const number = calls.filter(([name]) => name === "createInvite").length;
    const uuid = `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
    const link = `${location.origin}/chat#invite=${this.state.name}.${uuid}.${"s".repeat(43)}`;
    return { link, expires: 1_700_000_000_000 };
  }
  openInvite(fragment) {
    this.#asked("openInvite", fragment);
  }
  dismissInvite() {
    this.#asked("dismissInvite");
  }
}
