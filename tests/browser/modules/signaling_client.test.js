import { SENTENCES } from "/static/js/peer/errors.js";
import { b64, b64url } from "/static/js/peer/primitives.js";
import { delay, SignalingClient, socketUrl } from "/static/js/peer/signaling_client.js";
import { chance, describe, expect, it, unhex } from "./kit.js";
import { identityOf, LOWKEY2 } from "./lowkey2_kit.js";

const WELCOME = { type: "error", payload: { code: "MISSING_SESSION_ID", message: "x" } };
const AUTH_OK = { type: "auth:ok", payload: { username: "alice" } };
const challengeOf = (publicKey, nonce = chance(32)) => ({
  type: "auth:challenge",
  payload: { publicKey: b64(publicKey), nonce: b64(nonce) },
});

/** The listener: `states` and `messages` as they came. */
class Heard {
  states = [];
  messages = [];
  #news = Promise.withResolvers();

  serverState(state) {
    this.states.push(state);
    this.#news.resolve();
  }

  serverMessage(message) {
    this.messages.push(message);
    this.#news.resolve();
  }

  async until(isTrue) {
    while (!isTrue()) {
      await this.#news.promise;
      this.#news = Promise.withResolvers();
    }
  }
}

/** A WebSocket whose other end is the test: `serve(socket)` runs for each, and `socket.hears` is what the client said. */
class FakeSocket {
  static serve = (_socket) => {};
  hears = [];
  #heard = Promise.withResolvers();

  constructor(url) {
    this.url = url;
    queueMicrotask(() => {
      this.onopen?.();
      FakeSocket.serve(this);
    });
  }

  send(text) {
    this.hears.push(JSON.parse(text));
    this.#heard.resolve();
  }

  async next() {
    while (this.hears.length === 0) {
      await this.#heard.promise;
      this.#heard = Promise.withResolvers();
    }
    return this.hears.shift();
  }

  says(message) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  close(code = 1006) {
    this.onclose?.({ code });
  }
}

/** A client on fake sockets that waits hardly at all between attempts; `test(client, heard)` is run with it. */
async function withClient(serve, options, test) {
  const real = globalThis.WebSocket;
  globalThis.WebSocket = FakeSocket;
  FakeSocket.serve = serve;
  const heard = new Heard();
  const client = new SignalingClient("https://chat.example", "alice", heard, { fraction: () => -0.99, ...options });
  try {
    client.start();
    await test(client, heard);
  } finally {
    client.stop();
    globalThis.WebSocket = real;
  }
}

describe("signaling client", () => {
  it("delays double up to half a minute and half of each is chance", () => {
    expect([0, 1, 2, 3].map((attempt) => delay(attempt, 0))).to.deep.equal([0.25, 0.5, 1, 2]);
    expect([0, 1, 2, 3].map((attempt) => delay(attempt, 1))).to.deep.equal([0.5, 1, 2, 4]);
    expect(delay(100, 1)).to.equal(30);
  });

  it("the socket is where the site is, and the key stands in its address", () => {
    expect(socketUrl("https://chat.example", "bob")).to.equal("wss://chat.example/ws?username=bob");
    expect(socketUrl("http://127.0.0.1:8080/", "bob")).to.equal("ws://127.0.0.1:8080/ws?username=bob");
    const key = identityOf();
    const url = `wss://chat.example/ws?username=bob&key=${b64url(key.public)}`;
    expect(socketUrl("https://chat.example", "bob", key)).to.equal(url);
  });

  it("a server that is not there is tried again, at once when woken", async () => {
    const heard = new Heard();
    const client = new SignalingClient("http://127.0.0.1:1", "alice", heard, { fraction: () => 1e6 });
    client.start();
    await heard.until(() => client.state === "offline");
    client.wake();
    await heard.until(() => heard.states.length === 4);
    expect(client.send({ type: "session:leave" })).to.equal(false);
    client.stop();
    expect(heard.states).to.deep.equal(["connecting", "offline", "connecting", "offline"]);
  });

  it("a final close code is final, and says what there is a sentence for", async () => {
    for (const [code, state, refusal] of [
      [4001, "refused", "INVALID_USERNAME"],
      [4002, "taken", "USERNAME_TAKEN"],
      [4003, "refused", "AUTH_FAILED"],
      [4004, "replaced", "replaced"],
    ]) {
      const serve = (socket) => socket.close(code);
      await withClient(serve, { key: identityOf() }, async (client, heard) => {
        await heard.until(() => client.state === state);
        expect(heard.states).to.deep.equal(["connecting", state]);
        expect(client.refusal).to.equal(refusal);
        expect(SENTENCES).to.have.property(refusal);
      });
    }
  });

  it("without a key it is online when its question was answered", async () => {
    const serve = async (socket) => {
      expect(await socket.next()).to.deep.equal({ type: "session:leave" });
      socket.says(WELCOME);
      socket.says(WELCOME);
    };
    await withClient(serve, {}, async (client, heard) => {
      await heard.until(() => heard.messages.length === 1);
      expect([client.state, heard.states]).to.deep.equal(["online", ["connecting", "online"]]);
    });
  });

  it("a socket on which a question goes unanswered is gone", async () => {
    const serve = async (socket) => {
      await socket.next();
      socket.says(WELCOME);
    };
    for (const ask of [
      (client) => client.send({ type: "session:connect", target: "bob" }),
      (client) => client.wake(),
    ]) {
      await withClient(serve, { patience: 0.05 }, async (client, heard) => {
        await heard.until(() => client.state === "online");
        ask(client);
        await heard.until(() => heard.states.length === 5);
        expect(heard.states).to.deep.equal(["connecting", "online", "offline", "connecting", "online"]);
      });
    }
  });

  it("one that is good stays, and nobody hears of the doubt", async () => {
    const serve = async (socket) => {
      for (let questions = 0; questions < 2; questions += 1) {
        await socket.next();
        socket.says(WELCOME);
      }
      expect((await socket.next()).type).to.equal("session:connect");
      socket.says({ type: "error", target: "bob", payload: { code: "USER_OFFLINE", message: "x" } });
    };
    await withClient(serve, { patience: 60 }, async (client, heard) => {
      await heard.until(() => client.state === "online");
      client.wake();
      client.wake();
      client.send({ type: "session:connect", target: "bob" });
      await heard.until(() => heard.messages.length > 0);
      expect(heard.messages.map(({ payload }) => payload.code)).to.deep.equal(["USER_OFFLINE"]);
      expect(heard.states).to.deep.equal(["connecting", "online"]);
    });
  });

  it("with a key it answers one challenge, with the origin it dialled, and is online when the server said so", async () => {
    const [, { S, UK_private: ours, nonce, origin, name, mac }] = LOWKEY2.name_auth;
    expect([origin, name.toLowerCase()]).to.deep.equal(["https://chat.example", "zed_9"]);
    const answered = Promise.withResolvers();
    const serve = async (socket) => {
      socket.says(WELCOME);
      socket.says({ type: "session:left", payload: { sessionId: "s", peer: "bob", reason: "left" } });
      socket.says(challengeOf(unhex(S), unhex(nonce)));
      socket.says(challengeOf(unhex(S), unhex(nonce)));
      answered.resolve(await socket.next());
      socket.says(AUTH_OK);
      socket.says(AUTH_OK);
      socket.says(challengeOf(unhex(S)));
      socket.says(WELCOME);
      expect(socket.hears).to.deep.equal([]);
    };
    const real = globalThis.WebSocket;
    globalThis.WebSocket = FakeSocket;
    FakeSocket.serve = serve;
    const heard = new Heard();
    const client = new SignalingClient("https://chat.example", name, heard, {
      key: async () => identityOf(unhex(ours)),
    });
    client.start();
    const response = await answered.promise;
    expect(response).to.deep.equal({ type: "auth:response", payload: { origin, mac: b64(unhex(mac)) } });
    await heard.until(() => heard.messages.length > 0);
    expect([heard.states, heard.messages.map(({ type }) => type)]).to.deep.equal([["connecting", "online"], ["error"]]);
    client.stop();
    globalThis.WebSocket = real;
  });

  it("with a key nothing but the server's word makes it online", async () => {
    const done = Promise.withResolvers();
    const serve = (socket) => {
      socket.says(AUTH_OK);
      socket.says(WELCOME);
      done.resolve();
    };
    await withClient(serve, { key: identityOf() }, async (client, heard) => {
      await done.promise;
      expect([client.state, heard.messages]).to.deep.equal(["connecting", []]);
      expect(client.send({ type: "session:leave" })).to.equal(false);
    });
  });

  it("a challenge that is none is answered with nothing", async () => {
    const sockets = [];
    const serve = (socket) => {
      sockets.push(socket);
      socket.says(challengeOf(new Uint8Array(32)));
    };
    await withClient(serve, { key: identityOf() }, async (_client, heard) => {
      await heard.until(() => heard.states.filter((state) => state === "offline").length === 2);
      expect(sockets.flatMap(({ hears }) => hears)).to.deep.equal([]);
    });
  });

  it("with a key a taken name is another's, also after a lost socket", async () => {
    let connections = 0;
    const serve = async (socket) => {
      connections += 1;
      if (connections > 1) {
        socket.close(4002);
        return;
      }
      socket.says(challengeOf(identityOf().public));
      await socket.next();
      socket.says(AUTH_OK);
      socket.close();
    };
    await withClient(serve, { key: identityOf() }, async (client, heard) => {
      await heard.until(() => client.state === "taken");
      expect(heard.states).to.deep.equal(["connecting", "online", "offline", "connecting", "taken"]);
    });
  });

  it("a key that cannot be had now is asked for again, and one that comes after the end opens nothing", async () => {
    const late = Promise.withResolvers();
    let asked = 0;
    let opened = 0;
    const key = () => {
      asked += 1;
      return asked === 1 ? Promise.reject(new Error("not now")) : late.promise;
    };
    const serve = () => {
      opened += 1;
    };
    await withClient(serve, { key }, async (client, heard) => {
      client.start();
      await heard.until(() => asked === 2);
      client.stop();
      late.resolve(identityOf());
      await late.promise;
      await new Promise((resolve) => queueMicrotask(resolve));
      expect([opened, client.state]).to.deep.equal([0, "offline"]);
    });
  });
});
