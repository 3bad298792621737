import { Classic } from "/static/js/peer/classic.js";
import { Peer } from "/static/js/peer/peer.js";
import { chance, describe, expect, it } from "./kit.js";

/** In the WebSocket's place: online at once, keeps what is sent, and says what the test says. */
class ScriptedSocket {
  static newest;

  constructor() {
    ScriptedSocket.newest = this;
    this.sent = [];
    queueMicrotask(() => {
      this.onopen();
      this.sent.pop();
      this.says({ type: "error", payload: { code: "MISSING_SESSION_ID", message: "x" } });
    });
  }

  send(frame) {
    this.sent.push(JSON.parse(frame));
  }

  says(message) {
    this.onmessage({ data: JSON.stringify(message) });
  }

  close() {}
}

const settled = () => new Promise((resolve) => setTimeout(resolve));
const joined = (peer, sessionId = "one", initiator = false) => ({
  type: "session:joined",
  payload: { sessionId, peer, initiator, iceServers: [] },
});
const key = (sender) => ({ type: "key:exchange", sender, payload: new Classic(chance).opening() });

/** alice, online. */
async function world() {
  const notices = [];
  const peer = new Peer("alice", {
    server: location.origin,
    listener: { changed() {}, received() {}, notice: (sentence) => notices.push(sentence) },
  });
  const real = globalThis.WebSocket;
  globalThis.WebSocket = ScriptedSocket;
  peer.start();
  globalThis.WebSocket = real;
  const socket = ScriptedSocket.newest;
  await settled();
  const says = async (...messages) => {
    messages.forEach((message) => {
      socket.says(message);
    });
    await settled();
  };
  const state = () => [peer.snapshot().chat.state, peer.snapshot().chat.peer];
  return { peer, socket, notices, says, state };
}

describe("peer", () => {
  it("a call rings when its key comes, and nothing is said before it is accepted", async () => {
    const { peer, socket, says, state } = await world();
    await says(key("bob"));
    expect(state()).to.deep.equal(["idle", null]);
    await says(joined("bob"));
    expect(state()).to.deep.equal(["idle", null]);
    await says(key("bob"));
    expect(state()).to.deep.equal(["ringing", "bob"]);
    expect(socket.sent).to.deep.equal([]);
    peer.accept();
    await settled();
    expect(socket.sent[0].type).to.equal("key:exchange");
    peer.stop();
  });

  it("a second caller hears busy", async () => {
    const { peer, socket, notices, says, state } = await world();
    await says(joined("bob"), key("bob"), joined("carol", "two"), key("carol"));
    expect(state()).to.deep.equal(["ringing", "bob"]);
    expect(socket.sent).to.deep.equal([{ type: "session:decline", sessionId: "two", payload: { reason: "busy" } }]);
    expect(notices).to.deep.equal(["carol tried to call you and was told that you are busy."]);
    peer.stop();
  });

  it("only the newest sessions that nobody asked for are kept", async () => {
    const { peer, says, state } = await world();
    await says(...Array.from({ length: 65 }, (_, number) => joined(`caller_${number}`)));
    await says(key("caller_0"));
    expect(state()).to.deep.equal(["idle", null]);
    await says(key("caller_1"));
    expect(state()).to.deep.equal(["ringing", "caller_1"]);
    peer.stop();
  });

  it("an answer for somebody else than the one dialled is none", async () => {
    const { peer, says, state } = await world();
    peer.dial("bob");
    await says(joined("mallory", "one", true), key("mallory"));
    expect(state()).to.deep.equal(["calling", "bob"]);
    peer.stop();
  });

  it("leaving a session that is over already is nothing to tell", async () => {
    const { peer, notices, says } = await world();
    const error = (code) => ({ type: "error", payload: { code, message: "x" } });
    await says(error("NOT_IN_SESSION"));
    expect(notices).to.deep.equal([]);
    await says(error("RATE_LIMITED"));
    expect(notices).to.deep.equal(["That was too much at once. Wait a moment and try again."]);
    peer.stop();
  });

  it("two who chat: a further call is busy, unless the path was lost", async () => {
    const [alice, bob] = [await world(), await world()];
    const relay = (from, to, name) => {
      from.socket.send = (frame) => {
        const message = JSON.parse(frame);
        from.socket.sent.push(message);
        if (message.payload && message.target) {
          to.socket.says({ ...message, sender: name });
        }
      };
    };
    relay(alice, bob, "alice");
    relay(bob, alice, "bob");
    bob.socket.says(joined("alice", "one"));
    alice.peer.dial("bob");
    await alice.says(joined("bob", "one", true));
    await settled();
    bob.peer.accept();
    while (alice.state()[0] !== "secured" || bob.state()[0] !== "secured") {
      await settled();
    }
    alice.socket.sent.length = 0;
    await alice.says(joined("bob", "two"), key("bob"));
    expect(alice.state()).to.deep.equal(["secured", "bob"]);
    expect(alice.socket.sent).to.deep.equal([
      { type: "session:decline", sessionId: "two", payload: { reason: "busy" } },
    ]);
    alice.peer.stop();
    bob.peer.stop();
  });
});
