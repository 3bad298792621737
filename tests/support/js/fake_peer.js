// A peer that does as it is told: it has the real one's shape (static/js/peer/peer.js), and a test writes its snapshot.
//
// A browser test serves this file in the real one's place and drives it by `window.fakePeer`.

import { PeerError, sentence } from "./errors.js";
import { History } from "./history.js";
import { message as whole } from "./messages.js";

/** What the page asked for, in order, as [method, ...arguments]. */
const calls = [];

/** What the other's app knows of, unless a test says otherwise. */
const FEATURES = ["text", "sas", "edit", "delete", "react", "read", "typing", "timer"];

/** The real one, which a test may fill as it likes. */
class ActedHistory extends History {
  /** Hold these messages and no others. */
  fill(messages) {
    const fresh = messages.map((message) => ({ ...message }));
    const before = new Map(this.messages.map((message) => [`${message.mine} ${message.id}`, message]));
    this.clear();
    for (const message of fresh) {
      this.say(message, before.get(`${message.mine} ${message.id}`));
    }
  }

  /** The newest message, with what every one has; a message is the same object for good. */
  say(message, before = {}) {
    const said = this.add(Object.assign(before, whole(message)));
    said.newCall = message.newCall ?? false;
    return said;
  }
}

export class Peer {
  constructor(name, { listener, identity }) {
    this.listener = listener;
    this.identity = identity;
    this.refusal = null;
    this.undrawn = [];
    this.histories = new Map();
    const history = this.#historyOf(null);
    this.state = {
      name,
      server: { state: "connecting", sentence: "Connecting to the server…" },
      incoming: null,
      chat: {
        state: "idle",
        sentence: "You are not in a chat.",
        peer: null,
        trust: null,
        history,
        messages: history.messages,
        classicWarning: false,
        changed: null,
        knownAs: [],
        verification: null,
        since: null,
        away: false,
        path: null,
        typing: false,
        timer: 0,
        unread: 0,
        muted: false,
        features: FEATURES,
      },
      conversations: null,
      preferences: { receipts: true, typing: true, relayOnly: false },
      invite: null,
    };
    window.fakePeer = this;
  }

  #historyOf(peer) {
    if (!this.histories.has(peer)) {
      this.histories.set(peer, new ActedHistory());
    }
    return this.histories.get(peer);
  }

  /** Change what the page sees; `chat` is merged into what was there. Each name has messages of its own. */
  set({ chat: { messages, ...chat } = {}, ...rest }) {
    const merged = { ...this.state.chat, ...chat };
    merged.history = this.#historyOf(merged.peer);
    merged.messages = merged.history.messages;
    if (messages !== undefined) {
      merged.history.fill(messages);
    }
    this.state = { ...this.state, ...rest, chat: merged };
    this.listener.changed();
  }

  /** A message from the other side, or one of this person's own. */
  receive(message) {
    const { history, unread, peer } = this.state.chat;
    const said = history.say(message);
    this.set({ chat: { unread: unread + (said.mine ? 0 : 1) } });
    if (!said.mine) {
      this.listener.received(said, peer);
    }
  }

  /** Something about a message is different now. */
  change(ref, fields) {
    const { history } = this.state.chat;
    const found = history.messages.find(({ mine, id }) => mine === ref.mine && id === ref.id);
    history.touch(Object.assign(found, fields));
    this.listener.changed();
  }

  /** Messages vanish. */
  remove(refs) {
    const { history } = this.state.chat;
    const gone = ({ mine, id }) => refs.some((ref) => ref.mine === mine && ref.id === id);
    history.fill(history.messages.filter((message) => !gone(message)));
    this.listener.changed();
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
    return { ...this.state, conversations: this.state.conversations ?? this.#onlyOne() };
  }

  /** Where a test says nothing of a list, there is the chat it speaks of, if there is one. */
  #onlyOne() {
    const { peer, state, trust, unread, muted, typing, away, verification, messages } = this.state.chat;
    const last = messages.at(-1) ?? null;
    const doubted = ["mismatched", "theyMismatched"].includes(verification?.state);
    return peer === null ? [] : [{ peer, state, trust, unread, muted, typing, away, doubted, last, selected: true }];
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
  suspend() {
    this.#asked("suspend");
  }
  restorable() {
    const { peer, state } = this.state.chat;
    return peer !== null && state === "secured" ? [{ peer, identity: `${"A".repeat(43)}=` }] : [];
  }
  restore(chats) {
    if (chats.length > 0) {
      this.#asked("restore", chats);
    }
  }
  select(peer) {
    this.#asked("select", peer);
  }
  close(peer) {
    this.#asked("close", peer);
  }
  mute(peer, on) {
    this.#asked("mute", peer, on);
  }
  block(peer) {
    this.#asked("block", peer);
  }
  unblock(peer) {
    this.#asked("unblock", peer);
    const { names } = this.identity.blocks;
    names.splice(names.indexOf(peer), 1);
  }
  prefer(changes) {
    this.#asked("prefer", changes);
    Object.assign(this.state.preferences, changes);
  }
  setTimer(seconds) {
    this.#asked("setTimer", seconds);
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
  send(text, re = null) {
    this.#asked("send", text, ...(re === null ? [] : [re]));
  }
  edit(id, body) {
    this.#asked("edit", id, body);
  }
  delete(id) {
    this.#asked("delete", id);
  }
  react(ref, emoji) {
    this.#asked("react", ref, emoji);
  }
  read() {
    this.#asked("read");
    if (this.state.chat.unread > 0) {
      this.set({ chat: { unread: 0 } });
    }
  }
  typed() {
    this.#asked("typed");
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
