import { delay, SignalingClient, socketUrl } from "/static/js/peer/signaling_client.js";
import { describe, expect, it } from "./kit.js";

describe("signaling client", () => {
  it("delays double up to half a minute and half of each is chance", () => {
    expect([0, 1, 2, 3].map((attempt) => delay(attempt, 0))).to.deep.equal([0.25, 0.5, 1, 2]);
    expect([0, 1, 2, 3].map((attempt) => delay(attempt, 1))).to.deep.equal([0.5, 1, 2, 4]);
    expect(delay(100, 1)).to.equal(30);
  });

  it("the socket is where the site is", () => {
    expect(socketUrl("https://chat.example", "bob")).to.equal("wss://chat.example/ws?username=bob");
    expect(socketUrl("http://127.0.0.1:8080/", "bob")).to.equal("ws://127.0.0.1:8080/ws?username=bob");
  });

  it("a server that is not there is tried again, at once when woken", async () => {
    const states = [];
    let waiting = Promise.withResolvers();
    const listener = {
      serverState(state) {
        states.push(state);
        if (state === "offline") {
          waiting.resolve();
        }
      },
      serverMessage() {},
    };
    const client = new SignalingClient("http://127.0.0.1:1", "alice", listener, { fraction: () => 1e6 });
    client.start();
    await waiting.promise;
    waiting = Promise.withResolvers();
    client.wake();
    await waiting.promise;
    expect(client.send({ type: "session:leave" })).to.equal(false);
    client.stop();
    expect(states).to.deep.equal(["connecting", "offline", "connecting", "offline"]);
  });
});
