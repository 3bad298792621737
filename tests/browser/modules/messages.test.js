import { ProtocolError } from "/static/js/signaling/errors.js";
import { dump, isName, parseFromServer, sameName } from "/static/js/signaling/messages.js";
import { describe, expect, it } from "./kit.js";

const codeOf = (frame) => {
  try {
    parseFromServer(frame);
  } catch (error) {
    return error instanceof ProtocolError ? error.code : error;
  }
  return undefined;
};

describe("signaling messages", () => {
  it("names are 3 to 20 ASCII letters, digits or underscores", () => {
    for (const name of ["bob", "Bob_7", "a".repeat(20), "___"]) {
      expect(isName(name), name).to.equal(true);
    }
    for (const name of ["", "ab", "a".repeat(21), "bo b", "böb", "bob\n", "bob-", "ｂｏｂ"]) {
      expect(isName(name), name).to.equal(false);
    }
    expect(sameName("Bob", "bOB")).to.equal(true);
    expect(sameName("bob", "rob")).to.equal(false);
  });

  it("the server's messages are read", () => {
    const joined = {
      type: "session:joined",
      payload: { sessionId: "s", peer: "bob", initiator: true, iceServers: [] },
    };
    expect(parseFromServer(JSON.stringify(joined))).to.deep.equal(joined);
    const bare = { type: "session:joined", payload: { sessionId: "s", peer: "bob", initiator: true } };
    expect(parseFromServer(JSON.stringify(bare)).payload.iceServers).to.deep.equal([]);
    for (const type of ["key:exchange", "signal:offer", "signal:answer", "signal:ice"]) {
      const message = { type, sender: "bob", payload: { any: ["thing"] } };
      expect(parseFromServer(JSON.stringify(message))).to.deep.equal(message);
    }
    for (const type of ["session:declined", "session:left"]) {
      const message = { type, payload: { sessionId: "s", peer: "bob", reason: "busy" } };
      expect(parseFromServer(JSON.stringify(message))).to.deep.equal(message);
    }
    for (const message of [
      { type: "auth:challenge", payload: { publicKey: "UA==", nonce: "bg==" } },
      { type: "auth:ok", payload: { username: "Alice" } },
    ]) {
      expect(parseFromServer(JSON.stringify(message))).to.deep.equal(message);
    }
    const error = { type: "error", payload: { code: "USER_OFFLINE", message: "x" } };
    expect(parseFromServer(JSON.stringify(error)).target).to.equal("");
  });

  it("what does not have its shape is refused", () => {
    const session = { sessionId: "s", peer: "bob", initiator: true };
    const wrong = [
      { type: "session:joined" },
      { type: "session:joined", payload: { ...session, peer: 5 } },
      { type: "session:joined", payload: { ...session, peer: "\u212Aob" } },
      { type: "session:joined", payload: { ...session, initiator: "yes" } },
      { type: "session:joined", payload: { ...session, iceServers: {} } },
      { type: "session:joined", payload: { ...session, iceServers: [{ urls: 5 }] } },
      { type: "session:joined", payload: { ...session, iceServers: [{ urls: "stun:x", credential: {} }] } },
      { type: "key:exchange", payload: {} },
      { type: "key:exchange", sender: "bob", payload: [] },
      { type: "signal:ice", sender: "bob", payload: null },
      { type: "session:left", payload: { peer: "bob" } },
      { type: "error", payload: {} },
      { type: "auth:challenge", payload: { publicKey: "UA==" } },
      { type: "auth:challenge", payload: { publicKey: "UA==", nonce: 5 } },
      { type: "auth:ok", payload: {} },
      { type: 5 },
      [],
      null,
      "text",
    ];
    for (const message of wrong) {
      expect(codeOf(JSON.stringify(message)), JSON.stringify(message)).to.equal("INVALID_MESSAGE");
    }
    for (const frame of ["", "{", "undefined"]) {
      expect(codeOf(frame)).to.equal("INVALID_MESSAGE");
    }
  });

  it("a type that is not known is said to be so", () => {
    for (const type of ["news", "constructor", "__proto__", ""]) {
      expect(codeOf(JSON.stringify({ type }))).to.equal("UNKNOWN_TYPE");
    }
  });

  it("a message is dumped without what it does not have", () => {
    const text = dump({ type: "session:leave", sessionId: undefined, target: "bob" });
    expect(text).to.equal('{"type":"session:leave","target":"bob"}');
  });
});
