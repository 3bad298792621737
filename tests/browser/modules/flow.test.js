/** Frames go out while there is room, and what is due is done. Mirrors tests/test_flow.py. */

import { Classic } from "/static/js/peer/classic.js";
import { Conversation } from "/static/js/peer/conversation.js";
import { Flow } from "/static/js/peer/flow.js";
import { History } from "/static/js/peer/history.js";
import { Pacing } from "/static/js/peer/pacing.js";
import { preferences } from "/static/js/peer/preferences.js";
import { b64url } from "/static/js/peer/primitives.js";
import { agreed } from "./devices.js";
import { FakeTimers } from "./hourglass.js";
import { chance, describe, expect, it } from "./kit.js";

const ACK_SECONDS = 0.05;
const RESEND_SECONDS = 3;
const HELLO_SECONDS = 20;

/** What a flow sees of a line: it has room for so many frames, and takes them or not. */
class Channel {
  room = 100;
  takes = true;
  idle = true;
  frames = [];

  get hasRoom() {
    return this.room > 0;
  }

  send(frame) {
    if (this.takes) {
      this.room -= 1;
      this.frames.push(frame);
    }
    return this.takes;
  }
}

/** One end of a conversation, its channel, and the bare suite of the other. */
class World {
  timers = new FakeTimers();
  channel = new Channel();
  settled = 0;
  silences = 0;
  #number = 0;

  constructor(suite, theirs) {
    this.theirs = theirs;
    this.end = new Conversation("bob", suite, {
      now: () => 1000,
      newId: () => b64url(chance(16)),
      history: new History(),
      preferences: preferences(),
    });
    const told = {
      settle: () => {
        this.settled += 1;
      },
      silent: () => {
        this.silences += 1;
      },
    };
    this.flow = new Flow(this.end, this.channel, new Pacing(this.timers.after, () => this.timers.now), told);
  }

  /** Both have said hello. */
  static async greeted() {
    const { alice, bob } = await agreed();
    const world = new World(alice, bob);
    world.hears({ t: "hello", features: bob.features });
    world.flow.pump();
    world.timers.pass(ACK_SECONDS);
    world.hears({ t: "ack", upto: 1 });
    world.said();
    world.settled = 0;
    return world;
  }

  /** The called one, who has yet to be greeted. */
  static async called() {
    const { alice, bob } = await agreed();
    return new World(bob, alice);
  }

  hears(content) {
    const numbered = content.t === "ack" ? content : { ...content, seq: ++this.#number };
    this.end.receive(this.theirs.seal(numbered));
  }

  hearsText() {
    this.hears({ t: "text", id: b64url(chance(16)), body: "hello", at: 1 });
  }

  /** What the channel took since this was last asked. */
  said() {
    return this.channel.frames.splice(0).map((frame) => this.theirs.open(frame));
  }

  kinds() {
    return this.said().map(({ t }) => t);
  }
}

const statuses = (messages) => messages.map(({ status }) => status);

describe("flow", () => {
  it("frames go out while there is room, and the others when there is again", async () => {
    const world = await World.greeted();
    for (const body of ["one", "two", "three"]) {
      world.end.send(body);
    }
    world.channel.room = 2;
    world.flow.pump();
    expect(world.said().map(({ body }) => body)).to.deep.equal(["one", "two"]);
    world.channel.room = 2;
    world.flow.pump();
    expect(world.said().map(({ body }) => body)).to.deep.equal(["three"]);
    expect(world.settled).to.equal(2);
  });

  it("what the channel does not take has failed, and what is behind it waits", async () => {
    const world = await World.greeted();
    const messages = ["one", "two"].map((body) => world.end.send(body));
    world.channel.takes = false;
    world.flow.pump();
    expect(statuses(messages)).to.deep.equal(["failed", "queued"]);
    world.channel.takes = true;
    world.flow.pump();
    expect([statuses(messages), world.kinds()]).to.deep.equal([["failed", "sent"], ["text"]]);
  });

  it("in a classic chat nothing waits", async () => {
    const suites = [new Classic(chance), new Classic(chance)];
    await suites[0].receiveKey(await suites[1].opening());
    await suites[1].receiveKey(await suites[0].opening());
    const world = new World(...suites);
    const messages = ["one", "two"].map((body) => world.end.send(body));
    world.channel.takes = false;
    world.flow.pump();
    expect(statuses(messages)).to.deep.equal(["failed", "failed"]);
  });

  it("what came is acknowledged in a moment", async () => {
    const world = await World.greeted();
    world.hearsText();
    world.flow.pump();
    expect(world.said()).to.deep.equal([]);
    world.timers.pass(ACK_SECONDS);
    expect(world.kinds()).to.deep.equal(["ack"]);
  });

  it("what is not acknowledged is sent again once all has left", async () => {
    const world = await World.greeted();
    world.end.send("hello");
    world.flow.pump();
    world.channel.idle = false;
    expect(world.kinds()).to.deep.equal(["text"]);
    world.timers.pass(3 * RESEND_SECONDS);
    expect(world.kinds()).to.deep.equal([]);
    world.channel.idle = true;
    world.timers.pass(4 * RESEND_SECONDS);
    expect(world.kinds()).to.deep.equal(["text"]);
  });

  it("a channel over which nobody says hello is told of", async () => {
    const world = await World.called();
    world.flow.pump();
    world.timers.pass(HELLO_SECONDS);
    expect(world.silences).to.equal(1);
  });

  it("one that is interrupted meanwhile is not", async () => {
    const world = await World.called();
    world.flow.pump();
    world.end.interrupted();
    world.timers.pass(HELLO_SECONDS);
    expect(world.silences).to.equal(0);
  });

  it("when it is over nothing is due", async () => {
    const world = await World.greeted();
    world.timers.pass(2 * HELLO_SECONDS);
    world.hearsText();
    world.flow.stop();
    world.flow.pump();
    expect([world.timers.waiting, world.settled > 0]).to.deep.equal([0, true]);
  });
});
