import { Transport } from "/static/js/peer/transport.js";
import { describe, expect, it } from "./kit.js";

/** One end; signals go straight to the other. */
class End {
  other = null;
  held = null;
  heard = [];
  frames = [];
  #waiting = [];

  constructor(iceServers = [], options = {}) {
    this.transport = new Transport(iceServers, this, options);
    for (const event of ["opened", "writable", "interrupted", "recovered", "pathChanged", "closed"]) {
      this[event] = () => this.#note(event);
    }
  }

  signal(kind, body) {
    if (this.held) {
      this.held.push([kind, body]);
      this.#note("held");
    } else {
      this.other?.transport.receive(kind, body);
    }
  }

  failed(reason) {
    this.reason = reason;
    this.#note("failed");
  }

  received(frame) {
    this.frames.push(frame);
    this.#note("frame");
  }

  #note(event) {
    this.heard.push(event);
    this.#waiting = this.#waiting.filter(({ fits, resolve }) => !fits(this) || resolve());
  }

  until(fits) {
    return fits(this) ? undefined : new Promise((resolve) => this.#waiting.push({ fits, resolve }));
  }
}

const opened = (end) => end.heard.includes("opened");

function pair() {
  const [one, two] = [new End(), new End()];
  [one.other, two.other] = [two, one];
  return [one, two];
}

async function connected() {
  const [one, two] = pair();
  one.transport.offer();
  await Promise.all([one.until(opened), two.until(opened)]);
  return [one, two];
}

describe("transport", () => {
  it("frames go both ways in order", async () => {
    const [one, two] = await connected();
    const texts = [...Array.from({ length: 100 }, (_, n) => `frame ${n}`), "é".repeat(20_000)];
    for (const text of texts) {
      expect(one.transport.send(text)).to.equal(true);
    }
    two.transport.send("back");
    await two.until(({ frames }) => frames.length === texts.length);
    await one.until(({ frames }) => frames.length === 1);
    expect([two.frames, one.frames]).to.deep.equal([texts, ["back"]]);
    await Promise.all([one.transport.close(), two.transport.close()]);
  });

  it("closing hands over what was taken and tells the other side", async () => {
    const [one, two] = await connected();
    for (let n = 0; n < 200; n += 1) {
      one.transport.send(String(n).repeat(100));
    }
    await one.transport.close();
    await two.until(({ heard }) => heard.includes("closed"));
    expect(two.frames.length).to.equal(200);
    expect(one.transport.hasRoom).to.equal(false);
    expect(one.transport.send("late")).to.equal(false);
    await two.transport.close();
  });

  it("a channel that is full has no room until it drained", async () => {
    const [one, two] = await connected();
    const frame = "x".repeat(60_000);
    while (one.transport.hasRoom) {
      one.transport.send(frame);
    }
    await one.until(({ heard }) => heard.includes("writable"));
    expect(one.transport.hasRoom).to.equal(true);
    await Promise.all([one.transport.close(), two.transport.close()]);
  });

  it("candidates before the description wait for it", async () => {
    const [one, two] = pair();
    one.held = [];
    one.transport.offer();
    await one.until(({ held }) => held.some(([kind]) => kind === "ice"));
    const held = one.held;
    one.held = null;
    for (const [kind, body] of [...held].reverse()) {
      two.transport.receive(kind, body);
    }
    await two.until(opened);
    await Promise.all([one.transport.close(), two.transport.close()]);
  });

  it("unusable candidates leave the others, and a description that is none is a failure", async () => {
    const [one, two] = pair();
    for (const candidate of ["candidate:rubbish", null, 7]) {
      two.transport.receive("ice", { candidate });
    }
    one.transport.offer();
    await two.until(opened);
    const three = new End();
    three.transport.receive("offer", { sdp: "rubbish" });
    await three.until(({ heard }) => heard.includes("failed"));
    await Promise.all([one, two, three].map(({ transport }) => transport.close()));
  });

  it("a description for more than a DataChannel is a failure", async () => {
    const video = new RTCPeerConnection();
    video.createDataChannel("chat");
    video.addTransceiver("video");
    await video.setLocalDescription();
    const one = new End();
    one.transport.receive("offer", { type: "offer", sdp: video.localDescription.sdp });
    await one.until(({ heard }) => heard.includes("failed"));
    video.close();
    await one.transport.close();
  });

  it("a server that names thousands of ICE servers costs one connection", async () => {
    const many = Array.from({ length: 2000 }, () => ({ urls: "stun:x" }));
    for (let times = 0; times < 20; times += 1) {
      await new Transport(many, new End()).close();
    }
  });

  it("an ICE server that cannot be costs nothing", async () => {
    const one = new End([{ urls: "gopher:nowhere" }, { urls: ["", "stun:"] }, { urls: "turn:192.0.2.1" }]);
    const two = new End();
    [one.other, two.other] = [two, one];
    one.transport.offer();
    await two.until(opened);
    await Promise.all([one.transport.close(), two.transport.close()]);
  });

  it("the other side's abrupt end is told as well", async () => {
    const [one, two] = await connected();
    one.transport.abort();
    await two.until(({ heard }) => heard.includes("closed") || heard.includes("failed"));
    await two.transport.close();
  });

  it("the path is known while it stands", async () => {
    const [one, two] = await connected();
    await one.until(({ transport }) => transport.path !== null);
    expect(one.transport.path.relayed).to.equal(false);
    expect(one.transport.overdue).to.equal(false);
    expect(await one.transport.check()).to.equal(true);
    await Promise.all([one.transport.close(), two.transport.close()]);
    expect(await one.transport.check()).to.equal(false);
  });

  it("where no path is found the transport loses patience", async () => {
    const [one, two] = [new End([], { patience: 2_000 }), new End()];
    [one.held, two.held] = [[], []];
    const described = ({ held }) => held.find(([kind]) => kind !== "ice");
    one.transport.offer();
    await one.until(described);
    two.transport.receive(...described(one));
    await two.until(described);
    two.transport.abort();
    one.transport.receive(...described(two));
    while (!one.transport.overdue) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(one.reason).to.equal(undefined);
    await one.until(({ reason }) => reason !== undefined);
    expect(one.reason).to.equal("no_path");
    await one.transport.close();
  });

  it("without an answer it waits for whoever is deciding", async () => {
    const one = new End([], { patience: 0 });
    one.held = [];
    one.transport.offer();
    await one.until(({ held }) => held.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(one.reason).to.equal(undefined);
    await one.transport.close();
  });

  it("without a relay nothing leaves a device that hides", async () => {
    for (const servers of [[], [{ urls: "stun:192.0.2.1" }]]) {
      const one = new End(servers, { relayOnly: true });
      one.held = [];
      one.transport.offer();
      await one.until(({ reason }) => reason !== undefined);
      expect([one.reason, one.held]).to.deep.equal(["no_relay", []]);
      expect(one.heard).to.deep.equal(["failed"]);
      await one.transport.close();
    }
  });
});
